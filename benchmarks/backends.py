"""J&F, speed, first frame and load time of every backend, with and without the reuse gate, on a dataset.

python benchmarks/backends.py --root davis2016_val_dev [--sequences blackswan] [--runs torch openvino openvino-int8]
python benchmarks/render.py

Each run is one ``segue track`` into an empty folder, as a user would run it, with a warm cache; the masks of that run
are scored.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from record import write

from segue.evaluation.run import evaluate

BACKENDS = {
    "torch": ["backend=torch"],
    "openvino": ["backend=openvino"],
    "openvino-int8": ["backend=openvino", "precision=int8"],
}
"""Name -> settings."""
GATES = {"off": ["--quality", "best"], "on": []}
"""Whether frames may be reused -> options."""


def some_sequences(root: Path, names: list[str], folder: Path) -> Path:
    """A data set that is a part of another, of the same files."""
    part = folder / "data"
    part.mkdir()
    for name in ("JPEGImages", "Annotations"):
        (part / name).symlink_to(root.resolve() / name)
    listing = part / "ImageSets" / "480p" / "val.txt"
    listing.parent.mkdir(parents=True)
    listing.write_text("".join(f"{name}\n" for name in names))
    return part


def track(root: Path, words: list[str], threads: int, out: Path) -> dict[str, Any]:
    """What ``_run/run.json`` says of one run, with the model's load time."""
    command = [sys.executable, "-m", "segue.app.cli.main", "track", "--layout", "davis2016"]
    command += ["--root", str(root), "--out", str(out), "--threads", str(threads), *words]
    subprocess.run(command, check=True, env={**os.environ, "OMP_NUM_THREADS": str(threads)})
    record: dict[str, Any] = json.loads((out / "_run" / "run.json").read_text())
    first = out / "_run" / next(iter(record["sequences"])) / "run.json"
    return {**record, "model_load_s": json.loads(first.read_text())["model_load_s"]}


def summary(record: dict[str, Any], root: Path, out: Path) -> dict[str, Any]:
    """The numbers that are kept of a run."""
    rows = record["sequences"].values()
    timings, frames = record["timings"], record["frames"]
    later = frames - len(rows)
    scores = evaluate(out, root, "davis2016").summary
    return {
        **{name: round(float(scores[name] or 0.0), 2) for name in ("J&F", "J", "F")},
        "fps": timings["fps"],
        "network_ms": round(1e3 * (timings["network_s"] - timings["first_frame_s"]) / later, 1),
        "first_frame_ms": round(min(1e3 * row["timings"]["first_frame_s"] for row in rows), 1),
        "model_load_s": record["model_load_s"],
        "frames": frames,
    }


def main() -> None:
    """Measure and write ``results/backends.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", required=True, type=Path)
    parser.add_argument("--sequences", nargs="+", help="some of the data set, to try it out")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", nargs="+", choices=list(BACKENDS), default=list(BACKENDS))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root = options.root
        if options.sequences:
            root = some_sequences(root, options.sequences, folder)
        for backend in options.runs:
            for gate, words in GATES.items():
                words = [*words, *BACKENDS[backend]]
                track(root, words, options.threads, folder / f"{backend}-{gate}-warm")
                out = folder / f"{backend}-{gate}"
                results[f"{backend}, gate {gate}"] = summary(
                    track(root, words, options.threads, out), root, out
                )
    settings = {"root": options.root.name, "sequences": options.sequences, "runs": BACKENDS}
    print(write("backends", settings, results).read_text())


if __name__ == "__main__":
    main()
