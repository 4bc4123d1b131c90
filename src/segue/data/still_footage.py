"""Still images as footage: nothing in it moves by itself, only the camera and what is pasted in (ours).

Every strong tracker of the last years began with stills: they show far more kinds of things than videos do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import overload

import numpy as np

from segue.data.clips import Footage
from segue.data.stills import Still


@dataclass(frozen=True)
class StillFootage(Sequence[Footage]):
    """Stills that stand for sequences; each is read when it is asked for, its objects as one.

    Args:
        stills: What is shown.
        length: Frames of each sequence, all the same picture.
    """

    stills: tuple[Still, ...]
    length: int = 16

    def __len__(self) -> int:
        return len(self.stills)

    @overload
    def __getitem__(self, index: int) -> Footage: ...
    @overload
    def __getitem__(self, index: slice) -> "StillFootage": ...
    def __getitem__(self, index: int | slice) -> "Footage | StillFootage":
        """One of the sequences.

        Raises:
            VideoError: A picture that cannot be read.
            MaskError: A mask that cannot be read.
        """
        if isinstance(index, slice):
            return StillFootage(self.stills[index], self.length)
        return _read(self.stills[index], self.length)


@lru_cache(maxsize=8)  # a clip asks for the same few, frame by frame
def _read(still: Still, length: int) -> Footage:
    picture, labels = still.read()
    frames = np.broadcast_to(picture, (length, *picture.shape))
    return Footage(frames, np.broadcast_to(labels > 0, (length, *labels.shape)))
