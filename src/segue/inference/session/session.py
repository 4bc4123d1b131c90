"""One video, its given masks and its results: correct anywhere, run over a span, go on later from a folder."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from segue.errors import InputError
from segue.inference.memory import give_back_frames
from segue.inference.pace.pacing import Pacer
from segue.inference.session.changes import (
    Absent,
    Check,
    Direction,
    Edit,
    Forget,
    Rename,
    check_direction,
    check_span,
)
from segue.inference.session.changing import Changing
from segue.inference.session.checks import check_frames
from segue.inference.session.edits import Edits
from segue.inference.session.events import Ended, Event, Listener, RunReport
from segue.inference.session.ground import Ground
from segue.inference.session.history import History
from segue.inference.session.ledger import SESSION, Ledger, read_session
from segue.inference.session.opening import Options, how_opened, open_store, reopened
from segue.inference.session.passes import Work
from segue.inference.session.running import Running
from segue.inference.session.side_answers import SideAnswers
from segue.inference.session.stored_answers import Answer, StoredAnswers
from segue.media.video import Video, open_video
from segue.models.interface import HidingModel, SemanticModel, VideoModel, bounded
from segue.results.describe import describe, describe_classes
from segue.results.records import Reach
from segue.results.results import Results
from segue.results.store import FOLDER, Store
from segue.types import Labels


class Session:
    """The given masks and the results of one video. Use it as a context manager, or close it.

    A change (a mask, a correction, ...) makes some frames stale: their results do not know the change. ``run`` computes
    the stale frames. Another thread may give masks, and cancel the run, while the run goes on.

    Args:
        video: What ``open_video`` returned or takes.
        model: Any model of the table.
        folder: Where results are kept; a session in it is continued. ``None``: in memory.
        max_side: As in ``track``.
        fps: Frames per second to hold, at the cost of accuracy.
        listeners: Get the events, on the thread that writes; an exception that one raises ends the run.
        memory_mb: Budget for the states of the model at key frames, without a folder.
        disk_mb: The same, in a folder.
        options: More, for who builds on sessions.

    Raises:
        NotFoundError: No such video.
        VideoError: The video cannot be opened.
        OutputError: The folder is of an earlier version, or another process works in it.
        WriteError: The folder cannot be written.
        SettingsError: ``max_side`` is too small.
    """

    def __init__(
        self,
        video: Any,
        model: VideoModel[Any],
        *,
        folder: str | Path | None = None,
        max_side: int | None = None,
        fps: float | None = None,
        listeners: Sequence[Listener] = (),
        memory_mb: int = 512,
        disk_mb: int = 256,
        options: Options | None = None,
    ) -> None:
        options = options or Options()
        self.video: Video = video if isinstance(video, Video) else open_video(video)
        self.model = bounded(model, max_side)
        self.folder = Path(folder) if folder is not None else None
        self._listeners = list(listeners)
        self._options = options
        self._telling = threading.local()
        give_back_frames(self.video.size_hw)
        classes = model.classes if isinstance(model, SemanticModel) else None
        self._fps = fps
        inside = self.folder / FOLDER if self.folder is not None else None
        self._ledger = Ledger(
            inside, {"opened": how_opened(video, self.video, self.model, max_side), **options.about}
        )
        try:
            self._store = open_store(self.folder, inside, classes, options.labels)
            budget = (memory_mb if inside is None else disk_mb) << 20
            states = inside / "states" if inside is not None else None
            history = History(states, budget, self.model.state_type)
        except BaseException:
            self._ledger.close()
            raise
        self._ground = Ground(
            video=self.video,
            model=self.model,
            store=self._store,
            history=history,
            sides=SideAnswers(inside / "forward" if inside is not None else None),
            ledger=self._ledger,
            describe=describe if classes is None else describe_classes,
            emit=self._emit,
            max_side=max_side,
            checkpoint_seconds=options.checkpoint_seconds,
            drop=options.drop,
            pacer=self._pacer,
        )
        self._running = Running(closes=self.folder is not None)
        self._changing = Changing(self._ground, self._running)
        self._stored = StoredAnswers(self._ground, options.sources)
        self.report = RunReport()
        """Of the last run."""
        self.pacer: Pacer | None = None
        """Of the last run, where a pace was held."""
        try:
            self._changing.finish_pending()
        except BaseException:
            self.close()
            raise

    @classmethod
    def open(
        cls,
        folder: str | Path,
        model: VideoModel[Any] | None = None,
        video: Any = None,
        **options: Any,
    ) -> "Session":
        """Continue a session that was closed, or whose process was killed.

        Args:
            folder: As it was given then.
            model: The same model; ``None`` loads the one of that name with its settings.
            video: The same video; ``None`` opens it where it was.
            **options: As of ``Session``.

        Raises:
            OutputError: There is no session that this version can go on with.
            NotFoundError: The video is not where it was.
            SegueError: As of ``Session`` and ``load_model``.
        """
        about = read_session(Path(folder) / FOLDER / SESSION)
        given = about.get("opened", {})
        if model is None:
            from segue.models.catalog import load_model

            name = given.get("model")
            if not name:
                raise InputError("The folder does not say which model made it. Give the model.")
            model = load_model(name, settings=given.get("settings") or {})
        if video is None:
            video = reopened(given, Path(folder))
        return cls(video, model, folder=folder, **{"max_side": given.get("max_side"), **options})

    # --- changes -----------------------------------------------------------------------------------------------------

    @property
    def edits(self) -> Edits:
        """All changes so far."""
        return self._ledger.edits

    @property
    def about(self) -> Mapping[str, Any]:
        """What ``session.json`` says besides the changes."""
        return self._ledger.about

    def give(self, frame: int, labels: Labels) -> None:
        """Give a mask; if a run has passed its frame, the frames that it changes become stale.

        Objects that are not in the mask are predicted on its frame as usual.

        Args:
            frame: Index in the video.
            labels: Object numbers, of the size of the video.

        Raises:
            MaskError: No object, another size, no such frame; or the model takes no masks.
        """
        self.give_all({frame: labels})

    def give_all(self, masks: Mapping[int, Labels]) -> None:
        """Give several masks at once: all of them are taken, or none.

        Raises:
            MaskError: As in ``give``.
        """
        self._changing.give(masks)

    def correct(self, frame: int, labels: Labels, until: Reach = "end") -> None:
        """Correct a frame.

        Args:
            frame: Index in the video.
            labels: The right object numbers, of the size of the video; objects that are not in it stay as predicted.
            until: ``end``: as if the mask had been known from the start. ``next-given``: up to the neighbouring masks
                or checked frames, in both directions, and no frame beyond.

        Raises:
            MaskError: As in ``give``.
            InputError: Another word for ``until``.
        """
        self._changing.correct(frame, labels, until)

    def absent(self, object_id: int, frame: int) -> None:
        """Say that an object is not on a frame; a ``HidingModel`` then searches for it on the next frames.

        Raises:
            MaskError: No such object or frame.
        """
        self._changing.say(Absent(frame, object_id, isinstance(self.model, HidingModel)))

    def check(self, span: range) -> None:
        """Mark frames as right: nothing computes them again, unless a mask is given on them.

        Raises:
            InputError: The span holds no frame.
        """
        check_span(span)
        self._changing.say(Check(span.start, span.stop))

    def forget(self, object_id: int) -> None:
        """Take an object out of all results, at once; a later mask may bring it back from there on.

        Raises:
            MaskError: No such object.
            OutputError: A run is going on.
        """
        self._changing.apply(Forget(object_id))

    def rename(self, old: int, new: int) -> None:
        """Give an object another number in all results, at once.

        Raises:
            MaskError: No such object, or the number is taken, or none.
            OutputError: A run is going on.
        """
        self._changing.apply(Rename(old, new))

    def check_changes(self, changes: Sequence[Edit]) -> None:
        """Refuse changes that are made one after the other, before the first of them is.

        Raises:
            MaskError: There is no such frame or object then, or a number is taken, or none.
        """
        self._changing.check(changes)

    @property
    def direction(self) -> Direction:
        """The direction of the newest run."""
        return self.edits.newest_direction

    def objects(self) -> set[int]:
        """Numbers of all objects that were given or found, and not forgotten everywhere."""
        return self._changing.objects()

    # --- work --------------------------------------------------------------------------------------------------------

    def run(
        self,
        span: range | None = None,
        direction: Direction | None = None,
        cancel: threading.Event | None = None,
    ) -> RunReport:
        """Compute the stale frames.

        Args:
            span: Only these frames; ``None`` for all.
            direction: From which masks frames are answered: ``forward`` those before, ``backward`` those after,
                ``both`` both of them, fused. ``None``: as before, which is forward in the beginning.
            cancel: Stops the run within a frame once it is set, as ``Session.cancel`` does.

        Returns:
            What was done; ``cancelled`` if it was stopped.

        Raises:
            InputError: The span holds no frame, or the direction is another word.
            MaskError: The model needs a mask and there is none, or there is one of a frame that never came.
            DecodeError: A frame does not decode; what came before it is answered.
            WriteError: The disk refuses; what was written stays.
            OutputError: A run is going on already, or the session was closed.
        """
        check_span(span)
        check_direction(direction)
        if span is not None:
            check_frames(span, self._changing.indices)

        def make(stopped: Callable[[], bool]) -> Work:
            self._changing.prepare(span, direction)
            return Work(self._ground, span, stopped)

        work = self._running.begin(make, cancel)
        try:
            report = work.go()
            if not report.cancelled and not report.stale:
                self._store.compact()
        finally:
            self.pacer = work.held
            self.report = self._running.end(work)
            self._emit(Ended(self.report))
        return report

    def cancel(self) -> None:
        """Stop the run that is going on, within one frame; what was answered stays, and the next run goes on."""
        self._running.cancel()

    # --- results -----------------------------------------------------------------------------------------------------

    def result(self, frame: int) -> Answer:
        """What is known of a frame.

        Raises:
            NotFoundError: The frame has no answer yet, or its file got lost; a run answers it.
        """
        return self._stored.get(frame)

    def __iter__(self) -> Iterator[Answer]:
        """All results so far, in the order of the frames.

        Raises:
            NotFoundError: As in ``result``.
        """
        for index in sorted(self._store.records):
            yield self.result(index)

    def results(self) -> Results:
        """What documents are written from."""
        return self._stored.results()

    def num_fresh(self) -> int:
        """Number of frames with a valid result: no newer change reaches them."""
        return self._stored.num_fresh()

    def repair(self) -> list[str]:
        """Read all label maps and drop damaged ones; returns the names of their frames, which the next run computes."""
        return self._stored.repair()

    @property
    def store(self) -> Store:
        """The label maps and records."""
        return self._store

    def listen(self, listener: Listener) -> None:
        """Add a listener."""
        self._listeners.append(listener)

    def forget_memories(self) -> None:
        """Drop the memories of the model: a correction then begins at the first mask.

        Raises:
            WriteError: The system refuses.
        """
        self._ground.history.clear()
        self._ground.sides.clear()

    def close(self) -> None:
        """Let go of files, and let others work in the folder; a run that goes on is stopped. Never raises."""
        # A listener is told by the run itself.
        self._running.close(wait=not getattr(self._telling, "now", False))
        self._store.close()
        self._ledger.close()

    def __enter__(self) -> "Session":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- inside ------------------------------------------------------------------------------------------------------

    def _pacer(self, working_hw: tuple[int, int], masks: Mapping[int, Labels]) -> Pacer | None:
        if self._fps is None:
            return None
        clock = {"clock": self._options.clock} if self._options.clock else {}
        return Pacer(self.model, self._fps, working_hw, masks, **clock)

    def _emit(self, event: Event) -> None:
        self._telling.now = True
        try:
            for listener in self._listeners:
                listener(event)
        finally:
            self._telling.now = False
