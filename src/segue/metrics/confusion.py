"""Semantic segmentation by a confusion matrix: counts of pixels by true and predicted class, and what follows.

Label maps are piecewise constant, so pixels are counted in runs of equal (truth, prediction) rather than one by one.
Numbers are equal to those of ``cityscapesscripts``; which pixels and classes count is said by each property.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from jaxtyping import Float64, Int64, Integer, UInt8

from segue.errors import InputError, MaskError

VOID = 255
SMOOTHING = 1e-6
"""What the temporal U-Net authors add to the denominator of an IoU."""

ClassTable = UInt8[np.ndarray, "256"]
"""Class by stored value; values that stand for no class have 255."""

_BLOCK = 1 << 18
"""Pixels that are counted at a time: few enough to stay in the cache."""


@dataclass(frozen=True, eq=False)
class ConfusionTally:
    """Pixels by true class (row) and predicted class (column). Tallies of different frames add.

    The last row holds pixels whose truth is void, the last column those predicted as something that is no class.
    """

    counts: Int64[np.ndarray, "rows columns"]

    @classmethod
    def empty(cls, num_classes: int) -> "ConfusionTally":
        """No pixels."""
        return cls(np.zeros((num_classes + 1, num_classes + 1), np.int64))

    def __add__(self, other: "ConfusionTally") -> "ConfusionTally":
        return ConfusionTally(self.counts + other.counts)

    def void_as_class(self) -> "ConfusionTally":
        """The same pixels with one more class: void in the truth, or what is no class in the prediction.

        This is how the temporal U-Net authors count Cityscapes (20 classes).
        """
        return ConfusionTally(np.pad(self.counts, (0, 1)))

    @property
    def num_classes(self) -> int:
        """Classes, void not among them."""
        return len(self.counts) - 1

    @cached_property
    def hits(self) -> Int64[np.ndarray, " classes"]:
        """TP by class."""
        found: np.ndarray = np.diagonal(self.counts)[:-1]
        return found

    @cached_property
    def truth(self) -> Int64[np.ndarray, " classes"]:
        """TP + FN by class: pixels that are of it."""
        found: np.ndarray = self.counts[:-1].sum(axis=1)
        return found

    @cached_property
    def union(self) -> Int64[np.ndarray, " classes"]:
        """TP + FP + FN by class; predictions on void are no false positives."""
        found: np.ndarray = self.truth + self.counts[:-1, :-1].sum(axis=0) - self.hits
        return found

    @property
    def num_pixels(self) -> int:
        """Pixels whose truth is a class."""
        return int(self.truth.sum())

    @property
    def class_iou(self) -> Float64[np.ndarray, " classes"]:
        """IoU by class in [0, 1]; NaN for a class that neither side has (``cityscapesscripts``)."""
        return _ratio(self.hits, self.union)

    @property
    def mean_iou(self) -> float:
        """Mean IoU of the classes that either side has (Cityscapes); NaN if there are none."""
        return _mean(self.class_iou)

    @property
    def mean_iou_in_truth(self) -> float:
        """Mean IoU of the classes that the truth has (VSPW); NaN if there are none."""
        return _mean(self.class_iou[self.truth > 0])

    @property
    def smoothed_mean_iou(self) -> float:
        """Mean over all classes of TP / (TP + FP + FN + 1e-6), as the temporal U-Net authors compute it.

        A class that neither side has counts as 0.
        """
        return float((self.hits / (self.union + SMOOTHING)).mean())

    @property
    def frequency_weighted_iou(self) -> float:
        """IoU weighted by the share of pixels that are of the class; NaN without pixels."""
        present = self.truth > 0
        total = float((self.class_iou[present] * self.truth[present]).sum())
        return total / self.num_pixels if self.num_pixels else float("nan")

    @property
    def pixel_accuracy(self) -> float:
        """Share of pixels that are right ("mAcc" in the tables of the temporal U-Net); NaN without pixels."""
        return int(self.hits.sum()) / self.num_pixels if self.num_pixels else float("nan")

    @property
    def class_recall(self) -> Float64[np.ndarray, " classes"]:
        """TP / (TP + FN) by class; NaN for a class that the truth does not have."""
        return _ratio(self.hits, self.truth)

    @property
    def class_accuracy(self) -> float:
        """Mean of ``class_recall`` over the classes that the truth has; NaN if there are none."""
        return _mean(self.class_recall)

    @property
    def binary_accuracy(self) -> Float64[np.ndarray, " classes"]:
        """(TP + TN) / (TP + TN + FP + FN) by class: equation 13 of the temporal U-Net, as written.

        True negatives are nearly all pixels, so that it is near 1 for any prediction.
        """
        wrong = self.union - self.hits
        total = np.full_like(wrong, self.num_pixels)
        return _ratio(total - wrong, total)

    @property
    def mean_binary_accuracy(self) -> float:
        """Mean of ``binary_accuracy`` over all classes: equation 14 of the temporal U-Net, as written."""
        return float(self.binary_accuracy.mean())


def confusion(
    predicted: Integer[np.ndarray, "height width"],
    truth: Integer[np.ndarray, "true_height true_width"],
    num_classes: int,
    void: int = VOID,
) -> ConfusionTally:
    """Counts of one frame of classes.

    Args:
        predicted: Class per pixel; whatever is not in 0..num_classes-1, or is void, counts as no class.
        truth: Class per pixel, or void.
        num_classes: At most 255.
        void: The value in the truth of pixels that do not count.

    Raises:
        MaskError: The sizes differ.
        InputError: The truth holds a value that is neither a class nor void.
    """
    classes = class_table({value: value for value in range(num_classes) if value != void})
    outside = (truth != void) & ((truth < 0) | (truth >= num_classes))
    if outside.any():
        raise InputError(
            f"The truth holds the value {truth[outside][0]}, expected 0 to {num_classes - 1}, "
            f"or {void} for void. Map stored values to classes first."
        )
    return stored_confusion(_bytes(predicted, void), _bytes(truth, void), num_classes, classes)


def stored_confusion(
    predicted: UInt8[np.ndarray, "height width"],
    truth: UInt8[np.ndarray, "true_height true_width"],
    num_classes: int,
    truth_classes: ClassTable,
    predicted_classes: ClassTable | None = None,
) -> ConfusionTally:
    """Counts of one frame of stored values, which tables turn into classes (Cityscapes ``labelIds``).

    Args:
        predicted: Stored values.
        truth: Stored values.
        num_classes: At most 255.
        truth_classes: From ``class_table``; 255 is void.
        predicted_classes: The same for the prediction, where it is stored differently; 255 is no class.

    Raises:
        MaskError: The sizes differ.
    """
    if predicted.shape != truth.shape:
        raise MaskError(
            f"The prediction is {predicted.shape[1]}x{predicted.shape[0]} pixels, "
            f"the truth {truth.shape[1]}x{truth.shape[0]}. Resize it (nearest) to the truth."
        )
    predicted_classes = truth_classes if predicted_classes is None else predicted_classes
    rows = np.minimum(truth_classes, num_classes).astype(np.intp)
    columns = np.minimum(predicted_classes, num_classes).astype(np.intp)
    size = num_classes + 1
    counts = np.zeros(size * size)  # weights are float64: exact up to 2^53 pixels
    theirs, ours = truth.ravel(), predicted.ravel()
    for start in range(0, truth.size, _BLOCK):
        block = slice(start, start + _BLOCK)
        true_values, predicted_values, lengths = _runs(theirs[block], ours[block])
        cells = rows.take(true_values) * size + columns.take(predicted_values)
        counts += np.bincount(cells, weights=lengths, minlength=size * size)
    return ConfusionTally(counts.astype(np.int64).reshape(size, size))


def class_table(class_of: Mapping[int, int]) -> ClassTable:
    """A table of classes by stored value; values that are not named have no class (255)."""
    table = np.full(256, VOID, np.uint8)
    for value, label in class_of.items():
        table[value] = label
    return table


def _runs(
    theirs: UInt8[np.ndarray, " pixels"], ours: UInt8[np.ndarray, " pixels"]
) -> tuple[
    Integer[np.ndarray, " runs"], Integer[np.ndarray, " runs"], Integer[np.ndarray, " runs"]
]:
    """True value, predicted value and number of pixels of runs of equal pairs; of all pairs where runs are short."""
    changes = np.zeros((theirs.size + 7) // 8 * 8, np.uint8)
    inner = changes[: theirs.size - 1]
    np.bitwise_xor(theirs[1:], theirs[:-1], out=inner)
    inner |= ours[1:] ^ ours[:-1]
    changes[theirs.size - 1] = 1
    words = changes.view(np.uint64)
    busy = np.flatnonzero(words != 0)
    if len(busy) * 2 > len(words):
        # float32, as OpenCV returns it, holds every integer up to the size of a block.
        ranges = [0, 256, 0, 256]
        counts = cv2.calcHist([theirs, ours], [0, 1], None, [256, 256], ranges).astype(np.int64)
        true_values, predicted_values = np.nonzero(counts)
        return true_values, predicted_values, counts[true_values, predicted_values]
    # First the words of eight pixels that hold a change, then the pixels: most words hold none.
    inside = np.flatnonzero(words.take(busy).view(np.uint8) != 0)
    ends = (busy.take(inside >> 3) << 3) + (inside & 7)  # // and % are slow on signed integers
    return theirs.take(ends), ours.take(ends), np.diff(ends, prepend=-1)


def _bytes(
    classes: Integer[np.ndarray, "height width"], void: int
) -> UInt8[np.ndarray, "height width"]:
    if classes.dtype == np.uint8:
        return classes
    known = (classes >= 0) & (classes < VOID) & (classes != void)
    return np.where(known, classes, VOID).astype(np.uint8)


def _ratio(
    part: Int64[np.ndarray, " classes"], whole: Int64[np.ndarray, " classes"]
) -> Float64[np.ndarray, " classes"]:
    found = np.full(len(whole), np.nan)
    np.divide(part, whole, out=found, where=whole > 0)
    return found


def _mean(values: Float64[np.ndarray, " classes"]) -> float:
    present = values[~np.isnan(values)]
    return float(present.mean()) if present.size else float("nan")
