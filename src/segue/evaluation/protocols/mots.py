"""KITTI-MOTS: cars and pedestrians tracked as masks; the rules are in ``docs/protocols/mots.md``.

``kitti-mots`` adds the counts of all sequences, as the benchmark does; ``kitti-mots-by-sequence`` averages the values
of sequences, as papers on a part of the set do. Both give the values of TrackEval 1.3.0 for each sequence.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import nan
from pathlib import Path
from statistics import fmean

import numpy as np
from jaxtyping import Float64, Int64

from segue.data.mots_text import CAR, IGNORE_REGION, PEDESTRIAN
from segue.errors import MaskError
from segue.evaluation.interface import Column, Gathered, Picture, Scored, Table
from segue.evaluation.mots_files import (
    MotsCase,
    MotsSide,
    check_sizes,
    find_problems,
    frame_name,
    gather_mots,
    scored_frames,
)
from segue.evaluation.renaming import rename_by_overlap
from segue.media.images import read_image
from segue.metrics.hota import HotaTally, tally_hota
from segue.metrics.identity import IdentityTally, tally_identity
from segue.metrics.mots import MotsTally, match_masks, tally_mots
from segue.metrics.overlap import Overlaps, SequenceOverlap, measure_overlaps, select_class

CLASSES = {"car": CAR, "pedestrian": PEDESTRIAN}

_HEADLINE = ("sMOTSA", "MOTSA", "HOTA")
_PERCENT = {
    "": ("sMOTSA", "MOTSA", "MOTSP", "MODSA", "recall", "precision", "F1", "IDF1", "IDP", "IDR"),
    "HOTA": ("HOTA", "DetA", "AssA", "DetRe", "DetPr", "AssRe", "AssPr", "LocA"),
}
_COUNTS = ("TP", "FP", "FN", "IDS", "Frag", "MT", "PT", "ML", "IDTP", "IDFP", "IDFN")
_TABLES = {
    **{part: tuple(map(Column, names)) for part, names in _PERCENT.items()},
    "counts": tuple(Column(name, "count") for name in _COUNTS),
}
"""Columns of the tables of each class, by what their titles end with."""

Values = dict[str, float | None]
"""By column; ratios in percent."""


@dataclass(frozen=True, slots=True)
class ClassTally:
    """All counts of one class; tallies of different sequences add."""

    mots: MotsTally = field(default_factory=MotsTally)
    hota: HotaTally = field(default_factory=HotaTally)
    identity: IdentityTally = field(default_factory=IdentityTally)

    def __add__(self, other: "ClassTally") -> "ClassTally":
        return ClassTally(
            self.mots + other.mots, self.hota + other.hota, self.identity + other.identity
        )

    @property
    def exists(self) -> bool:
        """Whether the truth holds the class."""
        return self.mots.num_truths > 0

    def values(self) -> Values:
        """Every column."""
        ratios = {**self.mots.scores(), **self.hota.scores(), **self.identity.scores()}
        counts = {**self.mots.counts(), **self.identity.counts()}
        return {
            **{name: None if ratio is None else 100 * ratio for name, ratio in ratios.items()},
            **{name: float(count) for name, count in counts.items()},
        }


def add_counts(tallies: Sequence[ClassTally]) -> Values:
    """Values of all sequences together: counts are added first."""
    return sum(tallies, start=ClassTally()).values()


def average_sequences(tallies: Sequence[ClassTally]) -> Values:
    """Unweighted means over the sequences that hold the class; their counts are added."""
    holding = [tally for tally in tallies if tally.exists]
    values = add_counts(holding)
    by_sequence = [tally.values() for tally in holding]
    for name in (name for names in _PERCENT.values() for name in names):
        found = [value for row in by_sequence if (value := row[name]) is not None]
        values[name] = fmean(found) if found else None
    return values


@dataclass(frozen=True)
class MotsProtocol:
    """Scores of tracked masks by sequence and class, combined in one of two ways."""

    summary: str
    combine: Callable[[Sequence[ClassTally]], Values]
    """Values of the dataset from the tallies of all sequences."""
    without_truth: str
    """What happens to sequences without a true object of a class, for the notes."""

    def gather(self, predictions: Path, truth: Path, split: str | None) -> Gathered:
        """Sequences of the truth with both sides as text or as PNG.

        Raises:
            NotFoundError: A folder is not there, or a sequence has no predictions; all are named.
            InputError: A PNG whose name is no frame number; a split where there are none.
        """
        return gather_mots(predictions, truth, split)

    def score(self, case: MotsCase) -> Scored:
        """Counts of both classes in one sequence; only run lengths of masks are kept.

        Raises:
            MaskError: A damaged file, an unknown class, masks that overlap or are of another size.
        """
        truth, predicted = MotsSide(case.truth), MotsSide(case.predicted)
        check_sizes(truth, predicted)
        frames = scored_frames(case, truth, predicted)
        overlaps = _measure(frames, truth, predicted)
        sequences = {
            name: select_class(overlaps, class_id, IGNORE_REGION)
            for name, class_id in CLASSES.items()
        }
        matches = {name: match_masks(sequence) for name, sequence in sequences.items()}
        tallies = {
            name: ClassTally(
                tally_mots(sequence, matches[name]), tally_hota(sequence), tally_identity(sequence)
            )
            for name, sequence in sequences.items()
        }
        scores, curves = _over_time([(sequences[name], matches[name]) for name in CLASSES])
        return Scored(
            case.name,
            tallies,
            len(frames),
            tuple(map(frame_name, frames)),
            scores,
            curves,
            tuple(find_problems(case, frames, predicted)),
        )

    def tables(self, scored: Sequence[Scored]) -> tuple[Table, ...]:
        """The best known columns of both classes by sequence; then three tables for each class.

        A class that neither side holds is left out.
        """
        tallies = {name: {item.sequence: item.tally[name] for item in scored} for name in CLASSES}
        held = [name for name, rows in tallies.items() if any(map(_holds, rows.values()))]
        shown = {name: tallies[name] for name in held or CLASSES}
        totals = {name: self.combine(list(rows.values())) for name, rows in shown.items()}
        notes = (self._note(name, rows) for name, rows in shown.items())
        headline = _headline(shown, totals, tuple(filter(None, notes)))
        parts = (_class_tables(name, rows, totals[name]) for name, rows in shown.items())
        return (headline, *(table for tables in parts for table in tables))

    def _note(self, name: str, tallies: Mapping[str, ClassTally]) -> str:
        empty = [sequence for sequence, tally in tallies.items() if not tally.exists]
        if not empty:
            return ""
        return (
            f"{name}: {len(empty)} of {len(tallies)} sequences hold none ({', '.join(empty)}); "
            f"{self.without_truth}."
        )

    def picture(self, case: MotsCase, frame: str) -> Picture:
        """Track ids of the truth, predicted masks by the track they match; ignore regions are not scored."""
        number = int(frame)
        truth, predicted = MotsSide(case.truth), MotsSide(case.predicted)
        size = truth.size_hw or predicted.size_hw or (1, 1)
        image = case.images.get(number)
        return rename_by_overlap(
            Picture(
                truth.label_map(number, size),
                predicted.label_map(number, size),
                IGNORE_REGION * 1000,
                read_image(image) if image else None,
            )
        )


KITTI_MOTS = MotsProtocol(
    "sMOTSA, MOTSA, MOTSP, HOTA and IDF1 of cars and pedestrians; counts added over sequences",
    add_counts,
    "their ratios do not exist, and their false positives count in the sum",
)
KITTI_MOTS_BY_SEQUENCE = MotsProtocol(
    "the same, averaged over the sequences that hold the class",
    average_sequences,
    "they are left out of the mean with all their counts",
)


def _measure(frames: Sequence[int], truth: MotsSide, predicted: MotsSide) -> Overlaps:
    sides = [[side.masks(frame) for frame in frames] for side in (truth, predicted)]
    try:
        return measure_overlaps(*sides)
    except MaskError:
        # Text may hold masks that overlap; reading it again tells where.
        truth.refuse_overlaps()
        predicted.refuse_overlaps()
        raise


def _over_time(
    classes: Sequence[tuple[SequenceOverlap, Int64[np.ndarray, " _"]]],
) -> tuple[tuple[float, ...], dict[str, tuple[float, ...]]]:
    """Score of each frame and the curves, of all classes together."""
    rows = [
        (
            np.bincount(sequence.truth.frames, minlength=sequence.num_frames),
            np.bincount(sequence.predicted.frames, minlength=sequence.num_frames),
            np.bincount(sequence.pair_frames[found], minlength=sequence.num_frames),
            np.bincount(sequence.pair_frames[found], sequence.iou[found], sequence.num_frames),
        )
        for sequence, found in classes
    ]
    truths, predictions, matches, iou = np.array(rows, np.float64).sum(axis=0)
    return _ratios(iou, truths + predictions - matches, 1.0), {
        "IoU": _ratios(iou, matches, nan),
        "recall": _ratios(matches, truths, nan),
        "precision": _ratios(matches, predictions, nan),
    }


def _ratios(
    parts: Float64[np.ndarray, " frames"], wholes: Float64[np.ndarray, " frames"], empty: float
) -> tuple[float, ...]:
    found = np.divide(parts, wholes, out=np.full(len(parts), empty), where=wholes > 0)
    return tuple(found.tolist())


def _holds(tally: ClassTally) -> bool:
    """Whether either side holds the class."""
    return tally.exists or tally.mots.false_positives > 0


def _headline(
    by_class: Mapping[str, Mapping[str, ClassTally]],
    totals: Mapping[str, Values],
    notes: tuple[str, ...],
) -> Table:
    rows: dict[str, Values] = {}
    for name, tallies in by_class.items():
        for sequence, tally in tallies.items():
            rows.setdefault(sequence, {}).update(_best_known(name, tally.values()))
    summary = {
        column: value
        for name, total in totals.items()
        for column, value in _best_known(name, total).items()
    }
    return Table("sequence", tuple(map(Column, summary)), rows, summary, notes)


def _best_known(name: str, values: Values) -> Values:
    return {f"{name} {column}": values[column] for column in _HEADLINE}


def _class_tables(name: str, tallies: Mapping[str, ClassTally], total: Values) -> Iterable[Table]:
    values = {sequence: tally.values() for sequence, tally in tallies.items()}
    for part, columns in _TABLES.items():
        rows = {sequence: _select(columns, row) for sequence, row in values.items()}
        yield Table(f"{name} {part}".rstrip(), columns, rows, _select(columns, total))


def _select(columns: Sequence[Column], values: Values) -> Values:
    return {column.name: values[column.name] for column in columns}
