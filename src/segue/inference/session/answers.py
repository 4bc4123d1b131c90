"""Answers on their way to the store: in the numbers of the user, given masks held, both sides fused."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from segue.inference.pipeline import WriteBehind
from segue.inference.restored import hold_given
from segue.inference.session.edits import Edits
from segue.inference.session.events import Answered, Event, Noted, Passed
from segue.inference.session.given_masks import owned
from segue.inference.session.plan import Plan
from segue.inference.stopwatch import Stopwatch
from segue.media.video import VideoFrame
from segue.types import BACKGROUND, Labels, Prediction

_NAMED = 4
"""Frames that a note names."""
PROVISIONAL = -1
"""Stands for the change in records of answers that a look-ahead model gave early, because the video broke off."""


class Answers:
    """Hands answers to the writing thread.

    Args:
        plan: Of the run.
        writer: The writing thread.
    """

    def __init__(self, plan: Plan, writer: WriteBehind) -> None:
        self.plan = plan
        self.ground = plan.ground
        self.writer = writer
        self.writing = Stopwatch()
        self.cap: int | None = None
        """The newest change that answers may claim to know; set when a mask is given on a passed frame."""
        self.written = self.again = 0
        """Frames written by this run; of these, how many had an answer before."""
        self.notes: list[str] = []
        records = self.ground.store.records
        self.fresh = len(records) - sum(map(plan.is_stale, records))
        """Frames whose answer counts."""

    def say(self, event: Event) -> None:
        """Tell who listens, on the writing thread."""
        self.writer.hand(partial(self.ground.emit, event))

    def note(self, text: str) -> None:
        """Say a sentence, and keep it for the report."""
        self.notes.append(text)
        self.say(Noted(text))

    def pass_by(self, frame: VideoFrame) -> None:
        """Tell who listens of a frame that came by again, if its answer counts."""
        record = self.ground.store.records.get(frame.index)
        if record is not None and not self.plan.is_stale(frame.index):
            self.say(Passed(frame, record))

    def put_side(self, frame: VideoFrame, prediction: Prediction) -> None:
        """Leave a forward answer to be kept until the backward one is there."""
        put = self.ground.sides.put
        self.hand("sides", partial(put, frame.index, prediction, self.newest()))

    def newest(self) -> int:
        """The newest change that what is computed now knows of."""
        newest = self.plan.edits.newest
        return newest if self.cap is None else min(newest, self.cap)

    def number(self, index: int) -> int:
        """The newest change that reaches a frame and is known."""
        needed = self.plan.edits.needed(index)
        return needed if self.cap is None else min(needed, self.cap)

    def hand(self, part: str, work: Callable[[], None]) -> None:
        """Leave something to the writing thread, timed as a part."""

        def timed() -> None:
            with self.writing.part(part):
                work()

        self.writer.hand(timed)

    def keep(self, frame: VideoFrame, prediction: Prediction, sure: bool) -> None:
        """Leave an answer to be written.

        Args:
            frame: What it is about.
            prediction: In the model's numbers.
            sure: False for an answer that a look-ahead model gave early, because the video broke off.
        """
        number = self.number(frame.index)
        if not sure and self.ground.model.lookahead:
            number = PROVISIONAL
        self.writer.hand(partial(self._write, frame, prediction, number))

    def fuse(self, frame: VideoFrame, backward: Prediction, before: int, after: int) -> None:
        """Leave a backward answer to be fused with the forward one that is kept, and written.

        Args:
            frame: What it is about.
            backward: In the model's numbers.
            before: Frames since the mask before.
            after: Frames until the mask behind.
        """
        number = self.number(frame.index)

        def work() -> None:
            from segue.inference.session.fusion import fuse

            with self.writing.part("fuse"):
                forward = self.ground.sides.get(frame.index)
                both = (
                    backward
                    if forward is None
                    else fuse(forward, backward, before=before, after=after)
                )
            self._write(frame, both, number)
            self.ground.sides.drop(frame.index)

        self.writer.hand(work)

    def _write(self, frame: VideoFrame, prediction: Prediction, number: int) -> None:
        """Write an answer, and tell who listens; on the writing thread."""
        store, edits, index = self.ground.store, self.plan.edits, frame.index
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
        self.written += 1
        self.fresh += 1
        self.ground.emit(Answered(frame, shown, record, self.fresh, self.plan.total()))

    def _held(self, index: int, prediction: Prediction) -> Prediction:
        """What the user drew beats what a model makes of it, to the pixel."""
        given = owned(self.ground.ledger, index, self.plan.edits.masks(index))
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
        edits = self.plan.edits
        return edits.plain and (
            edits.free or (bool(edits.tape) and index > edits.tape[0] and index not in edits.tape)
        )


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
