"""Find the objects of a video without a mask: what they are, where they are seen, how sure that is.

$ segue find clip.mp4 --out found
$ segue find clip.mp4 --out found --looks 32 --objects 3
$ segue track clip.mp4 --mask found/masks/00037.png --direction both --out result

A model looks at some frames, evenly spread over the video. What looks alike on several of them is one object. Gives
OUT/masks/<frame>.png (the objects on each frame that shows one, by their rank), OUT/found.json (score of each object,
and score, box and mask on each frame) and OUT/found.png, which shows all frames that were looked at.

If nothing is found, a sentence says so, nothing is written, and the exit code is 2.
segue track without a mask does the same and carries the best object, or the best N with --objects N.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from segue.app.cli.arguments import add_weights_argument, one_video
from segue.app.cli.block import find_block
from segue.app.cli.closing import found_lines
from segue.app.cli.find_options import add_look_options, finder
from segue.app.cli.frame_options import add_frame_options, open_source
from segue.app.cli.jobs import add_device_arguments, say_block, sort_words
from segue.app.cli.output import (
    STDOUT,
    FrameProgress,
    add_json_argument,
    check_json_target,
    write_document,
)
from segue.errors import OutputError
from segue.models.catalog import FINDER, finders
from segue.settings import override

if TYPE_CHECKING:
    from segue.app.finding import Finder
    from segue.inference.find.found import Found
    from segue.media.video import Video


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``segue find``."""
    parser.usage = "segue find VIDEO --out DIR [options] [key=value ...]"
    parser.add_argument(
        "words",
        nargs="*",
        metavar="VIDEO | key=value",
        help="a video file, a folder of images or a pattern; then settings of the model",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="for the results")
    add_look_options(parser, "keep the best N objects at most (default: 20)")
    add_frame_options(parser)
    group = parser.add_argument_group("model")
    group.add_argument(
        "--model",
        default=FINDER,
        metavar="NAME",
        help=f"one of {', '.join(finders())} (default: {FINDER})",
    )
    add_weights_argument(group)
    add_device_arguments(group)
    group = parser.add_argument_group("results")
    group.add_argument(
        "--overwrite", action="store_true", help="replace what an earlier segue find wrote"
    )
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Find the objects of one video."""
    check_json_target(arguments.json)
    sources, assignments = sort_words(arguments.words)
    source = one_video(sources)
    _refuse_results(arguments.out, arguments.overwrite)
    # What is cheap to find wrong is found before torch is imported.
    video = open_source(arguments, source)

    from segue.files import replacing_folder
    from segue.inference.find.looks import check_seekable

    check_seekable(video)
    _refuse_inputs(arguments.out, video)
    look = finder(arguments, arguments.model, arguments.weights, override({}, assignments))
    say_block(find_block(video.description, video.num_frames, look.looking))
    with replacing_folder(arguments.out) as folder:
        found = _found(arguments, look, video, folder)
    if arguments.json != STDOUT:
        places = [arguments.out / name for name in ("masks", "found.png", "found.json")]
        print(*found_lines(found), *(f"  {place}" for place in places), sep="\n")
    if arguments.json:
        write_document({"out": str(arguments.out), **found.summary()}, arguments.json)
    return 0


def _found(arguments: argparse.Namespace, look: "Finder", video: "Video", folder: Path) -> "Found":
    """What is found, written into a folder."""
    from segue.app.finding import refuse_nothing
    from segue.inference.find.files import write_found, write_proposals

    with FrameProgress(video.name) as progress:
        found = look.find(video, progress)
    found = replace(found, objects=found.objects[: arguments.objects])
    refuse_nothing(found, video.name)
    write_found(found, folder)
    write_proposals(found, folder)
    return found


def _refuse_results(out: Path, overwrite: bool) -> None:
    if out.is_file():
        raise OutputError(f"{out} is a file, expected a folder for the results. Give another name.")
    if not overwrite and out.is_dir() and any(out.iterdir()):
        raise OutputError(
            f"{out} already holds files. Give another folder.",
            option="Or pass --overwrite to replace what an earlier segue find wrote there.",
        )


def _refuse_inputs(out: Path, video: "Video") -> None:
    """The folder is replaced as a whole, so nothing that is read may lie in it."""
    place = out.resolve()
    for path in video.files:
        if place in path.resolve().parents:
            raise OutputError(f"{path} is read, but lies in {out}. Give another folder.")
