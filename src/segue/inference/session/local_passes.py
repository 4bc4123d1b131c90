"""Passes between the neighbours of local masks: forward from the one before, backward from the one behind, fused."""

from functools import partial

from segue.inference.restored import hold_given
from segue.inference.session.answers import renamed
from segue.inference.session.feeding import Feeding
from segue.inference.session.given_masks import owned
from segue.inference.session.tape import Tape
from segue.media.masks import object_ids
from segue.media.video import VideoFrame
from segue.types import BACKGROUND, Labels, Prediction


class LocalPasses:
    """Answers the frames between local masks and their neighbours.

    Args:
        tape: What whole passes are told.
        feeding: Shows the frames.
    """

    def __init__(self, tape: Tape, feeding: Feeding) -> None:
        self.tape, self.feeding = tape, feeding
        self.plan, self.answers, self.ground = tape.plan, feeding.answers, tape.plan.ground

    def go(self) -> None:
        """Answer all stale frames beside local masks."""
        frames = [i for i in self.plan.known() if self.plan.wants(i, "local")]
        # What lies behind all that is known is answered by the pass that begins at the last anchor.
        frames += [i for i in self.plan.tail()[:1] if self.plan.wants(i, "local")]
        if not frames:
            return
        segments = {s: None for i in frames if (s := self.plan.edits.sides(i)) is not None}
        begins: dict[int, int | None] = {a: b for a, b in segments if a is not None}
        for mask in {
            *(i for i in frames if self.plan.edits.is_local(i)),
            *(b for _, b in segments if b is not None and self.plan.edits.is_local(b)),
        }:
            if self.plan.is_stale(mask):
                begins.setdefault(mask, mask + 1)
        for anchor in sorted(begins):
            if not self.feeding.ended:
                self._from_before(anchor, begins[anchor])
                self.answers.writer.finish()
        for before, after in segments:
            if after is not None and not self.feeding.ended:
                self._from_behind(before, after)
                self.answers.writer.finish()
        if not self.feeding.cancelled:
            self.ground.sides.clear()

    def _from_before(self, anchor: int, after: int | None) -> None:
        """The answers from a mask or checked frame on, as the tape would give them if it knew the anchor."""
        edits = self.plan.edits
        on_tape = anchor in edits.tape and not edits.is_local(anchor)
        masks = {f: self.tape.masks[f] for f in edits.tape if f <= anchor}
        labels = self._anchor_labels(anchor)
        if labels is not None and not on_tape and object_ids(labels):
            masks[anchor] = labels
        if not masks:
            return
        step = self.ground.video.indices.step
        last = self._last(anchor) if after is None else max(anchor, after - step)
        runner = self.tape.runner(masks, self.tape.begins("forward") if edits.free else None)
        self.feeding.begin(on_tape=False)
        self.feeding.rewind(runner, "forward", anchor, latest=anchor - 1)
        start = min(masks) if not edits.free else self.tape.begins("forward")
        place = self.feeding.position
        begin = start if place is None else place + step
        take = partial(self._take_before, anchor, after is not None and self._can_start(after))
        self.feeding.feed(runner, "forward", begin, last, take)
        self.feeding.begin(on_tape=False)

    def _last(self, anchor: int) -> int | None:
        """The last frame that is answered where nothing follows an anchor; ``None``: to the end of the video."""
        span = self.plan.span
        return None if span is None else max(anchor, span.stop - 1)

    def _take_before(
        self, anchor: int, waits: bool, frame: VideoFrame, prediction: Prediction, sure: bool
    ) -> None:
        """Take an answer; ``waits`` says whether one from behind comes too."""
        index = frame.index
        stale = self.plan.is_stale(index) and index >= anchor
        if index == anchor and stale and self.plan.edits.is_local(anchor):
            self.answers.keep(frame, prediction, sure)
        elif index > anchor and self.plan.wants(index, "local"):
            if waits:
                self.answers.put_side(frame, prediction)
            else:
                self.answers.keep(frame, prediction, sure)
        else:
            self.feeding.passed += 1

    def _from_behind(self, before: int | None, anchor: int) -> None:
        """The answers from a mask or checked frame backwards, fused with those from the frame before."""
        labels = self._anchor_labels(anchor)
        if labels is None or not object_ids(labels):
            return
        runner = self.tape.runner({anchor: labels})
        step = self.ground.video.indices.step
        last = self.ground.video.indices.start if before is None else before + step
        if before is not None and last >= anchor:
            return
        take = partial(self._take_behind, before, anchor)
        self.feeding.feed(runner, "backward", anchor, last, take)
        self.feeding.begin(on_tape=False)

    def _take_behind(
        self, before: int | None, after: int, frame: VideoFrame, prediction: Prediction, sure: bool
    ) -> None:
        index = frame.index
        if index == after or not self.plan.wants(index, "local"):
            self.feeding.passed += 1
        elif before is None:
            self.answers.keep(frame, prediction, sure)
        else:
            self.answers.fuse(frame, prediction, index - before, after - index)

    def _can_start(self, anchor: int) -> bool:
        labels = self._anchor_labels(anchor)
        return labels is not None and bool(object_ids(labels))

    def _anchor_labels(self, anchor: int) -> Labels | None:
        """What is known to be on a frame, in the model's numbers."""
        edits, record = self.plan.edits, self.ground.store.records.get(anchor)
        given = owned(self.ground.ledger, anchor, edits.masks(anchor))
        if given is not None:
            given = renamed(given, dict.fromkeys(edits.absences(anchor), BACKGROUND))
        if record is None or self.plan.is_stale(anchor):
            return given
        labels = renamed(self.ground.store.labels(record), edits.own())
        # What was forgotten is not in the store; the answer must not depend on when the frame was written.
        return labels if given is None else hold_given(labels, given)
