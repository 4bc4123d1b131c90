"""``areas.csv`` and ``areas.png``: how much of every frame each class covers, as a table and over time."""

import csv
from pathlib import Path

import numpy as np

from segue.errors import FormatError
from segue.files import replacing
from segue.media.frames import DEFAULT_FRAME_RATE
from segue.media.overlay import overlay_colours, write_image
from segue.media.stacked_areas import AreasOverTime
from segue.results.records import FrameRecord
from segue.results.results import Results, Written

_BEFORE_CLASSES = ("frame", "name", "time")


class Areas:
    """A row per frame with its number, name, time and the share of each class; and a chart of the shares."""

    def write(self, results: Results, out: Path) -> Written:
        """See ``Document``; a video without any frame has no chart."""
        if results.classes is None:
            raise FormatError(
                f"Areas are about classes, and the results of {results.name} are objects. "
                "tracks.csv holds the areas of objects."
            )
        table, chart = out / "areas.csv", out / "areas.png"
        with (
            replacing(table) as temporary,
            temporary.open("w", encoding="utf-8", newline="") as file,
        ):
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow((*_BEFORE_CLASSES, *results.classes))
            for one in results.records:
                place = (one.index, one.name, f"{float(one.time):.6f}")
                rows.writerow((*place, *_shares(results, one)))
        if not results.records:
            return Written((table,))
        write_image(chart, _chart(results, results.classes).draw())
        return Written((table, chart))


def _shares(results: Results, record: FrameRecord) -> list[str]:
    """Of every class, as text with six digits, which the chart shows too."""
    height, width = results.size_hw
    objects = record.objects
    areas = [objects[n].area if n in objects else 0 for n in range(len(results.classes or ()))]
    return [f"{area / (height * width):.6f}" for area in areas]


def _chart(results: Results, names: tuple[str, ...]) -> AreasOverTime:
    frame_seconds = 1 / float(results.frame_rate or DEFAULT_FRAME_RATE)
    times = [float(f"{float(record.time):.6f}") for record in results.records]
    colours = overlay_colours() if results.colours is None else results.colours
    chart = AreasOverTime(names, colours, times[0], times[-1] + frame_seconds)
    for time, record in zip(times, results.records, strict=True):
        chart.add(time, np.array(_shares(results, record), np.float64))
    return chart


AREAS = Areas()
