"""Pictures of these studies: lines and bars of scores, costs, and labels that flicker."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from segue.data.class_colours import class_colours
from segue.data.sample import VideoSequence
from segue.data.semantic_classes import CAMVID_CLASSES
from segue.media.images import read_image
from segue.media.label_file import read_label_values
from segue.media.overlay import contact_sheet, write_image
from segue.studies.figures import panels, save
from segue.studies.rvos_curriculum.method import SPREAD
from segue.studies.ssltm.measure import CLASSES, SCORES, seed_folder, videos
from segue.studies.ssltm.settings import RowSettings
from segue.studies.study import Drawing, Row

Draw = Callable[[Mapping[str, RowSettings], Path, Path], Drawing]

_CELL_WIDTH = 320
_SHOWN = 3
"""Successive frames in a picture of flicker."""
_BAR = 0.8
_NUMBERS = ("hours", "megabytes", "ms", "labels", "flips per s")
"""What is not a share."""


def draw_lines(
    rows: Sequence[Row],
    *,
    series: int,
    place: int | str,
    across: str,
    bars: Sequence[str] = (),
) -> Draw:
    """Scores over a number, a line for each kind of row.

    Args:
        rows: Of the study.
        series: The cell that tells the kind.
        place: The cell that holds the number, or the score that is it.
        across: What the number is.
        bars: Further scores, as bars of the first row of each kind in a panel of their own.
    """
    return partial(_draw_lines, tuple(rows), series, place, across, tuple(bars))


def draw_bars(rows: Sequence[Row], keys: Sequence[str], *, cell: int) -> Draw:
    """Some scores of each row as bars, and what was printed of the first of them; ``cell`` names the rows."""
    return partial(_draw_bars, tuple(rows), tuple(keys), cell)


def draw_costs(rows: Sequence[Row]) -> Draw:
    """Scores over the hours of training, with what lies on the disk."""
    return partial(_draw_costs, tuple(rows))


def draw_flicker(before: str, after: str) -> Draw:
    """Successive frames where the labels of one row change most more than those of another, and scores as bars."""
    return partial(_draw_flicker, before, after)


def _draw_lines(
    rows: Sequence[Row],
    series: int,
    place: int | str,
    across: str,
    bars: Sequence[str],
    settings: Mapping[str, RowSettings],
    folder: Path,
    picture: Path,
) -> Drawing:
    found = _found(rows, folder)
    figure, axes = panels(2 if bars else 1)
    kinds = dict.fromkeys(row.cells[series] for row in rows if row.name in found)
    for kind in kinds:
        held = [row for row in rows if row.name in found and row.cells[series] == kind]
        points = sorted(
            (_number(row, place, found[row.name]), found[row.name]["mIoU"], _spread(found, row))
            for row in held
        )
        x, y, spreads = zip(*points, strict=True)
        axes[0].errorbar(x, y, yerr=spreads, fmt="o-", markersize=4, capsize=3, label=kind)
    axes[0].set_xlabel(across)
    axes[0].set_ylabel("mIoU, %")
    axes[0].legend(fontsize=8)
    if bars:
        first = [next(r for r in rows if r.name in found and r.cells[series] == k) for k in kinds]
        _bars(axes[1], first, found, bars, [row.cells[series] for row in first])
    save(figure, picture)
    return Drawing({}, ())


def _number(row: Row, place: int | str, scores: Mapping[str, float]) -> float:
    return float(row.cells[place]) if isinstance(place, int) else scores[place]


def _spread(found: Mapping[str, Mapping[str, float]], row: Row) -> float:
    return found[row.name].get("mIoU" + SPREAD, 0.0) / 2


def _draw_bars(
    rows: Sequence[Row],
    keys: Sequence[str],
    cell: int,
    settings: Mapping[str, RowSettings],
    folder: Path,
    picture: Path,
) -> Drawing:
    found = _found(rows, folder)
    shown = [row for row in rows if row.name in found]
    figure, (ours, printed) = panels(2)
    _bars(ours, shown, found, keys, [row.cells[cell] for row in shown])
    ours.set_title("here")
    published = {row.name: dict(row.published) for row in shown if keys[0] in row.published}
    names = [row for row in shown if row.name in published]
    _bars(printed, names, published, keys[:1], [row.cells[cell] for row in names])
    printed.set_title("published: VSPW, Swin-S")
    save(figure, picture)
    return Drawing({}, ())


def _bars(
    axis: Any,
    rows: Sequence[Row],
    found: Mapping[str, Mapping[str, float]],
    keys: Sequence[str],
    names: Sequence[str],
) -> None:
    places, width = np.arange(len(rows)), _BAR / len(keys)
    for number, key in enumerate(keys):
        heights = [found[row.name].get(key, 0.0) for row in rows]
        spreads = [found[row.name].get(key + SPREAD, 0.0) / 2 for row in rows]
        middle = places + width * (number - (len(keys) - 1) / 2)
        axis.bar(middle, heights, width, yerr=spreads, label=key)
    highest = max((max(found[row.name].get(key, 0.0) for key in keys) for row in rows), default=1)
    lowest = min((min(found[row.name].get(key, 0.0) for key in keys) for row in rows), default=0)
    axis.set_ylim(max(0, lowest - 0.5 * (highest - lowest) - 1), highest + 1)
    axis.set_xticks(places, names, rotation=40, ha="right", fontsize=8)
    axis.set_ylabel("%")
    if len(keys) > 1:
        axis.legend(fontsize=8, loc="lower right")


def _draw_costs(
    rows: Sequence[Row], settings: Mapping[str, RowSettings], folder: Path, picture: Path
) -> Drawing:
    found = _found(rows, folder)
    figure, (axis,) = panels(1)
    for row in rows:
        if row.name not in found:
            continue
        scores = found[row.name]
        x, y = scores["hours"], scores["mIoU"]
        axis.errorbar([x], [y], yerr=_spread(found, row), fmt="o", capsize=3)
        said = f"{row.cells[0]}, {scores['megabytes']:.1f} MB"
        axis.annotate(said, (x, y), xytext=(5, 4), textcoords="offset points", fontsize=8)
    axis.set_xlabel("hours of training")
    axis.set_ylabel("mIoU, %")
    axis.margins(0.3)
    save(figure, picture)
    return Drawing({}, ())


@dataclass(frozen=True)
class _Flicker:
    """Some successive frames of a video, and what two rows say of them."""

    video: VideoSequence
    indices: range
    folders: Mapping[str, Path]

    def labels(self, name: str, index: int) -> UInt8[np.ndarray, "height width"]:
        """Classes that a row wrote, or the truth, which may be missing; 255 is no class."""
        path = self.folders[name] / self.video.name / f"{self.video.frame_paths[index].stem}.png"
        found: UInt8[np.ndarray, "height width"] = read_label_values(path).astype(np.uint8)
        return found


def _draw_flicker(
    before: str,
    after: str,
    settings: Mapping[str, RowSettings],
    folder: Path,
    picture: Path,
) -> Drawing:
    names = [name for name in (before, after) if (folder / name / SCORES).is_file()]
    if len(names) < 2:
        return Drawing({}, ())
    folders = {n: seed_folder(folder / n, settings[n].seeds[0]) / CLASSES for n in names}
    chosen = _most_different(videos(settings[after]), folders, before, after)
    colours = class_colours(CAMVID_CLASSES.names)
    cells, captions = [], []
    for index in chosen.indices:
        frame = chosen.video.frame_paths[index]
        truth = chosen.video.mask_paths[index]
        stored = read_label_values(truth) if truth else np.full(1, 255)
        cells += [
            read_image(frame),
            *(colours[chosen.labels(name, index)] for name in names),
            colours[stored.astype(np.uint8)] if truth else read_image(frame) * 0,
        ]
        captions += [frame.stem, "without STT", "with STT", "truth" if truth else "not labelled"]
    write_image(picture, contact_sheet(cells, len(names) + 2, captions, cell_width=_CELL_WIDTH))
    shown = [chosen.video.frame_paths[index].stem for index in chosen.indices]
    sentence = (
        f"The picture shows {len(shown)} successive frames, {shown[0]} to {shown[-1]}: where labels without STT change "
        "most more than those with it."
    )
    return Drawing({"video": chosen.video.name, "frames": shown}, (sentence,))


def _most_different(
    found: Sequence[VideoSequence], folders: Mapping[str, Path], before: str, after: str
) -> _Flicker:
    best, most = _Flicker(found[0], range(min(_SHOWN, len(found[0].frame_paths))), folders), -np.inf
    for video in found:
        whole = _Flicker(video, range(len(video.frame_paths)), folders)
        more = _changes(whole, before) - _changes(whole, after)
        for start in range(len(more) - _SHOWN + 2):
            value = float(more[start : start + _SHOWN - 1].sum())
            if value > most:
                best, most = _Flicker(video, range(start, start + _SHOWN), folders), value
    return best


def _changes(shown: _Flicker, name: str) -> np.ndarray:
    """Share of the pixels whose class is another one in the next frame."""
    maps = (shown.labels(name, index) for index in shown.indices)
    last, shares = next(maps), []
    for labels in maps:
        shares.append(float((labels != last).mean()))
        last = labels
    return np.array(shares)


def _found(rows: Sequence[Row], folder: Path) -> dict[str, dict[str, float]]:
    """Numbers of the rows that were run, shares in percent."""
    found = {}
    for row in rows:
        path = folder / row.name / SCORES
        if path.is_file():
            scores: dict[str, float] = json.loads(path.read_text())
            found[row.name] = {
                key: value if key.removesuffix(SPREAD) in _NUMBERS else 100 * value
                for key, value in scores.items()
            }
    return found
