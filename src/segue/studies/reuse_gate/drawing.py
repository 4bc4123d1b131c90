"""The figures as PNG, each with its numbers as CSV beside it."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from segue.studies.figures import panels, save
from segue.studies.reuse_gate.margins import THRESHOLDS, key_at
from segue.studies.reuse_gate.overlap import OVERLAPS, SIMILAR
from segue.studies.reuse_gate.points import (
    Point,
    ours,
    published,
    read_scores,
    write_csv,
    write_lines,
)
from segue.studies.study import Drawing, Row

Draw = Callable[[Mapping[str, Any], Path, Path], Drawing]
Axis = tuple[str, str]
"""Key of a measure, and what is written along it."""

SPEED: Axis = ("fps", "frames per second")
REUSED: Axis = ("reuse", "reused, %")
_BINS = np.linspace(0, 1, 11)
_MARKS = "osD^vP*Xh<>d"


def draw_points(rows: Sequence[Row], headings: Sequence[str], along: Axis) -> Draw:
    """A picture of J&F along a measure: ours, and what was published, each in a panel of its own."""
    return partial(_draw_points, tuple(rows), tuple(headings), along)


def _draw_points(
    rows: Sequence[Row],
    headings: Sequence[str],
    along: Axis,
    settings: Mapping[str, Any],
    folder: Path,
    picture: Path,
) -> Drawing:
    found = ours(rows, settings, folder)
    printed = [p for p in published(rows) if p.has(along[0], "davis2016")]
    figure, (left, right) = panels(2)
    threads = _threads(found)
    if along == SPEED:
        left.set_title(f"here: processor, threads: {threads or 'none'}")
        right.set_title("published: DAVIS-16, the authors' graphics card")
    else:
        left.set_title("here")
        right.set_title("published: DAVIS-16")
    for axis, points, score in ((left, found, "J&F"), (right, printed, "davis2016")):
        _series(axis, points, along[0], score)
        axis.set_xlabel(along[1])
        axis.set_ylabel("J&F")
    save(figure, picture)
    write_csv(picture.with_suffix(".csv"), headings, rows, settings, folder)
    return Drawing({"threads": threads}, tuple(_sentences(found, threads)))


def _series(axis: Any, points: Sequence[Point], x: str, y: str) -> None:
    """A line per series, its points in the order of the table and named by their threshold."""
    names = list(dict.fromkeys(point.series for point in points))
    for number, name in enumerate(names):
        own = [point for point in points if point.series == name and point.has(x, y)]
        xs, ys = ([point.values[key] for point in own] for key in (x, y))
        mark = _MARKS[number % len(_MARKS)]
        axis.plot(xs, ys, marker=mark, markersize=4, linewidth=1, label=name)
        for point, right, up in zip(own, xs, ys, strict=True):
            if point.threshold != "-":
                place = {"xytext": (3, 3), "textcoords": "offset points", "fontsize": 6}
                axis.annotate(point.threshold, (right, up), **place)
    if names:
        axis.legend(fontsize=6)
    else:
        axis.text(0.5, 0.5, "nothing", ha="center", transform=axis.transAxes)


def _sentences(found: Sequence[Point], threads: str) -> list[str]:
    """How times were taken, and what each gate gains against computing every frame."""
    if not found:
        return []
    said = [
        f"FPS: frames over the seconds that the model took for them (threads: {threads}); decoding, scoring and "
        "writing are not in it, nor are first frames, on which objects are learned. Reuse rate: objects carried over, "
        "of all objects on all frames but the first (the paper counts the first as reused)."
    ]
    for name in dict.fromkeys(point.series for point in found):
        points = [p for p in found if p.series == name]
        plain = next((p for p in found if p.model == points[0].model and p.threshold == "1"), None)
        if plain is None:
            continue
        gains = [
            f"{p.threshold}: {p.values['fps'] / plain.values['fps']:.2f}x, "
            f"{p.values['J&F'] - plain.values['J&F']:+.2f} J&F"
            for p in points
            if p is not plain
        ]
        said.append(f"{name}, against computing every frame, by threshold: {'; '.join(gains)}.")
    return said


def _threads(found: Sequence[Point]) -> str:
    return " and ".join(sorted({f"{p.values['threads']:.0f}" for p in found if p.has("threads")}))


def draw_groups(rows: Sequence[Row], headings: Sequence[str], keys: Sequence[str]) -> Draw:
    """A picture of several scores per row as bars: ours, and what was published."""
    return partial(_draw_groups, tuple(rows), tuple(headings), tuple(keys))


def _draw_groups(
    rows: Sequence[Row],
    headings: Sequence[str],
    keys: Sequence[str],
    settings: Mapping[str, Any],
    folder: Path,
    picture: Path,
) -> Drawing:
    found = ours(rows, settings, folder)
    figure, axes = panels(2)
    sides = ("here", found), ("published: YouTube-VOS 2018 valid", published(rows))
    for axis, (title, points) in zip(axes, sides, strict=True):
        axis.set_title(title)
        places = np.arange(len(points))
        for number, key in enumerate(keys):
            heights = [point.values.get(key, 0.0) for point in points]
            axis.bar(places + 0.16 * (number - 2), heights, 0.16, label=key.replace("_", " "))
        names = [f"{p.series} {p.threshold}".rstrip(" -") for p in points]
        axis.set_xticks(places, names, rotation=60, ha="right", fontsize=6)
        axis.set_ylim(0, 100)
        if points:
            axis.legend(fontsize=6)
    save(figure, picture)
    write_csv(picture.with_suffix(".csv"), headings, rows, settings, folder)
    threads = _threads(found)
    return Drawing({"threads": threads}, tuple(_sentences(found, threads)))


def draw_margins(rows: Sequence[Row], headings: Sequence[str]) -> Draw:
    """A picture of J&F along the reuse rate: a line per trained gate."""
    return partial(_draw_margins, tuple(rows), tuple(headings))


def _draw_margins(
    rows: Sequence[Row],
    headings: Sequence[str],
    settings: Mapping[str, Any],
    folder: Path,
    picture: Path,
) -> Drawing:
    scores = {row.name: read_scores(row.name, settings[row.name], folder) for row in rows}
    points = [
        Point(
            _margins_of(row),
            f"{threshold:g}",
            {key: scores[row.name][key_at(key, threshold)] for key in ("reuse", "J&F")},
        )
        for row in rows
        for threshold in THRESHOLDS
        if key_at("J&F", threshold) in scores[row.name]
    ]
    figure, (axis,) = panels(1)
    _series(axis, points, "reuse", "J&F")
    axis.set_xlabel(REUSED[1])
    axis.set_ylabel("J&F")
    save(figure, picture)
    write_csv(picture.with_suffix(".csv"), headings, rows, settings, folder)
    return Drawing({}, ())


def _margins_of(row: Row) -> str:
    model, loss, m1, m2 = row.cells
    return f"{model}, {loss}" if m1 == "-" else f"{model}, M({m1}, {m2})"


def draw_histogram(settings: Mapping[str, Any], folder: Path, picture: Path) -> Drawing:
    """Figure 1: how many pairs of successive masks have which IoU."""
    (name,) = settings
    overlaps = np.array(json.loads((folder / name / OVERLAPS).read_text()))
    counts, _ = np.histogram(overlaps, _BINS)
    shares = 100 * counts / counts.sum()
    figure, (axis,) = panels(1)
    axis.bar(_BINS[:-1], shares, width=0.1, align="edge", edgecolor="white")
    axis.axvline(SIMILAR, color="tab:red", linewidth=1, linestyle=":")
    above = 100 * float(np.mean(overlaps > SIMILAR))
    data = settings[name].data
    axis.set_title(f"{data.root.name} ({data.layout}): {above:.1f} % above {SIMILAR}", fontsize=9)
    axis.set_xlabel("IoU of successive true masks")
    axis.set_ylabel("pairs, %")
    save(figure, picture)
    edges = [(f"{low:.1f}", f"{high:.1f}") for low, high in pairwise(_BINS)]
    lines = [(*edge, int(n), f"{s:.4g}") for edge, n, s in zip(edges, counts, shares, strict=True)]
    write_lines(picture.with_suffix(".csv"), [("from", "to", "pairs", "percent"), *lines])
    said = ", ".join(
        f"{s:.1f} % from {low} to {high}" for (low, high), s in zip(edges, shares, strict=True)
    )
    return Drawing({"counts": counts.tolist()}, (f"{len(overlaps)} pairs, by IoU: {said}.",))
