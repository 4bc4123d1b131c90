import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segue.metrics.kept_identity import IdentityCounts, identity_counts

LABELS = arrays(np.uint8, (4, 5), elements=st.sampled_from([0, 1, 2, 3, 255]))


def row(*ids: int) -> np.ndarray:
    return np.array([ids], np.uint8)


TRUTH = row(1, 1, 1, 1, 2, 2, 2, 2, 0, 0)


def test_kept_exchanged_and_lost():
    assert identity_counts(TRUTH, TRUTH) == IdentityCounts(kept=2)
    swapped = row(2, 2, 2, 2, 1, 1, 1, 1, 0, 0)
    assert identity_counts(swapped, TRUTH) == IdentityCounts(exchanged=2)
    jumped = row(0, 0, 0, 0, 1, 1, 1, 1, 0, 0)
    assert identity_counts(jumped, TRUTH) == IdentityCounts(exchanged=1, lost=1)


def test_half_is_not_enough():
    half, more = row(1, 1, 0, 0, 2, 2, 2, 0, 0, 0), row(1, 1, 1, 0, 2, 2, 2, 2, 2, 2)
    assert identity_counts(half, TRUTH) == IdentityCounts(kept=1, lost=1)
    assert identity_counts(more, TRUTH) == IdentityCounts(kept=2)


def test_void_of_the_truth_counts_for_nothing():
    truth = row(1, 1, 255, 255, 255, 255, 0, 0, 0, 0)
    assert identity_counts(row(1, 1, 1, 1, 1, 1, 0, 0, 0, 0), truth) == IdentityCounts(kept=1)
    assert identity_counts(truth * 0, truth * 0) == IdentityCounts()
    assert IdentityCounts().share_kept is None


@given(LABELS, LABELS)
def test_every_object_has_one_outcome_as_by_plain_overlaps(predicted, truth):
    ids = set(np.unique(truth).tolist()) - {0, 255}
    valid = truth != 255

    def overlap(key: int, other: int) -> float:
        ours, theirs = (predicted == key) & valid, truth == other
        return float((ours & theirs).sum() / (ours | theirs).sum())

    kept = sum(overlap(key, key) > 0.5 for key in ids)
    exchanged = sum(any(overlap(key, other) > 0.5 for other in ids - {key}) for key in ids)
    assert identity_counts(predicted, truth) == IdentityCounts(
        kept, exchanged, len(ids) - kept - exchanged
    )


def test_counts_add():
    total = IdentityCounts(3, 1, 0) + IdentityCounts(1, 0, 3)
    assert total == IdentityCounts(4, 1, 3)
    assert total.objects == 8
    assert total.share_kept == 0.5
