"""Objects of a frame as a detector learns them: a box and a mask each."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt8

from segue.types import BACKGROUND, VOID, Labels


@dataclass(frozen=True, slots=True)
class Instances:
    """The objects of a frame, in ascending order of their ids."""

    boxes_xyxy: Float32[np.ndarray, "objects 4"]
    """The extent of the masks in pixels: left and top edge of the first pixel, right and bottom edge of the last."""
    masks: UInt8[np.ndarray, "objects height width"]
    """1 on the object."""

    def __len__(self) -> int:
        return len(self.boxes_xyxy)


def instances_of(labels: Labels) -> Instances:
    """The objects of a label map; 0 and void are none, nor is what is one pixel wide or high.

    A box without width is one that no anchor fits, and its regression is a division by zero.
    """
    ids = [i for i in np.unique(labels) if i not in (BACKGROUND, VOID)]
    boxes, masks = [], []
    for mask in (labels == i for i in ids):
        columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
        if columns[-1] > columns[0] and rows[-1] > rows[0]:
            boxes.append((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
            masks.append(mask)
    shape = (len(masks), *labels.shape)
    return Instances(
        np.asarray(boxes, np.float32).reshape(-1, 4), np.asarray(masks, np.uint8).reshape(shape)
    )
