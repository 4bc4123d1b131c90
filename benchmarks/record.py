"""What every benchmark writes beside its numbers: the machine, the threads, the versions, the commit."""

import json
import platform
from pathlib import Path
from typing import Any

import torch

from segue.inference.environment import environment

RESULTS = Path(__file__).parent / "results"


def processor() -> str:
    """The processor's name and the number of cores that may be used."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, {len(names) or '?'} cores"


def write(name: str, settings: dict[str, Any], results: dict[str, Any]) -> Path:
    """Write ``results/<name>.json``."""
    about = environment()
    record = {
        "machine": processor(),
        "threads": torch.get_num_threads(),
        "versions": about["versions"],
        "commit": about["commit"],
        "settings": settings,
        "results": results,
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(record, indent=2) + "\n")
    return path
