"""J&F on a dataset: ``segue track`` over all its sequences, then ``segue evaluate``, and the time it took.

python benchmarks/quality.py --root davis2016_val_dev [--model segue-lite]
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from record import write


def main() -> None:
    """Measure and write ``results/quality.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", required=True)
    parser.add_argument("--model", default="segue-lite")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    out = Path(options.out or tempfile.mkdtemp()) / "masks"
    segue = [sys.executable, "-m", "segue.app.cli.main"]
    tracked = [*segue, "track", "--layout", "davis2016", "--root", options.root, "--split", "val"]
    tracked += ["--out", str(out), "--model", options.model, "--threads", str(options.threads)]
    report, record = out.parent / "evaluation.json", out.parent / "track.json"
    subprocess.run([*tracked, "--overwrite", "--json", str(record)], check=True)
    evaluated = [*segue, "evaluate", str(out), options.root, "--protocol", "davis2016"]
    subprocess.run([*evaluated, "--json", str(report)], check=True)
    tracked_run = json.loads(record.read_text())
    for place in ("out", "command"):  # of this machine
        tracked_run.pop(place, None)
    settings = {"root": Path(options.root).name, "model": options.model}
    results = {
        "evaluation": json.loads(report.read_text())["tables"]["sequence"],
        "track": tracked_run,
    }
    print(write("quality", settings, results))


if __name__ == "__main__":
    main()
