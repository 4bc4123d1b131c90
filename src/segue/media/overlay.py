"""Masks painted over frames, and sheets of several frames, for people to look at."""

import colorsys
import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import Image

from segue.files import write_bytes
from segue.media.counting import label_counts
from segue.types import BACKGROUND, VOID, Frame, Labels

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_GOLDEN = 0.618034
_INK = (20, 20, 20)
_PAPER = (250, 250, 250)


@cache
def overlay_colours() -> UInt8[np.ndarray, "256 3"]:
    """Bright colours by id, neighbours far apart in hue (golden angle, ours); read-only.

    The palette of mask files is too dark to paint with.
    """
    colours = np.zeros((256, 3), np.uint8)
    for number in range(1, VOID):
        hue = (0.02 + (number - 1) * _GOLDEN) % 1
        value = 1.0 if (number // 8) % 2 == 0 else 0.75
        red, green, blue = colorsys.hsv_to_rgb(hue, 0.85, value)
        colours[number] = round(red * 255), round(green * 255), round(blue * 255)
    colours.setflags(write=False)
    return colours


def paint(frame: Frame, labels: Labels, *, alpha: float = 0.5) -> Frame:
    """A copy of the frame with every object filled, outlined and numbered; void stays bare.

    Args:
        frame: RGB.
        labels: Object ids, of the frame's size.
        alpha: Weight of the fill, 0..1. Outline and number are opaque.
    """
    painted = frame.copy()
    x, y, width, height = cv2.boundingRect(labels)
    if width == 0:
        return painted
    # Work only around the objects: most frames are mostly background.
    part = (slice(y, y + height), slice(x, x + width))
    solid = np.where(labels[part] == VOID, BACKGROUND, labels[part])
    _fill(painted[part], solid, alpha, line=max(1, round(min(labels.shape) / 240)))
    for number in np.flatnonzero(label_counts(solid)):
        if number != BACKGROUND:
            _number(painted, solid, int(number), (y, x))
    return painted


def contact_sheet(
    frames: Sequence[UInt8[np.ndarray, "_ _ 3"]],
    columns: int,
    captions: Sequence[str] = (),
    *,
    cell_width: int = 320,
) -> Frame:
    """Frames side by side, row by row, each at the same width under its caption.

    Args:
        frames: At least one RGB frame; sizes may differ.
        columns: Frames per row.
        captions: One line per frame; missing ones stay empty.
        cell_width: Width of each frame in pixels.
    """
    height = max(round(cell_width * frame.shape[0] / frame.shape[1]) for frame in frames)
    strip = round(cell_width / 13) if captions else 0
    gap = max(2, cell_width // 80)
    rows = -(-len(frames) // columns)
    step_x, step_y = cell_width + gap, height + strip + gap
    sheet = np.full((rows * step_y + gap, columns * step_x + gap, 3), _INK, np.uint8)
    for place, frame in enumerate(frames):
        top, left = gap + place // columns * step_y, gap + place % columns * step_x
        own_height = round(cell_width * frame.shape[0] / frame.shape[1])
        cell = cv2.resize(frame, (cell_width, own_height), interpolation=cv2.INTER_AREA)
        sheet[top + strip : top + strip + own_height, left : left + cell_width] = cell
        if place < len(captions):
            _caption(sheet[top : top + strip, left : left + cell_width], captions[place])
    return sheet


def write_image(path: Path, frame: Frame) -> None:
    """Write a frame as PNG; whole or not at all.

    Raises:
        WriteError: Disk full, read-only or missing folder.
    """
    buffer = io.BytesIO()
    Image.fromarray(frame).save(buffer, "PNG", compress_level=3)
    write_bytes(path, buffer.getvalue())


def _fill(target: np.ndarray, labels: np.ndarray, alpha: float, line: int) -> None:
    colours = cv2.merge([cv2.LUT(labels, channel) for channel in overlay_colours().T.copy()])
    mixed = cv2.addWeighted(np.ascontiguousarray(target), 1 - alpha, colours, alpha, 0)
    inside = (labels != BACKGROUND).astype(np.uint8)
    # A border of background draws the outline also where an object leaves the picture.
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (2 * line + 1, 2 * line + 1))
    lowest = cv2.erode(labels, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    highest = cv2.dilate(labels, kernel)
    edge = ((lowest != labels) | (highest != labels)).astype(np.uint8) & inside
    cv2.copyTo(mixed, inside, target)
    cv2.copyTo(colours, edge, target)


def _number(painted: Frame, part: np.ndarray, number: int, corner_yx: tuple[int, int]) -> None:
    """The id in a box of the object's colour, at its top, inside the picture; labels are given of a part."""
    mask = (part == number).view(np.uint8)
    left, top, width, _ = cv2.boundingRect(mask)
    along = np.flatnonzero(mask[top, left : left + width])
    centre = corner_yx[1] + left + round(float(along.mean()))
    top += corner_yx[0]
    size_hw = painted.shape[:2]
    scale = max(0.35, min(size_hw) / 800)
    weight = max(1, round(scale * 2))
    (text_width, text_height), _ = cv2.getTextSize(str(number), _FONT, scale, weight)
    pad = max(2, text_height // 3)
    box_width, box_height = text_width + 2 * pad, text_height + 2 * pad
    x = int(np.clip(centre - box_width // 2, 0, max(0, size_hw[1] - box_width)))
    y = int(np.clip(top - box_height, 0, max(0, size_hw[0] - box_height)))
    colour = overlay_colours()[number]
    ink = _INK if colour @ (0.299, 0.587, 0.114) > 110 else _PAPER
    corner = (x + box_width - 1, y + box_height - 1)
    cv2.rectangle(painted, (x, y), corner, colour.tolist(), cv2.FILLED)
    base = (x + pad, y + pad + text_height)
    cv2.putText(painted, str(number), base, _FONT, scale, ink, weight, cv2.LINE_AA)


def _caption(strip: np.ndarray, text: str) -> None:
    height, width = strip.shape[:2]
    scale = height / 40
    (text_width, _), _ = cv2.getTextSize(text, _FONT, scale, 1)
    scale *= min(1.0, (width - 4) / max(1, text_width))
    canvas = strip.copy()
    cv2.putText(canvas, text, (2, height * 3 // 4), _FONT, scale, _PAPER, 1, cv2.LINE_AA)
    strip[:] = canvas
