"""The dials between quality and speed, as one thing: ``--quality``, ``--reuse``, ``--fps``, ``--max-side``.

``--quality`` is a preset of ``--reuse`` and ``--max-side``. A dial that is given beside it goes before, and that is
said. ``--fps`` moves both dials down from where they stand, so it needs frames that may be reused.
"""

import argparse
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from segue.errors import SettingsError
from segue.models.catalog import Kind, find, names
from segue.settings import override

NEVER = 1.0
"""The threshold at which no frame is reused."""
_THRESHOLD = "reuse.threshold"


@dataclass(frozen=True, slots=True)
class Preset:
    """What ``--quality`` stands for; ``None`` leaves things as they are."""

    reuse: float | None = None
    max_side: int | None = None


QUALITY = {
    "fast": Preset(reuse=0.7, max_side=480),
    "balanced": Preset(),
    "best": Preset(reuse=NEVER),
}
"""``--quality``, from the fastest; measured in ``docs/speed.md``."""


@dataclass(frozen=True, slots=True)
class Dials:
    """Where the dials stand."""

    settings: Mapping[str, Any]
    """Of the model, the threshold of its gate included."""
    max_side: int | None
    """``None``: the default bound; 0: all pixels."""
    fps: float | None
    doubts: tuple[str, ...]
    """What goes before what, where two options speak about one dial."""


def add_dials(group: argparse._ArgumentGroup) -> None:
    """The four options."""
    add = group.add_argument
    add(
        "--quality",
        choices=tuple(QUALITY),
        default="balanced",
        help="a preset of --reuse and --max-side. fast: smaller frames, and more frames reused; best: every frame is "
        "computed; balanced: as the model's settings say (default: balanced)",
    )
    add(
        "--reuse",
        type=_share,
        metavar="T",
        help="reuse a frame when the gate's score is above T (off or 1: never, 0: always; default: as the model's "
        "settings say)",
    )
    add(
        "--fps",
        type=_pace,
        metavar="N",
        help="hold N frames per second: while the computer is slower, reuse more frames and shrink frames",
    )
    add(
        "--max-side",
        type=_side,
        metavar="PIXELS",
        help="longest side of the frames that the model sees (0: all pixels; default: 854); masks always have the size "
        "of the video",
    )


def turn_dials(arguments: argparse.Namespace, assignments: Sequence[str]) -> Dials:
    """Where the options and the settings ``key=value`` put the dials.

    Raises:
        SettingsError: ``--reuse`` for a model without a reuse gate, or options that contradict each other.
    """
    settings = override({}, assignments)
    preset, said = QUALITY[arguments.quality], _threshold(settings)
    if arguments.reuse is not None and said is not None and arguments.reuse != said:
        raise SettingsError(
            f"--reuse {_spelt(arguments.reuse)} and {_THRESHOLD}={said:g} set the same dial. Give one of them."
        )
    asked = said if arguments.reuse is None else arguments.reuse
    reuse = preset.reuse if asked is None else asked
    if arguments.fps is not None and reuse == NEVER:
        cause = "--quality best" if asked is None else f"--reuse {_spelt(reuse)}"
        raise SettingsError(
            f"--fps holds a pace by reusing frames, and {cause} lets no frame be reused. Leave one of them out."
        )
    if reuse is not None and _has_gate(arguments, asked):
        settings = override(settings, [f"{_THRESHOLD}={reuse}"])
    if arguments.seed is not None:
        if settings.get("seed", arguments.seed) != arguments.seed:
            raise SettingsError(
                f"--seed {arguments.seed} and seed={settings['seed']} are two seeds. Give one of them."
            )
        settings["seed"] = arguments.seed
    max_side = preset.max_side if arguments.max_side is None else arguments.max_side
    return Dials(settings, max_side, arguments.fps, tuple(_overruled(arguments, preset, asked)))


def _has_gate(arguments: argparse.Namespace, asked: float | None) -> bool:
    """Whether the model has a gate; one without computes every frame anyway.

    Raises:
        SettingsError: It has none, and frames shall be reused.
    """
    entry = find(arguments.model)
    if not entry.gated and asked not in (None, NEVER):
        raise SettingsError(_gateless(arguments.model, entry.kind))
    return entry.gated


def _gateless(model: str, kind: Kind) -> str:
    having = ", ".join(names(kind, gated=True))
    return f"Model {model!r} has no reuse gate. Leave out --reuse, or use one that has: {having}."


def _overruled(arguments: argparse.Namespace, preset: Preset, asked: float | None) -> Iterator[str]:
    quality = f"--quality {arguments.quality}"
    if asked is not None and preset.reuse is not None and asked != preset.reuse:
        yield f"{quality} means --reuse {_spelt(preset.reuse)}; --reuse {_spelt(asked)} is used."
    if arguments.fps is not None:
        yield from _given_up_for_pace(arguments, asked)
    side = arguments.max_side
    if side is not None and preset.max_side is not None and side != preset.max_side:
        yield f"{quality} means --max-side {preset.max_side}; --max-side {side} is used."


def _given_up_for_pace(arguments: argparse.Namespace, asked: float | None) -> Iterator[str]:
    given = [f"--reuse {_spelt(asked)}"] if asked is not None else []
    if arguments.max_side is not None:
        given.append(f"--max-side {arguments.max_side}")
    if given:
        yield (
            f"--fps goes before {' and '.join(given)}: while the computer is slower than {arguments.fps:g} frames "
            "per second, more frames are reused and frames shrink."
        )


def _threshold(settings: Mapping[str, Any]) -> float | None:
    """What ``reuse.threshold=T`` says; the model's own settings judge whether it is a threshold."""
    reuse = settings.get("reuse")
    value = reuse.get("threshold") if isinstance(reuse, Mapping) else None
    return float(value) if isinstance(value, int | float) else None


def _spelt(reuse: float) -> str:
    return "off" if reuse == NEVER else f"{reuse:g}"


def _share(text: str) -> float:
    if text == "off":
        return NEVER
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, or off, got {text!r}")
    return number


def _pace(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"expected frames per second above 0, got {text!r}")
    return number


def _side(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(
            f"expected a whole number of pixels, or 0 for all, got {text!r}"
        )
    return int(text)
