"""One run of a session: passes of the model over what is stale, from the nearest kept memory on.

Three threads: frames are decoded ahead, the network works on the caller's thread, and one thread touches files, in
this order for each frame: its label map, its record, who listens, then the memory after it.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from segue.errors import DecodeError, MaskError
from segue.inference.edits import Edits
from segue.inference.events import Answered, Began, Event, Noted, RunReport
from segue.inference.given_masks import TapeMasks, owned
from segue.inference.history import KEY_FRAMES, History, Key, Way
from segue.inference.ledger import Ledger
from segue.inference.pacing import Pacer
from segue.inference.pipeline import ReadAhead, WriteBehind, room_for
from segue.inference.reading import Reading, following, read
from segue.inference.restored import hold_given
from segue.inference.reuse import Pace
from segue.inference.runner import Runner, absent_sentence
from segue.inference.side_answers import SideAnswers
from segue.inference.stopwatch import Stopwatch
from segue.media.masks import object_ids
from segue.media.video import Video, VideoFrame
from segue.models.interface import HidingModel, VideoModel
from segue.results.records import FrameRecord
from segue.results.store import Store
from segue.types import BACKGROUND, Labels, Prediction

_NAMED = 4
"""Frames that a note names."""
PROVISIONAL = -1
"""The change that an answer knows of which was given because the video broke off."""

Describe = Callable[[VideoFrame, Prediction], FrameRecord]
Take = Callable[[VideoFrame, Prediction, bool], None]


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What all runs of a session stand on."""

    video: Video
    model: VideoModel[Any]
    store: Store
    history: History
    sides: SideAnswers
    """Forward answers that wait for the backward pass."""
    ledger: Ledger
    describe: Describe
    emit: Callable[[Event], None]
    max_side: int | None
    checkpoint_seconds: float
    pacer: Callable[[Mapping[int, Labels]], Pacer | None]


class Work:
    """One run.

    Args:
        ground: What it stands on.
        span: The only frames that are answered; ``None`` for all.
        stopped: Asked after every frame.
    """

    def __init__(self, ground: Ground, span: range | None, stopped: Callable[[], bool]) -> None:
        self.ground = ground
        self.span = span
        self.lock = threading.Lock()
        self.watch, self.decoding, self.writing = Stopwatch(), Stopwatch(), Stopwatch()
        self.pace = Pace()
        self.first_frame: float | None = None
        """Seconds of the first frame, on which the objects are learned."""
        self.notes: list[str] = []
        self.answered = self.again = self.passed = 0
        self.cancelled = False
        self.held: Pacer | None = None
        self._stopped = stopped
        self._cap: int | None = None
        self._way: Way = "forward"
        self._position: int | None = None
        self._saved_at, self._save_cost, self._since = time.perf_counter(), 0.0, 0
        self._on_tape = False
        """Whether the pass knows the masks of the tape and no others, so that its memory is worth keeping."""
        self._broken: DecodeError | None = None
        self._writer: WriteBehind
        self._masks = TapeMasks(ground.ledger)

    def go(self) -> RunReport:
        """Do it.

        Raises:
            DecodeError: A frame does not decode; what came before it is answered.
            MaskError: There are masks of frames that never came.
            WriteError: The disk refuses.
            Exception: What a listener raised.
        """
        store = self.ground.store
        self._drop_lost()
        self._fresh = len(store.records) - sum(map(self._is_stale, store.records))
        with WriteBehind(self.watch, room_for(self.ground.video.size_hw)) as self._writer:
            self._say(Began(self._num_stale(), self._total()))
            for phase in (self._forward, self._nothing, self._backward, self._local):
                if not (self.cancelled or self._broken):
                    phase()
                    self._writer.finish()
        if self._broken:
            raise self._broken
        if not self.cancelled:
            self._check_masks()
        return self.report()

    def report(self) -> RunReport:
        """What was done so far."""
        seconds = {**self.decoding.seconds, **self.watch.seconds, **self.writing.seconds}
        return RunReport(
            answered=self.answered,
            recomputed=self.again + self.passed,
            cancelled=self.cancelled,
            stale=self._num_stale() or 0,
            seconds=self.watch.total,
            first_frame=self.first_frame,
            means=self.pace.means(),
            notes=tuple(self.notes),
            timings=seconds,
        )

    def meet(self, number: int, frame: int) -> bool:
        """A mask was given while this run goes on; returns whether its frame has passed. Call it with ``lock`` held."""
        place = self._position
        if place is None or not (place >= frame if self._way == "forward" else place <= frame):
            return False
        self._cap = number - 1 if self._cap is None else min(self._cap, number - 1)
        return True

    # --- what is to be done ----------------------------------------------------------------------------------------

    @property
    def _edits(self) -> Edits:
        return self.ground.ledger.edits

    def _is_stale(self, index: int) -> bool:
        record = self.ground.store.records.get(index)
        if record is None:
            return index not in self.ground.store.gaps
        return record.edit < self._edits.needed(index) and not self._edits.checked(index)

    def _known(self) -> range:
        """The frames of the span that are there for certain."""
        indices, store = self.ground.video.indices, self.ground.store
        stop = store.end
        if stop is None:
            stop = max([*store.records, *self._edits.frames], default=indices.start - 1) + 1
        return self._within(indices, 0, stop)

    def _tail(self) -> range:
        """The frames of the span that may be there."""
        if self.ground.store.end is not None:
            return range(0)
        known = self._known()
        begin = known.stop if known else self.ground.video.indices.start
        return self._within(self.ground.video.indices, begin, None)

    def _within(self, indices: range, start: int, stop: int | None) -> range:
        if self.span is not None:
            start = max(start, self.span.start)
            stop = self.span.stop if stop is None else min(stop, self.span.stop)
        first = max(0, -((indices.start - start) // indices.step))
        last = None if stop is None else max(0, -((indices.start - stop) // indices.step))
        return indices[first:last]

    def _num_stale(self) -> int | None:
        if self.ground.store.end is None:
            return None
        return sum(map(self._is_stale, self._known()))

    def _total(self) -> int | None:
        video, end = self.ground.video, self.ground.store.end
        if end is None:
            return video.num_frames
        stop = max(0, -((video.indices.start - end) // video.indices.step))
        return len(video.indices[:stop]) - len(self.ground.store.gaps)

    def _kind(self, index: int) -> str:
        """By which pass a frame is answered: forward, backward, both, local, or nothing."""
        edits = self._edits
        if edits.plain:
            return "forward"
        if edits.is_local(index) or edits.sides(index) is not None:
            return "local"
        direction = edits.direction(index)
        origin = edits.tape_origin(direction, index)
        if origin == "none":
            return "nothing" if direction == "backward" else "forward"
        if origin == "given":
            return "backward" if direction == "backward" else "forward"
        return origin

    def _wants(self, index: int, *kinds: str) -> bool:
        if self.span is not None and index not in self.span:
            return False
        return self._is_stale(index) and self._kind(index) in kinds

    def _wants_side(self, index: int) -> bool:
        """Whether the forward answer of a frame that is answered from both sides is still missing."""
        number = self.ground.sides.number(index)
        return number is None or not self._edits.knows("forward", index, number)

    # --- passes ------------------------------------------------------------------------------------------------------

    def _forward(self) -> None:
        def wanted(index: int) -> bool:
            return self._wants(index, "forward") or (
                self._wants(index, "both") and self._wants_side(index)
            )

        stretches = list(_stretches(i for i in self._known() if wanted(i)))
        tail = self._tail()
        if tail and self._kind(tail.start) == "forward":
            last = tail[-1] if self.span is not None and self.span.stop <= tail[-1] + 1 else None
            _extend(stretches, tail.start, last, self.ground.video.indices.step)
        if stretches:
            self._pass("forward", stretches, self._take_forward)

    def _take_forward(self, frame: VideoFrame, prediction: Prediction, sure: bool) -> None:
        if self._wants(frame.index, "forward"):
            self._hand_keep(frame, prediction, sure)
        elif self._wants(frame.index, "both") and self._wants_side(frame.index):
            put = self.ground.sides.put
            self._hand("sides", partial(put, frame.index, prediction, self._newest()))
        else:
            self.passed += 1

    def _nothing(self) -> None:
        """Frames about which a backward pass says nothing: those after the last mask."""
        stretches = list(_stretches(i for i in self._known() if self._wants(i, "nothing")))
        tail = self._tail()
        if tail and self._kind(tail.start) in ("nothing", "backward"):
            last = tail[-1] if self.span is not None and self.span.stop <= tail[-1] + 1 else None
            _extend(stretches, tail.start, last, self.ground.video.indices.step)
        for first, last in stretches:
            self._feed(None, "forward", first, last, self._take_nothing)

    def _take_nothing(self, frame: VideoFrame, prediction: Prediction, sure: bool) -> None:
        if self._wants(frame.index, "nothing"):
            self._hand_keep(frame, prediction, sure)

    def _backward(self) -> None:
        frames = (i for i in reversed(self._known()) if self._wants(i, "backward", "both"))
        stretches = list(_stretches(frames))
        if stretches:
            self._pass("backward", stretches, self._take_backward)

    def _take_backward(self, frame: VideoFrame, prediction: Prediction, sure: bool) -> None:
        index = frame.index
        if self._wants(index, "backward"):
            self._hand_keep(frame, prediction, sure)
        elif self._wants(index, "both"):
            tape = self._edits.tape
            before = max(f for f in tape if f < index)
            after = min(f for f in tape if f > index)
            self._hand_fused(frame, prediction, index - before, after - index)
        else:
            self.passed += 1

    def _pass(self, way: Way, stretches: list[tuple[int, int | None]], take: Take) -> None:
        """A pass over the tape, which answers some stretches, each from the nearest memory before it."""
        edits, video = self._edits, self.ground.video
        self._writer.finish()
        self.ground.history.prune(edits)
        begins = self._begins(way) if edits.free else None
        runner = self._runner(self._masks, begins)
        pacer = self.ground.pacer(self._masks) if way == "forward" else None
        self.held = pacer or self.held
        sign = 1 if way == "forward" else -1
        self._position, self._on_tape = None, True
        for first, last in stretches:
            self._rewind(runner, way, first, pacer)
            place = self._position
            if place is not None:
                begin = following(video.indices, place, way)
            else:
                start = self._begins(way)
                begin = first if sign * first < sign * start and not edits.free else start
            self._feed(runner, way, begin, last, take, pacer)
            if self.cancelled or self._broken:
                break
        self._way, self._position, self._on_tape = "forward", None, False

    def _begins(self, way: Way) -> int:
        """The frame with which a pass begins."""
        tape, indices = self._edits.tape, self.ground.video.indices
        if self._edits.free or not tape:
            return indices.start if way == "forward" else self._known()[-1]
        return tape[0] if way == "forward" else tape[-1]

    def _runner(self, masks: Mapping[int, Labels], begins: int | None = None) -> Runner:
        ground = self.ground
        return Runner(
            ground.model, masks, ground.video.size_hw, max_side=ground.max_side, begins=begins
        )

    def _rewind(
        self,
        runner: Runner,
        way: Way,
        first: int,
        pacer: Pacer | None,
        edits: Edits | None = None,
    ) -> None:
        """Go back, or ahead, to the nearest memory before a frame, unless the pass is nearer."""
        sign = 1 if way == "forward" else -1
        for key in self.ground.history.before(way, first, edits or self._edits):
            if self._position is not None and sign * key.frame <= sign * self._position:
                return
            found = self.ground.history.load(key)
            if found is None:
                self._note(
                    f"The memory kept at frame {key.frame} is damaged: an older one is taken."
                )
                continue
            memory, notes = found
            if pacer:
                pacer.go_on(int(notes.get("level", 0)))
                runner.threshold = pacer.level.threshold
                runner.resize(pacer.level.size_hw, None)
            runner.recall(memory, read(self.ground.video, memory.waiting))
            self._position = key.frame
            self._saved_at, self._since = time.perf_counter(), 0
            return

    def _feed(
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
        self._way = way
        reading = Reading(self.ground.video, way, begin)
        try:
            with ReadAhead(reading, self.decoding, self.watch) as frames:
                for frame in frames:
                    if self._stopped():
                        self.cancelled = True
                        break
                    step = self.ground.video.indices.step
                    gaps.update(range(expected, frame.index, sign * step))
                    expected = following(self.ground.video.indices, frame.index, way)
                    with self.lock:
                        self._position = frame.index
                    answered = self._show(runner, frame, take, pacer)
                    if last is not None and answered is not None and sign * answered >= sign * last:
                        self._end(None, gaps)
                        break
                else:
                    self._finish(runner, take, sure=True)
                    end = expected - self.ground.video.indices.step + 1
                    self._end(end if way == "forward" else None, gaps)
                    return
        except DecodeError as error:
            # Not yet raised: with lookahead the last good frames still wait for their answer.
            self._finish(runner, take, sure=False)
            self._broken = error
            return
        self._save(runner, pacer)

    def _end(self, end: int | None, gaps: set[int]) -> None:
        if end is not None or gaps:
            self._hand("write", partial(self.ground.store.note_end, end, frozenset(gaps)))

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
        if runner.begun and self._on_tape:
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
        if self._edits.plain:
            return
        absent = self._edits.absences(index, hides=True)
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

    # --- local masks -------------------------------------------------------------------------------------------------

    def _local(self) -> None:
        frames = [i for i in self._known() if self._wants(i, "local")]
        if not frames:
            return
        segments = {s: None for i in frames if (s := self._edits.sides(i)) is not None}
        begins = {a: b for a, b in segments if a is not None}
        for mask in {
            *(i for i in frames if self._edits.is_local(i)),
            *(b for _, b in segments if b is not None and self._edits.is_local(b)),
        }:
            if self._is_stale(mask):
                begins.setdefault(mask, mask + 1)
        for before, after in sorted(begins.items()):
            if not (self.cancelled or self._broken):
                self._from_before(before, after)
                self._writer.finish()
        for before, after in segments:
            if after is not None and not (self.cancelled or self._broken):
                self._from_behind(before, after)
                self._writer.finish()
        if not self.cancelled:
            self.ground.sides.clear()

    def _from_before(self, anchor: int, after: int | None) -> None:
        """The answers from a mask or checked frame on, as the tape would give them if it knew the anchor."""
        edits = self._edits
        on_tape = anchor in edits.tape and not edits.is_local(anchor)
        masks = {f: self._masks[f] for f in edits.tape if f <= anchor}
        labels = self._anchor_labels(anchor)
        if labels is not None and not on_tape:
            masks[anchor] = labels
        if not masks:
            return
        step = self.ground.video.indices.step
        last = None if after is None else max(anchor, after - step)
        runner = self._runner(masks, self._begins("forward") if edits.free else None)
        self._position = None
        self._rewind(runner, "forward", anchor, None)
        start = min(masks) if not edits.free else self._begins("forward")
        begin = start if self._position is None else self._position + step
        take = partial(self._take_before, anchor, after)
        self._feed(runner, "forward", begin, last, take)
        self._position = None

    def _take_before(
        self, anchor: int, after: int | None, frame: VideoFrame, prediction: Prediction, sure: bool
    ) -> None:
        index = frame.index
        stale = self._is_stale(index) and index >= anchor
        if index == anchor and stale and self._edits.is_local(anchor):
            self._hand_keep(frame, prediction, sure)
        elif index > anchor and self._wants(index, "local"):
            if after is None or not self._can_start(after):
                self._hand_keep(frame, prediction, sure)
            else:
                put = self.ground.sides.put
                self._hand("sides", partial(put, index, prediction, self._newest()))
        else:
            self.passed += 1

    def _from_behind(self, before: int | None, anchor: int) -> None:
        """The answers from a mask or checked frame backwards, fused with those from the frame before."""
        labels = self._anchor_labels(anchor)
        if labels is None or not object_ids(labels):
            return
        runner = self._runner({anchor: labels})
        step = self.ground.video.indices.step
        last = self.ground.video.indices.start if before is None else before + step
        if before is not None and last >= anchor:
            return
        take = partial(self._take_behind, before, anchor)
        self._feed(runner, "backward", anchor, last, take)
        self._position = None

    def _take_behind(
        self, before: int | None, after: int, frame: VideoFrame, prediction: Prediction, sure: bool
    ) -> None:
        index = frame.index
        if index == after or not self._wants(index, "local"):
            self.passed += 1
        elif before is None:
            self._hand_keep(frame, prediction, sure)
        else:
            self._hand_fused(frame, prediction, index - before, after - index)

    def _can_start(self, anchor: int) -> bool:
        labels = self._anchor_labels(anchor)
        return labels is not None and bool(object_ids(labels))

    def _anchor_labels(self, anchor: int) -> Labels | None:
        """What is known to be on a frame, in the model's numbers."""
        record = self.ground.store.records.get(anchor)
        given = owned(self.ground.ledger, anchor, self._edits.masks(anchor))
        if record is None or self._is_stale(anchor):
            return given
        names = self._edits.own()
        labels = self.ground.store.labels(record)
        return renamed(labels, names)

    # --- answers -----------------------------------------------------------------------------------------------------

    def _newest(self) -> int:
        newest = self._edits.newest
        return newest if self._cap is None else min(newest, self._cap)

    def _number(self, index: int) -> int:
        needed = self._edits.needed(index)
        return needed if self._cap is None else min(needed, self._cap)

    def _hand(self, part: str, work: Callable[[], None]) -> None:
        def timed() -> None:
            with self.writing.part(part):
                work()

        self._writer.hand(timed)

    def _hand_keep(self, frame: VideoFrame, prediction: Prediction, sure: bool) -> None:
        number = self._number(frame.index)
        if not sure and self.ground.model.lookahead:
            number = PROVISIONAL
        self._writer.hand(partial(self._keep, frame, prediction, number))

    def _hand_fused(self, frame: VideoFrame, backward: Prediction, before: int, after: int) -> None:
        number = self._number(frame.index)

        def work() -> None:
            from segue.inference.fusion import fuse

            with self.writing.part("fuse"):
                forward = self.ground.sides.get(frame.index)
                both = (
                    backward
                    if forward is None
                    else fuse(forward, backward, before=before, after=after)
                )
            self._keep(frame, both, number)
            self.ground.sides.drop(frame.index)

        self._writer.hand(work)

    def _keep(self, frame: VideoFrame, prediction: Prediction, number: int) -> None:
        """Write an answer, and tell who listens; on the writing thread."""
        store, edits, index = self.ground.store, self._edits, frame.index
        with self.writing.part("write"):
            prediction = self._held(index, prediction)
            shown = prediction if edits.plain else as_shown(edits, index, prediction)
            record = replace(
                self.ground.describe(frame, shown),
                origin="forward" if self._plainly(index) else edits.origin(index),
                reach=edits.reach(max(number, 0)),
                edit=number,
            )
            self.again += index in store.records
            store.put(record, shown.labels)
        self.answered += 1
        self._fresh += 1
        self.ground.emit(Answered(frame, shown, record, self._fresh, self._total()))

    def _held(self, index: int, prediction: Prediction) -> Prediction:
        """What the user drew beats what a model makes of it, to the pixel."""
        given = owned(self.ground.ledger, index, self._edits.masks(index))
        if given is None:
            return prediction
        labels = hold_given(prediction.labels, given)
        if np.array_equal(labels, prediction.labels):
            return prediction
        scores = {
            number: replace(score, absent=not (labels == number).any())
            for number, score in prediction.scores.items()
        }
        return Prediction(labels, scores, prediction.probabilities)

    def _plainly(self, index: int) -> bool:
        edits = self._edits
        return edits.plain and (
            edits.free or (bool(edits.tape) and index > edits.tape[0] and index not in edits.tape)
        )

    # --- memories ----------------------------------------------------------------------------------------------------

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
        place = self._position
        if runner is None or not runner.begun or place is None or not self._on_tape:
            return
        memory = runner.memory
        following_frame = following(self.ground.video.indices, place, self._way)
        answers = memory.waiting[0] if memory.waiting else following_frame
        key = Key(self._way, place, answers, self._newest())
        notes = {"level": pacer.number} if pacer else {}
        self._writer.hand(partial(self._add, key, memory, notes))
        self._saved_at, self._since = time.perf_counter(), 0

    def _add(self, key: Key, memory: Any, notes: Mapping[str, int]) -> None:
        with self.writing.part("checkpoint"):
            self.ground.history.add(key, memory, notes)
        self._save_cost = self.writing.lap

    # --- notes -------------------------------------------------------------------------------------------------------

    def _say(self, event: Event) -> None:
        self._writer.hand(partial(self.ground.emit, event))

    def _note(self, text: str) -> None:
        self.notes.append(text)
        self._say(Noted(text))

    def _drop_lost(self) -> None:
        """Frames whose label map is gone or cut are computed again."""
        lost = self.ground.store.missing()
        for record in lost:
            self.ground.store.drop(record.index)
        if lost:
            text = lost_sentence([record.name for record in lost])
            self.notes.append(text)
            self.ground.emit(Noted(text))

    def _check_masks(self) -> None:
        """Refuse masks of frames that never came."""
        store, edits = self.ground.store, self._edits
        if store.end is None:
            return
        never = {frame for frame in edits.frames if frame >= store.end}
        if never:
            raise MaskError(absent_sentence(never, range(store.end)))


def as_shown(edits: Edits, index: int, prediction: Prediction) -> Prediction:
    """An answer of the model in the numbers of the user, without what is forgotten, or not there."""
    names = edits.shown(index)
    gone = set(edits.absences(index))
    if not names and not gone:
        return prediction
    labels = renamed(prediction.labels, {**names, **dict.fromkeys(gone, BACKGROUND)})
    scores = {
        names.get(number, number): replace(score, absent=True) if number in gone else score
        for number, score in prediction.scores.items()
        if names.get(number, number) != BACKGROUND
    }
    return Prediction(labels, scores)


def renamed(labels: Labels, names: Mapping[int, int]) -> Labels:
    """Labels with other numbers for some objects."""
    if not names:
        return labels
    table = np.arange(256, dtype=np.uint8)
    for old, new in names.items():
        table[old] = new
    found: Labels = table[labels]
    return found


def lost_sentence(names: Iterable[str]) -> str:
    """That label maps are gone or damaged."""
    found = sorted(names)
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    plural = "s" if len(found) > 1 else ""
    return (
        f"The label map{plural} of frame{plural} {', '.join(found[:_NAMED])}{more} "
        f"{'are' if plural else 'is'} gone or damaged, and computed again."
    )


def _stretches(frames: Iterable[int]) -> Iterator[tuple[int, int | None]]:
    """Numbers in order as first and last of those that follow each other closely."""
    first = last = None
    for index in frames:
        if first is None or last is None:
            first = last = index
        elif abs(index - last) > KEY_FRAMES:
            yield first, last
            first = last = index
        else:
            last = index
    if first is not None:
        yield first, last


def _extend(
    stretches: list[tuple[int, int | None]], first: int, last: int | None, step: int
) -> None:
    """Add what may come after all that is known."""
    if stretches and first - (stretches[-1][1] or 0) <= max(KEY_FRAMES, step):
        stretches[-1] = stretches[-1][0], last
    else:
        stretches.append((first, last))
