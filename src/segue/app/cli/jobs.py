"""What the commands share that run a model over videos: options, the course of one job, what is said at its end."""

import argparse
import math
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segue.app.cli.frame_options import add_frame_options, say_damaged
from segue.app.cli.output import FrameProgress, add_json_argument
from segue.errors import SettingsError
from segue.models.catalog import Kind, find, names
from segue.settings import override

if TYPE_CHECKING:
    from segue.app.engine import Engine
    from segue.inference.job import Job
    from segue.inference.places import Mode

WITH_GATE = {
    *("segue-lite", "g-frtm", "g-frtm-fast"),
    *("g-ttvos", "g-ttvos-fast", "g-ttvos-mobile", "g-ttvos-lite"),
    *("temporal-unet", "temporal-unet-lite"),
}
"""Models that ``--reuse`` is for."""


@dataclass(frozen=True, slots=True)
class Preset:
    """What ``--quality`` stands for; ``None`` leaves things as they are."""

    reuse: float | None = None
    max_side: int | None = None


QUALITY = {"fast": Preset(reuse=0.7, max_side=640), "balanced": Preset(), "best": Preset(reuse=1.0)}
"""``--quality``, from the fastest; measured in ``docs/speed.md``."""


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """VIDEO, settings and ``--out``."""
    parser.add_argument(
        "words",
        nargs="*",
        metavar="VIDEO | key=value",
        help="a video file, a folder of images or a pattern; then settings of the model",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for the results"
    )
    add_frame_options(parser)


def add_model_arguments(parser: argparse.ArgumentParser, kind: Kind, default: str) -> None:
    """Which model of a kind, and how it works."""
    group = parser.add_argument_group("model")
    add = group.add_argument
    add("--model", default=default, metavar="NAME", help=f"one of {', '.join(names(kind))}")
    add("--weights", type=Path, metavar="FILE", help="a .safetensors file")
    add("--device", default="cpu", metavar="NAME", help="cpu, cuda or mps (cpu)")
    add("--threads", type=_positive, metavar="N", help="CPU threads")
    add("--seed", type=int, metavar="N", help="seed of the model")
    add("--max-side", type=_positive, metavar="PIXELS", help="work on frames of at most this side")
    add(
        "--quality",
        choices=tuple(QUALITY),
        default="balanced",
        help="fast: smaller frames, and more of them reused; best: every frame is computed (balanced)",
    )
    add(
        "--fps",
        type=_pace,
        metavar="N",
        help="hold this many frames per second: more frames are reused, and frames shrink, while the computer is "
        "slower than that",
    )
    add(
        "--reuse",
        type=_share,
        metavar="0..1",
        help="what the reuse gate has to say more than for a frame to be carried over from the last computed "
        "one: 1 computes every frame, 0 none (as the model's settings say)",
    )


def add_result_arguments(parser: argparse.ArgumentParser, overlay: str) -> None:
    """What is written, and what happens to results that are there.

    Args:
        parser: Of the command.
        overlay: Help of ``--overlay``.
    """
    group = parser.add_argument_group("results")
    group.add_argument("--overlay", action=argparse.BooleanOptionalAction, help=overlay)
    either = group.add_mutually_exclusive_group()
    either.add_argument("--resume", action="store_true", help="go on with what was interrupted")
    either.add_argument("--overwrite", action="store_true", help="replace results that are there")
    add_json_argument(parser)


def sort_words(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Sources and ``key=value`` settings; a path that exists is a source whatever its name."""
    assignments = [word for word in words if "=" in word and not Path(word).exists()]
    return [word for word in words if word not in assignments], assignments


def engine(arguments: argparse.Namespace, assignments: Sequence[str]) -> "Engine":
    """The model that the options ask for, not yet loaded.

    Raises:
        SettingsError: ``--reuse`` for a model without a reuse gate, or settings that contradict each other.
    """
    from segue.app.engine import Engine

    _mind_threads(arguments.threads)
    preset, reuse = QUALITY[arguments.quality], arguments.reuse
    if reuse is not None:
        _refuse_gateless(arguments.model)
    elif arguments.model in WITH_GATE:
        reuse = preset.reuse
    if reuse is not None:
        assignments = [*assignments, f"reuse.threshold={reuse}"]
    settings = override({}, assignments)
    if arguments.seed is not None:
        settings["seed"] = arguments.seed
    return Engine(
        model=arguments.model,
        weights=arguments.weights,
        settings=settings,
        device=arguments.device,
        threads=arguments.threads,
        max_side=arguments.max_side or preset.max_side,
        fps=arguments.fps,
    )


def mode(arguments: argparse.Namespace) -> "Mode":
    """What the flags say about results that are there already."""
    return "resume" if arguments.resume else "overwrite" if arguments.overwrite else "new"


def run_job(arguments: argparse.Namespace, engine: "Engine", job: "Job") -> dict[str, Any]:
    """Do one job, unless it is complete already, and say so; returns what ``--json`` asks for.

    Raises:
        SegueError: As in ``Job``.
    """
    if job.check(mode(arguments)):
        record = job.places.read_record()
        text = f"{arguments.out} is complete already: {record['frames']} frames."
    else:
        model, notes = engine.load()
        with FrameProgress(job.video.name) as progress:
            notes = {"command": command_line(), **notes}
            record = job.run(model, mode(arguments), progress, notes)
        text = sentence(record, arguments.out)
        say_damaged(record.get("damaged") or ())
    if arguments.json != "-":
        print(text, *pace_lines([record]), sep="\n")
    return {"out": str(arguments.out), **record}


def command_line() -> str:
    """For ``run.json``."""
    return " ".join(["segue", *sys.argv[1:]])


def sentence(record: dict[str, Any], out: Path) -> str:
    """One line for a person about a finished run."""
    timings = record["timings"]
    speed = f" in {timings['total_s']:.1f} s ({timings['fps']:.1f} fps)" if timings["fps"] else ""
    return f"{record['frames']} frames{speed} -> {out}"


def pace_lines(records: Iterable[dict[str, Any]]) -> list[str]:
    """What ``--fps`` came to in some finished runs, as one line; none without it."""
    paces = [record["pace"] for record in records if record.get("pace")]
    frames: dict[str, int] = {}
    seconds = 0.0
    for pace in paces:
        for level in pace["levels"]:
            height, width = level["size_hw"]
            gate = "" if level["reuse"] is None else f" with reuse {level['reuse']:g}"
            name = f"{width}x{height}{gate}"
            frames[name] = frames.get(name, 0) + level["frames"]
        if pace["reached_fps"]:
            seconds += sum(level["frames"] for level in pace["levels"]) / pace["reached_fps"]
    total = sum(frames.values())
    if not total or not seconds:
        return []
    asked, reached = paces[0]["asked_fps"], total / seconds
    held = "held" if reached >= 0.99 * asked else "not held"
    shares = ", ".join(f"{100 * n / total:.0f} % at {name}" for name, n in frames.items() if n)
    return [f"{asked:g} fps {held}, {reached:.1f} reached; frames: {shares}"]


def _mind_threads(threads: int | None) -> None:
    """Say that more threads were asked for than can run at once; results stay those of that many."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if threads and there and threads > there:
        sys.stderr.write(
            f"segue: --threads {threads}, but there are {there} processors for this program. More threads than "
            f"processors make it slower: give at most {there}.\n"
        )


def _positive(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text!r}")
    return number


def _pace(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"expected frames per second above 0, got {text!r}")
    return number


def _share(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, got {text!r}")
    return number


def _refuse_gateless(model: str) -> None:
    kind = find(model).kind
    if model not in WITH_GATE:
        having = ", ".join(name for name in names(kind) if name in WITH_GATE)
        raise SettingsError(
            f"Model {model!r} has no reuse gate. Leave out --reuse, or use one that has: {having}."
        )
