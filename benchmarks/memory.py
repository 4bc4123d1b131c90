"""Resident memory of a long video: the same clip again and again through one state.

python benchmarks/memory.py --video CLIP --mask MASK [--frames 3000] [--max-side 854]
"""

import argparse
from itertools import chain, islice, repeat
from pathlib import Path

import psutil
import torch
from record import write

from segue import load_model, open_video, read_masks, track


def main() -> None:
    """Measure and write ``results/memory.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--video", required=True)
    parser.add_argument("--mask", required=True)
    parser.add_argument("--model", default="segue-lite")
    parser.add_argument("--frames", type=int, default=3000)
    parser.add_argument("--max-side", type=int)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    images = (f.image for f in chain.from_iterable(repeat(open_video(options.video))))
    video = open_video(islice(images, options.frames))
    model = load_model(options.model)
    process = psutil.Process()
    resident = {}
    masks = read_masks([options.mask]).by_frame
    for frame, _ in track(model, video, masks, max_side=options.max_side):
        if frame.index + 1 in (1, 50, 200, 500, 1000, 2000, options.frames):
            resident[frame.index + 1] = round(process.memory_info().rss / 2**20, 1)
            print(frame.index + 1, resident[frame.index + 1], "MiB", flush=True)
    growth = resident[options.frames] - resident[min(200, options.frames)]
    settings = {
        "video": Path(options.video).name,
        "model": options.model,
        "max_side": options.max_side,
    }
    results = {"resident_mib": resident, "growth_mib_200_to_last": round(growth, 1)}
    print(write("memory", settings, results).read_text())


if __name__ == "__main__":
    main()
