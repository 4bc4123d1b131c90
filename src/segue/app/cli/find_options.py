"""Options about finding objects where no mask is given."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segue.app.cli.arguments import add_weights_argument, from_one
from segue.errors import InputError
from segue.models.catalog import FINDER, find, finders

if TYPE_CHECKING:
    from segue.app.finding import Finder


def add_look_options(group: argparse._ActionsContainer, objects: str) -> None:
    """``--objects`` and ``--looks``.

    Args:
        group: Of a command.
        objects: Help of ``--objects``.
    """
    group.add_argument("--objects", type=from_one, metavar="N", help=objects)
    group.add_argument(
        "--looks",
        type=from_one,
        metavar="N",
        help="frames that are looked at, evenly spread over the video (default: 16)",
    )


def add_find_options(parser: argparse.ArgumentParser) -> None:
    """What ``segue track`` does where no mask is given."""
    group = parser.add_argument_group("finding objects, where no mask is given")
    group.add_argument(
        "--find",
        action="store_true",
        help="find the objects (without it: only where neither --mask nor a click is given, and the model finds none "
        "by itself); with --layout the masks of the data set stay unread",
    )
    add_look_options(group, "carry the best N of the objects that are found (default: 1)")
    group.add_argument(
        "--finder",
        default=FINDER,
        metavar="NAME",
        help=f"the model that finds, one of {', '.join(finders())} (default: {FINDER})",
    )
    add_weights_argument(
        group, "a .safetensors file for it (default: the weights that ship)", "--finder-weights"
    )


def finds(arguments: argparse.Namespace, given: bool) -> bool:
    """Whether objects are to be found before they are carried.

    Args:
        arguments: Of ``segue track``.
        given: Whether a mask was given, or an object pointed at.

    Raises:
        InputError: Options that contradict each other.
    """
    alone = not arguments.layout and not given
    wanted = arguments.find or (alone and find(arguments.model, "objects").begins_with == "masks")
    if given and arguments.find:
        raise InputError("--find finds the objects. Give either --find, or masks or clicks.")
    said = [f"--{name}" for name in ("objects", "looks") if getattr(arguments, name) is not None]
    if said and not wanted:
        raise InputError(
            f"{' and '.join(said)}: only where objects are found. "
            + ("Leave out the mask." if given else "Give --find too.")
        )
    return wanted


def finder(
    arguments: argparse.Namespace,
    model: str,
    weights: Path | None,
    settings: Mapping[str, Any] | None = None,
) -> "Finder":
    """The model that looks, not yet loaded.

    Args:
        arguments: With ``--objects``, ``--looks``, ``--device`` and ``--threads``.
        model: Its name.
        weights: A file; ``None``: those that ship.
        settings: Of the model.

    Raises:
        SettingsError: No model of that name, or one that follows no objects.
        MaskError: The model needs a mask.
    """
    from segue.app.engine import Engine
    from segue.app.finding import Finder
    from segue.inference.find.looks import LOOKS

    find(model, "objects")
    engine = Engine(
        model=model,
        weights=weights,
        settings=settings or {},
        device=arguments.device,
        threads=arguments.threads,
    )
    return Finder(
        engine=engine.without_masks(),
        looks=arguments.looks or LOOKS,
        objects=arguments.objects or 1,
    )
