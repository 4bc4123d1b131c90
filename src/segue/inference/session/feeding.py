"""Frames shown to a pass of the model: from a kept memory on, with memories kept on the way."""

import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from segue.errors import DecodeError
from segue.inference.pace.latest import LatestFrame, LiveReport
from segue.inference.pace.pacing import Pacer
from segue.inference.pipeline import ReadAhead
from segue.inference.reuse import Pace
from segue.inference.runner import Runner
from segue.inference.session.answers import Answers
from segue.inference.session.given_masks import TapeMasks
from segue.inference.session.history import KEY_FRAMES, Key, Way
from segue.inference.session.reading import Reading, following, read
from segue.inference.stopwatch import Stopwatch
from segue.media.video import VideoFrame
from segue.models.interface import HidingModel
from segue.types import Prediction

Take = Callable[[VideoFrame, Prediction, bool], None]
"""Gets an answer; the last value says whether the video went on far enough for it."""


class Feeding:
    """Shows frames to passes, one pass after the other.

    Args:
        answers: Where memories and what is found about the video are handed to.
        watch: Gets the seconds of the network and of waiting.
        stopped: Asked before every frame.
    """

    def __init__(self, answers: Answers, watch: Stopwatch, stopped: Callable[[], bool]) -> None:
        self.answers, self.watch = answers, watch
        self.plan, self.ground = answers.plan, answers.ground
        self.decoding, self.pace = Stopwatch(), Pace()
        self.lock = threading.Lock()
        """Held while a frame becomes the last that was shown."""
        self.way: Way = "forward"
        self.position: int | None = None
        """The last frame that was shown."""
        self.on_tape = False
        """Whether the pass knows the masks of the tape and no others, so that its memory is worth keeping."""
        self.first_frame: float | None = None
        """Seconds of the first frame, on which the objects are learned."""
        self.passed = 0
        """Frames that were computed for the memory only."""
        self.cancelled = False
        self.broken: DecodeError | None = None
        self.live: LiveReport | None = None
        """How a live source was kept up with."""
        self._stopped = stopped
        self._saved_at, self._save_cost, self._since = time.perf_counter(), 0.0, 0

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to do: the run was stopped, or the video broke off."""
        return self.cancelled or self.broken is not None

    def begin(self, *, on_tape: bool) -> None:
        """Another pass begins, before its first frame."""
        self.way, self.position, self.on_tape = "forward", None, on_tape

    def meet(self, number: int, frame: int) -> bool:
        """A mask was given meanwhile; returns whether its frame has passed. Call it with ``lock`` held."""
        place, cap = self.position, self.answers.cap
        if place is None or not (place >= frame if self.way == "forward" else place <= frame):
            return False
        self.answers.cap = number - 1 if cap is None else min(cap, number - 1)
        return True

    def rewind(
        self,
        runner: Runner,
        way: Way,
        first: int,
        pacer: Pacer | None = None,
        latest: int | None = None,
    ) -> None:
        """Go back, or ahead, to the nearest memory before a frame, unless the pass is nearer.

        Args:
            runner: The pass.
            way: Its direction.
            first: The frame that is answered next.
            pacer: Holds a pace.
            latest: The last frame that the memory may have seen.
        """
        sign = 1 if way == "forward" else -1
        for key in self.ground.history.before(way, first, self.plan.edits):
            if latest is not None and key.frame > latest:
                continue
            if self.position is not None and sign * key.frame <= sign * self.position:
                return
            found = self.ground.history.load(key)
            if found is None:
                self.answers.note(
                    f"The memory kept at frame {key.frame} is damaged: an older one is taken."
                )
                continue
            memory, notes = found
            if memory.waiting and not self.ground.video.seekable:
                continue  # to read the frames that wait would use up the source
            if pacer:
                pacer.go_on(int(notes.get("level", 0)))
                runner.threshold = pacer.level.threshold
                runner.resize(pacer.level.size_hw, None)
            runner.recall(memory, read(self.ground.video, memory.waiting))
            self.position = key.frame
            self._saved_at, self._since = time.perf_counter(), 0
            return

    def feed(
        self,
        runner: Runner | None,
        way: Way,
        begin: int,
        last: int | None,
        take: Take,
        pacer: Pacer | None = None,
    ) -> None:
        """Show frames from one on, until one is answered, or to the end of the video.

        Args:
            runner: ``None`` answers every frame with nothing.
            way: Direction of the pass.
            begin: The first frame.
            last: The frame after whose answer the work is done; ``None``: to the end.
            take: Gets the answers.
            pacer: Holds a pace.
        """
        sign = 1 if way == "forward" else -1
        expected, gaps = begin, set[int]()
        self.way = way
        again = self._comes_by_again(way)
        try:
            with self._reader(way, self.ground.video.indices.start if again else begin) as frames:
                for frame in frames:
                    if self._stopped():
                        self.cancelled = True
                        break
                    if again:
                        self.answers.pass_by(frame)
                        if frame.index < begin:
                            continue
                    step = self.ground.video.indices.step
                    gaps.update(range(expected, frame.index, sign * step))
                    expected = following(self.ground.video.indices, frame.index, way)
                    with self.lock:
                        self.position = frame.index
                    answered = self._show(runner, frame, take, pacer)
                    if isinstance(frames, LatestFrame):
                        frames.answered()
                        self.live = frames.report
                    if last is not None and answered is not None and sign * answered >= sign * last:
                        self._end(None, gaps)
                        break
                else:
                    self.cancelled = frames.gave_up
                    if not self.cancelled:
                        self._finish(runner, take, sure=True)
                        end = expected - self.ground.video.indices.step + 1
                        self._end(end if way == "forward" else None, gaps)
                        return
        except DecodeError as error:
            # A stream that broke off goes on with new frames: who does not know the last ones has no objects.
            self._save(runner, pacer)
            # Not yet raised: with lookahead the last good frames still wait for their answer.
            self._finish(runner, take, sure=False)
            self.broken = error
            return
        self._save(runner, pacer)

    def _comes_by_again(self, way: Way) -> bool:
        """Whether documents see frames that are answered already: no other pass will show these frames."""
        once = not self.ground.video.seekable and not self.ground.drop
        return once and way == "forward" and self.on_tape and self.plan.edits.plain

    def _reader(self, way: Way, begin: int) -> ReadAhead | LatestFrame:
        video = self.ground.video
        if self.ground.drop:
            keep = TapeMasks(self.ground.ledger)
            return LatestFrame(video, self.decoding, self.watch, keep=keep, stopped=self._stopped)
        return ReadAhead(Reading(video, way, begin), self.decoding, self.watch, self._stopped)

    def _end(self, end: int | None, gaps: set[int]) -> None:
        # A live source that was opened again goes on behind frames that have their answer.
        records = self.ground.store.records
        gaps = {index for index in gaps if index not in records}
        # What a live source dropped is no damage, and its end is not the end of anything.
        if (end is not None or gaps) and not self.ground.drop:
            self.answers.hand("write", partial(self.ground.store.note_end, end, frozenset(gaps)))

    def _show(
        self, runner: Runner | None, frame: VideoFrame, take: Take, pacer: Pacer | None
    ) -> int | None:
        """Show one frame; returns the frame that the last answer was about."""
        if runner is None:
            take(frame, Prediction(np.zeros(frame.image.shape[:2], np.uint8)), True)
            return frame.index
        begun = runner.begun
        with self.watch.part("network"):
            results = runner.feed(frame)
            self._hide(runner, frame.index)
        if not begun and runner.begun:
            # It learns the objects, and says nothing about the speed of the rest.
            if self.first_frame is None:
                self.first_frame = self.watch.lap
        else:
            for _, prediction in results:
                self.pace.add(prediction, self.watch.lap)
        for answered, prediction in results:
            take(answered, prediction, True)
        if pacer and runner.begun:
            self._hold_pace(pacer, runner, begun)
        if runner.begun and self.on_tape:
            self._since += 1
            if self._wants_saving():
                self._save(runner, pacer)
        return results[-1][0].index if results else None

    def _finish(self, runner: Runner | None, take: Take, sure: bool) -> None:
        if runner is None:
            return
        with self.watch.part("network"):
            owed = runner.finish()
        for frame, prediction in owed:
            take(frame, prediction, sure)

    def _hide(self, runner: Runner, index: int) -> None:
        if self.plan.edits.plain:
            return
        absent = self.plan.edits.absences(index, hides=True)
        model = self.ground.model
        if absent and isinstance(model, HidingModel) and runner.begun:
            runner.resize(runner.working_hw, model.hidden(runner.memory.state, absent))

    def _hold_pace(self, pacer: Pacer, runner: Runner, begun: bool) -> None:
        if not begun:
            pacer.begin()
        elif pacer.frame():
            with self.watch.part("network"):
                state = pacer.resized(runner.memory.state)
            runner.resize(pacer.level.size_hw, state)
        runner.threshold = pacer.level.threshold

    def _wants_saving(self) -> bool:
        """Whether it is time to keep the memory."""
        pause = self.ground.checkpoint_seconds
        if not pause:
            return True
        idle = time.perf_counter() - self._saved_at
        costly = self.ground.history.on_disk and idle < 20 * self._save_cost
        return not costly and (self._since >= KEY_FRAMES or idle >= pause)

    def _save(self, runner: Runner | None, pacer: Pacer | None) -> None:
        """Keep the memory, after the files of the frames that it has seen."""
        place = self.position
        if runner is None or not runner.begun or place is None or not self.on_tape:
            return
        memory = runner.memory
        following_frame = following(self.ground.video.indices, place, self.way)
        answers = memory.waiting[0] if memory.waiting else following_frame
        key = Key(self.way, place, answers, self.answers.newest())
        notes = {"level": pacer.number} if pacer else {}
        self.answers.writer.hand(partial(self._add, key, memory, notes))
        self._saved_at, self._since = time.perf_counter(), 0

    def _add(self, key: Key, memory: Any, notes: Mapping[str, int]) -> None:
        with self.answers.writing.part("checkpoint"):
            self.ground.history.add(key, memory, notes)
        self._save_cost = self.answers.writing.lap
