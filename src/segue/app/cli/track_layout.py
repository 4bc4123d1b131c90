"""``segue track --layout``: all sequences of a data set with one model load.

Tracks of MOTS are given by their masks on the frames on which they appear, and come back as that data set has results.
"""

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from segue.app.cli.block import sequence_line, short_block
from segue.app.cli.closing import empty_line, lost_summary, pace_lines, sentence
from segue.app.cli.jobs import cancellable, command_line, in_the_way, mode, out_folder, say_block
from segue.app.cli.output import STDOUT, FrameProgress
from segue.app.datasets import DatasetPlan, DatasetRun
from segue.app.engine import Engine
from segue.app.finding import Finder
from segue.app.found_datasets import FoundDataset
from segue.errors import InputError
from segue.files import write_json
from segue.inference.environment import environment
from segue.inference.job import Job
from segue.inference.progress import Progress
from segue.inference.understood import understand
from segue.models.interface import VideoModel

_PER_SEQUENCE = ("frames", "timings", "reuse", "pace", "lost")
"""What the record of the data set says of each sequence; ``reuse`` only comes from models with a reuse gate, ``pace``
only with ``--fps``."""


def track_layout(
    arguments: argparse.Namespace, engine: Engine, finder: Finder | None = None
) -> dict[str, Any]:
    """Track every sequence, and return what ``_run/run.json`` then holds.

    Args:
        arguments: Of ``segue track``.
        engine: Does the jobs.
        finder: Looks for objects, in the place of the masks of the data set.

    Raises:
        SegueError: As for one video; sequences that are complete stay complete for ``--resume``.
        KeyboardInterrupt: Ctrl-C stopped a sequence in good order; ``--resume`` goes on with it.
    """
    out = out_folder(arguments)
    plan = _plan(arguments, engine, out, finder)
    jobs = plan.jobs
    if arguments.dry_run:
        return _dry_run(arguments, engine, jobs)
    # All before any: a refusal in the last sequence should not come after hours.
    complete = {name: job.check(mode(arguments)) for name, job in jobs.items()}
    records = {name: jobs[name].places.read_record() for name in jobs if complete[name]}
    plan.refuse_foreign()
    todo = [name for name in jobs if not complete[name]]
    if todo:
        records |= _run_all(arguments, engine, {name: jobs[name] for name in todo})
    plan.write_results()
    report = {
        "complete": True,
        "out": str(out),
        "command": command_line(),
        "frames": sum(record["frames"] for record in records.values()),
        "timings": _sum(records.values()),
        "sequences": {
            name: {key: records[name][key] for key in _PER_SEQUENCE if key in records[name]}
            for name in jobs
        },
        **({"nothing_found": list(plan.empty)} if finder else {}),
        **{key: records[next(iter(jobs))].get(key) for key in ("model", "settings", "seed")},
        **environment(),
    }
    write_json(out / "_run" / "run.json", report)
    if arguments.json != STDOUT:
        lines = [
            *pace_lines(records.values()),
            f"  {out / '_run' / 'run.json'}",
            *lost_summary(records),
            *empty_line(plan.empty),
        ]
        print(f"{len(jobs)} sequences, {sentence(report, out)}", *lines, sep="\n")
    return report


def _dry_run(
    arguments: argparse.Namespace, engine: Engine, jobs: Mapping[str, Job]
) -> dict[str, Any]:
    """Print what was understood, one line per sequence; nothing is written."""
    for job in jobs.values():
        job.check_task()
    said = {name: understand(job) for name, job in jobs.items()}
    refused = [why for job in jobs.values() for why in in_the_way(arguments, job) if arguments.out]
    if arguments.json != STDOUT:
        lines = short_block(arguments.layout, list(said.values()), engine.summary(), refused)
        print(*lines, *(sequence_line(name, u) for name, u in said.items()), sep="\n")
    return {
        "dry_run": True,
        "model": engine.model,
        "doubts": refused,
        "understood": {name: understood.to_json() for name, understood in said.items()},
    }


def _plan(
    arguments: argparse.Namespace, engine: Engine, out: Path, finder: Finder | None
) -> DatasetPlan:
    run = _run_of(arguments)
    if finder is None:
        return run.plan(engine, out)
    if arguments.direction not in (None, "both"):
        raise InputError(
            f"--direction {arguments.direction}: found objects of a data set are carried both ways. Leave it out."
        )
    plans = FoundDataset(run=run, finder=finder, engine=engine, out=out)
    if arguments.dry_run:
        return plans.dry_plan()
    with FrameProgress("") as progress:

        def looked_at(name: str) -> Progress:
            progress.begin(f"{name}, looking")
            return progress

        return plans.plan(mode(arguments), looked_at)


def _run_of(arguments: argparse.Namespace) -> DatasetRun:
    return DatasetRun(
        layout=arguments.layout,
        root=arguments.root,
        split=arguments.split,
        classes=tuple(arguments.classes or ()),
        overlay=bool(arguments.overlay),
        partial=arguments.partial_masks,
        fit=arguments.fit_mask,
    )


def _run_all(
    arguments: argparse.Namespace, engine: Engine, jobs: dict[str, Job]
) -> dict[str, dict[str, Any]]:
    said = {name: understand(job) for name, job in jobs.items()}
    model, notes = engine.load()
    say_block(short_block(arguments.layout, list(said.values()), engine.summary(notes)))
    records = {}
    with FrameProgress("") as progress:
        for number, (name, job) in enumerate(jobs.items(), start=1):
            progress.begin(f"{name} ({number}/{len(jobs)})")
            told = {"command": command_line(), "understood": said[name].to_json(), **notes}
            records[name] = _run_one(arguments, job, model, progress, told)
    return records


def _run_one(
    arguments: argparse.Namespace,
    job: Job,
    model: VideoModel[Any],
    progress: Progress,
    told: Mapping[str, Any],
) -> dict[str, Any]:
    return cancellable(
        lambda cancel: job.run(model, mode(arguments), progress, told, cancel=cancel)
    )


def _sum(records: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Seconds by part over all sequences, and their frames per second."""
    rows = list(records)
    parts = [row["timings"] for row in rows]
    keys = sorted({key for part in parts for key in part if key.endswith("_s")})
    total = {key: round(sum(part.get(key) or 0.0 for part in parts), 4) for key in keys}
    fresh = sum(row["frames"] - (row["resumed_at_frame"] or 0) for row in rows)
    return {**total, "fps": round(fresh / total["total_s"], 3)}
