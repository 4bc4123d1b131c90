"""J and F of many objects against TrackEval, whose functions are those of the official DAVIS-2017 evaluation."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco
from trackeval.metrics import JAndF

from fakes.davis import write_davis
from fakes.label_files import write_labels
from segue.evaluation.run import evaluate

# pycocotools of the reference, under NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SIZE = (40, 57)
COLUMNS = {
    "J&F": "J&F",
    "J": "J-Mean",
    "F": "F-Mean",
    "J_recall": "J-Recall",
    "J_decay": "J-Decay",
    "F_recall": "F-Recall",
    "F_decay": "F-Decay",
}


def draw(seed: int, num_frames: int = 9, num_objects: int = 3) -> list[np.ndarray]:
    """Overlapping ellipses that wander, all of them in the first frame, with holes and stray pixels."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    centres = rng.uniform((8, 8), (SIZE[0] - 8, SIZE[1] - 8), (num_objects, 2))
    video = []
    for _ in range(num_frames):
        labels = np.zeros(SIZE, np.uint8)
        for number, (top, left) in enumerate(centres, start=1):
            labels[((y - top) / 7) ** 2 + ((x - left) / 9) ** 2 < 1] = number
        labels[rng.random(SIZE) < 0.02] = rng.integers(0, num_objects + 1)
        labels[0, :num_objects] = range(1, num_objects + 1)
        video.append(labels)
        centres = centres + rng.normal(0, 1.5, centres.shape)
    return video


def worsened(truth: list[np.ndarray], seed: int) -> list[np.ndarray]:
    """Shifted masks; in one frame of five an object is lost."""
    rng = np.random.default_rng(seed)
    video = []
    for labels in truth:
        moved = np.roll(labels, rng.integers(-2, 3, 2), (0, 1))
        if rng.random() < 0.2:
            moved[moved == rng.integers(1, 4)] = 0
        video.append(moved)
    return video


def encoded(video: list[np.ndarray], num_objects: int) -> list[list[dict[str, Any]]]:
    return [
        [coco.encode(np.asfortranarray(f == i, np.uint8)) for i in range(1, num_objects + 1)]
        for f in video
    ]


def write(root: Path, truth: list[np.ndarray], ours: list[np.ndarray], folder: str) -> None:
    write_davis(root / "davis", {"cat": truth}, names_only=True)
    write_labels(root / "davis" / folder / "480p/cat", truth)
    write_labels(root / "ours/cat", ours)


@pytest.mark.parametrize("seed", range(4))
def test_davis2017(tmp_path: Path, seed: int) -> None:
    truth = draw(seed)
    ours = worsened(truth, seed + 100)
    write(tmp_path, truth, ours, "Annotations")
    scored = evaluate(tmp_path / "ours", tmp_path / "davis", "davis2017").scored[0]
    gt, tracker = encoded(truth[1:-1], 3), encoded(ours[1:-1], 3)
    regions = JAndF._compute_j(gt, tracker, 3, 3, len(gt))
    for k, curve in enumerate(scored.tally.values()):
        assert curve.region == pytest.approx(regions[k, k])
        assert curve.boundary == pytest.approx(JAndF._compute_f(gt, tracker, k, k, 0.008))


@pytest.mark.parametrize("seed", range(4))
def test_davis2017_unsupervised(tmp_path: Path, seed: int) -> None:
    truth, proposals = draw(seed), worsened(draw(seed, num_objects=5), seed + 100)
    rng = np.random.default_rng(seed)
    void = [rng.random(SIZE) < 0.05 for _ in truth]
    marked = [np.where(v, 255, t).astype(np.uint8) for v, t in zip(void, truth, strict=True)]
    marked[0][0, :3] = 1, 2, 3
    void[0][0, :3] = False
    write(tmp_path, marked, proposals, "Annotations_unsupervised")
    report = evaluate(tmp_path / "ours", tmp_path / "davis", "davis2017-unsupervised")
    metric = JAndF()
    metric.optim_type = "J&F"
    sides = {"gt": (truth, 3), "tracker": (proposals, 5)}
    data: dict[str, Any] = {"num_timesteps": len(truth)}
    for side, (video, count) in sides.items():
        counted = [np.where(v, 0, frame) for v, frame in zip(void, video, strict=True)]
        data[f"{side}_dets"] = encoded(counted, count)
        data[f"{side}_ids"] = [np.arange(count)] * len(video)
        data[f"num_{side}_ids"] = count
    official = metric.eval_sequence(data)
    for ours, theirs in COLUMNS.items():
        assert report.summary[ours] == pytest.approx(100 * official[theirs])
