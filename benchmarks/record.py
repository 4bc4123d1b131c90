"""What every benchmark writes beside its numbers: the machine, the threads, the versions, the commit."""

import json
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

RESULTS = Path(__file__).parent / "results"


def processor() -> str:
    """The processor's name and the number of cores that may be used."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, {len(names) or '?'} cores"


def write(name: str, settings: dict[str, Any], results: dict[str, Any]) -> Path:
    """Write ``results/<name>.json``."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    record = {
        "machine": processor(),
        "threads": torch.get_num_threads(),
        "versions": {p: version(p) for p in ("torch", "timm", "av", "opencv-python-headless")},
        "commit": commit.stdout.strip() or None,
        "settings": settings,
        "results": results,
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(record, indent=2) + "\n")
    return path
