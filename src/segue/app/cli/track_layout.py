"""``segue track --layout``: all sequences of a data set with one model load."""

import argparse
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from segue.app.cli.jobs import command_line, mode, pace_lines, sentence
from segue.app.cli.output import FrameProgress
from segue.app.engine import Engine
from segue.data.catalog import find_layout
from segue.data.sample import VideoSequence
from segue.errors import NotFoundError, SettingsError
from segue.inference.atomic import write_json
from segue.inference.environment import environment
from segue.inference.job import Job
from segue.inference.places import TRACKS, Places
from segue.media.images import ImageVideo
from segue.media.mask_args import GivenMasks
from segue.media.masks import MaskReader
from segue.types import BACKGROUND, VOID

_UNION = {"davis2016"}
"""Layouts in which all that is not background is one object."""
_FRAME_RATE = Fraction(24)
_PER_SEQUENCE = ("frames", "timings", "reuse", "pace")
"""What the record of the data set says of each sequence; ``reuse`` only comes from models with a reuse gate, ``pace``
only with ``--fps``."""


def track_layout(arguments: argparse.Namespace, engine: Engine) -> dict[str, Any]:
    """Track every sequence, and return what ``_run/run.json`` then holds.

    Raises:
        SegueError: As for one video; sequences that are complete stay complete for ``--resume``.
    """
    out: Path = arguments.out
    jobs = layout_jobs(arguments, engine)
    # All before any: a refusal in the last sequence should not come after hours.
    complete = {name: job.check(mode(arguments)) for name, job in jobs.items()}
    records = {name: jobs[name].places.read_record() for name in jobs if complete[name]}
    todo = [name for name in jobs if not complete[name]]
    if todo:
        records |= _run_all(arguments, engine, {name: jobs[name] for name in todo})
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
        **{key: records[next(iter(jobs))].get(key) for key in ("model", "settings", "seed")},
        **environment(),
    }
    write_json(out / "_run" / "run.json", report)
    if arguments.json != "-":
        print(f"{len(jobs)} sequences, {sentence(report, out)}")
        for line in pace_lines(records.values()):
            print(line)
    return report


def layout_jobs(arguments: argparse.Namespace, engine: Engine) -> dict[str, Job]:
    """The job of each sequence.

    Raises:
        SegueError: As for one video, or no layout of objects has that name.
    """
    layout = find_layout(arguments.layout)
    if layout.holds != "objects":
        raise SettingsError(
            f"The masks of {layout.name} hold {layout.holds}, not objects to follow. Use a layout "
            "of objects, such as davis2017."
        )
    sequences = layout.sequences(arguments.root, arguments.split or layout.default_split)
    return {s.name: _job(arguments, engine, s) for s in sequences}


def _job(arguments: argparse.Namespace, engine: Engine, sequence: VideoSequence) -> Job:
    return engine.track_job(
        ImageVideo(sequence.frame_paths, sequence.name, _FRAME_RATE),
        _given_masks(sequence, union=arguments.layout in _UNION),
        Places.for_sequence(arguments.out, sequence.name, TRACKS),
        overlay=bool(arguments.overlay),
        # Masks of objects that start late leave out those that started before.
        partial=arguments.partial_masks or bool(sequence.objects),
        fit=arguments.fit_mask,
    )


def _given_masks(sequence: VideoSequence, union: bool) -> GivenMasks:
    """Each object where it starts: in the first frame, unless the layout says otherwise."""
    reader = MaskReader()
    by_frame, paths = {}, {}
    for index, ids in _starts(sequence).items():
        path = sequence.mask_paths[index]
        if path is None:
            frame = sequence.frame_paths[index]
            raise NotFoundError(f"Sequence {sequence.name!r} has no mask for its frame {frame}.")
        labels = reader.read(path).labels
        if union:
            labels = ((labels != BACKGROUND) & (labels != VOID)).astype(np.uint8)
        elif ids:
            labels = np.where(np.isin(labels, ids), labels, np.uint8(BACKGROUND))
        by_frame[index], paths[index] = labels, path
    return GivenMasks(by_frame, {1: paths[0].name} if union else reader.sources, paths)


def _starts(sequence: VideoSequence) -> dict[int, list[int]]:
    """Index of each frame whose mask is given, and the objects that start there; none for all in the mask."""
    if not sequence.objects:
        return {0: []}
    indices = {path.stem: index for index, path in enumerate(sequence.frame_paths)}
    starts: dict[int, list[int]] = {}
    for item in sequence.objects:
        if item.frames and item.frames[0] in indices:
            starts.setdefault(indices[item.frames[0]], []).append(item.object_id)
    return dict(sorted(starts.items()))


def _run_all(
    arguments: argparse.Namespace, engine: Engine, jobs: dict[str, Job]
) -> dict[str, dict[str, Any]]:
    model, notes = engine.load()
    notes = {"command": command_line(), **notes}
    records = {}
    with FrameProgress("") as progress:
        for number, (name, job) in enumerate(jobs.items(), start=1):
            progress.begin(f"{name} ({number}/{len(jobs)})")
            records[name] = job.run(model, mode(arguments), progress, notes)
    return records


def _sum(records: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Seconds by part over all sequences, and their frames per second."""
    rows = list(records)
    parts = [row["timings"] for row in rows]
    keys = sorted({key for part in parts for key in part if key.endswith("_s")})
    total = {key: round(sum(part.get(key) or 0.0 for part in parts), 4) for key in keys}
    fresh = sum(row["frames"] - (row["resumed_at_frame"] or 0) for row in rows)
    return {**total, "fps": round(fresh / total["total_s"], 3)}
