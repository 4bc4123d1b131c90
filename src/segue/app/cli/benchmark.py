"""Measure segue track on this computer: the time of each part, and the quality of the masks.

$ segue benchmark speed
$ segue benchmark speed clip.mp4 --mask first.png --threads 2 --objects 5
$ segue benchmark speed --layout davis2016 --root DAVIS --quality fast --json speed.json

Runs segue track as a user would, with decoding and writing, into a temporary folder. Without VIDEO the clip of segue
demo is used. With a layout that has an evaluation protocol, the masks of the same run are scored. Also measured: a
computed frame with several objects, with one thread, and the floor: the time that its multiply-accumulates would take
as one product of large matrices.
"""

import argparse
import os
import tempfile
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segue.app.cli import jobs
from segue.app.cli.closing import pace_lines
from segue.app.cli.output import (
    STDOUT,
    FrameProgress,
    add_json_argument,
    check_json_target,
    write_document,
)
from segue.errors import InputError
from segue.threads import owned

if TYPE_CHECKING:
    from segue.app.engine import Engine
    from segue.inference.job import Job

_FRAMES = 12
"""Frames from the beginning of the first video, for what is measured beside the run."""
_KINDS = {"first": "given mask", "computed": "computed", "reused": "reused"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``segue benchmark``."""
    parser.usage = "segue benchmark speed [VIDEO --mask MASK | --layout NAME --root DIR] [options] [key=value ...]"
    parser.add_argument("what", choices=("speed",), help="what to measure")
    parser.add_argument(
        "words",
        nargs="*",
        metavar="VIDEO | key=value",
        help="as in segue track (default: the clip of segue demo)",
    )
    add = parser.add_argument
    add("--mask", action="append", default=[], metavar="[FRAME=]MASK", help="as in segue track")
    add("--layout", metavar="NAME", help="a data set instead, such as davis2016")
    add("--root", type=Path, metavar="DIR", help="folder of the data set")
    add("--split", metavar="NAME", help="which sequences (the layout's own, mostly val)")
    add(
        "--objects",
        type=_several,
        default=4,
        metavar="N",
        help="cut the first mask into N objects, to measure the time of each (default: 4)",
    )
    jobs.add_model_arguments(parser, "objects", default="segue-lite")
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure, print the tables, write the document."""
    check_json_target(arguments.json)
    sources, assignments = jobs.sort_words(arguments.words)
    _check(arguments, sources)
    engine = jobs.engine(arguments, assignments)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "masks"
        out.mkdir()
        todo = _jobs(arguments, engine, sources, out)
        with owned(arguments.threads):
            document = _measure(arguments, engine, todo, out)
    if arguments.json:
        write_document(document, arguments.json)
    if arguments.json != STDOUT:
        _print(document)
    return 0


def _check(arguments: argparse.Namespace, sources: list[str]) -> None:
    if arguments.layout and (sources or arguments.mask or not arguments.root):
        raise InputError("--layout takes --root DIR, and neither VIDEO nor --mask.")
    if not arguments.layout and (len(sources) > 1 or bool(sources) != bool(arguments.mask)):
        raise InputError(
            f"Give one VIDEO and its --mask, --layout and --root, or nothing (got: {', '.join(sources) or 'no VIDEO'})."
        )


def _jobs(
    arguments: argparse.Namespace, engine: "Engine", sources: list[str], out: Path
) -> "dict[str, Job]":
    if arguments.layout:
        from segue.app.datasets import DatasetRun

        run = DatasetRun(layout=arguments.layout, root=arguments.root, split=arguments.split)
        return run.plan(engine, out).jobs
    from segue.app.cli.demo import MASK, SHOT, Shot, find_clip
    from segue.inference.places import TRACKS, Places
    from segue.media.mask_args import read_masks
    from segue.media.video import Video, open_video

    video: Video = open_video(sources[0]) if sources else Shot(open_video(find_clip()), SHOT)
    masks = read_masks(arguments.mask or [str(MASK)], video.frame_names)
    return {video.name: engine.track_job(video, masks, Places.for_video(out, TRACKS))}


def _measure(
    arguments: argparse.Namespace, engine: "Engine", todo: "Mapping[str, Job]", out: Path
) -> dict[str, Any]:
    from segue.inference.environment import environment
    from segue.measure.speed.costs import peak_memory_mib
    from segue.measure.speed.parts import PartTimes

    for job in todo.values():
        job.check("new")
    sample = _Sample(next(iter(todo.values())), arguments.objects)
    model, notes = engine.load()
    times, records = PartTimes(), {}
    watched = times.watched(model)
    with FrameProgress("") as progress:
        for number, (name, job) in enumerate(todo.items(), start=1):
            progress.begin(f"{name} ({number}/{len(todo)})")
            records[name] = job.run(watched, "new", progress)
    memory = peak_memory_mib()
    return {
        **notes,
        "quality": arguments.quality,
        "max_side": engine.max_side,
        "processors": os.cpu_count(),
        "videos": {
            name: {
                key: record[key] for key in ("frames", "timings", "reuse", "pace") if key in record
            }
            for name, record in records.items()
        },
        "run_ms": _run_ms(records.values()),
        "frames": {kind: frames.number for kind, frames in times.frames.items()},
        "network_ms": times.means_ms(),
        "peak_memory_mib": memory,
        "evaluation": _scores(arguments, out),
        **sample.costs(model, _counted(engine)),
        **environment(),
    }


def _counted(engine: "Engine") -> Any:
    """The model with torch, of which operations can be counted."""
    from segue.nn.backends.catalog import using
    from segue.nn.backends.torch_backend import TorchBackend

    with using(TorchBackend()):
        return engine.load()[0]


def _run_ms(records: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Milliseconds per frame of the parts of the run, which overlap, and frames per second, first frames included."""
    rows = list(records)
    frames = sum(row["frames"] for row in rows)
    keys = sorted({k for row in rows for k, v in row["timings"].items() if k.endswith("_s") and v})
    sums = {key: sum(row["timings"].get(key) or 0.0 for row in rows) for key in keys}
    parts = {key.removesuffix("_s"): round(1e3 * sums[key] / frames, 2) for key in keys}
    parts.pop("first_frame", None)
    return {**parts, "fps": round(frames / sums["total_s"], 2)}


def _scores(arguments: argparse.Namespace, out: Path) -> dict[str, Any] | None:
    """The masks' scores by sequence, by the protocol named like the layout; ``None`` where there is none."""
    from segue.evaluation.catalog import PROTOCOLS
    from segue.evaluation.run import evaluate

    if arguments.layout not in PROTOCOLS:
        return None
    report = evaluate(out, arguments.root, arguments.layout, arguments.split).to_json()
    table: dict[str, Any] = next(iter(report["tables"].values()))
    return table


class _Sample:
    """Frames and labels of the first video from its first mask on, shrunk to what the model sees."""

    def __init__(self, job: "Job", num_objects: int) -> None:
        from segue.measure.speed.costs import cut
        from segue.media.resize import Resizer

        first = min(job.task.masks)
        size_hw, self.working_hw = job.video.size_hw, job.working_hw
        # A model that works on larger frames enlarges them by itself.
        resizer = Resizer(size_hw, min(size_hw, self.working_hw))
        self.labels = resizer.shrink_labels(job.task.masks[first])
        self.frames = [resizer.shrink(f.image) for f in islice(job.video, first, first + _FRAMES)]
        self.num_objects = num_objects
        if len(self.frames) < 2:
            raise InputError(
                f"{job.video.name} has no frame after its first mask. Give a longer video."
            )
        cut(self.labels, num_objects)

    def costs(self, model: Any, counted: Any) -> dict[str, Any]:
        """What computed frames cost; ``counted`` is the same model, but computed by torch."""
        from segue.measure.speed.costs import floor, object_cost, thread_cost
        from segue.models.interface import ungated

        host = ungated(model)
        return {
            "working_hw": list(self.working_hw),
            "objects": object_cost(host, self.frames, self.labels, self.num_objects),
            "threads_ms": thread_cost(host, self.frames, self.labels),
            "floor": floor(ungated(counted), self.frames[0], self.labels),
        }


def _print(document: dict[str, Any]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    height, width = document["working_hw"]
    title = f"{document['model']}, {width}x{height}, {document['threads']} threads: ms per frame"
    times, frames = document["network_ms"], document["frames"]
    table = Table("network", title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    kinds = [kind for kind in _KINDS if kind in times]
    for kind in kinds:
        table.add_column(f"{_KINDS[kind]} ({frames[kind]})", justify="right")
    parts = dict.fromkeys(part for kind in kinds for part in times[kind] if part != "total")
    for part in [*parts, "total"]:
        table.add_row(part, *(f"{times[kind].get(part, 0):.1f}" for kind in kinds))
    console = Console()
    console.print(table)
    for line in _lines(document):
        print(line)


def _lines(document: dict[str, Any]) -> list[str]:
    run = dict(document["run_ms"])
    fps, total = run.pop("fps"), run.pop("total")
    parts = ", ".join(f"{part.replace('_', ' ')} {ms:.1f}" for part, ms in run.items())
    objects, floor = document["objects"], document["floor"]
    threads = ", ".join(f"{ms:.1f} with {n}" for n, ms in document["threads_ms"].items())
    lines = [
        f"whole run    {fps:.1f} fps, {total:.1f} ms per frame; overlapping: {parts}",
        f"objects      {objects['one_object_ms']:.1f} ms for 1, {objects['all_objects_ms']:.1f} for "
        f"{objects['objects']}: {objects['per_object_ms']:.1f} for each more (computed frames)",
        f"threads      {threads} (computed frames)",
    ]
    if floor["floor_ms"]:
        lines.append(
            f"floor        {floor['floor_ms']:.1f} ms: {floor['gmac_per_frame']:.2f} GMAC at "
            f"{floor['matrix_gmac_per_s']:.0f} GMAC/s, the rate of large matrix products here"
        )
    if document["peak_memory_mib"]:
        lines.append(f"memory       {document['peak_memory_mib']:.0f} MiB at most")
    if document["evaluation"]:
        scores = document["evaluation"]["summary"].items()
        told = ", ".join(f"{name.replace('_', ' ')} {value:.1f}" for name, value in scores if value)
        lines.append(f"masks        {told}")
    return lines + pace_lines(document["videos"].values())


def _several(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if not 2 <= number <= 254:
        raise argparse.ArgumentTypeError(f"expected a whole number from 2 to 254, got {text!r}")
    return number
