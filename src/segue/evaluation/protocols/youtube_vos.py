"""The protocol of YouTube-VOS: J and F apart for objects of categories that training has seen and has not."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from segue.errors import NotFoundError
from segue.evaluation.interface import Column, Gathered, Picture, Scored, Table
from segue.evaluation.objects import draw_pair, object_row, object_tables, score_objects
from segue.evaluation.pairs import FramePair, SequencePair, missing_frames, pair_sequences
from segue.media.images import natural_key
from segue.metrics.tally import Curve

GROUPS = ("J_seen", "J_unseen", "F_seen", "F_unseen")
COLUMNS = ("G", *GROUPS, "J&F", "J", "F")


@dataclass(frozen=True)
class SeenTally:
    """The objects of one sequence."""

    curves: Mapping[int, Curve]
    seen: Mapping[int, bool | None]
    """Whether an object's category occurs in the training split."""


@dataclass(frozen=True)
class SeenUnseenProtocol:
    """Annotated frames after the one in which an object starts; G is the mean of J and F over both groups."""

    name: str
    summary: str
    layouts: tuple[str, ...]

    def gather(self, predictions: Path, truth: Path, split: str | None) -> Gathered:
        """Sequences with their predictions.

        Raises:
            NotFoundError: A folder, all predictions of a sequence, or true masks but the first are not there.
            InputError: The metadata are damaged.
        """
        cases, problems = pair_sequences(predictions, truth, self.layouts, split)
        _refuse_first_masks_only(cases)
        for case in cases:
            problems.extend(missing_frames(case.name, _scored(case)[0]))
        return Gathered(cases, tuple(problems))

    def score(self, case: SequencePair) -> Scored:
        """J and F of one sequence.

        Raises:
            MaskError: A file cannot be read or has another size than its truth.
        """
        scored = score_objects(case.name, *_scored(case))
        seen = {item.object_id: item.seen for item in case.objects}
        return replace(scored, tally=SeenTally(scored.tally, seen))

    def tables(self, scored: Sequence[Scored]) -> tuple[Table, ...]:
        """By sequence with G, and by object."""
        rows = {
            item.sequence: [
                _Row(object_row(curve), item.tally.seen[key])
                for key, curve in item.tally.curves.items()
            ]
            for item in scored
        }
        every = [row for listed in rows.values() for row in listed]
        by_sequence = Table(
            "sequence",
            tuple(Column(name) for name in COLUMNS),
            {name: _columns(listed) for name, listed in rows.items()},
            _columns(every),
            _notes(scored, every),
        )
        plain = [replace(item, tally=item.tally.curves) for item in scored]
        return by_sequence, *object_tables(plain)[1:]

    def picture(self, case: SequencePair, frame: str) -> Picture:
        """Both sides of one frame as they are stored."""
        return draw_pair(case.frame(frame))


def _scored(case: SequencePair) -> tuple[tuple[FramePair, ...], dict[int, int]]:
    """The frames to score, and the first of them for each object: the one after the object starts."""
    names = [natural_key(frame.name) for frame in case.frames]
    after = {
        item.object_id: bisect_left(names, natural_key(item.start)) + 1 if item.start else 1
        for item in case.objects
    }
    first = min(after.values(), default=len(names))
    return case.frames[first:], {object_id: start - first for object_id, start in after.items()}


def _refuse_first_masks_only(cases: Sequence[SequencePair]) -> None:
    for case in cases:
        named = {frame for item in case.objects for frame in item.frames}
        absent = sorted(named - {frame.name for frame in case.frames}, key=natural_key)
        if absent:
            raise NotFoundError(
                f"{case.frames[0].truth.parent} has no masks for {len(absent)} of {len(named)} "
                f"annotated frames, such as {absent[0]}. The splits valid and test are published "
                "with first masks only: score a split with all masks, such as train."
            )


@dataclass(frozen=True)
class _Row:
    """One scored object."""

    values: Mapping[str, float]
    seen: bool | None


def _columns(rows: Sequence[_Row]) -> dict[str, float | None]:
    values = {
        f"{measure}_{group}": _mean(row.values[measure] for row in rows if row.seen is seen)
        for measure in ("J", "F")
        for group, seen in (("seen", True), ("unseen", False))
    }
    parts = [values[name] for name in GROUPS]
    overall = {name: _mean(row.values[name] for row in rows) for name in ("J&F", "J", "F")}
    known = [part for part in parts if part is not None]
    return {"G": _mean(known) if len(known) == len(GROUPS) else None, **values, **overall}


def _mean(values: Iterable[float]) -> float | None:
    listed = list(values)
    return float(np.mean(listed)) if listed else None


def _notes(scored: Sequence[Scored], rows: Sequence[_Row]) -> tuple[str, ...]:
    notes = []
    unknown = sum(row.seen is None for row in rows)
    if unknown:
        notes.append(
            f"For {unknown} of {len(rows)} objects it is not known whether training has seen their "
            "category: they count in J&F, J and F alone."
        )
    for group, seen in (("seen", True), ("unseen", False)):
        if unknown < len(rows) and all(row.seen is not seen for row in rows):
            notes.append(f"There is no G: no scored object has a category that is {group}.")
    late = sum(len(item.tally.seen) - len(item.tally.curves) for item in scored)
    if late:
        notes.append(f"{late} objects have no annotated frame after their first: not scored.")
    return tuple(notes)


YOUTUBE_VOS = SeenUnseenProtocol(
    name="youtube-vos",
    summary="annotated frames after an object's first; seen and unseen categories apart",
    layouts=("youtube-vos-2019",),
)
