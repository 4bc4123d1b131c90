"""``segue track --layout``: all sequences of a data set with one model load.

Tracks of MOTS are given by their masks on the frames on which they appear, and come back as that data set has results.
"""

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from segue.app.cli.block import sequence_line, short_block
from segue.app.cli.closing import lost_summary, pace_lines, sentence
from segue.app.cli.jobs import command_line, in_the_way, mode, out_folder, say_block
from segue.app.cli.output import STDOUT, FrameProgress
from segue.app.engine import Engine
from segue.data.catalog import find_layout
from segue.data.mots_text import MOTS_CLASSES
from segue.data.object_results import write_track_results
from segue.data.object_starts import object_starts
from segue.data.sample import VideoSequence
from segue.errors import InputError, NotFoundError, OutputError, SettingsError
from segue.files import write_json
from segue.inference.environment import environment
from segue.inference.job import Job
from segue.inference.places import TRACKS, Places
from segue.inference.understood import understand
from segue.media.images import ImageVideo, read_image
from segue.media.label_file import read_label_values
from segue.media.mask_args import GivenMasks
from segue.media.masks import MaskReader
from segue.types import BACKGROUND, VOID, Labels

_UNION = {"davis2016"}
"""Layouts in which all that is not background is one object."""
_FRAME_RATE = Fraction(24)
_PER_SEQUENCE = ("frames", "timings", "reuse", "pace", "lost")
"""What the record of the data set says of each sequence; ``reuse`` only comes from models with a reuse gate, ``pace``
only with ``--fps``."""


def track_layout(arguments: argparse.Namespace, engine: Engine) -> dict[str, Any]:
    """Track every sequence, and return what ``_run/run.json`` then holds.

    Raises:
        SegueError: As for one video; sequences that are complete stay complete for ``--resume``.
    """
    place, arguments.out = arguments.out, out_folder(arguments)
    out: Path = arguments.out
    plan = _plan(arguments, engine)
    jobs = {part.sequence.name: part.job for part in plan if part.job}
    if not jobs:
        raise InputError(
            f"None of the {len(plan)} sequences shows an object to follow. Name another --split, or another --class."
        )
    if arguments.dry_run:
        return _dry_run(arguments, engine, jobs, check_places=place is not None)
    # All before any: a refusal in the last sequence should not come after hours.
    complete = {name: job.check(mode(arguments)) for name, job in jobs.items()}
    records = {name: jobs[name].places.read_record() for name in jobs if complete[name]}
    for part in plan:
        _refuse_foreign(out, part)
    todo = [name for name in jobs if not complete[name]]
    if todo:
        records |= _run_all(arguments, engine, {name: jobs[name] for name in todo})
    for part in plan:
        if part.ids is not None:
            write_track_results(out, part.sequence, _labels(part), part.ids)
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
    if arguments.json != STDOUT:
        lines = [
            *pace_lines(records.values()),
            f"  {out / '_run' / 'run.json'}",
            *lost_summary(records),
        ]
        print(f"{len(jobs)} sequences, {sentence(report, out)}", *lines, sep="\n")
    return report


def _dry_run(
    arguments: argparse.Namespace, engine: Engine, jobs: Mapping[str, Job], check_places: bool
) -> dict[str, Any]:
    """Print what was understood, one line per sequence; nothing is written."""
    for job in jobs.values():
        job.task.check(job.video, job.max_side)
    said = {name: understand(job) for name, job in jobs.items()}
    refused = [why for job in jobs.values() for why in in_the_way(arguments, job) if check_places]
    if arguments.json != STDOUT:
        lines = short_block(arguments.layout, list(said.values()), engine.summary(), refused)
        print(*lines, *(sequence_line(name, u) for name, u in said.items()), sep="\n")
    return {
        "dry_run": True,
        "model": engine.model,
        "doubts": refused,
        "understood": {name: understood.to_json() for name, understood in said.items()},
    }


def layout_jobs(arguments: argparse.Namespace, engine: Engine) -> dict[str, Job]:
    """The job of each sequence that shows an object.

    Raises:
        SegueError: As for one video, or no layout of objects has that name.
    """
    plan = _plan(arguments, engine)
    return {part.sequence.name: part.job for part in plan if part.job}


@dataclass(frozen=True)
class _Part:
    """What is done with one sequence."""

    sequence: VideoSequence
    job: Job | None
    """``None`` where there is no object to follow."""
    ids: Mapping[int, int] | None = None
    """Of tracks: the id of the data set for each number that is followed."""


def _plan(arguments: argparse.Namespace, engine: Engine) -> list[_Part]:
    layout = find_layout(arguments.layout)
    if layout.holds == "classes":
        raise SettingsError(
            f"The masks of {layout.name} hold {layout.holds}, not objects to follow. Use a layout "
            "of objects, such as davis2017."
        )
    # Not every command that goes through data sets has the option.
    names = vars(arguments).get("classes")
    if names and layout.holds != "tracks":
        raise SettingsError(
            f"--class is for layouts of tracks, such as kitti-mots; the objects of {layout.name} have no class. "
            "Leave it out."
        )
    sequences = layout.sequences(arguments.root, arguments.split or layout.default_split)
    if layout.holds == "tracks":
        return [_track_part(arguments, engine, s, names) for s in sequences]
    return [_object_part(arguments, engine, s) for s in sequences]


def _object_part(arguments: argparse.Namespace, engine: Engine, sequence: VideoSequence) -> _Part:
    job = engine.track_job(
        ImageVideo(sequence.frame_paths, sequence.name, _FRAME_RATE),
        _given_masks(sequence, union=arguments.layout in _UNION),
        Places.for_sequence(arguments.out, sequence.name, TRACKS),
        overlay=bool(arguments.overlay),
        # Masks of objects that start late leave out those that started before.
        partial=arguments.partial_masks or bool(sequence.objects),
        fit=arguments.fit_mask,
    )
    return _Part(sequence, job)


def _track_part(
    arguments: argparse.Namespace,
    engine: Engine,
    sequence: VideoSequence,
    names: Iterable[str] | None,
) -> _Part:
    """Tracks, numbered in the order in which they appear; their labels are not yet results of the data set."""
    numbers = [key for key, name in MOTS_CLASSES.items() if name in names] if names else None
    starts = object_starts(sequence, "tracks", classes=numbers)
    if not starts.by_frame:
        return _Part(sequence, None, {})
    truth = sequence.tracks_path
    paths = {i: truth or sequence.mask_paths[i] or sequence.frame_paths[i] for i in starts.by_frame}
    run = arguments.out / "_run" / sequence.name
    job = engine.track_job(
        ImageVideo(sequence.frame_paths, sequence.name, _FRAME_RATE),
        GivenMasks(starts.by_frame, {n: f"track {i}" for n, i in starts.ids.items()}, paths),
        Places(run / TRACKS.folder, run, TRACKS),
        overlay=bool(arguments.overlay),
        partial=True,
        fit=arguments.fit_mask,
    )
    return _Part(sequence, job, starts.ids)


def _refuse_foreign(out: Path, part: _Part) -> None:
    """Results in the data set's own form are written over only where a run of this sequence has left its traces."""
    if part.ids is None or part.job is None or part.job.places.occupied():
        return
    name = part.sequence.name
    for path in (out / f"{name}.txt", out / name):
        if path.exists():
            raise OutputError(
                f"{path} is in the way: {part.job.places.run} holds no run that wrote it, so Segue does not replace "
                "it. Move it away, or give another folder."
            )


def _labels(part: _Part) -> Iterable[Labels]:
    """Of every frame, as they were written."""
    for path in part.sequence.frame_paths:
        if part.job:
            yield read_label_values(part.job.places.labels / f"{path.stem}.png")
        else:
            yield np.zeros(read_image(path).shape[:2], np.uint8)


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
    said = {name: understand(job) for name, job in jobs.items()}
    model, notes = engine.load()
    say_block(short_block(arguments.layout, list(said.values()), engine.summary(notes)))
    records = {}
    with FrameProgress("") as progress:
        for number, (name, job) in enumerate(jobs.items(), start=1):
            progress.begin(f"{name} ({number}/{len(jobs)})")
            told = {"command": command_line(), "understood": said[name].to_json(), **notes}
            records[name] = job.run(model, mode(arguments), progress, told)
    return records


def _sum(records: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Seconds by part over all sequences, and their frames per second."""
    rows = list(records)
    parts = [row["timings"] for row in rows]
    keys = sorted({key for part in parts for key in part if key.endswith("_s")})
    total = {key: round(sum(part.get(key) or 0.0 for part in parts), 4) for key in keys}
    fresh = sum(row["frames"] - (row["resumed_at_frame"] or 0) for row in rows)
    return {**total, "fps": round(fresh / total["total_s"], 3)}
