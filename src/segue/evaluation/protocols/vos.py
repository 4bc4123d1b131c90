"""Named protocols: which frames count, what the foreground is, how values are averaged.

``davis2016`` (single object, semi-supervised):

1. The ground truth is every pixel whose value is above 0; so is the prediction, whatever value it
   uses for it (1 or 255).
2. The first and the last frame of a sequence are not scored.
3. J is intersection over union of the two masks; 1 if both are empty.
4. F is the harmonic mean of precision and recall of boundary pixels within 0.8 % of the image's
   diagonal, rounded up to pixels; 1 if neither mask has a boundary, 0 if only one has.
5. A frame without a prediction file is scored as an empty mask, and counted in the report.
6. A sequence's J is the mean over its frames; recall is the share of frames above 0.5; decay is the
   mean of the first quarter minus that of the last.
7. The dataset's value is the unweighted mean over sequences; J&F is the mean of J and F.
8. Frames or sequences that the truth does not have are left out.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from segue.settings import look_up
from segue.types import Mask


@dataclass(frozen=True, slots=True)
class Protocol:
    """One way of scoring."""

    objects: Callable[[UInt8[np.ndarray, "height width"]], dict[int, Mask]]
    """Stored values of a mask file -> the objects to score."""
    skip_first: int
    """Frames at the start of a sequence that are not scored."""
    skip_last: int
    """Frames at its end."""


def union(values: UInt8[np.ndarray, "height width"]) -> dict[int, Mask]:
    """Everything that is not background as object 1."""
    return {1: values > 0}


PROTOCOLS: dict[str, Protocol] = {
    "davis2016": Protocol(objects=union, skip_first=1, skip_last=1),
}


def find_protocol(name: str) -> Protocol:
    """The protocol of a name.

    Raises:
        SettingsError: There is none; the message names the nearest.
    """
    return look_up(PROTOCOLS, "protocol", name)
