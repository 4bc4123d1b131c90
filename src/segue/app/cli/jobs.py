"""What the commands share that run a model over videos: options, the course of one job, what is said at its end."""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segue.app.cli.arguments import add_weights_argument, from_one
from segue.app.cli.closing import lost_lines, pace_lines, result_lines, sentence
from segue.app.cli.dials import add_dials, turn_dials
from segue.app.cli.exported import with_export
from segue.app.cli.frame_options import add_frame_options, say_damaged, say_dropped
from segue.app.cli.output import STDOUT, FrameProgress, add_json_argument
from segue.errors import InputError, OutputError
from segue.models.catalog import Kind, names

if TYPE_CHECKING:
    from segue.app.engine import Engine
    from segue.inference.job import Job
    from segue.inference.places import Mode


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """VIDEO, settings and ``--out``."""
    parser.add_argument(
        "words",
        nargs="*",
        metavar="VIDEO | key=value",
        help="a video file, a folder of images or a pattern, or what is live: an address (rtsp://, http://, udp://), a "
        "camera (/dev/video0, camera:0) or - for standard input; then settings of the model",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for the results (needed, except with --dry-run)",
    )
    add_frame_options(parser)


def add_model_arguments(parser: argparse.ArgumentParser, kind: Kind, default: str) -> None:
    """Which model of a kind, and how it works."""
    group = parser.add_argument_group("model")
    add = group.add_argument
    add(
        "--model",
        default=default,
        metavar="NAME|DIR",
        help=f"one of {', '.join(names(kind))}; or a folder that segue export wrote",
    )
    add_weights_argument(group)
    add_device_arguments(group)
    add("--seed", type=int, metavar="N", help="seed of the model")
    add_dials(group)


def add_device_arguments(group: argparse._ActionsContainer) -> None:
    """``--device`` and ``--threads``."""
    add = group.add_argument
    add("--device", default="cpu", metavar="NAME", help="cpu, cuda or mps (default: cpu)")
    add("--threads", type=from_one, metavar="N", help="CPU threads (default: as the system offers)")


def add_result_arguments(parser: argparse.ArgumentParser, overlay: str) -> None:
    """What is written, and what happens to results that are there.

    Args:
        parser: Of the command.
        overlay: Help of ``--overlay``.
    """
    group = parser.add_argument_group("results")
    group.add_argument("--overlay", action=argparse.BooleanOptionalAction, help=overlay)
    group.add_argument(
        "--format",
        dest="formats",
        action="append",
        default=[],
        metavar="NAME",
        help="also write the results in this format (see segue convert --help); may be repeated",
    )
    either = group.add_mutually_exclusive_group()
    either.add_argument("--resume", action="store_true", help="continue an interrupted run")
    either.add_argument(
        "--overwrite",
        action="store_true",
        help="replace the results of an earlier run; files that Segue did not write stay",
    )
    group.add_argument(
        "--dry-run",
        action="store_true",
        help="print what was understood and stop; nothing is written, and no model is loaded",
    )
    add_json_argument(parser)


def sort_words(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Sources and ``key=value`` settings; a path that exists is a source whatever its name, and so is an address."""
    assignments = [
        w for w in words if "=" in w and not (Path(w).exists() or "://" in w.split("=")[0])
    ]
    return [word for word in words if word not in assignments], assignments


def engine(arguments: argparse.Namespace, assignments: Sequence[str]) -> "Engine":
    """The model that the options ask for, not yet loaded.

    Raises:
        SettingsError: ``--reuse`` for a model without a reuse gate, or settings that contradict each other.
        SegueError: As in ``with_export``.
    """
    from segue.app.engine import Engine

    _mind_threads(arguments.threads)
    dials = turn_dials(arguments, assignments)
    engine = Engine(
        model=arguments.model,
        weights=arguments.weights,
        settings=dials.settings,
        device=arguments.device,
        threads=arguments.threads,
        max_side=dials.max_side,
        fps=dials.fps,
        doubts=dials.doubts,
        # A dry run into a folder compares the identity with that of the results there.
        plan_only=vars(arguments).get("dry_run", False) and arguments.out is None,
    )
    return with_export(arguments, engine)


def mode(arguments: argparse.Namespace) -> "Mode":
    """What the flags say about results that are there already."""
    return "resume" if arguments.resume else "overwrite" if arguments.overwrite else "new"


def out_folder(arguments: argparse.Namespace) -> Path:
    """``--out``; a dry run can do without, since it writes nothing.

    Raises:
        InputError: No ``--out``.
    """
    if arguments.out is None and not arguments.dry_run:
        raise InputError("No folder for the results. Give one with --out DIR.")
    return arguments.out or Path()


def run_job(arguments: argparse.Namespace, engine: "Engine", job: "Job") -> dict[str, Any]:
    """Do one job, unless it is complete already, and say so; returns what ``--json`` asks for.

    Raises:
        SegueError: As in ``Job``.
    """
    from segue.app.cli.block import block
    from segue.inference.understood import understand

    if arguments.dry_run:
        return _dry_run(arguments, engine, job)
    if job.check(mode(arguments)):
        record = job.places.read_record()
        text = f"{arguments.out} is complete already: {record['frames']} frames."
    else:
        understood = understand(job)
        model, notes = engine.load()
        say_block(block(understood, engine.summary(notes)))
        with FrameProgress(job.video.name) as progress:
            notes = {"command": command_line(), "understood": understood.to_json(), **notes}
            record = cancellable(
                lambda cancel: job.run(model, mode(arguments), progress, notes, cancel=cancel)
            )
        text = sentence(record, arguments.out)
        for said in record["said"]:
            sys.stderr.write(f"segue: {said}\n")
        say_damaged(record.get("damaged") or ())
        say_dropped(record.get("live"))
    if arguments.json != STDOUT:
        lines = [*pace_lines([record]), *result_lines(job.places), *lost_lines(record)]
        print(text, *lines, sep="\n")
    return {"out": str(arguments.out), **record}


def cancellable(work: Callable[[threading.Event], dict[str, Any]]) -> dict[str, Any]:
    """Do a run that the first Ctrl-C stops in good order, and the second at once.

    Args:
        work: Gets what is set by Ctrl-C; returns the record of the run.

    Raises:
        KeyboardInterrupt: It was stopped.
    """
    cancel = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        return work(cancel)
    before = signal.getsignal(signal.SIGINT)

    def stop(number: int, frame: object) -> None:
        cancel.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, stop)
    try:
        record = work(cancel)
    finally:
        signal.signal(signal.SIGINT, before)
    if record["cancelled"]:
        raise KeyboardInterrupt
    return record


def _dry_run(arguments: argparse.Namespace, engine: "Engine", job: "Job") -> dict[str, Any]:
    """Print what was understood, and what stands in the way of the run; nothing is written."""
    from segue.app.cli.block import block
    from segue.inference.understood import understand

    job.check_task()
    if arguments.out:
        job = replace(job, doubts=(*job.doubts, *in_the_way(arguments, job)))
    understood = understand(job)
    if arguments.json != STDOUT:
        print(*block(understood, engine.summary()), sep="\n")
    return {"dry_run": True, "model": engine.model, "understood": understood.to_json()}


def in_the_way(arguments: argparse.Namespace, job: "Job") -> list[str]:
    """Why the folder for the results would be refused, as one sentence or none; changes nothing."""
    try:
        job.places.check(mode(arguments), job.identity, job.inputs)
    except OutputError as error:
        return [f"The run would be refused: {error} {error.option}".rstrip()]
    return []


def say_block(lines: Sequence[str]) -> None:
    """What was understood, on stderr; stdout belongs to ``--json``."""
    sys.stderr.write("".join(f"{line}\n" for line in lines))
    sys.stderr.flush()


def command_line() -> str:
    """For ``run.json``, without the passwords of addresses."""
    from segue.media.live import without_secrets

    return " ".join(["segue", *map(without_secrets, sys.argv[1:])])


def _mind_threads(threads: int | None) -> None:
    """Say that more threads were asked for than can run at once; results stay those of that many."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if threads and there and threads > there:
        sys.stderr.write(
            f"segue: --threads {threads}, but there are {there} processors for this program. More threads than "
            f"processors make it slower: give at most {there}.\n"
        )
