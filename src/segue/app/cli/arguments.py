"""Argument lines, and kinds of values, that several commands have."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from segue.errors import InputError

SHIPPED_WEIGHTS = "a .safetensors file (default: the weights that ship)"
"""Help of ``--weights`` where a model is run."""


def add_mask_argument(group: argparse._ActionsContainer, metavar: str, text: str) -> None:
    """``--mask``, as often as there are masks.

    Args:
        group: Of a command.
        metavar: How a value looks.
        text: Help.
    """
    group.add_argument(
        "--mask", action="append", default=[], metavar=metavar, help=f"{text}; may be repeated"
    )


def add_fit_argument(group: argparse._ActionsContainer) -> None:
    """``--fit-mask``."""
    group.add_argument("--fit-mask", action="store_true", help="resize masks of another size")


def add_direction_argument(group: argparse._ActionsContainer, text: str) -> None:
    """``--direction``.

    Args:
        group: Of a command.
        text: Ends the help: what the directions are, or which one is taken by default.
    """
    group.add_argument(
        "--direction",
        choices=("forward", "backward", "both"),
        help=f"from which masks frames are answered{text}",
    )


def add_weights_argument(
    group: argparse._ActionsContainer, text: str = SHIPPED_WEIGHTS, name: str = "--weights"
) -> None:
    """``--weights``, or another option that names such a file.

    Args:
        group: Of a command.
        text: Help.
        name: Of the option.
    """
    group.add_argument(name, type=Path, metavar="FILE", help=text)


def one_video(sources: Sequence[str]) -> str:
    """The VIDEO of a command that takes one.

    Raises:
        InputError: None was given, or several.
    """
    if len(sources) != 1:
        raise InputError(f"Give one VIDEO (got: {', '.join(sources) or 'none'}).")
    return sources[0]


def from_zero(text: str) -> int:
    """A whole number from 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number from 0, got {text!r}")
    return int(text)


def from_one(text: str) -> int:
    """A whole number from 1."""
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text!r}")
    return number
