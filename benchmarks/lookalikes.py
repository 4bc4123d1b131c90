"""Whether a model keeps apart two and four copies of one object that cross and hide one another.

    python benchmarks/lookalikes.py [--model segue-lite] [--weights FILE] [key=value ...] [--name lookalikes]
    python benchmarks/render.py

The clips are synthetic: 20 of 40 frames, 480x854, always the same; no data set is needed. The model is given the first
frame's masks. ``segue data synthesize OUT --layout davis2017 --kind lookalikes`` writes such clips to look at.
"""

import argparse
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import torch
from record import write

from segue import load_model
from segue.measure.lookalikes import (
    CLIPS,
    SEED,
    SIZE_HW,
    ClipScore,
    LookalikeScore,
    follow_lookalikes,
    lookalike_clips,
    sum_up,
)
from segue.settings import override


def shown(score: LookalikeScore | ClipScore) -> dict[str, Any]:
    """A row of the document; J and F in percent."""
    row = asdict(score)
    region, boundary = 100 * row.pop("region"), 100 * row.pop("boundary")
    j_and_f = (region + boundary) / 2
    return {**row, "J&F": round(j_and_f, 1), "J": round(region, 1), "F": round(boundary, 1)}


def main() -> None:
    """Measure and write ``results/<name>.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("settings", nargs="*", metavar="key=value", help="settings of the model")
    parser.add_argument("--model", default="segue-lite")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--clips", type=int, default=CLIPS, help="only the first ones, to try out")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--name", default="lookalikes")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    assigned = override({}, options.settings)
    model = load_model(options.model, weights=options.weights, settings=assigned)
    scores = []
    for clip in lookalike_clips(options.clips):
        begin = time.perf_counter()
        scores.append(follow_lookalikes(model, clip))
        took, counts = time.perf_counter() - begin, scores[-1].identities
        print(f"{clip.name}: {counts.kept} of {counts.objects} kept, {took:.1f} s", flush=True)
    settings = {
        "model": options.model,
        "weights": options.weights and options.weights.name,
        "model_settings": assigned,
        "seed": SEED,
        "size_hw": list(SIZE_HW),
    }
    results = {
        "copies": {name: shown(score) for name, score in sum_up(scores).items()},
        "clips": [shown(score) for score in scores],
    }
    print(write(options.name, settings, results))
    for name, score in sum_up(scores).items():
        share = score.identities.share_kept or 0.0
        print(f"{name}: {100 * share:.1f} % kept, J&F {100 * score.j_and_f:.1f}")


if __name__ == "__main__":
    main()
