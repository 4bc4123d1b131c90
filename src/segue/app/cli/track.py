"""Carry the objects of a mask through a video, frame by frame, on the computer you have.

$ segue track clip.mp4 --mask first.png --out result
$ segue track frames/ --mask 0=a.png --mask 37=b.png --out result --max-side 640
$ segue track --layout davis2016 --root DAVIS --split val --out masks --json report.json

One video gives OUT/masks/<frame>.png, OUT/overlay.mp4, OUT/tracks.json and OUT/run.json. A data set
gives OUT/<sequence>/<frame>.png and everything else in OUT/_run. A run that was killed goes on with
--resume and ends with the same bytes as one that was not.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segue.app.cli.output import (
    FrameProgress,
    add_json_argument,
    check_json_target,
    write_document,
)
from segue.errors import InputError
from segue.models.catalog import MODELS
from segue.settings import override

if TYPE_CHECKING:
    from segue.app.tracking import Engine
    from segue.inference.places import Mode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``segue track``."""
    parser.usage = "segue track VIDEO --mask MASK --out DIR [options] [key=value ...]"
    parser.add_argument(
        "words",
        nargs="*",
        metavar="VIDEO | key=value",
        help="a video file, a folder of images or a pattern; then settings of the model",
    )
    add = parser.add_argument
    add("--out", type=Path, required=True, metavar="DIR", help="folder for the results")
    group = parser.add_argument_group("masks")
    group.add_argument(
        "--mask",
        action="append",
        default=[],
        metavar="[FRAME=]MASK",
        help="mask of the first frame, or of a later one (37=b.png); a folder with one file per "
        "object or named like the frames; may be repeated",
    )
    group.add_argument("--fit-mask", action="store_true", help="resize masks of another size")
    group.add_argument(
        "--partial-masks", action="store_true", help="later masks may leave objects out"
    )
    group = parser.add_argument_group("data set, instead of VIDEO and --mask")
    group.add_argument("--layout", metavar="NAME", help="layout of the data set, such as davis2016")
    group.add_argument("--root", type=Path, metavar="DIR", help="folder of the data set")
    group.add_argument("--split", default="val", metavar="NAME", help="which sequences (val)")
    group = parser.add_argument_group("model")
    group.add_argument(
        "--model", default="segue-lite", metavar="NAME", help=f"one of {', '.join(MODELS)}"
    )
    group.add_argument("--weights", type=Path, metavar="FILE", help="a .safetensors file")
    group.add_argument("--device", default="cpu", metavar="NAME", help="cpu, cuda or mps (cpu)")
    group.add_argument("--threads", type=_positive, metavar="N", help="CPU threads")
    group.add_argument("--seed", type=int, metavar="N", help="seed of the model")
    group.add_argument(
        "--max-side", type=_positive, metavar="PIXELS", help="work on frames of at most this side"
    )
    group = parser.add_argument_group("results")
    group.add_argument(
        "--overlay",
        action=argparse.BooleanOptionalAction,
        help="write the overlay video (yes for one video, no for a data set)",
    )
    either = group.add_mutually_exclusive_group()
    either.add_argument("--resume", action="store_true", help="go on with what was interrupted")
    either.add_argument("--overwrite", action="store_true", help="replace results that are there")
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Track one video or a data set."""
    check_json_target(arguments.json)
    sources, assignments = _sort(arguments.words)
    if arguments.layout:
        if sources or arguments.mask or not arguments.root:
            raise InputError("--layout takes --root DIR, and neither VIDEO nor --mask.")
        from segue.app.cli.track_layout import track_layout

        document = track_layout(arguments, _engine(arguments, assignments), mode(arguments))
    else:
        if len(sources) != 1 or not arguments.mask:
            came = ", ".join(sources) or "none"
            raise InputError(f"Give one VIDEO (got: {came}) and at least one --mask.")
        document = _track_video(arguments, sources[0], assignments)
    if arguments.json:
        write_document(document, arguments.json)
    return 0


def mode(arguments: argparse.Namespace) -> "Mode":
    """What the flags say about results that are there already."""
    return "resume" if arguments.resume else "overwrite" if arguments.overwrite else "new"


def command_line() -> str:
    """For ``run.json``."""
    return " ".join(["segue", *sys.argv[1:]])


def sentence(record: dict[str, Any], out: Path) -> str:
    """One line for a person about a finished run."""
    timings = record["timings"]
    speed = f" in {timings['total_s']:.1f} s ({timings['fps']:.1f} fps)" if timings["fps"] else ""
    return f"{record['frames']} frames{speed} -> {out}"


def _track_video(
    arguments: argparse.Namespace, source: str, assignments: Sequence[str]
) -> dict[str, Any]:
    from segue.media.mask_args import read_masks
    from segue.media.video import open_video

    # What is cheap to find wrong is found before torch is imported.
    video = open_video(source)
    masks = read_masks(arguments.mask, video.frame_names)

    from segue.inference.places import Places

    engine = _engine(arguments, assignments)
    job = engine.job(
        video,
        masks,
        Places.for_video(arguments.out),
        overlay=arguments.overlay is not False,
        partial=arguments.partial_masks,
        fit=arguments.fit_mask,
    )
    if job.check(mode(arguments)):
        record = job.places.read_record()
        text = f"{arguments.out} is complete already: {record['frames']} frames."
    else:
        model, notes = engine.load()
        with FrameProgress(video.name) as progress:
            notes = {"command": command_line(), **notes}
            record = job.run(model, mode(arguments), progress, notes)
        text = sentence(record, arguments.out)
    if arguments.json != "-":
        print(text)
    return {"out": str(arguments.out), **record}


def _engine(arguments: argparse.Namespace, assignments: Sequence[str]) -> "Engine":
    from segue.app.tracking import Engine

    settings = override({}, assignments)
    if arguments.seed is not None:
        settings["seed"] = arguments.seed
    return Engine(
        model=arguments.model,
        weights=arguments.weights,
        settings=settings,
        device=arguments.device,
        threads=arguments.threads,
        max_side=arguments.max_side,
    )


def _sort(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Sources and ``key=value`` settings; a path that exists is a source whatever its name."""
    assignments = [word for word in words if "=" in word and not Path(word).exists()]
    return [word for word in words if word not in assignments], assignments


def _positive(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text!r}")
    return number
