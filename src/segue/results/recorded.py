"""The results of a finished run, from the files in its folder."""

import csv
import json
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from segue.errors import FormatError, MaskError, OutputError
from segue.media.label_file import read_label_values
from segue.results.reading import FrameOnFile, read_frames
from segue.results.records import FrameRecord, ObjectRecord
from segue.results.results import Results
from segue.results.store import FOLDER, JOURNAL, read_journal
from segue.types import Labels


def is_run(folder: Path) -> bool:
    """Whether a folder holds the results of one video, of ``segue track`` or ``segue label``."""
    return (folder / "run.json").is_file() and any(
        (folder / name).is_dir() for name in ("masks", "labels")
    )


def recorded_results(folder: Path) -> Results:
    """Results without their video.

    Raises:
        OutputError: No complete results of one video, or damaged ones.
    """
    try:
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        if not record["complete"]:
            raise OutputError(
                f"The run in {folder} is not finished.", option="Go on with --resume."
            )
        if (folder / "tracks.json").is_file():
            tracks = json.loads((folder / "tracks.json").read_text("utf-8"))
            return _as_stored(folder, _objects(folder, tracks), record)
        return _as_stored(folder, _classes(folder), record)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        if isinstance(error, OutputError | FormatError):
            raise
        raise OutputError(
            f"{folder} does not hold the whole results of one video ({error}). Make them anew."
        ) from None


def _as_stored(folder: Path, results: Results, record: Mapping[str, Any]) -> Results:
    """Results with the records of the store, which know more than the documents: origins, and numbers in full."""
    journal = folder / FOLDER / JOURNAL
    if journal.is_file():
        stored = read_journal(journal).records
        session = json.loads((folder / FOLDER / "session.json").read_text(encoding="utf-8"))
        known = session["pending"] is None and len(session["edits"]) == record["edits"]
        if not known or set(stored) != {one.index for one in results.records}:
            raise OutputError(
                f"A correction of {folder} is going on, or was interrupted.",
                option="Go on with segue correct, see --resume there.",
            )
        records = [stored[index] for index in sorted(stored)]
        return replace(results, records=records, threshold=_threshold(record))
    return results if results.classes else replace(results, threshold=_threshold(record))


def _threshold(record: Mapping[str, Any]) -> float | None:
    """Of the reuse gate, where the run had one."""
    reuse = (record.get("settings") or {}).get("reuse")
    threshold = reuse.get("threshold") if isinstance(reuse, Mapping) else None
    return float(threshold) if threshold is not None else None


def _objects(folder: Path, tracks: Mapping[str, Any]) -> Results:
    rate = tracks["frame_rate"]
    height, width = tracks["size_hw"]
    return Results(
        name=tracks["video"],
        size_hw=(height, width),
        frame_rate=Fraction(rate) if rate else None,
        records=[_record(frame) for frame in tracks["frames"]],
        labels=lambda record: _labels(folder / "masks" / f"{record.name}.png"),
        sources={int(number): source for number, source in tracks["sources"].items()},
    )


def _record(frame: Mapping[str, Any]) -> FrameRecord:
    time = Fraction(frame["time"]).limit_denominator(1_000_000)
    objects = {int(number): _object(item) for number, item in frame["objects"].items()}
    return FrameRecord(frame["index"], frame["name"], time, objects)


def _object(item: Mapping[str, Any]) -> ObjectRecord:
    box, centre = item["box_xyxy"], item["centroid_xy"]
    return ObjectRecord(
        item["confidence"],
        item["absent"],
        item["area"],
        tuple(box) if box else None,
        tuple(centre) if centre else None,
        item.get("gate"),
        item.get("reused"),
        item.get("category"),
    )


def _classes(folder: Path) -> Results:
    with (folder / "areas.csv").open(encoding="utf-8", newline="") as file:
        _, _, _, *classes = next(rows := csv.reader(file))
        frames = [(int(index), name, float(time)) for index, name, time, *_ in rows]
    colours, size = _first_picture(folder / "labels" / f"{frames[0][1]}.png")
    results = read_frames(
        folder.name,
        size,
        [
            FrameOnFile(
                index,
                name,
                partial(_labels, folder / "labels" / f"{name}.png"),
                Fraction(time).limit_denominator(1_000_000),
            )
            for index, name, time in frames
        ],
        classes=tuple(classes),
    )
    return replace(results, colours=colours)


def _first_picture(path: Path) -> tuple[UInt8[np.ndarray, "256 3"], tuple[int, int]]:
    """Palette and size of a label map."""
    with Image.open(path) as picture:
        colours = np.zeros((256, 3), np.uint8)
        found = np.array(picture.getpalette("RGB") or (), np.uint8).reshape(-1, 3)
        colours[: len(found)] = found
        return colours, (picture.height, picture.width)


def _labels(path: Path) -> Labels:
    try:
        labels: Labels = read_label_values(path).astype(np.uint8)
    except MaskError as error:
        raise OutputError(str(error)) from None
    return labels
