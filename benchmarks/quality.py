"""J&F and speed on a dataset by preset: one ``segue benchmark speed`` each, masks scored in the same run.

python benchmarks/quality.py --root davis2016_val_dev [--model segue-lite] [--runs best balanced fast paced]
python benchmarks/render.py
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from record import write

RUNS = {
    "best": ["--quality", "best"],
    "balanced": [],
    "fast": ["--quality", "fast"],
    "paced": ["--fps", "25"],
    "int8": ["precision=int8"],
    "one thread": ["--threads", "1"],
}
"""Name -> options; ``balanced`` is what a user gets who asks for nothing."""
_OF_THIS_MACHINE = ("platform", "command")


def main() -> None:
    """Measure and write ``results/<name>.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", required=True)
    parser.add_argument("--model", default="segue-lite")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--name", default="quality")
    parser.add_argument("--runs", nargs="+", choices=list(RUNS), default=list(RUNS))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    results = {}
    for name in options.runs:
        with tempfile.TemporaryDirectory() as folder:
            document = Path(folder) / "speed.json"
            words = ["benchmark", "speed", "--layout", "davis2016", "--root", options.root]
            words += ["--model", options.model, "--threads", str(options.threads)]
            words += ["--json", str(document), *RUNS[name]]
            subprocess.run([sys.executable, "-m", "segue.app.cli.main", *words], check=True)
            results[name] = json.loads(document.read_text())
        for key in _OF_THIS_MACHINE:
            results[name].pop(key, None)
    settings = {"root": Path(options.root).name, "model": options.model, "runs": RUNS}
    print(write(options.name, settings, results))


if __name__ == "__main__":
    main()
