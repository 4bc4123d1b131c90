"""J and F of the objects of a sequence, and the tables of such scores: what all VOS protocols share."""

from collections.abc import Iterable, Mapping, Sequence
from math import nan

import numpy as np

from segue.evaluation.interface import Column, Picture, Scored, Table
from segue.evaluation.pairs import FramePair, Values, read_pair
from segue.evaluation.soft import refuse_probabilities
from segue.media.images import read_image
from segue.metrics.agreement import agreements
from segue.metrics.packed import Packed, no_pixels, pack, pack_objects
from segue.metrics.tally import Curve, curves_by_object, statistics
from segue.problems import Problem, ProblemKind
from segue.types import VOID

COLUMNS = ("J&F", "J", "F", "J_recall", "J_decay", "F_recall", "F_decay")
"""What DAVIS reports, in percent."""

ObjectValues = Mapping[int, tuple[float, float]]
"""J and F of one frame by object, in [0, 1]."""

_MANY = 15
"""Objects of a predicted frame beyond which they may be grey levels."""
_MOST_CURVES = 10
"""Objects of a sequence beyond which single ones are not drawn."""


def score_objects(
    sequence: str,
    frames: Sequence[FramePair],
    starts: Mapping[int, int] | None = None,
    *,
    union: bool = False,
    renamed: Mapping[int, int] | None = None,
    middle: int | None = None,
) -> Scored:
    """J and F of the objects of one sequence, one frame in memory at a time; the tally is its curves by object.

    Args:
        sequence: Its name.
        frames: The frames to score.
        starts: Objects to score, with the index of the first frame that counts for each; ``None`` for every id of the
            truth from the frame on in which it first appears, but 255 if there are others.
        union: Read every value but 0 as object 1, on both sides.
        renamed: Predicted ids that stand for another id.
        middle: The least value of a predicted object, of predictions that hold probabilities.

    Raises:
        MaskError: As in ``read_pair``; or a prediction holds probabilities where ids are due.
    """
    known = set(starts or ())
    strange: dict[int, list[FramePair]] = {}
    values: list[ObjectValues] = []
    for index, frame in enumerate(frames):
        ours, theirs = read_pair(frame)
        ours = ours if middle is None else (ours >= middle).astype(np.uint8)
        truth, predicted = _masks(theirs, union), _masks(ours, union)
        if len(predicted) > _MANY:
            refuse_probabilities(frame, ours)
        for before, after in (renamed or {}).items():
            predicted[after] = predicted.pop(before, no_pixels(theirs.shape))
        if starts is None:
            known |= truth.keys()
        ids = known if starts is None else {key for key in known if starts[key] <= index}
        for object_id in predicted.keys() - (known - {VOID}):
            strange.setdefault(object_id, []).append(frame)
        values.append(_frame_values(predicted, truth, ids, theirs.shape))
    if len(known) > 1:
        known.discard(VOID)
    values = [{key: pair for key, pair in frame.items() if key in known} for frame in values]
    problems = unknown_ids(sequence, {k: v for k, v in strange.items() if k not in known})
    return scored_sequence(sequence, [frame.name for frame in frames], values, problems)


def unknown_ids(sequence: str, frames: Mapping[int, Sequence[FramePair]]) -> list[Problem]:
    """A problem per predicted id that is not scored, with the first of its frames."""
    problems = []
    for object_id in sorted(frames):
        first, others = frames[object_id][0], len(frames[object_id]) - 1
        meaning = "255, which means void" if object_id == VOID else f"the id {object_id}"
        more = f", as do {others} later frames" if others else ""
        message = (
            f"{first.predicted} holds {meaning}, expected 0 and ids of objects in the truth{more}. "
            "These pixels count as background."
        )
        kind: ProblemKind = "void" if object_id == VOID else "unknown-id"
        problems.append(Problem(kind, sequence, first.name, message))
    return problems


def scored_sequence(
    sequence: str,
    names: Sequence[str],
    values: Sequence[ObjectValues],
    problems: Iterable[Problem] = (),
) -> Scored:
    """A result with curves, from J and F of each frame; frames without an object to score are left out."""
    kept = [(name, frame) for name, frame in zip(names, values, strict=True) if frame]
    frames = [np.array(list(frame.values())).mean(axis=0) for _, frame in kept]
    tally = curves_by_object([frame for _, frame in kept])
    curves = {
        "J": tuple(float(region) for region, _ in frames),
        "F": tuple(float(boundary) for _, boundary in frames),
    }
    if 1 < len(tally) <= _MOST_CURVES:
        curves |= {f"J object {k}": (nan,) * c.start + c.region for k, c in tally.items()}
    return Scored(
        sequence,
        tally,
        len(kept),
        tuple(name for name, _ in kept),
        tuple(float(frame.mean()) for frame in frames),
        curves,
        tuple(problems),
    )


def object_tables(scored: Sequence[Scored]) -> tuple[Table, ...]:
    """The table of sequences, and that of objects if a sequence has several; the mean is over all objects."""
    columns = tuple(Column(name) for name in COLUMNS)
    objects = {
        item.sequence: {key: object_row(curve) for key, curve in item.tally.items()}
        for item in scored
    }
    every = {f"{name}_{key}": row for name, rows in objects.items() for key, row in rows.items()}
    summary = mean_row(every.values())
    empty = [name for name, rows in objects.items() if not rows]
    notes = (f"No objects in the truth of {', '.join(empty)}: left out of the mean.",)
    sequences = Table(
        "sequence",
        columns,
        {name: mean_row(rows.values()) for name, rows in objects.items()},
        summary,
        notes if empty else (),
    )
    if all(len(rows) < 2 for rows in objects.values()):
        return (sequences,)
    return sequences, Table("object", columns, every, summary)


def object_row(curve: Curve) -> dict[str, float]:
    """The columns of one object, in percent."""
    j, f = statistics(curve.region), statistics(curve.boundary)
    values = ((j.mean + f.mean) / 2, j.mean, f.mean, j.recall, j.decay, f.recall, f.decay)
    return {name: 100 * value for name, value in zip(COLUMNS, values, strict=True)}


def mean_row(rows: Iterable[Mapping[str, float]]) -> dict[str, float | None]:
    """The unweighted mean of each column; ``None`` in all if there are no rows."""
    listed = list(rows)
    return {
        name: float(np.mean([row[name] for row in listed])) if listed else None for name in COLUMNS
    }


def draw_pair(frame: FramePair, void: int | None = None) -> Picture:
    """Both sides of a frame as they are stored, and the frame itself if it has their size."""
    predicted, truth = read_pair(frame)
    image = read_image(frame.image) if frame.image else None
    if image is not None and image.shape[:2] != truth.shape:
        image = None
    return Picture(truth.astype(np.uint16), predicted.astype(np.uint16), void, image)


def _masks(values: Values, union: bool) -> dict[int, Packed]:
    return {1: pack(values)} if union else pack_objects(values)


def _frame_values(
    predicted: Mapping[int, Packed],
    truth: Mapping[int, Packed],
    ids: Iterable[int],
    image_hw: tuple[int, int],
) -> ObjectValues:
    empty = no_pixels(image_hw)
    values = {}
    for key in ids:
        pair = [predicted.get(key, empty)], [truth.get(key, empty)]
        values[key] = agreements(*pair, image_hw)[0][0].values
    return values
