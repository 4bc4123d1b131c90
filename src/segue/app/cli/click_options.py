"""Options that point at objects: clicks, boxes and scribbles, as text."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from segue.errors import InputError
from segue.types import MAX_OBJECTS, BoxXYXY, Click

if TYPE_CHECKING:
    from segue.media.mask_given import MaskItem
    from segue.media.video import Video
    from segue.models.click.prompt import Prompt

_NUMBER = r"\d+(?:\.\d+)?"
_CLICK = re.compile(rf"(?:(\d+):)?(-?)({_NUMBER}),({_NUMBER})")
_BOX = re.compile(r"(?:(\d+):)?([^:]+)")


def add_click_options(parser: argparse.ArgumentParser) -> None:
    """``--click``, ``--box``, ``--scribble``, ``--click-weights``."""
    group = parser.add_argument_group("pointing at objects")
    group.add_argument(
        "--click",
        action="append",
        default=[],
        metavar="[ID:][-]X,Y",
        help="a pixel of the object (120,80), or with a minus one that does not belong to it (-200,90); 2:120,80 is "
        "about object 2; may be repeated",
    )
    group.add_argument(
        "--box",
        action="append",
        default=[],
        metavar="[ID:]X0,Y0,X1,Y1",
        help="a box around the object: left, top, right, bottom; once per object",
    )
    group.add_argument(
        "--scribble",
        action="append",
        default=[],
        metavar="[ID:]X,Y;X,Y;...",
        help="a line over the object; may be repeated",
    )
    group.add_argument(
        "--click-weights",
        type=Path,
        metavar="FILE",
        help="a .safetensors file for segue-click (default: the weights that ship)",
    )


def pointed(arguments: argparse.Namespace) -> bool:
    """Whether any object was pointed at."""
    return bool(arguments.click or arguments.box or arguments.scribble)


def read_prompts(arguments: argparse.Namespace) -> "dict[int, Prompt]":
    """What was said, by object, in the order of their ids.

    Raises:
        InputError: A text that is no click, box or scribble; an id out of range; two boxes of an object.
    """
    from segue.models.click.prompt import Prompt

    clicks: dict[int, list[Click]] = {}
    for text in arguments.click:
        number, click = _click(text)
        clicks.setdefault(number, []).append(click)
    boxes: dict[int, BoxXYXY] = {}
    for text in arguments.box:
        number, box = _box(text)
        if number in boxes:
            raise InputError(f"Object {number} has two boxes. Give one box per object.")
        boxes[number] = box
    strokes: dict[int, list[tuple[tuple[float, float], ...]]] = {}
    for text in arguments.scribble:
        number, stroke = _scribble(text)
        strokes.setdefault(number, []).append(stroke)
    return {
        number: Prompt(
            tuple(clicks.get(number, ())), boxes.get(number), tuple(strokes.get(number, ()))
        )
        for number in sorted({*clicks, *boxes, *strokes})
    }


def clicked_masks(arguments: argparse.Namespace, video: "Video") -> "list[MaskItem]":
    """The objects that were pointed at on one frame of a video, as a given mask; nothing where nobody pointed.

    Raises:
        InputError: The video has no such frame, or clicks cannot be used; see ``Prompt.checked``.
        MaskError: An object of which nothing is found.
    """
    if not pointed(arguments):
        if arguments.click_frame is not None:
            raise InputError(
                "--click-frame says where to point: give --click, --box or --scribble too."
            )
        return []
    prompts = read_prompts(arguments)
    chosen = arguments.click_frame
    index = video.indices.start if chosen is None else chosen
    if not video.seekable:
        raise InputError(
            f"{video.name} is live and gives each frame once. Make the mask of its first frame before, and give it "
            "with --mask."
        )
    try:
        frame = video.frame(index).image
    except IndexError:
        raise InputError(f"{video.name} has no frame {index} to point at.") from None
    for prompt in prompts.values():  # what is wrong is said before a model is loaded
        prompt.checked(video.size_hw)

    import numpy as np

    from segue.inference.clicking import click_objects
    from segue.media.mask_given import MaskItem
    from segue.media.mask_values import MaskValues, ObjectValue
    from segue.models.click.build import load_click_model

    model = load_click_model(device=arguments.device, weights=arguments.click_weights)
    labels = click_objects(model, frame, prompts).astype(np.int32)
    objects = tuple(ObjectValue(n, f"id {n}", "clicks", n) for n in prompts)
    return [MaskItem(index, "the clicks", lambda: MaskValues(labels, objects), is_of_set=True)]


def _click(text: str) -> tuple[int, Click]:
    found = _CLICK.fullmatch(text)
    if found is None:
        raise InputError(
            f"--click {text}: expected X,Y such as 120,80, with a minus before X for a pixel outside the object "
            "(-200,90), and ID: before it for another object (2:120,80)."
        )
    number, minus, x, y = found.groups()
    return _object(number, f"--click {text}"), Click(float(x), float(y), not minus)


def _box(text: str) -> tuple[int, BoxXYXY]:
    number, sides = _split(text)
    values = _numbers(sides.split(","))
    if values is None or len(values) != 4:
        raise InputError(
            f"--box {text}: expected left, top, right, bottom in pixels, such as 40,20,180,160."
        )
    left, top, right, bottom = values
    return _object(number, f"--box {text}"), (left, top, right, bottom)


def _scribble(text: str) -> tuple[int, tuple[tuple[float, float], ...]]:
    number, line = _split(text)
    points = [_numbers(point.split(",")) for point in re.split(r"[;\s]+", line.strip())]
    pairs = tuple((p[0], p[1]) for p in points if p is not None and len(p) == 2)
    if len(pairs) < len(points) or len(pairs) < 2:
        raise InputError(
            f"--scribble {text}: expected two or more points X,Y;X,Y;... such as 100,80;120,84."
        )
    return _object(number, f"--scribble {text}"), pairs


def _split(text: str) -> tuple[str | None, str]:
    found = _BOX.fullmatch(text)
    return (found[1], found[2]) if found else (None, text)


def _numbers(words: Sequence[str]) -> list[float] | None:
    try:
        return [float(word) for word in words]
    except ValueError:
        return None


def _object(number: str | None, option: str) -> int:
    chosen = 1 if number is None else int(number)
    if not 1 <= chosen <= MAX_OBJECTS:
        raise InputError(f"{option}: ids of objects go from 1 to {MAX_OBJECTS}, got {chosen}.")
    return chosen
