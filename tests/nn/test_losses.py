import pytest
import torch

from segue.nn.losses import boundary_weights, soft_iou, weighted_cross_entropy


def test_soft_iou_is_zero_for_a_sure_and_right_mask_and_counts_only_present_objects() -> None:
    truth = torch.zeros(2, 4, 4)
    truth[0, :2] = 1
    right = (truth * 2 - 1) * 30
    assert soft_iou(right, truth).item() == pytest.approx(0, abs=1e-5)
    # Half of the object missed, nothing added: IoU 1/2; the empty second sample does not count.
    half = torch.full((2, 4, 4), -30.0)
    half[0, :1] = 30
    assert soft_iou(half, truth).item() == pytest.approx(0.5, abs=1e-5)


def test_cross_entropy_is_an_average_by_weight() -> None:
    logits, truth = torch.zeros(1, 2, 2), torch.ones(1, 2, 2)
    logits[0, 0, 0] = -20.0
    weights = torch.ones(1, 2, 2)
    weights[0, 0, 0] = 3.0
    expected = (3 * 20.0 + 3 * 0.6931) / 6
    assert weighted_cross_entropy(logits, truth, weights).item() == pytest.approx(
        expected, rel=1e-3
    )


def test_boundary_weights_mark_the_contour_only() -> None:
    truth = torch.zeros(1, 40, 40)
    truth[:, :, 20:] = 1
    weights = boundary_weights(truth, width=7, strength=2.0)[0]
    assert (weights[:, 17:23] == 3).all()
    assert (weights[:, :16] == 1).all()
    assert (weights[:, 24:] == 1).all()
