"""The Cityscapes protocol against the official tool, on the same files."""

import math

import cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling as official_tool  # noqa: N813
import numpy as np
import pytest
from PIL import Image

from segue.data.semantic_classes import CITYSCAPES_CLASSES
from segue.evaluation.run import evaluate
from segue.metrics.confusion import class_table, stored_confusion


def official(pairs):
    """IoU by class name, and their mean, of (prediction file, truth file)."""
    settings = official_tool.args
    settings.evalInstLevelScore = False
    settings.quiet = True
    counts = official_tool.generateMatrix(settings)
    for predicted, truth in pairs:
        official_tool.evaluatePair(str(predicted), str(truth), counts, {}, {}, settings)
    classes = {
        item.name: official_tool.getIouScoreForLabel(item.value, counts, settings)
        for item in CITYSCAPES_CLASSES.classes
    }
    return classes, official_tool.getScoreAverage(classes, settings)


def write_pairs(root, ids, num_frames=3, size=(24, 40), agree=0.6, block=1, seed=0):
    rng = np.random.default_rng(seed)
    pairs = []
    for number in range(num_frames):
        name = f"lindau_{number:06}_000019"
        small = (size[0] // block, size[1] // block)
        truth, other = (rng.choice(ids, small).astype(np.uint8) for _ in range(2))
        predicted = np.where(rng.random(small) < agree, truth, other)
        files = root / f"pred/{name}_pred.png", root / f"truth/{name}_gtFine_labelIds.png"
        for path, values in zip(files, (predicted, truth), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(values.repeat(block, 0).repeat(block, 1)).save(path)
        pairs.append(files)
    return pairs


@pytest.mark.parametrize(
    ("ids", "block"),
    [
        (range(34), 1),  # all ids, ignored ones on both sides
        (range(34), 8),  # the same in long runs
        ((7, 8, 11, 26), 1),  # most classes on neither side
        ((0, 1, 7, 9, 33), 4),
    ],
)
def test_every_class_and_the_mean_are_equal(tmp_path, ids, block):
    pairs = write_pairs(tmp_path, list(ids), block=block)
    classes, mean = official(pairs)
    report = evaluate(tmp_path / "pred", tmp_path / "truth", "cityscapes")
    assert report.summary["mIoU"] == pytest.approx(100 * mean, abs=1e-9)
    found = report.tables[1].rows
    for name, value in classes.items():
        ours = found[name]["IoU"]
        assert (ours is None) if math.isnan(value) else ours == pytest.approx(100 * value, abs=1e-9)


def test_nothing_but_ignored_ids(tmp_path):
    pairs = write_pairs(tmp_path, [0, 1, 2])
    _, mean = official(pairs)
    assert math.isnan(mean)
    assert evaluate(tmp_path / "pred", tmp_path / "truth", "cityscapes").summary["mIoU"] is None


def test_ratios_are_equal_to_the_last_bit(tmp_path):
    """Both divide the same whole numbers."""
    pairs = write_pairs(tmp_path, list(range(34)), num_frames=1, size=(64, 64))
    classes, _ = official(pairs)
    predicted, truth = (np.array(Image.open(path)) for path in pairs[0])
    found = stored_confusion(predicted, truth, 19, class_table(CITYSCAPES_CLASSES.class_of))
    assert found.class_iou.tolist() == list(classes.values())
