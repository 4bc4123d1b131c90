"""What given masks do, in words: which objects they add, which ones they correct."""

from collections.abc import Mapping

import numpy as np

from segue.media.masks import object_ids
from segue.types import Labels


def mask_effects(by_frame: Mapping[int, Labels]) -> dict[int, tuple[str, ...]]:
    """Phrases about each given mask, by frame index in order.

    The first mask names its objects (``object 1 (14.2 % of the frame)``). A later one either adds an
    object (``adds object 2 (3.0 % of the frame)``) or corrects one (``corrects object 1``).
    """
    known: set[int] = set()
    effects: dict[int, tuple[str, ...]] = {}
    for index in sorted(by_frame):
        labels = by_frame[index]
        ids = object_ids(labels)
        effects[index] = tuple(_phrase(number, labels, known) for number in ids)
        known.update(ids)
    return effects


def share_of_frame(labels: Labels, object_id: int) -> str:
    """How much of the frame an object covers, such as ``14.2 % of the frame``."""
    percent = 100 * float(np.mean(labels == object_id))
    return "less than 0.1 % of the frame" if percent < 0.05 else f"{percent:.1f} % of the frame"


def _phrase(number: int, labels: Labels, known: set[int]) -> str:
    if number in known:
        return f"corrects object {number}"
    verb = "adds object" if known else "object"
    return f"{verb} {number} ({share_of_frame(labels, number)})"
