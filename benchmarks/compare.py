"""Every shipped model that follows given objects, with every preset: J&F against milliseconds, one object and several.

    python benchmarks/compare.py --root davis2016_val_dev --several multi_object/schoolgirls.mp4 [--models segue-lite]
    python benchmarks/render.py

Each row is two runs of ``segue track`` as a user would run it, with decoding and writing: the data set with one object
each, protocol davis2016; and the clip, whose true masks lie in ``Annotations`` beside it, protocol davis2017. The masks
of the timed run are scored, all frames of it. A short run of the same kind goes before each, so that compiled graphs
are there.

Rows go to ``results/compare/``, one file each. A row that is there is kept; ``--again`` measures it anew.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from backends import some_sequences
from record import RESULTS, write

from segue.app.cli.dials import QUALITY
from segue.data.catalog import find_layout
from segue.evaluation.run import evaluate
from segue.media.label_file import read_label_values
from segue.media.masks import object_ids
from segue.models.catalog import find, names
from segue.nn.weights import ships

FOLDER = "compare"
Track = Callable[[list[str]], None]
"""Does what ``segue track`` does with these words."""


@dataclass(frozen=True)
class Row:
    """One model with one preset."""

    model: str
    preset: str
    options: tuple[str, ...]
    """What a user types for it."""

    @property
    def name(self) -> str:
        """Of the file of results."""
        return f"{FOLDER}/{self.model}-{self.preset}"


def rows(models: Sequence[str] | None = None) -> Iterator[Row]:
    """The rows of the table, for some models or for all that ship and follow a given mask."""
    for model in names("objects"):
        if not ships(model) or find(model).begins_with == "nothing":
            continue
        if models and model not in models:
            continue
        for preset in reversed(QUALITY):
            if preset == "best" and not find(model).gated:
                continue  # computes every frame anyway
            options = () if preset == "balanced" else ("--quality", preset)
            yield Row(model, preset, options)
        if ships(f"{model}.int8"):
            yield Row(model, "int8", ("precision=int8",))


def track(words: list[str]) -> None:
    """A process of its own."""
    threads = words[words.index("--threads") + 1]
    command = [sys.executable, "-m", "segue.app.cli.main", "track", *words]
    subprocess.run(command, check=True, env={**os.environ, "OMP_NUM_THREADS": threads})


def measure(row: Row, root: Path, several: Path, threads: int, do: Track) -> dict[str, Any]:
    """Both halves of a row.

    Args:
        row: Which.
        root: A data set in the layout davis2016.
        several: A clip; its masks lie in ``Annotations/<its name>`` beside it.
        threads: Of the model.
        do: Runs ``segue track``.
    """
    words = ["--model", row.model, "--threads", str(threads), "--no-overlay", *row.options]
    truth = several.parent / "Annotations"
    first = min((truth / several.stem).glob("*.png"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        begin = find_layout("davis2016").sequences(root, "val")[0].name
        for part, out in ((some_sequences(root, [begin], folder), "warm"), (root, "one")):
            dataset = ["--layout", "davis2016", "--root", str(part)]
            do([*dataset, "--out", str(folder / out), *words])
        for out in ("warm-several", "several"):
            do([str(several), "--mask", str(first), "--out", str(folder / out), *words])
        one, many = folder / "one", folder / "several"
        return {
            "one": half(one / "_run", evaluate(one, root, "davis2016").summary, 1),
            "several": half(
                many,
                evaluate(many, truth, "davis2017").summary,
                len(object_ids(read_label_values(first))),
            ),
        }


def half(run: Path, scores: Any, objects: int) -> dict[str, Any]:
    """J&F, and milliseconds per frame.

    Args:
        run: Folder of ``run.json``.
        scores: By column.
        objects: In each video.
    """
    record = json.loads((run / "run.json").read_text())
    timings, frames = record["timings"], record["frames"]
    later = frames - len(record.get("sequences", [run]))
    return {
        **{name: round(float(scores[name] or 0.0), 1) for name in ("J&F", "J", "F")},
        "objects": objects,
        "frames": frames,
        "pipeline_ms": round(1e3 * timings["total_s"] / frames, 1),
        "model_ms": round(1e3 * (timings["network_s"] - timings["first_frame_s"]) / later, 1),
        "decode_ms": round(1e3 * timings["decode_s"] / frames, 1),
        "write_ms": round(1e3 * timings["write_s"] / frames, 1),
    }


def compare(todo: Sequence[Row], options: argparse.Namespace, do: Track) -> None:
    """Measure the rows that are not there, and write each as soon as it is known."""
    begun = datetime.now(UTC).isoformat(timespec="minutes")
    (RESULTS / FOLDER).mkdir(parents=True, exist_ok=True)
    for number, row in enumerate(todo, start=1):
        if (RESULTS / f"{row.name}.json").is_file() and not options.again:
            print(f"{row.name} ({number}/{len(todo)}): there already", flush=True)
            continue
        result = measure(row, options.root, options.several, options.threads, do)
        settings = {
            "model": row.model,
            "preset": row.preset,
            "options": list(row.options),
            "root": options.root.name,
            "clip": options.several.name,
            "begun": begun,
        }
        write(row.name, settings, result)
        print(f"{row.name} ({number}/{len(todo)}): {json.dumps(result)}", flush=True)


def main() -> None:
    """Measure and write ``results/compare/*.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", required=True, type=Path)
    parser.add_argument("--several", required=True, type=Path, metavar="CLIP")
    parser.add_argument("--models", nargs="+")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--again", action="store_true", help="also rows that are there")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    compare(list(rows(options.models)), options, track)


if __name__ == "__main__":
    main()
