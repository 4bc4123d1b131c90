"""Time and memory of J and F on published masks of DAVIS-2016, against a plain implementation in the same run.

    SEGUE_SHARED=../shared python benchmarks/jf.py [--step 25]

Three plain implementations, all with the conventions of the official code and boundary maps of the whole image:

- ``opencv``: dilation by ``cv2.dilate``, as the official code has it today;
- ``scikit_image``: dilation by ``skimage.morphology.dilation``; timed on a part of the frames, it is slow;
- ``whole_sequence``: ``opencv``, and masks read as the official tool does, all of a sequence as floating point numbers
  that are then compared with each id.

Values are compared to the bit on every frame with ``opencv``, and with ``scikit_image`` on its part.
"""

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

# Worker processes import this file: what they do not need is imported where it is used.

METHODS = ("osvos", "fseg", "siammask", "pdb")
LENGTHS = (100, 1000)
SIZE_HW = (480, 854)

Dilate = Callable[[np.ndarray, np.ndarray], np.ndarray]
Pair = tuple[np.ndarray, np.ndarray]


def plain_boundary(mask: np.ndarray) -> np.ndarray:
    """Where a pixel differs from its right, lower or lower right neighbour."""
    east, south, corner = np.zeros_like(mask), np.zeros_like(mask), np.zeros_like(mask)
    east[:, :-1] = mask[:, 1:]
    south[:-1] = mask[1:]
    corner[:-1, :-1] = mask[1:, 1:]
    edges = mask ^ east | mask ^ south | mask ^ corner
    edges[-1] = mask[-1] ^ east[-1]
    edges[:, -1] = mask[:, -1] ^ south[:, -1]
    edges[-1, -1] = False
    return edges


def plain(predicted: np.ndarray, truth: np.ndarray, dilate: Dilate) -> tuple[float, float]:
    """J and F of two masks."""
    from skimage.morphology import disk

    union = np.sum(predicted | truth)
    region = float(np.sum(predicted & truth) / union) if union else 1.0
    footprint = disk(math.ceil(0.008 * np.linalg.norm(truth.shape))).astype(np.uint8)
    ours, theirs = plain_boundary(predicted), plain_boundary(truth)
    near_ours = dilate(ours.astype(np.uint8), footprint)
    near_theirs = dilate(theirs.astype(np.uint8), footprint)
    num_ours, num_theirs = np.sum(ours), np.sum(theirs)
    if not num_ours or not num_theirs:
        return region, float(num_ours == num_theirs)
    precision = np.sum(ours * near_theirs) / num_ours
    recall = np.sum(theirs * near_ours) / num_theirs
    total = precision + recall
    return region, float(2 * precision * recall / total) if total else 0.0


def plain_values(pairs: Iterable[Pair], dilate: Dilate) -> list[tuple[float, float]]:
    """J and F of many pairs of masks."""
    return [plain(*pair, dilate) for pair in pairs]


def read_plainly(frames: Iterable[Any]) -> Iterator[Pair]:
    """Both masks of one frame after the other."""
    from PIL import Image

    for frame in frames:
        yield np.array(Image.open(frame.predicted)) > 0, np.array(Image.open(frame.truth)) > 0


def read_whole_sequence(frames: Sequence[Any]) -> Iterator[Pair]:
    """Both masks of all frames, read as the official tool reads them."""
    from PIL import Image

    sides = []
    for side in ("predicted", "truth"):
        files = (Image.open(getattr(frame, side)) for frame in frames)
        masks = np.stack([np.array(file).astype(np.float64) for file in files])
        ids = np.ones((1, *masks.shape)) * np.arange(1, 2)[:, None, None, None]
        sides.append(((masks > 0)[None] == ids)[0])
    yield from zip(*sides, strict=True)


class Clock:
    """Processor seconds by name, which a busy machine changes less than the time on the wall."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def __call__(self, name: str, call: Callable[[], Any]) -> Any:
        """What a call returns; its time is added to the name."""
        started = time.process_time()
        result = call()
        self.seconds[name] = self.seconds.get(name, 0.0) + time.process_time() - started
        return result


def measure_sequence(clock: Clock, case: Any, step: int) -> dict[str, int]:
    """All implementations in turn on one sequence, without and with reading; how many frames, and how many differ."""
    import cv2
    from skimage.morphology import dilation

    from segue.evaluation.protocols.vos import DAVIS2016
    from segue.metrics.agreement import agreement

    cv2.setNumThreads(1)
    frames = case.frames[1:-1]
    pairs = list(read_plainly(frames))
    ours = clock("ours", lambda: [agreement(*pair).values for pair in pairs])
    theirs = clock("opencv", lambda: plain_values(pairs, cv2.dilate))
    slow = clock("scikit_image", lambda: plain_values(pairs[::step], dilation))
    scored = clock("ours_reading", lambda: DAVIS2016.score(case))
    clock("opencv_reading", lambda: plain_values(read_plainly(frames), cv2.dilate))
    clock("scikit_image_reading", lambda: plain_values(read_plainly(frames[::step]), dilation))
    clock("whole_sequence_reading", lambda: plain_values(read_whole_sequence(frames), cv2.dilate))
    curve = scored.tally[1]
    same = zip(ours, theirs, zip(curve.region, curve.boundary, strict=True), strict=True)
    differ = sum(len(set(values)) > 1 for values in same)
    differ += sum(a != b for a, b in zip(ours[::step], slow, strict=True))
    return {"frames": len(ours), "frames_scikit_image": len(slow), "frames_that_differ": differ}


def measure_metrics(cases: list[Any], step: int) -> dict[str, Any]:
    """Processor milliseconds per frame and ratios, one process."""
    clock = Clock()
    by_sequence = [measure_sequence(clock, case, step) for case in cases]
    counts = {name: sum(part[name] for part in by_sequence) for name in by_sequence[0]}
    per_frame = {
        name: 1e3 * seconds / counts["frames_scikit_image" if "scikit" in name else "frames"]
        for name, seconds in clock.seconds.items()
    }
    ratios = {
        name: round(value / per_frame["ours_reading" if "reading" in name else "ours"], 2)
        for name, value in per_frame.items()
        if "ours" not in name
    }
    ms = {name: round(value, 3) for name, value in per_frame.items()}
    return {**counts, "processor_ms_per_frame": ms, "times_faster_than": ratios}


def link_all(folders: list[Path], root: Path, place: Path) -> None:
    """One tree of truth and one of predictions that hold the sequences of all methods."""
    for folder in folders:
        for sequence in sorted(path for path in folder.iterdir() if path.is_dir()):
            name = f"{folder.name}-{sequence.name}"
            truth = root / "Annotations/480p" / sequence.name
            for side, target in (("predictions", sequence), ("truth", truth)):
                (place / side).mkdir(exist_ok=True)
                (place / side / name).symlink_to(target.resolve(), target_is_directory=True)


def measure_processes(folders: list[Path], root: Path, repeats: int) -> dict[str, Any]:
    """Seconds of one ``evaluate`` of all masks with 1 and 2 processes, start of the processes included."""
    from segue.evaluation.run import evaluate

    seconds: dict[int, list[float]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory() as place:
        link_all(folders, root, Path(place))
        for _ in range(repeats):
            for workers, times in seconds.items():
                started = time.perf_counter()
                sides = Path(place, "predictions"), Path(place, "truth")
                evaluate(*sides, "davis2016", workers=workers)
                times.append(time.perf_counter() - started)
    started = time.perf_counter()
    protocol = "import segue.evaluation.protocols.vos"
    subprocess.run([sys.executable, "-c", protocol], check=True)
    return {
        "seconds": {str(workers): round(min(times), 2) for workers, times in seconds.items()},
        "times_faster_with_2": round(min(seconds[1]) / min(seconds[2]), 2),
        "import_of_a_process_s": round(time.perf_counter() - started, 2),
    }


def write_sequence(folder: Path, length: int) -> None:
    """Three discs on circular paths."""
    from PIL import Image

    folder.mkdir(parents=True)
    y, x = np.mgrid[: SIZE_HW[0], : SIZE_HW[1]]
    for time_index in range(length):
        labels = np.zeros(SIZE_HW, np.uint8)
        for number in (1, 2, 3):
            angle = 0.05 * time_index + number
            top, left = 240 + 120 * math.sin(angle), 427 + 250 * math.cos(angle)
            labels[(y - top) ** 2 + (x - left) ** 2 < 60**2] = number
        Image.fromarray(labels).save(folder / f"{time_index:05}.png", compress_level=1)


def peak_mib(folder: Path) -> float:
    """Peak of resident memory in a process of its own that evaluates a folder against itself."""
    script = (
        "import sys; from segue.evaluation.run import evaluate\n"
        "evaluate(sys.argv[1], sys.argv[1], 'davis2017')\n"
        "print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=True
    )
    return round(int(done.stdout) / 1024, 1)


def measure_memory() -> dict[str, Any]:
    """Peaks by length of a synthetic sequence of 480x854 with three objects, protocol davis2017."""
    peaks = {}
    with tempfile.TemporaryDirectory() as folder:
        for length in LENGTHS:
            write_sequence(Path(folder, f"{length}/discs"), length)
            peaks[length] = peak_mib(Path(folder, str(length)))
    growth = 100 * (peaks[LENGTHS[1]] / peaks[LENGTHS[0]] - 1)
    return {"peak_mib_by_frames": peaks, "growth_percent": round(growth, 1)}


def main() -> None:
    """Measure and write ``results/jf.json``."""
    from segue.evaluation.protocols.vos import DAVIS2016

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=os.environ.get("SEGUE_SHARED", "../shared"))
    parser.add_argument("--step", type=int, default=25, help="scikit-image: every so many frames")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    data = Path(options.shared) / "data"
    root = data / "davis2016_val_dev"
    folders = [data / "davis2016_published/masks" / method for method in METHODS]
    cases = [case for folder in folders for case in DAVIS2016.gather(folder, root, None).cases]
    results = {
        "processes": measure_processes(folders, root, options.repeats),
        "one_process": measure_metrics(cases, options.step),
        "memory": measure_memory(),
    }
    from record import write  # late: it loads torch, beside which evaluate does not fork

    settings = {"root": root.name, "methods": list(METHODS), "size": list(SIZE_HW)}
    print(write("jf", settings, results).read_text())


if __name__ == "__main__":
    main()
