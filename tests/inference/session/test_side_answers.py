"""Answers of one side come back as they were, with probabilities in 8 bits."""

from pathlib import Path

import numpy as np
import pytest

from segue.inference.session.side_answers import SideAnswers, pack, unpack
from segue.types import ObjectScore, Prediction


def prediction(soft: bool = True) -> Prediction:
    rng = np.random.default_rng(0)
    values = np.zeros((9, 11), np.float32)
    values[2:5, 3:7] = rng.random((3, 4), np.float32)
    labels = (values > 0.5).astype(np.uint8) * 3
    scores = {
        3: ObjectScore(0.7, False, 0.5, True, "dog", (1.0, 2.0, 3.0, 4.0)),
        4: ObjectScore(0.1, True),
    }
    nothing = np.zeros((9, 11), np.float32)
    return Prediction(labels, scores, {3: values, 4: nothing} if soft else None)


def same(found: Prediction, expected: Prediction) -> bool:
    assert np.array_equal(found.labels, expected.labels)
    assert found.scores == expected.scores
    if expected.probabilities is None:
        return found.probabilities is None
    assert found.probabilities is not None
    assert list(found.probabilities) == list(expected.probabilities)
    return all(
        np.abs(found.probabilities[n] - expected.probabilities[n]).max() <= 0.5 / 255 + 1e-6
        for n in expected.probabilities
    )


@pytest.mark.parametrize("soft", [True, False])
def test_what_was_packed_comes_back(soft: bool) -> None:
    assert same(unpack(pack(prediction(soft))), prediction(soft))


@pytest.mark.parametrize("place", ["memory", "folder"])
def test_answers_are_kept_by_frame(tmp_path: Path, place: str) -> None:
    folder = tmp_path / "forward" if place == "folder" else None
    answers = SideAnswers(folder)
    assert answers.get(5) is None
    answers.put(5, prediction(False), 1)
    answers.put(5, prediction(), 2)
    answers.put(6, prediction(), 2)
    if folder is not None:
        answers = SideAnswers(folder)
        assert len(list(folder.iterdir())) == 2
    assert answers.number(5) == 2
    found = answers.get(5)
    assert found is not None
    assert same(found, prediction())
    answers.drop(5)
    assert (answers.number(5), answers.get(5)) == (None, None)
    answers.clear()
    assert answers.number(6) is None


def test_a_damaged_answer_is_none(tmp_path: Path) -> None:
    answers = SideAnswers(tmp_path)
    answers.put(5, prediction(), 1)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-3])
    assert answers.get(5) is None
