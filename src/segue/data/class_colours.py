"""A colour for every class, by its name."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8

from segue.data.semantic_classes import CLASS_SETS
from segue.media.overlay import overlay_colours


def class_colours(names: Sequence[str]) -> UInt8[np.ndarray, "256 3"]:
    """RGB by class number, as the datasets have them (which dataset to ask first: ours).

    A class has the colour of its name in the known class set that holds most of the names, else in any other, else
    one of ``overlay_colours``. Numbers without a class are black.

    Args:
        names: By number, 256 at most.
    """
    known = [{label.name: label.colour for label in one.labels} for one in CLASS_SETS.values()]
    known.sort(key=lambda colours: -len(colours.keys() & set(names)))
    table = np.zeros((256, 3), np.uint8)
    for number, name in enumerate(names):
        found = next((colours[name] for colours in known if name in colours), None)
        table[number] = found or overlay_colours()[1 + number % 254]
    return table
