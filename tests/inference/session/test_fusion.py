"""Two answers for one frame made one: what holds for any two, and what is taken from which side."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.errors import MaskError, SettingsError
from segue.inference.session import fusion
from segue.inference.session.fusion import fuse
from segue.types import VOID, Labels, Mask, ObjectScore, Prediction, SoftMask

SIZE = (12, 16)
IDS = (1, 2, 7)
DISTANCES = st.integers(0, 40)


@st.composite
def predictions(draw: st.DrawFn, *, sure: bool = True) -> Prediction:
    """A few objects in rectangles, with or without probabilities, some known and absent."""
    labels = np.zeros(SIZE, np.uint8)
    known = draw(st.lists(st.sampled_from(IDS), unique=True))
    for i in known:
        top, left = draw(st.integers(0, 11)), draw(st.integers(0, 15))
        height, width = draw(st.integers(0, 8)), draw(st.integers(0, 8))
        labels[top : top + height, left : left + width] = i
    return Prediction(
        labels,
        {i: ObjectScore(draw(st.integers(0, 1000)) / 1000, not (labels == i).any()) for i in known},
        soft(labels, known, draw(st.integers(0, 9))) if draw(st.booleans()) else None,
    )


def soft(labels: Labels, ids: list[int], seed: int) -> Mapping[int, SoftMask]:
    """Probabilities that led to these labels."""
    random = np.random.default_rng(seed)
    drawn = {i: random.uniform(0, 0.49, labels.shape).astype(np.float32) for i in ids}
    return {i: one + np.float32(0.5) * (labels == i) for i, one in drawn.items()}


def same(one: Prediction, other: Prediction) -> None:
    assert np.array_equal(one.labels, other.labels)
    assert one.scores.keys() == other.scores.keys()
    for i, score in one.scores.items():
        assert score.confidence == pytest.approx(other.scores[i].confidence, abs=2e-4)
        rest = replace(score, confidence=0.0), replace(other.scores[i], confidence=0.0)
        assert rest[0] == rest[1]


@settings(max_examples=40, deadline=None)
@given(predictions(), DISTANCES, DISTANCES)
def test_the_same_answer_twice_is_that_answer(one: Prediction, before: int, after: int) -> None:
    same(fuse(one, one, before=before, after=after), one)


@settings(max_examples=40, deadline=None)
@given(predictions(), predictions(), DISTANCES, DISTANCES)
def test_it_does_not_matter_which_side_is_called_forward(
    one: Prediction, other: Prediction, before: int, after: int
) -> None:
    fused = fuse(one, other, before=before, after=after)
    same(fused, fuse(other, one, before=after, after=before))


@settings(max_examples=40, deadline=None)
@given(predictions(), predictions(), DISTANCES, DISTANCES)
def test_nothing_is_invented(one: Prediction, other: Prediction, before: int, after: int) -> None:
    fused = fuse(one, other, before=before, after=after)
    assert fused.labels.shape == SIZE
    assert fused.labels.dtype == np.uint8
    assert ((fused.labels == one.labels) | (fused.labels == other.labels)).all()
    assert fused.scores.keys() == one.scores.keys() | other.scores.keys()
    for i, score in fused.scores.items():
        assert 0 <= score.confidence <= 1
        assert score.absent == (not (fused.labels == i).any())


@settings(max_examples=40, deadline=None)
@given(predictions(), predictions(), DISTANCES, DISTANCES)
def test_the_answers_stay_as_they_are(
    one: Prediction, other: Prediction, before: int, after: int
) -> None:
    kept = one.labels.copy(), other.labels.copy()
    fused = fuse(one, other, before=before, after=after)
    fused.labels[:] = 3
    assert np.array_equal(one.labels, kept[0])
    assert np.array_equal(other.labels, kept[1])


def disc(row: int, column: int, radius: int = 10) -> Mask:
    rows, columns = np.ogrid[:60, :100]
    found: Mask = (rows - row) ** 2 + (columns - column) ** 2 <= radius**2
    return found


def seen(mask: Mask, confidence: float, *, absent_confidence: float | None = None) -> Prediction:
    """One object, as segue-lite says it: sure inside by its confidence, and almost sure outside."""
    labels = mask.astype(np.uint8)
    absent = not mask.any()
    likely = np.where(mask, confidence, 0.1).astype(np.float32)
    score = ObjectScore(0.95 if absent else confidence, absent)
    return Prediction(labels, {1: score}, {1: likely})


NOTHING = np.zeros((60, 100), bool)


@pytest.mark.parametrize(("before", "after", "expected"), [(3, 30, 20), (30, 3, 70)])
def test_of_two_places_the_one_from_the_nearer_mask_is_taken(
    before: int, after: int, expected: int
) -> None:
    fused = fuse(seen(disc(30, 20), 0.9), seen(disc(30, 70), 0.9), before=before, after=after)
    assert np.array_equal(fused.mask(1), disc(30, expected))


def test_of_two_places_a_much_surer_one_is_taken_though_it_is_farther() -> None:
    fused = fuse(seen(disc(30, 20), 0.65), seen(disc(30, 70), 0.97), before=10, after=20)
    assert np.array_equal(fused.mask(1), disc(30, 70))


def test_where_the_sides_disagree_the_fused_object_is_not_sure() -> None:
    fused = fuse(seen(disc(30, 20), 0.9), seen(disc(30, 70), 0.9), before=10, after=11)
    assert fused.scores[1].confidence < 0.6


def test_an_object_that_one_side_has_lost_is_taken_from_the_side_that_sees_it() -> None:
    fused = fuse(seen(NOTHING, 0.9), seen(disc(30, 70), 0.9), before=5, after=20)
    assert np.array_equal(fused.mask(1), disc(30, 70))
    assert not fused.scores[1].absent


def test_what_one_side_hardly_believes_in_does_not_appear() -> None:
    fused = fuse(seen(disc(30, 20), 0.6), seen(NOTHING, 0.9), before=5, after=20)
    assert not fused.labels.any()
    assert fused.scores[1].absent


def test_a_border_lies_between_those_of_both_sides() -> None:
    """Masks alone: an object that one side has a little too large, the other too small."""
    large, small = (
        Prediction(disc(30, 50, 20).astype(np.uint8)),
        Prediction(disc(30, 50, 15).astype(np.uint8)),
    )
    fused = fuse(large, small, before=8, after=8).mask(1)
    assert not (disc(30, 50, 16) & ~fused).any()
    assert not (fused & ~disc(30, 50, 19)).any()


def test_probabilities_decide_where_the_sides_differ_a_little() -> None:
    one, other = seen(disc(30, 48), 0.9), seen(disc(30, 52), 0.9)
    assert other.probabilities is not None
    rim = other.probabilities[1].copy()
    rim[disc(30, 52) & ~disc(30, 48)] = 0.55  # the backward side doubts what only it has
    doubting = replace(other, probabilities={1: rim})
    fused = fuse(one, doubting, before=10, after=10).mask(1)
    assert not (fused & ~disc(30, 48)).any()


def test_an_object_that_only_one_side_knows_is_kept() -> None:
    known = replace(seen(disc(30, 70), 0.6), labels=disc(30, 70).astype(np.uint8) * 9)
    known = replace(known, scores={9: ObjectScore(0.6)}, probabilities=None)
    fused = fuse(seen(disc(30, 20), 0.9), known, before=2, after=50)
    assert np.array_equal(fused.mask(9), disc(30, 70))
    assert fused.scores[9] == ObjectScore(0.6)


def test_a_given_mask_holds() -> None:
    fused = fuse(seen(disc(30, 20), 0.5), seen(disc(30, 70), 1.0), before=0, after=20)
    assert np.array_equal(fused.mask(1), disc(30, 20))


def test_void_is_background() -> None:
    void = Prediction(np.full(SIZE, VOID, np.uint8))
    fused = fuse(void, void, before=1, after=1)
    assert not fused.labels.any()
    assert not fused.scores


def test_what_the_gates_say() -> None:
    one = Prediction(disc(30, 50).astype(np.uint8), {1: ObjectScore(0.9, gate=0.95, reused=True)})
    other = replace(one, scores={1: ObjectScore(0.9, gate=0.85, reused=False)})
    assert fuse(one, one, before=3, after=4).scores[1].reused is True
    fused = fuse(one, other, before=3, after=4).scores[1]
    assert (fused.gate, fused.reused) == (0.85, False)
    assert fuse(one, other, before=0, after=4).scores[1].gate == 0.95


def test_probabilities_are_not_asked_for_where_both_sides_agree(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> SoftMask:
        raise AssertionError("asked for")

    one = seen(disc(30, 50), 0.9)
    monkeypatch.setattr(fusion._Side, "soft", refuse)
    assert np.array_equal(fuse(one, one, before=3, after=4).labels, one.labels)
    with pytest.raises(AssertionError, match="asked for"):
        fuse(one, seen(disc(30, 52), 0.9), before=3, after=4)


def test_what_cannot_be_fused_is_refused() -> None:
    one, other = Prediction(np.zeros((4, 5), np.uint8)), Prediction(np.zeros((5, 4), np.uint8))
    with pytest.raises(MaskError, match="forward labels are 4x5, the backward labels 5x4"):
        fuse(one, other, before=1, after=1)
    with pytest.raises(SettingsError, match="-1 before"):
        fuse(one, one, before=-1, after=1)
