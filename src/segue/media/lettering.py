"""Words in pictures, in the typeface that comes with Pillow."""

from functools import lru_cache

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

Coverage = UInt8[np.ndarray, "height width"]


@lru_cache(maxsize=1024)
def letters(text: str, size: int) -> Coverage:
    """How much of each pixel a line of text covers, 0..255; as wide as the text, all of one height per size; read-only.

    Args:
        text: One line.
        size: Height of the type in pixels.
    """
    font = ImageFont.load_default(size)
    # One height for all lines, so that they stand on one base whatever they say.
    _, top, _, bottom = font.getbbox("Âgjy")
    width = max(1, round(font.getlength(text)))
    canvas = Image.new("L", (width, int(bottom - top)))
    ImageDraw.Draw(canvas).text((0, -top), text, fill=255, font=font)
    coverage = np.asarray(canvas)
    coverage.setflags(write=False)
    return coverage


def write_text(
    picture: UInt8[np.ndarray, "_ _ 3"],
    text: str,
    top_left: tuple[int, int],
    size: int,
    ink: tuple[int, int, int],
) -> None:
    """Draw a line of text into an RGB picture, in place; what lies outside is cut off.

    Args:
        picture: Changed.
        text: One line.
        top_left: Row and column of its upper left corner, inside the picture.
        size: Height of the type in pixels.
        ink: RGB.
    """
    top, left = top_left
    coverage = letters(text, size)
    part = picture[top : top + coverage.shape[0], left : left + coverage.shape[1]]
    weight = coverage[: part.shape[0], : part.shape[1], None] / 255
    part[:] = np.rint(part * (1 - weight) + np.array(ink) * weight)
