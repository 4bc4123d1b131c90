"""Mask files as DAVIS and PASCAL VOC write them: one palette index per object."""

import io
from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from segue.media.atomic import write_bytes
from segue.types import Labels


@cache
def palette() -> UInt8[np.ndarray, "256 3"]:
    """The PASCAL VOC colour map that DAVIS uses, one RGB colour per id; read-only.

    Bits 0, 3, 6 of the id fill red from its highest bit down, bits 1, 4, 7 green, bits 2, 5 blue
    (VOC development kit, ``VOClabelcolormap``). Id 0 is black.
    """
    ids = np.arange(256)
    colours = np.zeros((256, 3), np.uint8)
    for step in range(3):
        for channel in range(3):
            bit = ids >> (3 * step + channel) & 1
            colours[:, channel] |= (bit << (7 - step)).astype(np.uint8)
    colours.setflags(write=False)
    return colours


def write_mask(
    path: str | Path, labels: Labels, colours: UInt8[np.ndarray, "256 3"] | None = None
) -> None:
    """Write labels as palette PNG; whole or not at all, the same bytes every time.

    Args:
        path: The file.
        labels: What it stores.
        colours: RGB by id, for viewers; by default those of ``palette``.

    Raises:
        WriteError: Disk full, read-only or missing folder.
    """
    image = Image.fromarray(labels, mode="L")
    image.putpalette((palette() if colours is None else colours).tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=6)
    write_bytes(Path(path), buffer.getvalue())
