"""Time per frame of every model, in turn on the same frames, so that ratios hold on a busy machine.

    python benchmarks/speed.py --video CLIP --mask MASK [--models segue-lite frtm-fast] [--frames 24]

The first frame's mask is given; the first frame is timed three times and its median kept. Models without
shipped weights run with random ones; their masks mean nothing, but are not empty (``pixels_predicted``), so
that memory updates run as in real use. Decoding and writing are measured apart.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
import torch
from record import write

from segue import load_model, open_video, read_masks
from segue.media.masks import write_mask
from segue.models.catalog import find


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Milliseconds of a call, and what it returned."""
    started = time.perf_counter()
    result = call()
    return (time.perf_counter() - started) * 1e3, result


def summary(milliseconds: list[float]) -> dict[str, float]:
    """Median, mean, smallest and largest."""
    return {
        "median": round(statistics.median(milliseconds), 1),
        "mean": round(statistics.fmean(milliseconds), 1),
        "min": round(min(milliseconds), 1),
        "max": round(max(milliseconds), 1),
    }


def load(name: str) -> Any:
    """A model, with random weights where none ship."""
    return load_model(name, settings=find(name).unweighted)


def measure(names: list[str], frames: list[Any], labels: Any) -> dict[str, Any]:
    """First frame, steady frames and their ratio for each model; models take turns frame by frame."""
    models = {name: load(name) for name in names}
    for model in models.values():  # warm up allocators and kernels
        _, state = model.start(frames[0], labels)
        model.step(frames[1], state)
    first: dict[str, list[float]] = {name: [] for name in names}
    states: dict[str, Any] = {}
    for _ in range(3):
        for name, model in models.items():
            took, (_, states[name]) = timed(lambda m=model: m.start(frames[0], labels))
            first[name].append(took)
    steady: dict[str, list[float]] = {name: [] for name in names}
    pixels = dict.fromkeys(names, 0)
    for frame in frames[1:]:
        for name, model in models.items():
            took, (prediction, states[name]) = timed(
                lambda m=model, s=states[name], f=frame: m.step(f, s)
            )
            steady[name].append(took)
            pixels[name] += int((prediction.labels > 0).sum())
    table = {
        name: {
            "first_frame_ms": round(statistics.median(first[name]), 1),
            "frame_ms": summary(steady[name]),
            "pixels_predicted": pixels[name],
        }
        for name in names
    }
    return {"size": list(labels.shape), "models": table}


def border(video: str, frames: list[Any], labels: Any, folder: Any) -> dict[str, Any]:
    """Decoding a frame, and writing a mask, in milliseconds."""
    source = iter(open_video(video))
    decode = [timed(lambda: next(source))[0] for _ in frames]
    wrote = [timed(lambda i=i: write_mask(folder / f"{i}.png", labels))[0] for i in range(20)]
    return {"decode_ms": summary(decode), "write_mask_ms": summary(wrote)}


def main() -> None:
    """Measure and write ``results/speed*.json``."""
    import tempfile
    from pathlib import Path

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--video", required=True)
    parser.add_argument("--mask", required=True)
    parser.add_argument("--models", nargs="+", default=["segue-lite", "frtm-fast"])
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--name", default="speed")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    frames = [f.image for f in islice(open_video(options.video), options.frames)]
    labels = read_masks([options.mask]).by_frame[0]
    results = measure(options.models, frames, labels)
    single = np.where(labels == labels[labels > 0].min(), 1, 0).astype(np.uint8)
    if len(np.unique(labels[labels > 0])) > 1:
        results["one_object"] = measure(options.models, frames, single)["models"]
    with tempfile.TemporaryDirectory() as folder:
        results["border"] = border(options.video, frames, labels, Path(folder))
    settings = {"video": Path(options.video).name, "frames": len(frames)}
    print(write(options.name, settings, results).read_text())


if __name__ == "__main__":
    main()
