"""Frames with every pixel tinted by its class, and the names of the classes in a legend."""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import UInt8

from segue.media.counting import label_counts
from segue.media.lettering import letters, write_text
from segue.types import Frame, Labels

_ALPHA = 0.55
_SEEN = 0.005
"""Share of the frame from which a class is in the legend."""
_LINGERS = 25
"""Frames that it stays there afterwards, so that the legend does not flicker."""
_LEGEND_HEIGHT = 0.16
"""Share of the frame's height that the legend may take."""
_LEGEND_ALPHA = 0.85
_INK = (245, 245, 245)


class ClassPainter:
    """Paints class maps over the frames of one video; calling it gives a new frame.

    The legend stands at the bottom edge: a swatch and a name for each class that covers half a percent or more, or did
    so within the last 25 frames, in the order of the classes. Where not all fit into a sixth of the height, the
    smallest are left out.

    Args:
        names: Of the classes, by number.
        colours: RGB by class number.
    """

    def __init__(self, names: Sequence[str], colours: UInt8[np.ndarray, "256 3"]) -> None:
        self._names = tuple(names)
        self._colours = colours
        self._channels = [np.ascontiguousarray(channel) for channel in colours.T]
        self._lingering = np.zeros(len(self._names), np.int64)
        self._entries: dict[tuple[int, int], UInt8[np.ndarray, "height width 3"]] = {}

    def __call__(self, frame: Frame, labels: Labels) -> Frame:
        """A copy of the frame with classes and legend.

        Args:
            frame: RGB.
            labels: Class numbers, of the frame's size.
        """
        tint = cv2.merge([cv2.LUT(labels, channel) for channel in self._channels])
        painted: Frame = cv2.addWeighted(frame, 1 - _ALPHA, tint, _ALPHA, 0)
        self._legend(painted, labels)
        return painted

    def _legend(self, painted: Frame, labels: Labels) -> None:
        height, width = labels.shape
        size = max(9, round(min(height, width) / 30))
        counts = label_counts(labels)[: len(self._names)]
        self._lingering = np.where(counts >= _SEEN * labels.size, _LINGERS, self._lingering - 1)
        shown = np.flatnonzero(self._lingering > 0)
        by_area = shown[np.argsort(-counts[shown], kind="stable")].tolist()
        most = int(_LEGEND_HEIGHT * height) // self._entry(0, size).shape[0]
        rows = self._rows(by_area, size, width)
        while len(rows) > most:
            by_area.pop()
            rows = self._rows(by_area, size, width)
        if rows:
            panel = np.concatenate([self._strip(row, size, width) for row in rows])
            ground = painted[-len(panel) :]
            ground[:] = cv2.addWeighted(ground, 1 - _LEGEND_ALPHA, panel, _LEGEND_ALPHA, 0)

    def _rows(self, by_area: Sequence[int], size: int, width: int) -> list[list[int]]:
        """Classes in order, broken into rows of at most the width (but at least one class each)."""
        rows: list[list[int]] = []
        room = 0
        for number in sorted(by_area):
            needed = self._entry(number, size).shape[1]
            if needed > room:
                rows.append([])
                room = width
            rows[-1].append(number)
            room -= needed
        return rows

    def _strip(self, row: Sequence[int], size: int, width: int) -> Frame:
        entries = np.concatenate([self._entry(number, size) for number in row], axis=1)[:, :width]
        missing = width - entries.shape[1]
        return np.pad(entries, ((0, 0), (0, missing), (0, 0)))

    def _entry(self, number: int, size: int) -> UInt8[np.ndarray, "height width 3"]:
        """Swatch and name on black."""
        if (number, size) not in self._entries:
            text = self._names[number]
            gap = max(2, size // 4)
            text_height, text_width = letters(text, size).shape
            side = text_height - gap
            entry = np.zeros((text_height + gap, side + text_width + 4 * gap, 3), np.uint8)
            top = (entry.shape[0] - side) // 2
            entry[top : top + side, gap : gap + side] = self._colours[number]
            write_text(entry, text, (gap // 2, side + 2 * gap), size, _INK)
            self._entries[number, size] = entry
        return self._entries[number, size]
