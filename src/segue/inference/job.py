"""One video, from frames to files, that may be killed at any moment and resumed to the same bytes."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segue.errors import DecodeError, MaskError, VideoError
from segue.inference.atomic import write_json
from segue.inference.checkpoint import load_state, save_state
from segue.inference.environment import environment
from segue.inference.places import Mode, Places
from segue.inference.progress import Progress, Silent
from segue.inference.reuse import Pace
from segue.inference.runner import Result, Runner
from segue.inference.sinks import LabelFolder
from segue.inference.stopwatch import Stopwatch
from segue.inference.task import Sink, Task
from segue.media.video import Video, VideoFrame
from segue.models.interface import VideoModel
from segue.types import Prediction


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
    max_side: int | None = None
    checkpoint_seconds: float = 2.0
    """Least time between two copies of the memory; longer where they would take more than a
    twentieth of the time. 0: after every frame."""

    def check(self, mode: Mode) -> bool:
        """Whether the results are complete already; changes no result and needs no model.

        Raises:
            SegueError: The task does not go with the video.
            OutputError: The output folder holds results that this job must not touch.
        """
        self.task.check(self.video, self.max_side)
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
            model: The model that ``identity`` speaks of, of the task's kind.
            mode: As in ``check``, which has to be asked first.
            progress: Hears about every finished frame.
            notes: More for ``run.json``: the command, the settings.

        Raises:
            DecodeError: A frame does not decode; all files are complete up to it.
            WriteError: The disk refuses; what was written stays and can be resumed.
            OutputError: What an interrupted run left cannot be used.
        """
        self.places.prepare(mode, self.identity)
        model = self.task.adapt(model)
        return _Run(self, model, mode, progress or Silent()).go(notes or {})


class _Run:
    """The moving parts of one job."""

    def __init__(self, job: Job, model: VideoModel[Any], mode: Mode, progress: Progress) -> None:
        self.job = job
        self.model = model
        self.progress = progress
        self.watch = Stopwatch()
        self.pace = Pace()
        self.first_frame: float | None = None
        self.checkpoint = job.places.resume / "state.safetensors"
        state, self.read, self.done = self._recall(mode)
        self.resumed_at = self.done
        self.runner = Runner(
            model, job.task.masks, job.video.size_hw, max_side=job.max_side, state=state
        )
        self.stored = LabelFolder(job.places.labels)
        self.sinks = job.task.sinks(model, job.video, job.places, self.done)
        self.saved_at = time.perf_counter()
        self.save_cost = 0.0

    def go(self, notes: Mapping[str, Any]) -> dict[str, Any]:
        try:
            self._all_frames()
            return self._finish(notes, None)
        except (VideoError, MaskError) as error:
            self._finish(notes, str(error))
            raise
        finally:
            for sink in self.sinks:
                sink.close()

    def _all_frames(self) -> None:
        broken: DecodeError | None = None
        try:
            for frame in self.watch.each("decode", self.job.video):
                if frame.index < self.read:
                    self._replay(self.runner.skip(frame))
                else:
                    self._new(frame)
        except DecodeError as error:
            # Not yet raised: with lookahead the last good frames still wait for their answer.
            broken = error
        for result in self.watch.each("network", self.runner.drain()):
            self._keep(result)
        if broken:
            raise broken
        self.runner.check_end()

    def _replay(self, frame: VideoFrame | None) -> None:
        """Show a finished frame again to the sinks that cannot go on in the middle of a video."""
        again = [sink for sink in self.sinks if sink.replays]
        if not frame or not again:
            return
        with self.watch.part("replay"):
            prediction = Prediction(self.stored.read(frame))
        self._hand(again, (frame, prediction))
        note = f"replaying {self.job.places.outputs.folder}"
        self.progress.advance(frame.index + 1, self.job.video.num_frames, note)

    def _new(self, frame: VideoFrame) -> None:
        begun = self.runner.state is not None
        with self.watch.part("network"):
            result = self.runner.feed(frame)
        if not begun and self.runner.state is not None:
            # It learns the objects, and says nothing about the speed of the rest.
            self.first_frame = self.watch.lap
        elif result:
            self.pace.add(result[1], self.watch.lap)
        self.read = frame.index + 1
        if result:
            self._keep(result)
        self._remember()

    def _keep(self, result: Result) -> None:
        self._hand(self.sinks, result)
        self.done += 1
        self.progress.advance(self.done, self.job.video.num_frames)

    def _hand(self, sinks: Sequence[Sink], result: Result) -> None:
        for sink in sinks:
            with self.watch.part(sink.part):
                sink.write(*result)

    def _remember(self) -> None:
        """Copy the memory to disk now and then, after the files of the frames that it has seen."""
        idle = time.perf_counter() - self.saved_at
        pause = self.job.checkpoint_seconds and max(
            self.job.checkpoint_seconds, 20 * self.save_cost
        )
        if self.runner.state is None or idle < pause:
            return
        with self.watch.part("checkpoint"):
            counts = {"read": self.read, "done": self.done}
            save_state(self.checkpoint, self.runner.state, counts)
        self.saved_at, self.save_cost = time.perf_counter(), self.watch.lap

    def _recall(self, mode: Mode) -> tuple[Any, int, int]:
        if mode != "resume" or not self.checkpoint.exists():
            return None, 0, 0
        state, counts = load_state(self.checkpoint, self.model.state_type)
        return state, int(counts["read"]), int(counts["done"])

    def _finish(self, notes: Mapping[str, Any], error: str | None) -> dict[str, Any]:
        places = self.job.places
        told: dict[str, Any] = {}
        for sink in self.sinks:
            with self.watch.part(sink.part):
                told |= sink.finish()
        record = {
            "complete": error is None,
            "error": error,
            **notes,
            "frames": self.done,
            "resumed_at_frame": self.resumed_at or None,
            "timings": self._timings(),
            **told,
            "identity": dict(self.job.identity),
            **environment(),
        }
        write_json(places.record, record)
        places.finish()
        return record

    def _timings(self) -> dict[str, float | None]:
        """Seconds by part, of this run only; ``fps`` counts the frames that this run answered.

        With a reuse gate also the mean milliseconds of computed and of reused frames after the first.
        """
        total = self.watch.total
        parts = {f"{name}_s": round(value, 4) for name, value in self.watch.seconds.items()}
        fresh = self.done - self.resumed_at
        first = self.first_frame
        return {
            **parts,
            "first_frame_s": round(first, 4) if first is not None else None,
            **self.pace.means(),
            "total_s": round(total, 4),
            "fps": round(fresh / total, 3) if total else None,
        }
