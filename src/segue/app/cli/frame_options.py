"""Options about the frames of VIDEO: which stream, which span, what happens to damaged and to late ones."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segue.app.cli.arguments import from_one, from_zero
from segue.errors import InputError

if TYPE_CHECKING:
    from segue.media.video import Video


def add_frame_options(parser: argparse.ArgumentParser) -> None:
    """``--start``, ``--end``, ``--every``, ``--stream``, ``--skip-damaged``, ``--live``, ``--timeout``."""
    group = parser.add_argument_group("which frames")
    add = group.add_argument
    add(
        "--start",
        metavar="WHEN",
        help="first frame: its number (120), or a time from the first frame (2.5s, 1:30, 0:01:30). "
        "Frames keep the numbers and names of the whole video",
    )
    add("--end", metavar="WHEN", help="first frame that is no longer used: its number, or a time")
    add("--every", type=from_one, default=1, metavar="N", help="use one frame of N (1)")
    add(
        "--stream",
        type=from_zero,
        metavar="N",
        help="which video stream of the file, numbered from 0 (the one that FFmpeg calls best)",
    )
    add(
        "--skip-damaged",
        action="store_true",
        help="leave out frames that do not decode and go on (without it: stop there, exit code 3)",
    )
    add(
        "--live",
        action="store_true",
        help="of a stream, a camera or a pipe: answer the newest frame and drop those that came too late, so that the "
        "answers stay close behind the source (without it: every frame)",
    )
    add(
        "--timeout",
        type=_seconds,
        metavar="SECONDS",
        help="of a stream, a camera or a pipe: give up after so long without a frame (10)",
    )


def open_source(arguments: argparse.Namespace, source: str, masks: Sequence[str] = ()) -> "Video":
    """The video that VIDEO and the options about its frames stand for.

    Args:
        arguments: Of the command.
        source: VIDEO.
        masks: Values of ``--mask``, whose files are no frames although they may lie among them.

    Raises:
        SegueError: As in ``open_video``.
    """
    from segue.media.live import TIMEOUT_S, is_live
    from segue.media.video import open_video

    if not is_live(source) and (arguments.live or arguments.timeout is not None):
        raise InputError(
            f"--live and --timeout are for an address, a camera or a pipe, and {source} is none."
        )
    return open_video(
        source,
        stream=arguments.stream,
        start=arguments.start,
        end=arguments.end,
        every=arguments.every,
        skip_damaged=arguments.skip_damaged,
        without=[spec if Path(spec).exists() else spec.partition("=")[2] for spec in masks],
        live=arguments.live,
        timeout_s=TIMEOUT_S if arguments.timeout is None else arguments.timeout,
    )


def refuse_source_options(arguments: argparse.Namespace, why: str) -> None:
    """Refuse the options about frames where they say nothing.

    Raises:
        InputError: One of them was given.
    """
    names = ("start", "end", "stream", "skip_damaged", "live", "timeout")
    given = [name for name in names if getattr(arguments, name) not in (None, False)]
    given += ["every"] if arguments.every != 1 else []
    if given:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise InputError(f"{options}: {why}")


def say_damaged(damaged: Sequence[str]) -> None:
    """Which frames the results lack, on stderr; nothing where none were."""
    if damaged:
        sys.stderr.write(
            "segue: left out frames that do not decode or are not in the file: "
            f"{', '.join(damaged)}.\n"
        )


def say_dropped(live: Mapping[str, Any] | None) -> None:
    """How many frames of a live source were dropped, on stderr; nothing where none could be.

    Args:
        live: Of the record of the run.
    """
    if live:
        late = (
            f", answers at most {live['answered_ms_max']:.0f} ms behind"
            if live["answered_ms_max"]
            else ""
        )
        sys.stderr.write(
            f"segue: {live['dropped']} of {live['read']} frames dropped as too late{late}.\n"
        )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"expected seconds above 0, got {text!r}")
    return seconds
