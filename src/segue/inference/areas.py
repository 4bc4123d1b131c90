"""How much of every frame each class covers: a table, and a picture of it over time."""

import csv
import io
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64, UInt8

from segue.files import replacing
from segue.inference.sinks import LineLog
from segue.media.counting import label_counts
from segue.media.overlay import write_image
from segue.media.stacked_areas import AreasOverTime
from segue.media.video import VideoFrame
from segue.types import Prediction

_BEFORE_CLASSES = ("frame", "name", "time")


class AreaLog:
    """``areas.csv``: a row per frame with its number, name, time and the share of each class; and a chart of it."""

    part = "write"
    replays = False

    def __init__(
        self,
        lines: LineLog,
        table: Path,
        chart: Path,
        names: Sequence[str],
        colours: UInt8[np.ndarray, "256 3"],
        frame_seconds: float,
    ) -> None:
        """Go on with a log.

        Args:
            lines: One per finished frame.
            table: The CSV file.
            chart: The PNG file.
            names: Of the classes, by number.
            colours: RGB by class number.
            frame_seconds: How long the last frame is shown.
        """
        self._lines = lines
        self._table = table
        self._chart = chart
        self._names = tuple(names)
        self._colours = colours
        self._frame_seconds = frame_seconds

    def write(self, frame: VideoFrame, prediction: Prediction) -> None:
        """One line about one frame, on disk when the call returns.

        Raises:
            WriteError: The system refuses.
        """
        labels = prediction.labels
        counts = label_counts(labels)[: len(self._names)]
        shares = (f"{share:.6f}" for share in (counts / labels.size).tolist())
        place = (str(frame.index), frame.name, f"{float(frame.time):.6f}")
        self._lines.append(_row((*place, *shares)))

    def finish(self) -> Mapping[str, Any]:
        """Write both files; a video without any frame has no chart.

        Raises:
            WriteError: The system refuses.
        """
        heading = _row((*_BEFORE_CLASSES, *self._names))
        with (
            replacing(self._table) as temporary,
            temporary.open("w", encoding="utf-8", newline="") as out,
        ):
            out.writelines(f"{line}\n" for line in chain([heading], self._lines))
        last = deque(self._rows(), maxlen=1)
        if last:
            begin, end = next(self._rows())[0], last[0][0] + self._frame_seconds
            chart = AreasOverTime(self._names, self._colours, begin, end)
            for time, shares in self._rows():
                chart.add(time, shares)
            write_image(self._chart, chart.draw())
        return {}

    def close(self) -> None:
        """Let go of the log."""
        self._lines.close()

    def _rows(self) -> Iterator[tuple[float, Float64[np.ndarray, " classes"]]]:
        skipped = len(_BEFORE_CLASSES)
        for row in csv.reader(self._lines):
            yield float(row[skipped - 1]), np.array(row[skipped:], np.float64)


def _row(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()
