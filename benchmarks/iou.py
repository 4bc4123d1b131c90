"""Time per pair of label maps of Cityscapes' size, here and in ``cityscapesscripts``, with and without reading.

    python benchmarks/iou.py [--pairs 20] [--rounds 5]

Both take turns on the same pairs in one process. The official tool runs its numpy path, without scores of instances.
Counting is done in one thread; reading decodes both files of a pair at once, in two. The label maps are made: smooth
fields of all 34 ids, and predictions that differ from them along borders and in a few regions. Time depends on how
often the values change along a row, so there are coarse and fine ones; label maps of CamVid, beside those of the next
frame, change 17 times in a row. The IoU of every class must come out equal.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest import mock

import cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling as official  # noqa: N813
import cv2
import numpy as np
import torch
from PIL import Image
from record import write

from segue.data.semantic_classes import CITYSCAPES_CLASSES
from segue.evaluation.semantic_files import LabelledFrame, read_pair
from segue.metrics.confusion import ConfusionTally, class_table, stored_confusion

HEIGHT, WIDTH = 1024, 2048
FIELDS = {"coarse": (4, 8), "fine": (8, 16)}
"""Size of the fields that are enlarged to label maps."""
CLASSES = len(CITYSCAPES_CLASSES.names)
TABLE = class_table(CITYSCAPES_CLASSES.class_of)

Pair = tuple[np.ndarray, np.ndarray]


def make_pair(rng: np.random.Generator, size: tuple[int, int]) -> Pair:
    """Prediction and truth, label ids of 1024x2048."""
    fields = rng.standard_normal((34, *size)).astype(np.float32)
    changed = fields + 0.2 * rng.standard_normal(fields.shape).astype(np.float32)
    return label_map(changed, rng), label_map(fields, rng)


def label_map(fields: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The id of the strongest field at each pixel; a little noise makes borders ragged."""
    best = np.full((HEIGHT, WIDTH), -np.inf, np.float32)
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    grain = rng.standard_normal((HEIGHT // 4, WIDTH // 4)).astype(np.float32) * 0.02
    for label, field in enumerate(fields):
        large = cv2.resize(field, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        large += cv2.resize(np.roll(grain, label), (WIDTH, HEIGHT))
        labels[large > best] = label
        np.maximum(best, large, out=best)
    return labels


class InMemory:
    """Stands in for ``PIL.Image`` in the official tool: names are those of arrays."""

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        self.arrays = arrays

    def open(self, name: str) -> Any:
        """What the tool asks of an image: its size, and to become an array."""
        array = self.arrays[name]

        class Opened:
            size = array.shape[::-1]

            def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
                return array

        return Opened()


class Official:
    """``cityscapesscripts``, pair by pair."""

    def __init__(self) -> None:
        self.settings = official.args
        self.settings.evalInstLevelScore = False
        self.settings.quiet = True
        self.counts = official.generateMatrix(self.settings)

    def add(self, predicted: str, truth: str) -> None:
        """Count one pair of files."""
        official.evaluatePair(predicted, truth, self.counts, {}, {}, self.settings)

    @property
    def iou(self) -> list[float]:
        """By scored class."""
        values = [label.value for label in CITYSCAPES_CLASSES.classes]
        return [official.getIouScoreForLabel(v, self.counts, self.settings) for v in values]


def milliseconds(call: Callable[[], Any]) -> tuple[float, Any]:
    """Of a call, and what it returned."""
    started = time.perf_counter()
    result = call()
    return (time.perf_counter() - started) * 1e3, result


def compare(pairs: dict[str, Pair], rounds: int, *, reading: bool) -> dict[str, Any]:
    """Time of both on all pairs, in turns, and whether they agree."""
    theirs, ours = [], []
    reference, tally = Official(), ConfusionTally.empty(CLASSES)
    reader = ThreadPoolExecutor(1)

    def count(predicted: str, truth: str) -> ConfusionTally:
        if not reading:
            return stored_confusion(arrays[predicted], arrays[truth], CLASSES, TABLE)
        files = LabelledFrame("", Path(truth), Path(predicted))
        true_values, predicted_values = read_pair(files, reader)
        return stored_confusion(predicted_values, true_values, CLASSES, TABLE)

    arrays = {f"{name}_{side}.png": array for name, pair in pairs.items()
              for side, array in zip(("predicted", "truth"), pair, strict=True)}  # fmt: skip
    opener = official.Image if reading else InMemory(arrays)
    with mock.patch.object(official, "Image", opener):
        for name in list(pairs) * rounds:
            files = [f"{name}_{side}.png" for side in ("predicted", "truth")]
            took, _ = milliseconds(lambda f=files: reference.add(*f))
            theirs.append(took)
            took, counts = milliseconds(lambda f=files: count(*f))
            ours.append(took)
            tally += counts
    reader.shutdown()
    np.testing.assert_allclose(tally.class_iou, reference.iou, rtol=0, atol=1e-12)
    official_ms, segue_ms = statistics.median(theirs), statistics.median(ours)
    return {
        "official_ms": round(official_ms, 2),
        "segue_ms": round(segue_ms, 2),
        "ratio": round(official_ms / segue_ms, 2),
        "mean_iou": round(tally.mean_iou, 6),
    }


def changes_per_row(pair: Pair) -> float:
    """How often the pair of values changes along a row: what the time here depends on."""
    changes = (np.diff(pair[0].astype(int)) != 0) | (np.diff(pair[1].astype(int)) != 0)
    return float(changes.sum(axis=1).mean())


def measure(size: tuple[int, int], num_pairs: int, rounds: int) -> dict[str, Any]:
    """Both comparisons on pairs made from fields of a size."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        pairs = {f"{folder}/{number}": make_pair(rng, size) for number in range(num_pairs)}
        for name, (predicted, truth) in pairs.items():
            Image.fromarray(predicted).save(f"{name}_predicted.png")
            Image.fromarray(truth).save(f"{name}_truth.png")
        return {
            "changes_per_row": round(statistics.fmean(map(changes_per_row, pairs.values())), 1),
            "without_reading": compare(pairs, rounds, reading=False),
            "with_reading": compare(pairs, rounds, reading=True),
        }


def main() -> None:
    """Measure and write ``results/iou.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    results = {name: measure(size, options.pairs, options.rounds) for name, size in FIELDS.items()}
    settings = {
        "size": [HEIGHT, WIDTH],
        "pairs": options.pairs,
        "rounds": options.rounds,
        "numpy": np.__version__,
        "pillow": version("pillow"),
        "cityscapesscripts": version("cityscapesscripts"),
    }
    print(write("iou", settings, results).read_text())


if __name__ == "__main__":
    main()
