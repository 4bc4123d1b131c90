"""What the protocols of semantic segmentation share: scoring a sequence of label maps, and the tables.

A protocol is a record: its classes, how both sides store them, where the files are, and the measures it reports.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from math import isnan, nan
from pathlib import Path
from statistics import fmean

import cv2
import numpy as np

from segue.data.check import spell
from segue.data.semantic_classes import ClassSet
from segue.evaluation.interface import Column, Gathered, Picture, Scored, Table, Unit
from segue.evaluation.semantic_files import (
    LabelledFrame,
    SemanticCase,
    Values,
    read_pair,
    read_values,
)
from segue.media.images import read_image
from segue.metrics.confusion import VOID, ClassTable, ConfusionTally, class_table, stored_confusion
from segue.metrics.consistency import ConsistencyMeter, ConsistencyTally
from segue.metrics.flicker import FlickerMeter, FlickerTally
from segue.metrics.references import ReferenceMeter, ReferenceTally
from segue.metrics.warped import official_confusion, warped_confusion
from segue.nn.flow import Dis, FlowFinder
from segue.problems import Problem, ProblemKind
from segue.types import Frame

_SUSPICIOUS = 2.0
"""How many times more pixels must be right under another reading of the values for it to be suggested."""


@dataclass(frozen=True)
class SemanticTally:
    """All counts of one sequence; tallies of different sequences add."""

    confusion: ConfusionTally
    warped: ConfusionTally
    """Each prediction against the next one along the motion; empty where that is not measured."""
    official: ConfusionTally
    """The same as VSPW's script counts it."""
    references: ReferenceTally
    """Frames whose reference shows all their classes, and others; empty where that is not measured."""
    consistency: ConsistencyTally = field(default_factory=ConsistencyTally)
    flicker: FlickerTally = field(default_factory=FlickerTally)
    flow: frozenset[str] = frozenset()
    """Methods that found the motion."""

    @classmethod
    def empty(cls, num_classes: int) -> "SemanticTally":
        """No frames."""
        none = ConfusionTally.empty(num_classes)
        return cls(none, none, none, ReferenceTally.empty(num_classes))

    def __add__(self, other: "SemanticTally") -> "SemanticTally":
        return SemanticTally(
            self.confusion + other.confusion,
            self.warped + other.warped,
            self.official + other.official,
            self.references + other.references,
            self.consistency + other.consistency,
            self.flicker + other.flicker,
            self.flow | other.flow,
        )


@dataclass(frozen=True, slots=True)
class Measure:
    """One column of the table of sequences."""

    name: str
    of: Callable[[SemanticTally], float]
    """The value of a sequence, or of all together; percent columns in [0, 1]; NaN if there is none."""
    unit: Unit = "percent"
    mean: bool = False
    """Whether the dataset's value is the mean over sequences, not that of all counts together."""


@dataclass(frozen=True)
class Reading:
    """How a prediction stores its classes."""

    name: str
    class_of: Mapping[int, int]
    """Class by stored value."""
    allowed: frozenset[int]
    """Values that may occur: classes, and what the dataset annotates without scoring it."""


@dataclass(frozen=True)
class SemanticProtocol:
    """Scores of label maps."""

    summary: str
    labels: ClassSet
    """Classes, and how the truth stores them."""
    reading: Reading
    """How predictions must store them."""
    mistaken: Reading | None
    """How they are often stored by mistake; suggested where it explains the pixels better."""
    find: Callable[[Path, Path, str | None], Gathered]
    """Cases from predictions, truth and split."""
    measures: tuple[Measure, ...]
    flow: Callable[[], FlowFinder] = Dis
    """What finds the motion for temporal consistency."""
    by_reference: bool = False
    """Whether frames are split by what their reference shows."""
    reference_distance: int | None = None
    """Annotated frames from a frame to its reference; ``None``: the reference is the first frame."""

    def gather(self, predictions: Path, truth: Path, split: str | None) -> Gathered:
        """Sequences with a prediction for every annotated frame.

        Raises:
            NotFoundError: A folder is not there, or a frame has no prediction; it is named.
            InputError: A frame has two predictions; a split where there are none.
        """
        return self.find(predictions, truth, split)

    def score(self, case: SemanticCase) -> Scored:
        """Counts of one sequence, two frames in memory at a time.

        Raises:
            MaskError: A file that cannot be read, holds colours, or has another size than its truth; it is named.
        """
        scoring = _Scoring(self, case)
        with ThreadPoolExecutor(1) as reader:
            for stretch in case.stretches:
                scoring.add(stretch, reader)
        accuracy = scoring.curves["pixel accuracy"]
        return Scored(
            case.name,
            scoring.tally,
            len(accuracy),
            tuple(frame.name for frame in case.frames),
            # A frame without a labelled pixel has nothing wrong.
            tuple(1.0 if isnan(value) else value for value in accuracy),
            {name: tuple(values) for name, values in scoring.curves.items()},
            tuple(scoring.problems),
        )

    def tables(self, scored: Sequence[Scored]) -> tuple[Table, ...]:
        """A table of sequences, and one of classes over all of them."""
        tallies: dict[str, SemanticTally] = {item.sequence: item.tally for item in scored}
        total = sum(tallies.values(), SemanticTally.empty(len(self.labels.names)))
        rows = {
            name: {m.name: _shown(m.of(tally), m.unit) for m in self.measures}
            for name, tally in tallies.items()
        }
        summary = {m.name: _shown(_of_dataset(m, tallies, total), m.unit) for m in self.measures}
        columns = tuple(Column(measure.name, measure.unit) for measure in self.measures)
        by_sequence = Table("sequence", columns, rows, summary, tuple(_notes(tallies, total)))
        return by_sequence, _class_table(self.labels.names, total.confusion)

    def picture(self, case: SemanticCase, frame: str) -> Picture:
        """Classes of both sides, counted from 1; 255 is void in the truth, and what is no class in the prediction."""
        files = next(item for item in case.frames if item.name == frame)
        truth = _from_one(self.labels.class_of)[read_values(files.truth)]
        predicted = _from_one(self.reading.class_of)[read_values(files.predicted)]
        image = read_image(files.image) if files.image else None
        return Picture(truth.astype(np.uint16), predicted.astype(np.uint16), VOID, image)


def _from_one(class_of: Mapping[int, int]) -> ClassTable:
    """A table of classes in which 0, which stands for nothing in a picture, is free."""
    return class_table({value: label + 1 for value, label in class_of.items()})


class _Scoring:
    """One sequence, frame by frame."""

    def __init__(self, protocol: SemanticProtocol, case: SemanticCase) -> None:
        self.case = case
        self.reading, self.mistaken = protocol.reading, protocol.mistaken
        self.num_classes = len(protocol.labels.names)
        self.truth_table = class_table(protocol.labels.class_of)
        self.table = class_table(self.reading.class_of)
        self.flow = protocol.flow() if case.flow else None
        self.tally = SemanticTally.empty(self.num_classes)
        self.split = (
            partial(ReferenceMeter, self.num_classes, protocol.reference_distance)
            if protocol.by_reference
            else None
        )
        self.curves: dict[str, list[float]] = {"mIoU": [], "pixel accuracy": []}
        self.problems: list[Problem] = []

    def add(self, stretch: Sequence[LabelledFrame], reader: Executor) -> None:
        video = _Video(self.case.fps, self.num_classes, self.flow) if self.case.fps else None
        references = self.split() if self.split and video else None
        for files in stretch:
            truth, predicted = read_pair(files, reader)
            classes = cv2.LUT(truth, self.truth_table)
            counts = self._count(predicted, truth, self.table)
            self._check_values(files, predicted, classes)
            if self.tally.confusion.num_pixels == 0:
                self._suspect(files, counts, predicted, truth)
            self.curves["mIoU"].append(counts.mean_iou)
            self.curves["pixel accuracy"].append(counts.pixel_accuracy)
            self.tally = replace(self.tally, confusion=self.tally.confusion + counts)
            if video:
                video.add(files, truth, classes, predicted)
            if references:
                references.add(classes, counts)
        if video:
            self.tally += video.tally
        if references:
            split = replace(SemanticTally.empty(self.num_classes), references=references.tally)
            self.tally += split

    def _count(self, predicted: Values, truth: Values, table: ClassTable) -> ConfusionTally:
        return stored_confusion(predicted, truth, self.num_classes, self.truth_table, table)

    def _check_values(self, files: LabelledFrame, predicted: Values, classes: Values) -> None:
        if int(predicted.max()) <= max(self.reading.allowed):
            return
        counts = np.bincount(predicted[classes != VOID], minlength=256)
        foreign = set(np.flatnonzero(counts).tolist()) - self.reading.allowed
        if foreign:
            message = (
                f"{files.predicted} holds {spell(foreign)} where the truth is a class, in "
                f"{counts[sorted(foreign)].sum()} pixels; expected {self.reading.name} "
                f"({spell(self.reading.allowed)}). They count as wrong."
            )
            kind: ProblemKind = "void" if foreign == {VOID} else "unknown-id"
            self.problems.append(Problem(kind, self.case.name, files.name, message))

    def _suspect(
        self, files: LabelledFrame, counts: ConfusionTally, predicted: Values, truth: Values
    ) -> None:
        if self.mistaken is None:
            return
        other = self._count(predicted, truth, class_table(self.mistaken.class_of)).pixel_accuracy
        if other > _SUSPICIOUS * counts.pixel_accuracy:
            message = (
                f"{files.predicted} looks like {self.mistaken.name}: read so, {100 * other:.1f} % of its pixels are "
                f"right, as {self.reading.name} {100 * counts.pixel_accuracy:.1f} %. It is scored as "
                f"{self.reading.name}; convert it if that is wrong."
            )
            self.problems.append(Problem("unknown-id", self.case.name, files.name, message))


class _Video:
    """What is measured over time: consistency, flicker, consistency along the motion."""

    def __init__(self, fps: float, num_classes: int, flow: FlowFinder | None) -> None:
        self.num_classes, self.flow = num_classes, flow
        self.consistency, self.flicker = ConsistencyMeter(), FlickerMeter(fps)
        self.warped = self.official = ConfusionTally.empty(num_classes)
        self.last: tuple[Values, Frame] | None = None

    def add(self, files: LabelledFrame, truth: Values, classes: Values, predicted: Values) -> None:
        self.consistency.add(predicted, truth, classes)
        self.flicker.add(predicted)
        if self.flow is None or files.image is None:
            return
        image = _resized(read_image(files.image), predicted)
        if self.last:
            before, frame = self.last
            flow = self.flow(frame, image)
            self.warped += warped_confusion(before, predicted, flow, self.num_classes)
            self.official += official_confusion(before, predicted, flow, self.num_classes)
        self.last = predicted, image

    @property
    def tally(self) -> SemanticTally:
        return replace(
            SemanticTally.empty(self.num_classes),
            warped=self.warped,
            official=self.official,
            consistency=self.consistency.tally,
            flicker=self.flicker.tally,
            flow=frozenset({self.flow.name} if self.flow and self.warped.num_pixels else ()),
        )


def _resized(image: Frame, labels: Values) -> Frame:
    height, width = labels.shape
    if image.shape[:2] == (height, width):
        return image
    resized: Frame = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return resized


def _of_dataset(
    measure: Measure, tallies: Mapping[str, SemanticTally], total: SemanticTally
) -> float:
    if not measure.mean:
        return measure.of(total)
    found = [value for tally in tallies.values() if not isnan(value := measure.of(tally))]
    return fmean(found) if found else nan


def _shown(value: float, unit: Unit) -> float | None:
    if isnan(value):
        return None
    return 100 * value if unit == "percent" else value


def _notes(tallies: Mapping[str, SemanticTally], total: SemanticTally) -> list[str]:
    notes = []
    for n, scores in total.consistency.windows.items():
        short = [name for name, tally in tallies.items() if not _has_windows(tally, n)]
        if short:
            notes.append(f"VC{n}: {len(short)} of {len(tallies)} sequences are too short for it.")
        if scores.skipped:
            notes.append(f"VC{n}: {scores.skipped} windows without a constant pixel are left out.")
    if total.flow:
        moving = sum(bool(tally.flow) for tally in tallies.values())
        method = ", ".join(sorted(total.flow))
        notes.append(f"TC: motion by {method}, in {moving} of {len(tallies)} sequences.")
    split = total.references
    if split.clean_frames or split.noisy_frames:
        notes.append(
            f"clean: {split.clean_frames} frames, all of whose classes their reference shows; noisy: "
            f"{split.noisy_frames} others."
        )
    return notes


def _has_windows(tally: SemanticTally, num_frames: int) -> bool:
    scores = tally.consistency.windows.get(num_frames)
    return bool(scores and (scores.plain or scores.skipped))


def _class_table(names: Sequence[str], counts: ConfusionTally) -> Table:
    columns = (Column("IoU"), Column("accuracy"), Column("pixels", "count"))
    rows = {
        name: {
            "IoU": _shown(iou, "percent"),
            "accuracy": _shown(recall, "percent"),
            "pixels": pixels,
        }
        for name, iou, recall, pixels in zip(
            names,
            counts.class_iou.tolist(),
            counts.class_recall.tolist(),
            counts.truth.tolist(),
            strict=True,
        )
    }
    return Table("class", columns, rows)
