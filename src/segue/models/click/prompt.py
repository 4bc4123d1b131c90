"""What a user says about one object on one frame, and what can be wrong with it."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from segue.errors import InputError
from segue.types import BoxXYXY, Click, Stroke

_SAME = 1.0
"""Clicks closer than so many pixels are on the same spot, and so are clicks on the same pixel."""
_STEP = 6.0
"""Distance in pixels of the points that stand for a stroke."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Clicks, a box, strokes; any of them may be missing."""

    clicks: tuple[Click, ...] = ()
    """In the order in which they were made; the last one is new."""
    box: BoxXYXY | None = None
    strokes: tuple[Stroke, ...] = ()

    @property
    def is_empty(self) -> bool:
        """True if nothing was said."""
        return not self.clicks and self.box is None and not any(self.strokes)

    def points(self) -> list[tuple[float, float, float]]:
        """x, y and sign of all clicks and of points along the strokes."""
        found = [(x, y, 1.0) for stroke in self.strokes for x, y in _along(stroke)]
        return found + [(float(c.x), float(c.y), 1.0 if c.include else -1.0) for c in self.clicks]

    def checked(self, size_hw: tuple[int, int]) -> "Prompt":
        """The same, if it can be used on a frame; a box is cut at the frame's border.

        Args:
            size_hw: Height and width of the frame.

        Raises:
            InputError: A point outside the frame, clicks that contradict each other, a box without area or outside the
                frame.
        """
        for x, y in (*((c.x, c.y) for c in self.clicks), *itertools.chain(*self.strokes)):
            _check_inside(float(x), float(y), size_hw)
        _check_agreement(self.clicks)
        return Prompt(self.clicks, _cut(self.box, size_hw) if self.box else None, self.strokes)


def _check_inside(x: float, y: float, size_hw: tuple[int, int]) -> None:
    height, width = size_hw
    if not (0 <= x < width and 0 <= y < height):  # refuses what is not a number, too
        raise InputError(
            f"The point {x:g},{y:g} lies outside the frame, which has columns 0 to {width - 1} and rows 0 to "
            f"{height - 1}."
        )


def _check_agreement(clicks: Sequence[Click]) -> None:
    for number, later in enumerate(clicks):
        for earlier in clicks[:number]:
            near = math.hypot(later.x - earlier.x, later.y - earlier.y) < _SAME
            same = (int(later.x), int(later.y)) == (int(earlier.x), int(earlier.y))
            if (near or same) and later.include != earlier.include:
                raise InputError(
                    f"Two clicks contradict each other: {earlier.x:g},{earlier.y:g} is both in and out of the "
                    "object. Leave one of them out."
                )


def _cut(box: BoxXYXY, size_hw: tuple[int, int]) -> BoxXYXY:
    height, width = size_hw
    left, top, right, bottom = map(float, box)
    if not (left < right and top < bottom):
        raise InputError(
            f"The box {_text(box)} has no area: expected left < right and top < bottom, in pixels."
        )
    cut = (max(0.0, left), max(0.0, top), min(float(width), right), min(float(height), bottom))
    if not (cut[0] < cut[2] and cut[1] < cut[3]):
        raise InputError(f"The box {_text(box)} lies outside the frame of {width}x{height} pixels.")
    return cut


def _text(box: BoxXYXY) -> str:
    return ",".join(f"{side:g}" for side in box)


def _along(stroke: Stroke) -> list[tuple[float, float]]:
    """Points along a line, at most ``_STEP`` apart."""
    points = [(float(x), float(y)) for x, y in stroke[:1]]
    for (x0, y0), (x1, y1) in itertools.pairwise(stroke):
        steps = max(1, math.ceil(math.hypot(x1 - x0, y1 - y0) / _STEP))
        points += [
            (x0 + (x1 - x0) * k / steps, y0 + (y1 - y0) * k / steps) for k in range(1, steps + 1)
        ]
    return points
