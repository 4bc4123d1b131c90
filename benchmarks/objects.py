"""What ten objects cost against one: time per frame of segue-lite, both in turn on the same frames.

    python benchmarks/objects.py [--video CLIP --mask MASK] [--objects 10] [--threads 2]

Without a clip: four synthetic scenes, side by side in one frame of 480x854, in which objects move, hide and leave.
With fewer objects than asked for, all of them are followed. The one object is the largest. Decoding and writing are
not included. Each number of objects is timed with the reuse gate at its default, and with every frame computed.
"""

import argparse
import statistics
from itertools import islice
from typing import Any

import cv2
import numpy as np
import torch
from record import write
from speed import timed

from segue import load_model, open_video, read_masks
from segue.synthetic.world import scenes

_FRAMES = 40
_TILE_HW = (240, 427)


def synthetic() -> tuple[list[Any], Any]:
    """Frames, and the labels of the first."""
    tiles = [list(scene.frames()) for scene in scenes("objects", 4, _FRAMES, 3, _TILE_HW)]
    frames = [grid([tile[t].image for tile in tiles]) for t in range(_FRAMES)]
    shown, offset = [], 0
    for tile in tiles:
        ids = tile[0].instances.astype(np.int32)
        shown.append(np.where(ids > 0, ids + offset, 0))
        offset += int(ids.max())
    return frames, grid(shown)


def grid(tiles: list[Any]) -> Any:
    """Four pictures as one."""
    left, right, below, beside = tiles
    return np.concatenate([np.hstack([left, right]), np.hstack([below, beside])])


def largest(labels: Any, number: int) -> Any:
    """The largest objects, numbered from 1."""
    ids, areas = np.unique(labels[labels > 0], return_counts=True)
    kept = ids[np.argsort(-areas)][:number]
    found = np.zeros(labels.shape, np.uint8)
    for new, old in enumerate(kept, start=1):
        found[labels == old] = new
    return found


def measure(frames: list[Any], labels: Any, number: int, settings: dict[str, Any]) -> Any:
    """Milliseconds per frame with one object, and with several."""
    model = load_model("segue-lite", settings=settings)
    given = {count: largest(labels, count) for count in (1, number)}
    states: dict[int, Any] = {}
    laps: dict[int, list[float]] = {count: [] for count in given}
    reused = dict.fromkeys(given, 0.0)
    for warm in (True, False):  # graphs are compiled in the first pass
        for count, first in given.items():
            _, states[count] = model.start(frames[0], first)
        for frame in frames[1:]:
            for count in given:
                took, (prediction, states[count]) = timed(
                    lambda c=count, f=frame: model.step(f, states[c])
                )
                if not warm:
                    laps[count].append(took)
                    scores = prediction.scores.values()
                    reused[count] += statistics.fmean(bool(score.reused) for score in scores)
    rows = {
        count: {
            "mean_ms": round(statistics.fmean(laps[count]), 1),
            "median_ms": round(statistics.median(laps[count]), 1),
            "reused": round(reused[count] / len(laps[count]), 3),
        }
        for count in given
    }
    return {
        "objects": int(given[number].max()),
        "one": rows[1],
        "several": rows[number],
        "times_as_long": round(rows[number]["mean_ms"] / rows[1]["mean_ms"], 2),
    }


def main() -> None:
    """Measure and write ``results/objects.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--video")
    parser.add_argument("--mask")
    parser.add_argument("--objects", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--name", default="objects")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    if options.video:
        frames = [f.image for f in islice(open_video(options.video), _FRAMES)]
        labels = read_masks([options.mask]).by_frame[0]
    else:
        frames, labels = synthetic()
    results = {
        "gate": measure(frames, labels, options.objects, {}),
        "every frame computed": measure(frames, labels, options.objects, {"reuse": None}),
    }
    settings = {"video": options.video and options.video.rpartition("/")[2], "frames": len(frames)}
    print(write(options.name, settings, results).read_text())


if __name__ == "__main__":
    main()
