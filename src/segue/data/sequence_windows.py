"""Windows of successive frames of annotated sequences, each around a frame that shows an object.

Nothing is drawn here but a flip: these are the samples of the SlowFast system as its authors trained it. What lies
before the first frame of a sequence or after the last one is black, and said to be outside.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from segue.data.object_footage import ObjectFootage
from segue.errors import InputError, MaskError
from segue.media.images import read_image
from segue.types import Frame, Labels

Place = tuple[int, int]
"""Number of a sequence, and of one of its annotated frames."""
_NAMED = 5
"""Frames without objects that a warning names."""


@dataclass(frozen=True)
class SequenceWindow:
    """One training example."""

    frames: UInt8[np.ndarray, "time height width 3"]
    labels: Labels
    """Of the frame in the middle: ids of the objects, 0 elsewhere."""
    inside: Bool[np.ndarray, " time"]
    """Whether the sequence has such a frame."""
    first: int
    """Index of the first frame in the sequence, which may be negative."""


def centres(footage: ObjectFootage) -> list[Place]:
    """The annotated frames that show an object, sequence by sequence, in order; one warning counts the others.

    A mask that cannot be read is kept: it is said when its turn comes.

    Raises:
        InputError: No frame shows an object.
    """
    found: list[Place] = []
    empty: list[str] = []
    for sequence in range(len(footage.sequences)):
        for index in range(footage.length(sequence)):
            try:
                shows = bool(footage.ids(sequence, index).any())
            except MaskError:
                shows = True
            if shows:
                found.append((sequence, index))
            else:
                path = footage.sequences[sequence].frame_paths[footage.index(sequence, index)]
                empty.append(f"{footage.sequences[sequence].name} {path.stem}")
    if not found:
        raise InputError(
            f"None of {len(empty)} annotated frames shows an object. Are the masks empty?"
        )
    if empty:
        more = f" and {len(empty) - _NAMED} more" if len(empty) > _NAMED else ""
        warnings.warn(
            f"{len(empty)} of {len(footage)} frames show no object and are not learned from: "
            f"{', '.join(empty[:_NAMED])}{more}.",
            stacklevel=2,
        )
    return found


def read_window(
    footage: ObjectFootage,
    place: Place,
    length: int,
    size_hw: tuple[int, int],
    *,
    mirrored: bool = False,
) -> SequenceWindow:
    """The frames around an annotated one, resized to one size.

    Args:
        footage: Where from.
        place: Of the centre.
        length: Frames of the window; the centre is ``length // 2``.
        size_hw: Of every frame.
        mirrored: Left and right exchanged.

    Raises:
        VideoError: A picture that cannot be read.
        MaskError: A mask that cannot be read.
    """
    paths = footage.sequences[place[0]].frame_paths
    first = footage.index(*place) - length // 2
    indices = range(first, first + length)
    inside = np.array([0 <= index < len(paths) for index in indices])
    black = np.zeros((*size_hw, 3), np.uint8)
    frames = [
        _resized(read_image(paths[index]), size_hw) if shown else black
        for index, shown in zip(indices, inside, strict=True)
    ]
    labels = _labels(footage, place, size_hw)
    if mirrored:
        frames, labels = [frame[:, ::-1] for frame in frames], labels[:, ::-1]
    return SequenceWindow(np.stack(frames), np.ascontiguousarray(labels), inside, first)


def _resized(frame: Frame, size_hw: tuple[int, int]) -> UInt8[np.ndarray, "rows columns 3"]:
    if frame.shape[:2] == size_hw:
        return frame
    smaller = size_hw[0] < frame.shape[0]
    way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(frame, size_hw[::-1], interpolation=way))


def _labels(
    footage: ObjectFootage, place: Place, size_hw: tuple[int, int]
) -> UInt8[np.ndarray, "rows columns"]:
    """Ids, numbered from 1 where they would not fit into a byte."""
    ids = footage.ids(*place)
    _, numbers = np.unique(ids, return_inverse=True)
    labels = numbers.reshape(ids.shape) + (0 if (ids == 0).any() else 1)
    whole = np.minimum(labels, 254).astype(np.uint8)
    return np.asarray(cv2.resize(whole, size_hw[::-1], interpolation=cv2.INTER_NEAREST))


def order_of(places: Sequence[Place], epoch: int, seed: int, *, shuffled: bool) -> list[Place]:
    """The centres in the order of an epoch: as they are, or another order in each epoch.

    Args:
        places: What ``centres`` found.
        epoch: From 0.
        seed: Of the run.
        shuffled: False keeps sequences whole and in order.
    """
    if not shuffled:
        return list(places)
    return [places[i] for i in np.random.default_rng([seed, epoch]).permutation(len(places))]
