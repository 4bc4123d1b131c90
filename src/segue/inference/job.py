"""One video, from frames to files, that may be killed at any moment and resumed to the same bytes.

Decoding, the network and writing overlap (``pipeline``). Only the writing thread touches files, in the order of the
frames: results of a frame, then the memory after it. So what a killed job leaves is what it would leave one by one.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from segue.errors import DecodeError, MaskError, VideoError
from segue.files import write_json
from segue.inference.claims import FRAMES, compress
from segue.inference.environment import environment
from segue.inference.memory import give_back_frames
from segue.inference.pacing import Pacer
from segue.inference.pipeline import ReadAhead, WriteBehind, room_for
from segue.inference.places import Mode, Places
from segue.inference.progress import Progress, Silent
from segue.inference.reuse import Pace
from segue.inference.runner import Result, Runner, RunnerMemory
from segue.inference.sinks import LabelFolder, LineLog
from segue.inference.stopwatch import Stopwatch
from segue.inference.task import Sink, Task
from segue.media.resize import Resizer
from segue.media.video import Video, VideoFrame
from segue.models.interface import VideoModel, bounded
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
    doubts: Sequence[str] = ()
    """Sentences about what could have been meant otherwise, apart from those of the video."""
    max_side: int | None = None
    fps: float | None = None
    """The pace to hold, at the cost of accuracy; results then depend on how fast the machine is."""
    checkpoint_seconds: float = 2.0
    """Least time between two copies of the memory; longer where they would take more than a
    twentieth of the time. 0: after every frame."""
    clock: Callable[[], float] = time.perf_counter
    """Seconds, by which the pace is held."""

    def check(self, mode: Mode) -> bool:
        """Whether the results are complete already; changes no result and needs no model.

        Raises:
            SegueError: The task does not go with the video.
            OutputError: The output folder holds results that this job must not touch.
        """
        self.task.check(self.video, self.max_side)
        complete = self.places.check(mode, self.identity, self.inputs)
        if complete:
            # A process may have been killed between its last result and its tidying up.
            self.places.finish()
        return complete

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
            SettingsError: There is a pace to hold, and nothing of the model that can give way.
        """
        model = bounded(model, self.max_side)
        give_back_frames(self.video.size_hw)
        pacer = self._pacer(model)
        self.places.prepare(mode, self.identity)
        adapted = self.task.adapt(model)
        return _Run(self, adapted, mode, progress or Silent(), pacer).go(notes or {})

    def _pacer(self, model: VideoModel[Any]) -> Pacer | None:
        if self.fps is None:
            return None
        working_hw = Resizer.for_max_side(self.video.size_hw, self.max_side).working_hw
        return Pacer(model, self.fps, working_hw, self.task.masks, self.clock)


class _Run:
    """The moving parts of one job. Those of the writing thread: ``sinks``, ``done``, ``writing``, ``save_cost``."""

    def __init__(
        self,
        job: Job,
        model: VideoModel[Any],
        mode: Mode,
        progress: Progress,
        pacer: Pacer | None,
    ) -> None:
        self.job = job
        self.model = model
        self.progress = progress
        self.pacer = pacer
        self.watch, self.decoding, self.writing = Stopwatch(), Stopwatch(), Stopwatch()
        self.pace = Pace()
        self.first_frame: float | None = None
        self.checkpoint = job.places.resume / "state.safetensors"
        self.runner = Runner(model, job.task.masks, job.video.size_hw, max_side=job.max_side)
        self.read = self.done = self.passed = self.replayed = 0
        self.recalled: Any = None
        self.waiting: list[VideoFrame] = []
        if mode == "resume" and self.checkpoint.exists():
            self._recall()
        self.resumed_at = self.done
        self.stored = LabelFolder(job.places.labels)
        self.sinks = job.task.sinks(model, job.video, job.places, self.done)
        self.names = LineLog(job.places.resume / FRAMES, keep=self.done)
        self.saved_at = time.perf_counter()
        self.save_cost = 0.0

    def go(self, notes: Mapping[str, Any]) -> dict[str, Any]:
        try:
            with WriteBehind(self.watch, room_for(self.job.video.size_hw)) as writer:
                self._all_frames(writer)
            return self._finish(notes, None)
        except (VideoError, MaskError) as error:
            self._finish(notes, str(error))
            raise
        finally:
            self.names.close()
            for sink in self.sinks:
                sink.close()

    def _all_frames(self, writer: WriteBehind) -> None:
        broken: DecodeError | None = None
        try:
            with ReadAhead(self.job.video, self.decoding, self.watch) as frames:
                for frame in frames:
                    if frame.index < self.read:
                        self._pass(frame, writer)
                    else:
                        self._go_on()
                        self._new(frame, writer)
        except DecodeError as error:
            # Not yet raised: with lookahead the last good frames still wait for their answer.
            broken = error
        self._go_on()
        with self.watch.part("network"):
            owed = self.runner.finish()
        for result in owed:
            writer.hand(partial(self._keep, result))
        writer.finish()
        if broken:
            raise broken
        self.runner.check_end()

    def _pass(self, frame: VideoFrame, writer: WriteBehind) -> None:
        """A frame that the interrupted run has shown to the model: it is answered, or waits for its answer."""
        if self.passed < self.resumed_at:
            writer.hand(partial(self._replay, frame))
        else:
            self.waiting.append(frame)
        self.passed += 1

    def _go_on(self) -> None:
        """Once all frames of the interrupted run have passed, its memory is complete."""
        if self.recalled is not None:
            indices = tuple(frame.index for frame in self.waiting)
            self.runner.recall(RunnerMemory(self.recalled, indices), self.waiting)
            self.recalled, self.waiting = None, []

    def _replay(self, frame: VideoFrame) -> None:
        """Show a finished frame again to the sinks that cannot go on in the middle of a video."""
        again = [sink for sink in self.sinks if sink.replays]
        if not again:
            return
        with self.writing.part("replay"):
            prediction = Prediction(self.stored.read(frame))
        self._hand(again, (frame, prediction))
        note = f"replaying {self.job.places.outputs.folder}"
        self.replayed += 1
        self.progress.advance(self.replayed, self.job.video.num_frames, note)

    def _new(self, frame: VideoFrame, writer: WriteBehind) -> None:
        begun = self.runner.begun
        with self.watch.part("network"):
            results = self.runner.feed(frame)
        if not begun and self.runner.begun:
            # It learns the objects, and says nothing about the speed of the rest.
            self.first_frame = self.watch.lap
        else:
            for _, prediction in results:
                self.pace.add(prediction, self.watch.lap)
        self.read = frame.index + 1
        for result in results:
            writer.hand(partial(self._keep, result))
        if self.pacer and self.runner.begun:
            self._hold_pace(self.pacer, begun)
        if self._wants_saving():
            writer.hand(partial(self._save, self.runner.memory.state, self._counts()))
            self.saved_at = time.perf_counter()

    def _hold_pace(self, pacer: Pacer, begun: bool) -> None:
        if not begun:
            pacer.begin()
        elif pacer.frame():
            with self.watch.part("network"):
                state = pacer.resized(self.runner.memory.state)
            self.runner.resize(pacer.level.size_hw, state)
        self.runner.threshold = pacer.level.threshold

    def _keep(self, result: Result) -> None:
        # Before its files, so that they are known as ours whenever the process is killed.
        self.names.append(json.dumps(result[0].name))
        self._hand(self.sinks, result)
        self.done += 1
        self.progress.advance(self.done, self.job.video.num_frames)

    def _hand(self, sinks: Sequence[Sink], result: Result) -> None:
        for sink in sinks:
            with self.writing.part(sink.part):
                sink.write(*result)

    def _wants_saving(self) -> bool:
        """Whether it is time to copy the memory to disk."""
        idle = time.perf_counter() - self.saved_at
        pause = self.job.checkpoint_seconds and max(
            self.job.checkpoint_seconds, 20 * self.save_cost
        )
        return self.runner.begun and idle >= pause

    def _counts(self) -> dict[str, int]:
        return {"read": self.read, "level": self.pacer.number if self.pacer else 0}

    def _save(self, state: Any, counts: Mapping[str, int]) -> None:
        """Copy the memory to disk, after the files of the frames that it has seen."""
        from segue.inference.checkpoint import (
            save_state,  # imports torch, which a plan does not need
        )

        with self.writing.part("checkpoint"):
            save_state(self.checkpoint, state, {**counts, "done": self.done})
        self.save_cost = self.writing.lap

    def _recall(self) -> None:
        """Go on from the memory that the interrupted run left."""
        from segue.inference.checkpoint import load_state

        state, counts = load_state(self.checkpoint, self.model.state_type)
        self.read, self.done = int(counts["read"]), int(counts["done"])
        self.recalled = state
        if self.pacer:
            self.pacer.go_on(int(counts["level"]))
            self.runner.threshold = self.pacer.level.threshold
            self.runner.resize(self.pacer.level.size_hw, None)

    def _finish(self, notes: Mapping[str, Any], error: str | None) -> dict[str, Any]:
        places = self.job.places
        told: dict[str, Any] = {}
        for sink in self.sinks:
            with self.writing.part(sink.part):
                told |= sink.finish()
        if self.pacer:
            told["pace"] = self.pacer.report()
        record = {
            "complete": error is None,
            "error": error,
            **notes,
            "frames": self.done,
            "damaged": list(self.job.video.damaged),
            "resumed_at_frame": self.resumed_at or None,
            "timings": self._timings(),
            **told,
            "written": {
                "files": places.existing_files(),
                "frames": compress(map(json.loads, self.names)),
            },
            "identity": dict(self.job.identity),
            **environment(),
        }
        write_json(places.record, record)
        places.finish()
        return record

    def _timings(self) -> dict[str, float | None]:
        """Seconds by part, of this run only; ``fps`` counts the frames that this run answered.

        Decoding, network and writing overlap: their sum may be more than the total. ``wait_decode_s`` and
        ``wait_write_s`` are seconds in which the network had to wait for the others. With a reuse gate also the mean
        milliseconds of computed and of reused frames after the first.
        """
        total = self.watch.total
        seconds = {**self.decoding.seconds, **self.watch.seconds, **self.writing.seconds}
        parts = {f"{name}_s": round(value, 4) for name, value in seconds.items()}
        fresh = self.done - self.resumed_at
        first = self.first_frame
        return {
            **parts,
            "first_frame_s": round(first, 4) if first is not None else None,
            **self.pace.means(),
            "total_s": round(total, 4),
            "fps": round(fresh / total, 3) if total else None,
        }
