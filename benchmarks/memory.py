"""Resident memory of segue track on a long video, files written: the same clip again and again.

python benchmarks/memory.py --video CLIP --mask MASK [--frames 3000] [--max-side 854]
"""

import argparse
import tempfile
from itertools import chain, islice, repeat
from pathlib import Path

import cv2
import psutil
import torch
from record import write

from segue import load_model, open_video, read_masks
from segue.inference.job import Job
from segue.inference.places import TRACKS, Places
from segue.inference.tasks.track import TrackTask

SAMPLED = (1, 50, 200, 500, 1000, 2000)


class Watch:
    """Hears about every finished frame, and looks at the memory now and then."""

    def __init__(self, last: int) -> None:
        self.resident: dict[int, float] = {}
        self._last = last
        self._process = psutil.Process()

    def advance(self, done: int, total: int | None, note: str = "") -> None:
        """See ``segue.inference.progress.Progress``."""
        if done in (*SAMPLED, self._last):
            self.resident[done] = round(self._process.memory_info().rss / 2**20, 1)
            print(done, self.resident[done], "MiB", flush=True)


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
    cv2.setNumThreads(options.threads)
    images = (f.image for f in chain.from_iterable(repeat(open_video(options.video))))
    watch = Watch(options.frames)
    with tempfile.TemporaryDirectory() as folder:
        job = Job(
            video=open_video(islice(images, options.frames)),
            task=TrackTask(read_masks([options.mask]).by_frame),
            places=Places.for_video(Path(folder), TRACKS),
            identity={},
            max_side=options.max_side,
        )
        record = job.run(load_model(options.model), "new", watch)
    resident = watch.resident
    growth = resident[options.frames] - resident[min(200, options.frames)]
    settings = {
        "video": Path(options.video).name,
        "model": options.model,
        "max_side": options.max_side,
    }
    results = {
        "resident_mib": resident,
        "growth_mib_200_to_last": round(growth, 1),
        "fps": record["timings"]["fps"],
    }
    print(write("memory", settings, results).read_text())


if __name__ == "__main__":
    main()
