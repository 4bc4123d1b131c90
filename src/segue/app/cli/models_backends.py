"""``segue models --check`` and ``--calibrate``: a model's backends, and the ranges that int8 needs."""

import argparse
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segue.app.cli.output import FrameProgress
from segue.errors import InputError
from segue.models.catalog import find

if TYPE_CHECKING:
    from segue.measure.backends.check import Variant
    from segue.measure.backends.clips import Clip

_CALIBRATION_FRAMES = 12
"""Frames of each sequence: some dozens in all, and the model's own memory of the earlier ones."""
_FRAME_RATE = Fraction(24)
_COLUMNS = {
    "load_s": "load s",
    "first_ms": "first ms",
    "frame_ms": "frame ms",
    "largest_probability_difference": "difference",
    "mean_iou": "mean IoU",
    "least_iou": "least IoU",
}
_FORMS = {
    "load_s": ".2f",
    "first_ms": ".0f",
    "frame_ms": ".1f",
    "largest_probability_difference": ".1e",
    "mean_iou": ".4f",
    "least_iou": ".4f",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of both."""
    group = parser.add_argument_group("backends")
    group.add_argument(
        "--check",
        action="store_true",
        help="run the model with every backend and precision, and measure how each differs from torch",
    )
    group.add_argument(
        "--calibrate",
        type=Path,
        metavar="FOLDER",
        help="find the ranges that int8 needs on training data, and store them next to the weights",
    )
    group.add_argument(
        "--data",
        type=Path,
        metavar="ROOT",
        help="data set for --check, scored if it has a protocol (default: the clip of segue demo)",
    )
    group.add_argument(
        "--layout", metavar="NAME", help="layout of the data set (default: recognised)"
    )
    group.add_argument(
        "--split",
        metavar="NAME",
        help="which sequences (default: --check: the layout's own; --calibrate: train)",
    )
    group.add_argument(
        "--frames",
        type=int,
        metavar="N",
        help=f"at most N frames of each sequence (default: --check: all; --calibrate: {_CALIBRATION_FRAMES})",
    )
    group.add_argument(
        "--threads", type=int, metavar="N", help="CPU threads (default: as the system offers)"
    )


def refuse(arguments: argparse.Namespace) -> None:
    """Refuse options that contradict each other.

    Raises:
        InputError: The message names them.
    """
    if arguments.check and arguments.calibrate:
        raise InputError("--check and --calibrate are two commands. Give one, then the other.")
    for option in ("frames", "threads"):
        number = getattr(arguments, option)
        if number is not None and number < 1:
            raise InputError(f"--{option} takes a whole number from 1, got {number}.")


def calibrate(
    name: str, arguments: argparse.Namespace, settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Write the ranges, and tell where they are.

    Raises:
        SegueError: The model cannot compute in eight bits, or the folder holds nothing for it.
    """
    from segue.measure.backends.calibrate import calibrate_model
    from segue.nn.backends.int8 import digest_of, ranges_file, save_ranges
    from segue.nn.weights import shipped_weights

    weights = arguments.weights or shipped_weights(name)
    arguments.frames = arguments.frames or _CALIBRATION_FRAMES
    clips = _clips(name, arguments, arguments.calibrate, arguments.split or "train")
    ranges, frames = calibrate_model(
        name, clips.values(), weights=arguments.weights, settings=settings
    )
    path = ranges_file(weights)
    save_ranges(ranges, path, model_name=name, weights_digest=digest_of(weights))
    return {"name": name, "ranges": str(path), "convolutions": len(ranges), "frames": frames}


def check(name: str, arguments: argparse.Namespace, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What each backend gives.

    Raises:
        SegueError: The model computes with torch only, or there is no data for it.
    """
    import torch

    from segue.evaluation.catalog import PROTOCOLS
    from segue.inference.environment import environment
    from segue.measure.backends.check import compare, load_variants
    from segue.measure.speed.costs import using_threads

    layout = _layout(arguments, arguments.data) if arguments.data else None
    clips = _clips(name, arguments, arguments.data, arguments.split)
    with (
        using_threads(arguments.threads or torch.get_num_threads()),
        tempfile.TemporaryDirectory() as folder,
        FrameProgress(name) as progress,
    ):
        variants = load_variants(name, weights=arguments.weights, settings=settings)
        scored = layout in PROTOCOLS and arguments.frames is None
        out = Path(folder) if scored else None
        compare(variants, clips, out, _Told(progress))
        rows = [_row(variant, out, arguments, layout) for variant in variants]
        threads = torch.get_num_threads()
    return {
        "name": name,
        "data": str(arguments.data) if arguments.data else None,
        "layout": layout,
        "clips": len(clips),
        "threads": threads,
        "variants": rows,
        **environment(),
    }


class _Told:
    """Passes on which frame was answered."""

    def __init__(self, progress: FrameProgress) -> None:
        self._progress = progress

    def __call__(self, clip: str, index: int) -> None:
        if not index:
            self._progress.begin(clip)
        self._progress.advance(index + 1, None)


def print_calibrated(document: Mapping[str, Any]) -> None:
    """For a person."""
    print(
        f"Ranges of {document['convolutions']} convolutions from {document['frames']} frames -> {document['ranges']}\n"
        f"Use them with precision=int8, and see what they cost: segue models {document['name']} --check"
    )


def print_checked(document: Mapping[str, Any]) -> None:
    """For a person."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Column, Table

    rows = document["variants"]
    scores = list(dict.fromkeys(key for row in rows for key in row["scores"] or {}))[:1]
    where = document["data"] or "the clip of segue demo"
    print(
        f"{document['name']} on {where}, {document['threads']} threads; differences are from torch float32."
    )
    table = Table(Column("", no_wrap=True), box=SIMPLE_HEAD, pad_edge=False)
    for column in (*_COLUMNS.values(), *scores):
        table.add_column(column, justify="right")
    for row in rows:
        cells = [_cell(row[key], form) for key, form in _FORMS.items()]
        cells += [_cell((row["scores"] or {}).get(score), ".1f") for score in scores]
        if not row["problem"]:
            table.add_row(f"{row['backend']} {row['precision']}", *cells)
    Console().print(table)
    for row in rows:
        if row["problem"]:
            print(f"{row['backend']} {row['precision']}: {row['problem']} {row['option']}")


def _cell(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _row(
    variant: "Variant", out: Path | None, arguments: argparse.Namespace, layout: str | None
) -> dict[str, Any]:
    from segue.evaluation.run import evaluate

    scores = None
    if out and layout and variant.model:
        report = evaluate(out / variant.name, arguments.data, layout, arguments.split)
        scores = dict(report.summary)
    return {**variant.to_json(), "scores": scores}


def _clips(
    name: str, arguments: argparse.Namespace, folder: Path | None, split: str | None
) -> "dict[str, Clip]":
    """The videos that the model is to work on, with what it has to be told."""
    from segue.measure.backends.clips import Clip

    entry, most = find(name), arguments.frames
    if folder is None:
        clip = _demo_clip(entry.kind == "objects")
        return {clip.video.name: replace(clip, num_frames=most)}
    layout = _layout(arguments, folder)
    if layout is None and entry.kind == "classes":
        from segue.media.video import open_video

        video = open_video(folder)
        return {video.name: Clip(video, num_frames=most)}
    if layout is None:
        raise InputError(
            f"{folder} is no data set with masks, which {name} has to be given. Name its --layout, such as davis2016."
        )
    from segue.data.catalog import find_layout
    from segue.media.images import ImageVideo

    if entry.kind == "objects":
        return {
            n: replace(clip, num_frames=most)
            for n, clip in _tracked(name, arguments, folder, layout, split)
        }
    found = find_layout(layout)
    sequences = found.sequences(folder, split or found.default_split)
    return {
        s.name: Clip(ImageVideo(s.frame_paths, s.name, _FRAME_RATE), num_frames=most)
        for s in sequences
    }


def _layout(arguments: argparse.Namespace, folder: Path) -> str | None:
    from segue.data.recognise import recognise

    named: str | None = arguments.layout
    # Any folder may have the most general layout, which therefore has to be asked for by name.
    found = (name for name in recognise(folder) if name != "folder")
    return named or next(found, None)


def _demo_clip(with_mask: bool) -> "Clip":
    from segue.app.cli.demo import MASK, SHOT, Shot, find_clip
    from segue.measure.backends.clips import Clip
    from segue.media.mask_args import read_masks
    from segue.media.video import open_video

    video = Shot(open_video(find_clip()), SHOT)
    return Clip(video, read_masks([str(MASK)]).by_frame if with_mask else {})


def _tracked(
    name: str, arguments: argparse.Namespace, root: Path, layout: str, split: str | None
) -> "Iterator[tuple[str, Clip]]":
    """Sequences with objects, given as ``segue track --layout`` gives them."""
    from segue.app.cli.track_layout import layout_jobs
    from segue.app.engine import Engine
    from segue.measure.backends.clips import Clip

    asked = argparse.Namespace(
        layout=layout,
        root=root,
        split=split,
        out=Path("unused"),
        overlay=False,
        fit_mask=False,
        partial_masks=False,
    )
    for sequence, job in layout_jobs(asked, Engine(model=name, weights=arguments.weights)).items():
        yield sequence, Clip(job.video, job.task.masks)
