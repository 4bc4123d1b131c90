"""One video, from frames to files, that may be killed at any moment and resumed to the same bytes.

A job is a session in a folder with one run, and the documents that are written from its results.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segue.errors import FormatError, MaskError, OutputError, VideoError
from segue.files import write_json
from segue.inference.claims import compress
from segue.inference.environment import environment
from segue.inference.find.files import write_found
from segue.inference.find.found import Found, Looking
from segue.inference.live_documents import LiveDocuments
from segue.inference.pace.pacing import Pacer
from segue.inference.places import Mode, Places
from segue.inference.progress import Progress
from segue.inference.run_record import RunRecord, Timings
from segue.inference.session.answers import lost_sentence
from segue.inference.session.changes import Direction, Give
from segue.inference.session.events import Answered, Event, Listener, RunReport
from segue.inference.session.opening import Options
from segue.inference.session.session import Session
from segue.inference.stopwatch import Stopwatch
from segue.inference.tasks.task import Task
from segue.media.frames import name_ranges
from segue.media.live_video import LiveVideo
from segue.media.resize import bounded_hw
from segue.media.video import Video
from segue.models.interface import VideoModel, bounded, working_hw
from segue.results.documents import write_documents
from segue.results.formats.catalog import FORMATS, check_formats, find_format
from segue.results.results import LiveDocument, Written
from segue.threads import owned

Sizing = Callable[[tuple[int, int], int | None], tuple[int, int]]
"""``(size of the video, max_side) -> size that the model sees``, as height and width."""
Change = Callable[[Session], None]
"""What is done to a session before it runs."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is to be done with one video."""

    video: Video
    task: Task
    places: Places
    identity: Mapping[str, Any]
    """Everything that the results depend on, as plain values; ``--resume`` wants it unchanged."""
    inputs: Sequence[Path] = ()
    """Files read, which the job refuses to write over."""
    doubts: Sequence[str] = ()
    """Sentences about what could have been meant otherwise, apart from those of the video."""
    max_side: int | None = None
    sizing: Sizing = bounded_hw
    """That of the model's entry in the table: says at which size the model works before it is built."""
    fps: float | None = None
    """The pace to hold, at the cost of accuracy; results then depend on how fast the machine is."""
    direction: Direction | None = None
    """From which masks frames are answered; ``None``: as before, which is forward in the beginning."""
    formats: Sequence[str] = ()
    """Names of documents besides those of the task."""
    opening: Mapping[str, Any] = field(default_factory=dict)
    """How model and video are opened again for a correction, as plain values; stands in ``session.json``."""
    checkpoint_seconds: float = 2.0
    """As of ``Options``."""
    looking: Looking | None = None
    """Where no mask was given: who looks for objects."""
    found: Found | None = None
    """What was found then; is kept with the results."""
    drop: bool = False
    """Whether the source is live: frames that came too late are dropped, see ``LatestFrame``."""
    threads: int | None = None
    """Threads that compute while the job runs; ``None``: as many as before."""
    clock: Callable[[], float] = time.perf_counter
    """Seconds, by which the pace is held."""

    def check(self, mode: Mode) -> bool:
        """Whether the results are complete already; changes no result and needs no model.

        Raises:
            SegueError: The task does not go with the video.
            OutputError: The output folder holds results that this job must not touch.
            SettingsError: There is no such format.
            FormatError: One that needs the frames once more, of a source that is read once.
        """
        self.check_task()
        check_formats(self.documents, self.task.kind)
        self._refuse_second_look()
        complete = self.places.check(mode, self.identity, self.inputs)
        if complete:
            # A process may have been killed between its last result and its tidying up.
            self.places.finish()
        return complete

    def check_task(self) -> None:
        """Refuse what cannot be done with the video, whatever lies in the folder of the results.

        Raises:
            SegueError: As of ``Task.check``.
            SettingsError: ``max_side`` is too small.
        """
        self.task.check(self.video, self.working_hw)

    @property
    def working_hw(self) -> tuple[int, int]:
        """Height and width that the model sees.

        Raises:
            SettingsError: ``max_side`` is too small.
        """
        return self.sizing(self.video.size_hw, self.max_side)

    def _refuse_second_look(self) -> None:
        for name in self.documents:
            again = FORMATS[name].pictures and not isinstance(find_format(name), LiveDocument)
            if again and not self.video.seekable:
                raise FormatError(
                    f"The format {name} reads the video once more in the end, and {self.video.name} can be read only "
                    "once. Record it, and convert the results with the recording."
                )

    @property
    def documents(self) -> tuple[str, ...]:
        """Names of all documents that are written."""
        return tuple(dict.fromkeys((*self.task.documents, *self.formats)))

    def _opening(self) -> dict[str, Any]:
        sources = {str(number): source for number, source in self.task.sources.items()}
        return {"sources": sources, "formats": list(self.formats), **self.opening}

    def run(
        self,
        model: VideoModel[Any],
        mode: Mode,
        progress: Progress | None = None,
        notes: Mapping[str, Any] | None = None,
        *,
        listeners: Sequence[Listener] = (),
        cancel: threading.Event | None = None,
        change: Change | None = None,
    ) -> dict[str, Any]:
        """Do it, and return what ``run.json`` then holds.

        Args:
            model: The model that ``identity`` speaks of, of the task's kind.
            mode: As in ``check``, which has to be asked first.
            progress: Hears about every finished frame.
            notes: More for ``run.json``: the command, the settings.
            listeners: As of ``Session``.
            cancel: Stops the run within a frame once it is set; ``run.json`` then says that it is not complete.
            change: Is done to the session before it runs: corrections.

        Raises:
            DecodeError: A frame does not decode; all files are complete up to it.
            WriteError: The disk refuses; what was written stays and can be resumed.
            OutputError: What an interrupted run left cannot be used, or another process works there.
            SettingsError: There is a pace to hold, and nothing of the model that can give way.
        """
        with owned(self.threads):
            return self._run(model, mode, progress, notes or {}, listeners, cancel, change)

    def _run(
        self,
        model: VideoModel[Any],
        mode: Mode,
        progress: Progress | None,
        notes: Mapping[str, Any],
        listeners: Sequence[Listener],
        cancel: threading.Event | None,
        change: Change | None,
    ) -> dict[str, Any]:
        watch = Stopwatch()
        if self.fps is not None:
            # A model that cannot give way is refused before anything is written.
            size_hw = working_hw(model, self.video.size_hw, self.max_side)
            Pacer(bounded(model, self.max_side), self.fps, size_hw, self.task.masks)
        self.places.prepare(mode)
        if self.found is not None:
            write_found(self.found, self.places.run)
        options = Options(
            labels=self.places.labels,
            about={"identity": dict(self.identity), "job": self._opening()},
            sources=self.task.sources,
            checkpoint_seconds=self.checkpoint_seconds,
            drop=self.drop,
            clock=self.clock,
        )
        with Session(
            self.video,
            self.task.adapt(model),
            folder=self.places.run,
            max_side=self.max_side,
            fps=self.fps,
            listeners=[*([_advance(progress)] if progress else []), *listeners],
            options=options,
        ) as session:
            run = _Run(self, session, watch, notes, cancel)
            if not any(isinstance(edit, Give) for edit in session.edits.items):
                session.give_all(self.task.masks)
            if change is not None:
                change(session)
            return run.go()


class _Run:
    """One run of a job."""

    def __init__(
        self,
        job: Job,
        session: Session,
        watch: Stopwatch,
        notes: Mapping[str, Any],
        cancel: threading.Event | None,
    ) -> None:
        self.job, self.session, self.watch = job, session, watch
        self.notes, self.cancel = notes, cancel
        self.before = session.num_fresh()
        self.live: LiveDocuments | None = None
        self.doubts: list[str] = []
        self.lost: list[str] = []
        """What is said of label maps that turned out to be damaged."""
        self.files: list[str] = []
        """Names of what the documents wrote, in the folder of the results."""

    def go(self) -> dict[str, Any]:
        job, session = self.job, self.session
        in_order = job.direction in (None, "forward") and session.edits.plain
        records = session.store.records
        if records and isinstance(job.video, LiveVideo) and not job.video.repeats:
            last = records[max(records)]
            job.video.go_on(last.index + 1, last.time)
        if in_order and (not session.store.records or _comes_again(job.video)):
            self.live = LiveDocuments(
                job.documents,
                session.results(),
                job.places.run,
                job.places.session / "scratch",
            )
            session.listen(self.live)
        try:
            return self._answered()
        finally:
            if self.live:
                self.live.close()

    def _answered(self) -> dict[str, Any]:
        session = self.session
        try:
            report = session.run(direction=self.job.direction, cancel=self.cancel)
        except (VideoError, MaskError) as error:
            self._finish(session.report, str(error))
            raise
        return self._finish(report, None)

    def _finish(self, report: RunReport, error: str | None) -> dict[str, Any]:
        job, session, places = self.job, self.session, self.job.places
        told: dict[str, Any] = {}
        if not report.cancelled:
            told |= self._documents()
        if session.pacer:
            told["pace"] = session.pacer.report()
        if job.found is not None:
            told["found"] = job.found.summary()
        complete = error is None and not report.cancelled
        record = RunRecord(
            complete=complete,
            error=error,
            notes=self.notes,
            frames=len(session.store.records),
            damaged=_damaged(session),
            resumed_at_frame=self.before or None,
            direction=job.direction or session.direction,
            report=report,
            doubts=[*self.lost, *self.doubts],
            edits=session.edits.newest,
            timings=self._timings(report),
            told=told,
            files=tuple(dict.fromkeys((*places.existing_files(), *self.files))),
            names=compress(session.store.names_in_order()),
            identity=job.identity,
            environment=environment(),
        ).to_json()
        write_json(places.record, record)
        if complete:
            session.close()
            places.finish()
        return record

    def _documents(self) -> dict[str, Any]:
        """Write what is written from the results; damaged label maps that come to light are computed again."""
        try:
            return self._written()
        except OutputError:
            names = self.session.repair()
            if not names:
                raise
            self.lost.append(lost_sentence(names))
            self.session.run(cancel=self.cancel)
            return self._written()

    def _written(self) -> dict[str, Any]:
        job, results = self.job, self.session.results()
        live, self.live = self.live, None
        done: dict[str, Written] = {}
        if live and live.num_frames == len(results.records):
            done = live.finish()
            self.watch.seconds |= live.watch.seconds
        elif live:
            live.close()
        rest = [name for name in job.documents if name not in done]
        once = self._shown_once(rest)
        with self.watch.part("documents"):
            rest = [name for name in rest if name not in once]
            written = write_documents(rest, results, job.places.run)
        notes: dict[str, Any] = {}
        self.doubts = [*written.doubts, *(_once_sentence(name, job.video) for name in once)]
        for one in (*done.values(), written):
            notes |= one.notes
            self.files += [
                path.relative_to(job.places.run).as_posix()
                for place in one.files
                for path in (sorted(place.rglob("*")) if place.is_dir() else [place])
                if path.is_file()
            ]
        return notes

    def _shown_once(self, names: Sequence[str]) -> list[str]:
        """Documents that show the frames, which were read and cannot be read again."""
        report = self.session.report
        unread = not (report.answered or report.recomputed) and _comes_again(self.job.video)
        if self.job.video.seekable or unread:
            return []
        return [name for name in names if FORMATS[name].pictures]

    def _timings(self, report: RunReport) -> Timings:
        return Timings(
            parts={**report.timings, **self.watch.seconds},
            first_frame=report.first_frame,
            means=report.means,
            total=self.watch.total,
            fresh=report.answered,
        )


def _comes_again(video: Video) -> bool:
    """Whether the frames of a source that can be read only once come again from the first one on."""
    return not video.seekable and (not isinstance(video, LiveVideo) or video.repeats)


def _once_sentence(name: str, video: Video) -> str:
    return (
        f"{name} is left out: it shows the frames, and those of {video.description.place} can be read only once. "
        "Convert the results with a file of the video."
    )


def _advance(progress: Progress) -> Listener:
    def listener(event: Event) -> None:
        if isinstance(event, Answered):
            progress.advance(event.done, event.total)

    return listener


def _damaged(session: Session) -> tuple[str, ...]:
    """Frames left out because they do not decode, by this run or an earlier one."""
    names, gaps = session.video.frame_names, sorted(session.store.gaps)
    named = [names[index] for index in gaps] if names else name_ranges(gaps)
    return tuple(dict.fromkeys((*named, *session.video.damaged)))
