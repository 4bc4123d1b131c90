"""Make the mask of a frame by pointing at objects, or correct one.

$ segue mask photo.jpg --click 120,80 --out mask.png
$ segue mask clip.mp4 --frame 37 --click 120,80 --click -200,90 --out mask.png
$ segue mask clip.mp4 --click 1:120,80 --box 2:200,40,300,160 --out mask.png
$ segue mask clip.mp4 --mask mask.png --click -200,90 --out mask.png

A click with a minus before it lies outside the object. The mask is a palette PNG of the frame's size with the
ids of the objects, as segue track --mask takes it. With --mask, a click changes the mask around it only, and
objects that are not pointed at stay.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from segue.app.cli.arguments import from_one, from_zero
from segue.app.cli.click_options import add_click_options, pointed, read_prompts
from segue.app.cli.targets import check_target
from segue.errors import InputError

if TYPE_CHECKING:
    from segue.types import Frame, Labels


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``segue mask``."""
    parser.usage = "segue mask FRAME|VIDEO --click X,Y --out MASK.png [options]"
    parser.add_argument(
        "source", metavar="FRAME|VIDEO", help="a picture, a video file, or a folder of pictures"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="MASK.png", help="the mask")
    parser.add_argument(
        "--frame",
        "--click-frame",
        dest="frame",
        type=from_zero,
        default=0,
        metavar="N",
        help="number of the frame, from 0 (0)",
    )
    parser.add_argument(
        "--stream", type=from_zero, metavar="N", help="which video stream of the file"
    )
    parser.add_argument("--mask", type=Path, metavar="FILE", help="a mask of the frame to correct")
    add_click_options(parser)
    parser.add_argument("--device", default="cpu", metavar="NAME", help="cpu, cuda or mps (cpu)")
    parser.add_argument("--threads", type=from_one, metavar="N", help="CPU threads")


def run(arguments: argparse.Namespace) -> int:
    """Make one mask."""
    check_target("--out", arguments.out, ".png")
    _keep_frames(arguments.out, Path(arguments.source))
    prompts = read_prompts(arguments)
    if not pointed(arguments):
        raise InputError(
            "Nothing was pointed at. Give --click X,Y, --box X0,Y0,X1,Y1 or --scribble X,Y;X,Y."
        )
    frame = _frame(arguments)
    previous = _previous(arguments.mask, frame)
    import torch

    from segue.inference.clicking import click_objects
    from segue.media.masks import write_mask
    from segue.models.click.build import load_click_model

    for prompt in prompts.values():  # what is wrong is said before a model is loaded
        prompt.checked(frame.shape[:2])
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    model = load_click_model(device=arguments.device, weights=arguments.click_weights)
    labels = click_objects(model, frame, prompts, previous)
    write_mask(arguments.out, labels)
    print(f"{arguments.out}: {_areas(labels)}.")
    return 0


def _keep_frames(out: Path, source: Path) -> None:
    """Refuse to write over the picture, or a mask where frames are."""
    target = out.resolve()
    if target == source.resolve():
        raise InputError(f"--out {out} is the picture itself. Give another name for the mask.")
    if target.parent == source.resolve():
        raise InputError(
            f"--out {out} lies among the frames in {source} and would be taken for one. Give another folder."
        )


def _frame(arguments: argparse.Namespace) -> "Frame":
    from segue.media.images import is_image, read_image
    from segue.media.video import open_video

    path = Path(arguments.source)
    if is_image(path):
        if arguments.frame:
            raise InputError(f"{path} is one picture; --frame {arguments.frame} is for a video.")
        return read_image(path)
    video = open_video(arguments.source, stream=arguments.stream)
    try:
        return video.frame(arguments.frame).image
    except IndexError:
        raise InputError(
            f"{arguments.source} has no frame {arguments.frame}; frames are numbered from 0."
        ) from None


def _previous(path: Path | None, frame: "Frame") -> "Labels | None":
    if path is None:
        return None
    from segue.media.mask_fit import fit_mask
    from segue.media.masks import read_mask

    if path.is_dir():
        raise InputError(f"--mask {path} is a folder. Give the file of the mask to correct.")
    height, width = frame.shape[:2]
    return fit_mask(read_mask(path).labels, (height, width), name=str(path))


def _areas(labels: "Labels") -> str:
    import numpy as np

    ids, counts = np.unique(labels, return_counts=True)
    shown = [(i, n) for i, n in zip(ids.tolist(), counts.tolist(), strict=True) if i]
    return ", ".join(f"object {i} with {n} pixels ({n / labels.size:.1%})" for i, n in shown)
