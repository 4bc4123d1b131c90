from math import isnan
from pathlib import Path

import numpy as np
import pytest

from fakes.label_files import rectangles, write_labels
from segue.evaluation.protocols.folder import FOLDER
from segue.evaluation.run import evaluate
from segue.metrics.agreement import agreement

SIZE = (30, 40)


def square(value: int, num_frames: int = 4, shift: int = 0) -> list[np.ndarray]:
    boxes = [(8, 5 + t + shift, 20, 17 + t + shift) for t in range(num_frames)]
    return [rectangles(SIZE, **{f"id{value}": box}) for box in boxes]


def score(tmp_path: Path, predicted: list[np.ndarray], truth: list[np.ndarray]):
    write_labels(tmp_path / "ours/cat", predicted)
    write_labels(tmp_path / "truth/cat", truth)
    return evaluate(tmp_path / "ours", tmp_path / "truth", "folder")


def test_all_frames_count(tmp_path: Path) -> None:
    ours, theirs = square(3, shift=2), square(3)
    report = score(tmp_path, ours, theirs)
    values = [agreement(p > 0, t > 0).values for p, t in zip(ours, theirs, strict=True)]
    assert report.num_frames == 4
    assert report.summary["J"] == pytest.approx(100 * np.mean([j for j, _ in values]))
    assert report.problems == ()


def test_objects_count_from_their_first_appearance_on(tmp_path: Path) -> None:
    truth = square(2)
    for labels in truth[2:]:
        labels[22:28, 2:9] = 5
    empty = [np.zeros(SIZE, np.uint8)]
    early = [labels.copy() for labels in empty + truth]
    early[1][22:28, 2:9] = 5  # before it is there: not scored
    report = score(tmp_path, early, empty + truth)
    (cat,) = report.scored
    assert {key: curve.start for key, curve in cat.tally.items()} == {2: 0, 5: 2}
    assert cat.frame_names == ("00001", "00002", "00003", "00004")
    assert [isnan(value) for value in cat.curves["J object 5"]] == [True, True, False, False]
    assert report.summary["J&F"] == 100
    assert report.problems == ()


def test_an_object_stays_to_the_end_once_it_was_there(tmp_path: Path) -> None:
    truth = [*square(2), np.zeros(SIZE, np.uint8)]
    gone, still = [labels.copy() for labels in truth], [*square(2), square(2)[-1]]
    assert score(tmp_path, gone, truth).summary["J"] == 100
    assert score(tmp_path, still, truth).summary["J"] == 80


@pytest.mark.parametrize(("ours", "theirs"), [(1, 255), (255, 1)])
def test_one_object_drawn_with_another_value(tmp_path: Path, ours: int, theirs: int) -> None:
    empty = [np.zeros(SIZE, np.uint8)]  # says nothing about the values
    report = score(tmp_path, empty + square(ours), empty + square(theirs))
    assert report.summary["J&F"] == 100
    (problem,) = report.problems
    assert (problem.kind, problem.sequence) == ("foreground-value", "cat")
    assert f"with {ours}, the truth draws its own with {theirs}" in problem.message
    case = FOLDER.gather(tmp_path / "ours", tmp_path / "truth", None).cases[0]
    shown = FOLDER.picture(case, "00002")
    assert (shown.truth == shown.predicted).all()
    assert shown.truth.max() == theirs


def test_values_are_not_matched_if_a_side_has_a_second_object_late(tmp_path: Path) -> None:
    late = square(1)
    late[-1][:4, :4] = 2
    report = score(tmp_path, square(255), late)
    assert report.sequences["cat"]["J"] == 0
    assert [problem.kind for problem in report.problems] == ["void"]
    report = score(tmp_path, late, square(255))
    assert report.summary["J"] == 0
    assert [problem.kind for problem in report.problems] == ["unknown-id", "unknown-id"]


def test_values_are_matched_by_sequence(tmp_path: Path) -> None:
    write_labels(tmp_path / "ours/dog", square(255))
    write_labels(tmp_path / "truth/dog", square(255))
    report = score(tmp_path, square(1), square(255))
    assert report.summary["J&F"] == 100
    assert [(p.kind, p.sequence) for p in report.problems] == [("foreground-value", "cat")]


def test_255_beside_other_ids_is_void(tmp_path: Path) -> None:
    truth = square(3)
    for labels in truth:
        labels[24:28, 2:9] = 255
    report = score(tmp_path, square(3), truth)
    assert list(report.scored[0].tally) == [3]
    assert report.summary["J"] == 100
    assert [problem.kind for problem in score(tmp_path, truth, truth).problems] == ["void"]


def test_a_sequence_without_objects_is_left_out(tmp_path: Path) -> None:
    for side in ("ours", "truth"):
        write_labels(tmp_path / side / "dog", [np.zeros(SIZE, np.uint8)] * 2)
    report = score(tmp_path, square(1, shift=1), square(1))
    assert report.sequences["dog"]["J"] is None
    assert report.summary["J"] == report.sequences["cat"]["J"]
    assert report.tables[0].notes == ("No objects in the truth of dog: left out of the mean.",)


def test_16_bit_ids(tmp_path: Path) -> None:
    wide = [labels.astype(np.uint16) * 300 for labels in square(2)]
    report = score(tmp_path, wide, wide)
    assert list(report.scored[0].tally) == [600]
    assert report.summary["J&F"] == 100
