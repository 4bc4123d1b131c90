from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from fakes.davis import write_davis
from fakes.label_files import rectangles, write_labels
from fakes.plain_jf import plain_f, plain_j
from segue.errors import MaskError
from segue.evaluation.protocols.unsupervised import DAVIS2017_UNSUPERVISED
from segue.evaluation.run import evaluate

SIZE = (24, 32)
PROTOCOL = "davis2017-unsupervised"


def write_root(root: Path, labels: list[np.ndarray]) -> Path:
    write_davis(root, {"cat": labels}, names_only=True)
    write_labels(root / "Annotations_unsupervised/480p/cat", labels)
    return root


def score(tmp_path: Path, predicted: list[np.ndarray], truth: list[np.ndarray]):
    write_labels(tmp_path / "ours/cat", predicted)
    if not (tmp_path / "davis").exists():
        write_root(tmp_path / "davis", truth)
    return evaluate(tmp_path / "ours", tmp_path / "davis", PROTOCOL)


def truth_of(num_frames: int) -> list[np.ndarray]:
    return [
        rectangles(SIZE, id1=(2, 2 + t, 9, 10 + t), id2=(12, 3, 20, 14 + t))
        for t in range(num_frames)
    ]


def renumbered(labels: list[np.ndarray], numbers: dict[int, int]) -> list[np.ndarray]:
    table = np.zeros(256, np.uint8)
    for before, after in numbers.items():
        table[before] = after
    return [table[frame] for frame in labels]


def plain_best(predicted: list[np.ndarray], truth: list[np.ndarray], proposals: int) -> float:
    """J&F of the best assignment, by trying all; void pixels are taken from both sides."""
    counted = [frame != 255 for frame in truth]
    objects = range(1, int(truth[0][truth[0] < 255].max()) + 1)

    def value(proposal: int, object_id: int) -> float:
        pairs = [
            ((p == proposal) & c, (t == object_id) & c)
            for p, t, c in zip(predicted, truth, counted, strict=True)
        ]
        return float(np.mean([(plain_j(*pair) + plain_f(*pair)) / 2 for pair in pairs]))

    table = {(p, o): value(p, o) for p in range(1, proposals + 1) for o in objects}
    choices = permutations(range(1, proposals + 1), len(objects))
    return 100 * max(
        np.mean([table[pair] for pair in zip(choice, objects, strict=True)]) for choice in choices
    )


def test_numbers_of_proposals_mean_nothing(tmp_path: Path) -> None:
    report = score(tmp_path, renumbered(truth_of(4), {1: 17, 2: 4}), truth_of(4))
    assert report.summary["J&F"] == 100
    assert list(report.tables[1].rows) == ["cat_1", "cat_2"]
    assert report.num_frames == 4  # the first and the last count as well


@pytest.mark.parametrize("seed", range(6))
def test_equal_to_the_best_of_all_assignments(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, predicted = truth_of(3), []
    for frame in truth:
        noisy = np.roll(renumbered([frame], {1: 3, 2: 1})[0], rng.integers(-3, 4, 2), (0, 1))
        noisy[rng.random(SIZE) < 0.1] = 4
        predicted.append(noisy)
        frame[rng.random(SIZE) < 0.1] = 255
    report = score(tmp_path, predicted, truth)
    assert report.summary["J&F"] == pytest.approx(plain_best(predicted, truth, 4))


def test_a_proposal_serves_one_object(tmp_path: Path) -> None:
    report = score(tmp_path, renumbered(truth_of(4), {1: 1, 2: 1}), truth_of(4))
    rows = report.tables[1].rows.values()
    assert sorted(row["J&F"] > 0 for row in rows) == [False, True]


def test_void_is_taken_from_both_sides(tmp_path: Path) -> None:
    truth, predicted = truth_of(4), truth_of(4)
    for ours, theirs in zip(predicted, truth, strict=True):
        ours[:12, 20:] = 1
        theirs[:12, 20:] = 255
    assert score(tmp_path, predicted, truth).summary["J&F"] == 100


def test_void_in_a_prediction_is_background_and_named(tmp_path: Path) -> None:
    predicted = truth_of(4)
    predicted[2][21:, 20:] = 255
    report = score(tmp_path, predicted, truth_of(4))
    assert report.summary["J&F"] == 100
    assert [(p.kind, p.sequence, p.frame) for p in report.problems] == [("void", "cat", "00002")]


def test_a_missing_frame_counts_as_empty(tmp_path: Path) -> None:
    score(tmp_path, truth_of(4), truth_of(4))
    (tmp_path / "ours/cat/00003.png").unlink()
    report = evaluate(tmp_path / "ours", tmp_path / "davis", PROTOCOL)
    assert report.summary["J"] == 75
    assert report.missing_frames == {"cat": 1}


def test_an_unused_number_is_an_empty_proposal(tmp_path: Path) -> None:
    """As in the official tool: nothing at all is the best for an object that is hardly ever there."""
    truth = [frame if t == 0 else frame * (frame != 2) for t, frame in enumerate(truth_of(5))]
    predicted = renumbered(truth_of(5), {1: 1, 2: 3})
    predicted[0][predicted[0] == 3] = 0
    assert score(tmp_path, predicted, truth).tables[1].rows["cat_2"]["J"] == 80


def test_too_many_proposals(tmp_path: Path) -> None:
    with pytest.raises(
        MaskError, match=r"cat/00000\.png holds the id 21, expected proposals 1 to 20"
    ):
        score(tmp_path, renumbered(truth_of(4), {1: 1, 2: 21}), truth_of(4))


def test_pictures_keep_void(tmp_path: Path) -> None:
    score(tmp_path, truth_of(4), truth_of(4))
    case = DAVIS2017_UNSUPERVISED.gather(tmp_path / "ours", tmp_path / "davis", None).cases[0]
    shown = DAVIS2017_UNSUPERVISED.picture(case, "00001")
    assert shown.void == 255
    assert (shown.truth == truth_of(4)[1]).all()
