"""Pictures of these studies: J&F along the time of a frame, masks of one sequence, and bars."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from segue.media.label_file import read_label_values
from segue.media.overlay import contact_sheet, paint, write_image
from segue.studies.figures import panels, save
from segue.studies.reuse_gate.clip import Clip
from segue.studies.rvos_curriculum.method import SPREAD
from segue.studies.slowfast.measure import MASKS, SCORES, place_of, videos
from segue.studies.slowfast.settings import RowSettings
from segue.studies.study import Drawing, Row
from segue.types import VOID, Labels

Draw = Callable[[Mapping[str, RowSettings], Path, Path], Drawing]

_CELL_WIDTH = 320
_BAR = 0.8
"""Width of all bars of a row together."""


def draw_configurations(rows: Sequence[Row]) -> Draw:
    """J&F along the time of a frame, ours and published; and in another file masks of one sequence."""
    return partial(_draw_configurations, tuple(rows))


def draw_bars(rows: Sequence[Row], keys: Sequence[str], between: str) -> Draw:
    """Some scores of each row as bars; ``between`` joins the cells of a row to its name."""
    return partial(_draw_bars, tuple(rows), tuple(keys), between)


def _draw_configurations(
    rows: Sequence[Row], settings: Mapping[str, RowSettings], folder: Path, picture: Path
) -> Drawing:
    found = _found(rows, folder)
    figure, (left, right) = panels(2)
    left.set_title("here")
    left.set_xlabel("ms per frame, network alone")
    for row in rows:
        scores = found.get(row.name, {})
        if "ms" in scores:
            _point(left, row, scores["ms"], scores["J&F"], scores.get("J&F" + SPREAD, 0.0))
    right.set_title("published: all frames of 20 sequences")
    right.set_xlabel("seconds for all of them")
    for row in rows:
        if {"seconds", "J&F all"} <= row.published.keys():
            _point(right, row, row.published["seconds"], row.published["J&F all"])
    if not right.has_data():
        right.set_axis_off()
        right.set_title("")
    left.set_ylabel("J&F")
    save(figure, picture)
    masks = picture.with_name(f"{picture.stem}-masks.png")
    shown = _draw_masks(
        {row.name: settings[row.name] for row in rows if row.name in found}, rows, folder, masks
    )
    if not shown:
        return Drawing({}, ())
    frames = ", ".join(shown["frames"])
    sentence = f"Where the rows differ most, sequence {shown['sequence']}, frames {frames}: ![masks]({masks.name})"
    return Drawing({"masks": masks.name, **shown}, (sentence,))


def _point(axis: Any, row: Row, x: float, y: float, spread: float = 0.0) -> None:
    axis.errorbar([x], [y], yerr=spread / 2, fmt="o", markersize=5, capsize=3)
    name = " ".join(cell for cell in row.cells[:1])
    axis.annotate(name, (x, y), xytext=(5, 4), textcoords="offset points", fontsize=8)


def _draw_masks(
    settings: Mapping[str, RowSettings], rows: Sequence[Row], folder: Path, picture: Path
) -> dict[str, Any]:
    """Three frames per row, and the truth, of the sequence on which the rows differ most; nothing without rows."""
    if not settings:
        return {}
    one = next(iter(settings.values()))
    clip = _most_different(settings, folder, videos(one.data))
    shown = [len(clip) * quarter // 4 for quarter in (1, 2, 3)]
    names = {row.name: row.cells for row in rows}
    cells, captions = [], []
    for name, row in (*settings.items(), ("truth", None)):
        place = None if row is None else place_of(row, row.used_seeds[0], folder / name)
        for index in shown:
            labels = _labels(clip, index, place)
            cells.append(paint(clip.frame(index), labels))
            said = name if row is None else ", ".join(names[name][:2])
            captions.append(f"{said}: frame {clip.frame_paths[index].stem}")
    write_image(picture, contact_sheet(cells, len(shown), captions, cell_width=_CELL_WIDTH))
    return {"sequence": clip.name, "frames": [clip.frame_paths[index].stem for index in shown]}


def _most_different(
    settings: Mapping[str, RowSettings], folder: Path, clips: Sequence[Clip]
) -> Clip:
    """Where the best row is furthest from the worst; the first of them."""

    def span(clip: Clip) -> float:
        means = []
        for name, row in settings.items():
            path = place_of(row, row.used_seeds[0], folder / name) / "sequences.json"
            curve = json.loads(path.read_text())["sequences"][clip.name]["curves"]["J&F"]
            means.append(np.mean(curve["region"]) + np.mean(curve["boundary"]))
        return float(max(means) - min(means))

    return max(clips, key=span)


def _labels(clip: Clip, index: int, place: Path | None) -> Labels:
    """As a row has them, or the truth; the object is 1."""
    if place is None:
        truth = clip.truth(index)
        size = clip.frame(index).shape[:2]
        return np.full(size, VOID, np.uint8) if truth is None else truth
    path = place / MASKS / clip.name / f"{clip.frame_paths[index].stem}.png"
    found: Labels = np.minimum(read_label_values(path), 1).astype(np.uint8)
    return found


def _draw_bars(
    rows: Sequence[Row],
    keys: Sequence[str],
    between: str,
    settings: Mapping[str, RowSettings],
    folder: Path,
    picture: Path,
) -> Drawing:
    found = _found(rows, folder)
    shown = [row for row in rows if row.name in found]
    figure, (axis,) = panels(1)
    places, width = np.arange(len(shown)), _BAR / len(keys)
    for number, key in enumerate(keys):
        heights = [found[row.name][key] for row in shown]
        spreads = [found[row.name].get(key + SPREAD, 0.0) / 2 for row in shown]
        middle = places + width * (number - (len(keys) - 1) / 2)
        axis.bar(middle, heights, width, yerr=spreads, label=key.replace(" all", ", all frames"))
    names = [between.join(row.cells) for row in shown]
    axis.set_xticks(places, names, rotation=60, ha="right", fontsize=7)
    axis.set_ylabel("%")
    axis.legend(fontsize=8, loc="lower right")
    save(figure, picture)
    return Drawing({}, ())


def _found(rows: Sequence[Row], folder: Path) -> dict[str, dict[str, float]]:
    """Numbers of the rows that were run, shares in percent."""
    found = {}
    for row in rows:
        path = folder / row.name / SCORES
        if path.is_file():
            scores: dict[str, float] = json.loads(path.read_text())
            found[row.name] = {k: v * 100 if k.startswith("J") else v for k, v in scores.items()}
    return found
