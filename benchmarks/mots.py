"""Time of scoring MOTS text, reading included, against TrackEval on the same files in the same process.

    python benchmarks/mots.py [--frames 300] [--repeats 5]

The set is drawn: ten objects per frame at the size of KITTI, predictions with masks off by some pixels, misses,
switched ids and false objects. Both tools compute HOTA, CLEAR and Identity of both classes and take turns; the values
must agree to 1e-9. TrackEval is called below its command line: no tables are written or printed.
"""

import argparse
import contextlib
import io
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from record import write
from trackeval.datasets import KittiMOTS
from trackeval.metrics import CLEAR, HOTA, Identity

from segue.data.mots_text import CAR, PEDESTRIAN, TrackedMask, write_mots
from segue.evaluation.protocols.mots import KITTI_MOTS
from segue.media.rle import encode

SIZE = 375, 1242
OBJECTS = (CAR,) * 6 + (PEDESTRIAN,) * 4
SEQUENCE = "0000"
SAME_BY_NAME = {
    "sMOTSA": ("CLEAR", "sMOTA"),
    "MOTSA": ("CLEAR", "MOTA"),
    "MOTSP": ("CLEAR", "MOTP"),
    "IDF1": ("Identity", "IDF1"),
    **{name: ("HOTA", name) for name in ("HOTA", "DetA", "AssA", "LocA")},
}


def draw_set(root: Path, num_frames: int) -> None:
    """Write ``truth/0000.txt`` and ``predictions/data/0000.txt``."""
    draw = np.random.default_rng(0)
    starts = draw.uniform((40, 60), (SIZE[0] - 40, SIZE[1] - 60), (len(OBJECTS), 2))
    truth: list[TrackedMask] = []
    predicted: list[TrackedMask] = []
    for time_index in range(num_frames):
        labels = np.zeros(SIZE, np.uint16)
        found = np.zeros(SIZE, np.uint16)
        for index, (start, class_id) in enumerate(zip(starts, OBJECTS, strict=True)):
            centre = start + np.array([0, 30 * np.sin(time_index / 20 + index)])
            label = class_id * 1000 + index
            blob(labels, centre, label)
            if draw.random() > 0.03:
                switched = 100 * (time_index > 150 and index % 3 == 0)
                blob(found, centre + draw.normal(0, 2, 2), label + switched)
        if draw.random() < 0.1:
            blob(found, draw.uniform((0, 0), SIZE), CAR * 1000 + 999)
        truth.extend(masks(time_index, labels))
        predicted.extend(masks(time_index, found))
    for folder, rows in ((root / "truth", truth), (root / "predictions" / "data", predicted)):
        folder.mkdir(parents=True)
        write_mots(folder / f"{SEQUENCE}.txt", rows)


def blob(labels: np.ndarray, centre: np.ndarray, label: int) -> None:
    """An ellipse of about 40x30 pixels with a rough edge."""
    rows, columns = np.ogrid[: SIZE[0], : SIZE[1]]
    down, across = (rows - centre[0]) / 20, (columns - centre[1]) / 15
    labels[down**2 + across**2 + 0.2 * np.sin(9 * across) * np.cos(7 * down) < 1] = label


def masks(frame: int, labels: np.ndarray) -> list[TrackedMask]:
    """The objects of a label map."""
    ids = [int(label) for label in np.unique(labels) if label]
    return [TrackedMask(frame, label, label // 1000, encode(labels == label)) for label in ids]


def score_by_segue(root: Path) -> dict[str, dict[str, float]]:
    """Values by class."""
    gathered = KITTI_MOTS.gather(root / "predictions" / "data", root / "truth", None)
    tables = KITTI_MOTS.tables([KITTI_MOTS.score(case) for case in gathered.cases])
    return {
        name: {k: v for t in tables if t.title.startswith(name) for k, v in t.summary.items()}
        for name in ("car", "pedestrian")
    }


def score_by_trackeval(root: Path, num_frames: int) -> dict[str, dict[str, float]]:
    """The same values by class."""
    with contextlib.redirect_stdout(io.StringIO()):
        data = KittiMOTS(
            {
                "GT_FOLDER": str(root / "truth"),
                "GT_LOC_FORMAT": "{gt_folder}/{seq}.txt",
                "TRACKERS_FOLDER": str(root),
                "TRACKERS_TO_EVAL": ["predictions"],
                "SEQ_INFO": {SEQUENCE: num_frames},
            }
        )
        metrics = [HOTA(), CLEAR(), Identity()]
        raw = data.get_raw_seq_data("predictions", SEQUENCE)
        found: dict[str, dict[str, float]] = {}
        for name in ("car", "pedestrian"):
            prepared = data.get_preprocessed_seq_data(raw, name)
            result = {
                m.get_name(): m.combine_sequences({SEQUENCE: m.eval_sequence(prepared)})
                for m in metrics
            }
            found[name] = {
                column: 100 * float(np.mean(result[metric][key]))
                for column, (metric, key) in SAME_BY_NAME.items()
            }
    return found


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Milliseconds of a call, and what it returned."""
    started = time.perf_counter()
    result = call()
    return (time.perf_counter() - started) * 1e3, result


def main() -> None:
    """Measure and write ``results/mots.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    times: dict[str, list[float]] = {"segue": [], "trackeval": []}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        draw_set(root, options.frames)
        for _ in range(options.repeats):
            took, ours = timed(lambda: score_by_segue(root))
            times["segue"].append(took)
            took, official = timed(lambda: score_by_trackeval(root, options.frames))
            times["trackeval"].append(took)
    differences = [
        abs(ours[name][column] - value)
        for name, values in official.items()
        for column, value in values.items()
    ]
    if max(differences) > 1e-7:  # percent
        raise SystemExit(f"The values differ by {max(differences)} %: {ours} and {official}.")
    medians = {name: round(statistics.median(values), 1) for name, values in times.items()}
    ratios = [a / b for a, b in zip(times["trackeval"], times["segue"], strict=True)]
    results = {
        "median_ms": medians,
        "min_ms": {name: round(min(values), 1) for name, values in times.items()},
        "times_faster": round(statistics.median(ratios), 1),
        "largest_difference_percent": max(differences),
        "values": {n: {k: round(v, 3) for k, v in row.items()} for n, row in official.items()},
    }
    settings = {"frames": options.frames, "objects": len(OBJECTS), "size": list(SIZE)}
    print(write("mots", settings, results).read_text())


if __name__ == "__main__":
    main()
