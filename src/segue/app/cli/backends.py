"""Measure how the backends of a model differ, or find the ranges that int8 needs.

segue backends check segue-lite
segue backends check segue-lite --data DAVIS --layout davis2016 --json check.json
segue backends calibrate segue-lite --weights mine.safetensors --data DAVIS --layout davis2016

check runs the model with every backend and precision, frame by frame in turn, and compares each with torch; the masks
of a data set with a protocol are scored. calibrate finds ranges on training data and stores them next to the weights.
"""

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segue.app.cli.arguments import from_one
from segue.app.cli.output import (
    STDOUT,
    FrameProgress,
    add_json_argument,
    check_json_target,
    write_document,
)
from segue.errors import InputError
from segue.models.catalog import find
from segue.settings import override
from segue.threads import owned

if TYPE_CHECKING:
    from segue.app.clips import Footage
    from segue.measure.backends.check import Variant
    from segue.measure.backends.clips import Clip

_CALIBRATION_FRAMES = 12
"""Frames of each sequence: some dozens in all, and the model's own memory of the earlier ones."""
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
    """The options of ``segue backends``."""
    parser.usage = "segue backends check | calibrate NAME [key=value ...] [options]"
    actions = parser.add_subparsers(
        dest="action", required=True, metavar="check | calibrate", prog=parser.prog
    )
    check = actions.add_parser(
        "check",
        help="measure how each backend and precision differs from torch",
        allow_abbrev=False,
    )
    check.set_defaults(act=_check)
    check.add_argument(
        "--data",
        type=Path,
        metavar="ROOT",
        help="a data set, scored if it has a protocol (default: the clip of segue demo)",
    )
    check.add_argument("--split", metavar="NAME", help="which sequences (the layout's own)")
    check.add_argument("--frames", type=from_one, metavar="N", help="at most N of each sequence")
    calibrate = actions.add_parser(
        "calibrate", help="find the ranges that int8 needs on training data", allow_abbrev=False
    )
    calibrate.set_defaults(act=_calibrate)
    calibrate.add_argument(
        "--data", type=Path, required=True, metavar="ROOT", help="a data set, or frames alone"
    )
    calibrate.add_argument("--split", default="train", metavar="NAME", help="sequences (train)")
    calibrate.add_argument(
        "--frames",
        type=from_one,
        default=_CALIBRATION_FRAMES,
        metavar="N",
        help=f"at most N of each sequence ({_CALIBRATION_FRAMES})",
    )
    for action in (check, calibrate):
        _add_common(action)


def _add_common(action: argparse.ArgumentParser) -> None:
    add = action.add_argument
    add("words", nargs="+", metavar="NAME | key=value", help="a model and settings")
    add("--weights", type=Path, metavar="FILE", help="a .safetensors file")
    add("--layout", metavar="NAME", help="layout of the data set (default: recognised)")
    add("--threads", type=from_one, metavar="N", help="CPU threads (as the system offers)")
    add_json_argument(action)


def run(arguments: argparse.Namespace) -> int:
    """Check or calibrate one model."""
    check_json_target(arguments.json)
    names = [word for word in arguments.words if "=" not in word]
    if len(names) != 1:
        raise InputError(f"Give one model, got {', '.join(names) or 'none'}.")
    find(names[0])
    document, lines = arguments.act(names[0], arguments)
    if arguments.json:
        write_document(document, arguments.json)
    if arguments.json != STDOUT:
        lines(document)
    return 0


def _settings(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Those that were given; without any weights, also those that build the model without."""
    from segue.nn.weights import ships

    defaults = {} if arguments.weights or ships(name) else find(name).unweighted
    return override(defaults, [word for word in arguments.words if "=" in word])


def _calibrate(name: str, arguments: argparse.Namespace) -> tuple[dict[str, Any], Any]:
    """Write the ranges, and tell where they are."""
    from segue.measure.backends.calibrate import calibrate_model
    from segue.nn.backends.int8 import digest_of, ranges_file, save_ranges
    from segue.nn.weights import shipped_weights

    weights = arguments.weights or shipped_weights(name)
    clips = _footage(arguments).clips(name)
    with owned(arguments.threads):
        ranges, frames = calibrate_model(
            name, clips.values(), weights=arguments.weights, settings=_settings(name, arguments)
        )
    path = ranges_file(weights)
    save_ranges(ranges, path, model_name=name, weights_digest=digest_of(weights))
    told = {"name": name, "ranges": str(path), "convolutions": len(ranges), "frames": frames}
    return told, _print_calibrated


def _check(name: str, arguments: argparse.Namespace) -> tuple[dict[str, Any], Any]:
    """What each backend gives."""
    import torch

    from segue.evaluation.catalog import PROTOCOLS
    from segue.inference.environment import environment
    from segue.measure.backends.check import compare, load_variants

    footage = _footage(arguments) if arguments.data else None
    layout = footage.found_layout() if footage else None
    clips = footage.clips(name) if footage else _demo_clip(name, arguments.frames)
    with (
        owned(arguments.threads),
        tempfile.TemporaryDirectory() as folder,
        FrameProgress(name) as progress,
    ):
        settings = _settings(name, arguments)
        variants = load_variants(name, weights=arguments.weights, settings=settings)
        scored = layout in PROTOCOLS and arguments.frames is None
        out = Path(folder) if scored else None
        compare(variants, clips, out, _Told(progress))
        rows = [_row(variant, out, arguments, layout) for variant in variants]
        threads = torch.get_num_threads()
    document = {
        "name": name,
        "data": str(arguments.data) if arguments.data else None,
        "layout": layout,
        "clips": len(clips),
        "threads": threads,
        "variants": rows,
        **environment(),
    }
    return document, _print_checked


def _footage(arguments: argparse.Namespace) -> "Footage":
    from segue.app.clips import Footage

    return Footage(
        folder=arguments.data,
        layout=arguments.layout,
        split=arguments.split,
        num_frames=arguments.frames,
    )


class _Told:
    """Passes on which frame was answered."""

    def __init__(self, progress: FrameProgress) -> None:
        self._progress = progress

    def __call__(self, clip: str, index: int) -> None:
        if not index:
            self._progress.begin(clip)
        self._progress.advance(index + 1, None)


def _print_calibrated(document: Mapping[str, Any]) -> None:
    """For a person."""
    print(
        f"Ranges of {document['convolutions']} convolutions from {document['frames']} frames -> {document['ranges']}\n"
        f"Use them with precision=int8, and see what they cost: segue backends check {document['name']}"
    )


def _print_checked(document: Mapping[str, Any]) -> None:
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


def _demo_clip(name: str, num_frames: int | None) -> "dict[str, Clip]":
    from segue.app.cli.demo import MASK, SHOT, Shot, find_clip
    from segue.measure.backends.clips import Clip
    from segue.media.mask_args import read_masks
    from segue.media.video import open_video

    video = Shot(open_video(find_clip()), SHOT)
    masks = read_masks([str(MASK)]).by_frame if find(name).kind == "objects" else {}
    return {video.name: Clip(video, masks, num_frames)}
