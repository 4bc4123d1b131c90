"""One video, from frames to files, that may be killed at any moment and resumed to the same bytes."""

import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segue.errors import DecodeError, MaskError, VideoError
from segue.inference.atomic import write_json
from segue.inference.checkpoint import load_state, save_state
from segue.inference.environment import environment
from segue.inference.places import Mode, Places
from segue.inference.progress import Progress, Silent
from segue.inference.sinks import MaskFolder, Overlay, TrackLog
from segue.inference.stopwatch import Stopwatch
from segue.inference.track import Result, Tracker, check_plan
from segue.media.video import Video, VideoFrame
from segue.models.interface import VideoModel
from segue.types import Labels


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is to be done with one video."""

    video: Video
    masks: Mapping[int, Labels]
    """Frame number -> labels of the frame's size."""
    places: Places
    identity: Mapping[str, Any]
    """Everything that the results depend on, as plain values; ``--resume`` wants it unchanged."""
    inputs: Sequence[Path] = ()
    """Files read, which the job refuses to write over."""
    sources: Mapping[str, Any] = field(default_factory=dict)
    """Where each object id came from, for ``tracks.json``."""
    partial: bool = False
    max_side: int | None = None
    overlay: bool = True
    checkpoint_seconds: float = 2.0
    """Least time between two copies of the memory; longer where they would take more than a
    twentieth of the time. 0: after every frame."""

    def check(self, mode: Mode) -> bool:
        """Whether the results are complete already; changes no result and needs no model.

        Raises:
            MaskError: The masks do not go with the video.
            OutputError: The output folder holds results that this job must not touch.
        """
        check_plan(self.video, self.masks, partial=self.partial, max_side=self.max_side)
        return self.places.check(mode, self.identity, self.inputs)

    def run(
        self,
        model: VideoModel[Any],
        mode: Mode,
        progress: Progress | None = None,
        notes: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Do it, and return what ``run.json`` then holds.

        Args:
            model: The model that ``identity`` speaks of.
            mode: As in ``check``, which has to be asked first.
            progress: Hears about every finished frame.
            notes: More for ``run.json``: the command, the settings.

        Raises:
            DecodeError: A frame does not decode; all files are complete up to it.
            WriteError: The disk refuses; what was written stays and can be resumed.
            OutputError: What an interrupted run left cannot be used.
        """
        self.places.prepare(mode, self.identity)
        return _Run(self, model, mode, progress or Silent()).go(notes or {})


class _Run:
    """The moving parts of one job."""

    def __init__(self, job: Job, model: VideoModel[Any], mode: Mode, progress: Progress) -> None:
        self.job = job
        self.model = model
        self.progress = progress
        self.watch = Stopwatch()
        self.first_frame: float | None = None
        self.checkpoint = job.places.resume / "state.safetensors"
        state, self.read, self.done = self._recall(mode)
        self.resumed_at = self.done
        self.tracker = Tracker(
            model, job.masks, job.video.size_hw, max_side=job.max_side, state=state
        )
        self.folder = MaskFolder(job.places.masks)
        self.log = TrackLog(job.places.resume / "tracks.jsonl", keep=self.done)
        self.painter: Overlay | None = None
        if job.overlay:
            self.painter = Overlay(job.places.resume / "overlay.mp4", job.video)
        self.saved_at = time.perf_counter()
        self.save_cost = 0.0

    def go(self, notes: Mapping[str, Any]) -> dict[str, Any]:
        with closing(self.log):
            try:
                self._all_frames()
            except (VideoError, MaskError) as error:
                self._finish(notes, str(error))
                raise
            except BaseException:
                self._let_go()
                raise
            return self._finish(notes, None)

    def _all_frames(self) -> None:
        broken: DecodeError | None = None
        try:
            for frame in self.watch.each("decode", self.job.video):
                if frame.index < self.read:
                    self._reuse(self.tracker.skip(frame))
                else:
                    self._new(frame)
        except DecodeError as error:
            # Not yet raised: with lookahead the last good frames still wait for their answer.
            broken = error
        for result in self.watch.each("network", self.tracker.drain()):
            self._keep(result)
        if broken:
            raise broken
        self.tracker.check_end()

    def _reuse(self, frame: VideoFrame | None) -> None:
        if frame and self.painter:
            with self.watch.part("overlay"):
                self.painter.write(frame, self.folder.read(frame))
            self.progress.advance(frame.index + 1, self.job.video.num_frames, "reusing masks")

    def _new(self, frame: VideoFrame) -> None:
        begun = self.tracker.state is not None
        with self.watch.part("network"):
            result = self.tracker.feed(frame)
        if not begun and self.tracker.state is not None:
            self.first_frame = self.watch.lap
        self.read = frame.index + 1
        if result:
            self._keep(result)
        self._remember()

    def _keep(self, result: Result) -> None:
        frame, prediction = result
        with self.watch.part("write"):
            self.folder.write(frame, prediction.labels)
            self.log.append(frame, prediction)
        if self.painter:
            with self.watch.part("overlay"):
                self.painter.write(frame, prediction.labels)
        self.done += 1
        self.progress.advance(self.done, self.job.video.num_frames)

    def _remember(self) -> None:
        """Copy the memory to disk now and then, after the files of the frames that it has seen."""
        idle = time.perf_counter() - self.saved_at
        pause = self.job.checkpoint_seconds and max(
            self.job.checkpoint_seconds, 20 * self.save_cost
        )
        if self.tracker.state is None or idle < pause:
            return
        with self.watch.part("checkpoint"):
            counts = {"read": self.read, "done": self.done}
            save_state(self.checkpoint, self.tracker.state, counts)
        self.saved_at, self.save_cost = time.perf_counter(), self.watch.lap

    def _recall(self, mode: Mode) -> tuple[Any, int, int]:
        if mode != "resume" or not self.checkpoint.exists():
            return None, 0, 0
        state, counts = load_state(self.checkpoint, self.model.state_type)
        return state, int(counts["read"]), int(counts["done"])

    def _finish(self, notes: Mapping[str, Any], error: str | None) -> dict[str, Any]:
        places = self.job.places
        if self.painter:
            with self.watch.part("overlay"):
                self.painter.finish(places.overlay)
        with self.watch.part("write"):
            self.log.finish(places.tracks, self._header())
        record = {
            "complete": error is None,
            "error": error,
            **notes,
            "frames": self.done,
            "resumed_at_frame": self.resumed_at or None,
            "timings": self._timings(),
            "identity": dict(self.job.identity),
            **environment(),
        }
        write_json(places.record, record)
        places.finish()
        return record

    def _header(self) -> dict[str, Any]:
        video = self.job.video
        rate = video.frame_rate
        return {
            "video": video.name,
            "size_hw": list(video.size_hw),
            "frame_rate": str(rate) if rate else None,
            "sources": dict(self.job.sources),
        }

    def _timings(self) -> dict[str, float | None]:
        """Seconds by part, of this run only; ``fps`` counts the frames that this run answered."""
        total = self.watch.total
        parts = {f"{name}_s": round(value, 4) for name, value in self.watch.seconds.items()}
        fresh = self.done - self.resumed_at
        first = self.first_frame
        return {
            **parts,
            "first_frame_s": round(first, 4) if first is not None else None,
            "total_s": round(total, 4),
            "fps": round(fresh / total, 3) if total else None,
        }

    def _let_go(self) -> None:
        """Close what is open after a failure, without hiding the failure behind a second one."""
        if self.painter:
            with suppress(OSError):
                self.painter.close()
