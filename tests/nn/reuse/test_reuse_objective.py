"""The losses of the gate against values worked out by hand."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from segue.nn.reuse.objective import (
    GateLossSettings,
    delta_loss,
    gate_probability_loss,
    number_of_gates_loss,
    overlap,
    target_probability,
)

shares = st.floats(0, 1, width=32)
lists = st.lists(st.tuples(shares, shares), min_size=1, max_size=5)


def test_overlap_of_masks_and_of_nothing() -> None:
    one = torch.zeros(3, 4, 4, dtype=torch.bool)
    other = one.clone()
    one[0, :2], other[0, 1:3] = True, True  # 4 of 12
    one[1, 0, 0] = True
    assert overlap(one, other).tolist() == pytest.approx([1 / 3, 0, 0])
    assert overlap(one[:2], one[:2]).tolist() == [1, 1]


def test_the_margin_of_the_target_grows_and_then_stays() -> None:
    overlaps = torch.tensor([0.1, 0.9])
    paper = GateLossSettings(m1=0.6, ramp_epochs=10, target="paper")
    for epoch, lowest in ((0, 0.1), (5, 0.3), (10, 0.6), (50, 0.6)):
        assert target_probability(overlaps, float(epoch), paper).tolist() == pytest.approx(
            [lowest, 0.9]
        )
    released = paper.model_copy(update={"target": "released"})
    assert torch.equal(target_probability(overlaps, 50.0, released), overlaps)


def test_the_papers_own_margin_asks_to_reuse_everything() -> None:
    paper = GateLossSettings(m1=1, target="paper")
    assert target_probability(torch.tensor([0.0, 0.4]), 120.0, paper).tolist() == [1, 1]


def test_both_forms_of_the_loss_by_hand() -> None:
    probabilities, targets = torch.tensor([0.5, 0.2]), torch.tensor([0.6, 0.9])
    # Errors 0.1 and 0.7; beyond a margin of 0.3: 0 and 0.4.
    released, paper = GateLossSettings(m2=0.3), GateLossSettings(m2=0.3, form="paper")
    assert float(gate_probability_loss(probabilities, targets, released)) == pytest.approx(0.08)
    assert float(gate_probability_loss(probabilities, targets, paper)) == pytest.approx(0.29)


@given(lists)
def test_without_a_margin_both_forms_agree(pairs: list[tuple[float, float]]) -> None:
    probabilities, targets = torch.tensor(pairs).T
    released = gate_probability_loss(probabilities, targets, GateLossSettings())
    paper = gate_probability_loss(probabilities, targets, GateLossSettings(form="paper"))
    assert torch.equal(released, paper)
    assert torch.allclose(released, torch.nn.functional.mse_loss(probabilities, targets))


@given(lists, st.sampled_from(["paper", "released"]), st.floats(0.05, 1))
def test_within_the_margin_nothing_is_pulled(
    pairs: list[tuple[float, float]], form: str, m2: float
) -> None:
    probabilities, targets = torch.tensor(pairs).T
    probabilities = probabilities.clone().requires_grad_()
    settings = GateLossSettings.parse({"m2": m2, "form": form})
    gate_probability_loss(probabilities, targets, settings).backward()
    error = (probabilities.detach() - targets).abs()
    assert probabilities.grad is not None
    assert (probabilities.grad[error < m2 - 1e-6] == 0).all()
    beyond = error > m2 + 1e-6
    pull = probabilities.grad[beyond].sign()
    assert torch.equal(pull, (probabilities.detach() - targets)[beyond].sign())


def test_the_number_of_gates_by_hand() -> None:
    decisions = torch.tensor([1.0, 0.0, 0.0, 0.0], requires_grad=True)
    loss = number_of_gates_loss(decisions, 0.75)
    loss.backward()
    assert loss.item() == pytest.approx(0.25)
    assert decisions.grad is not None
    assert decisions.grad.tolist() == pytest.approx([-0.25] * 4)


def test_the_delta_of_a_score_by_hand() -> None:
    truth, scores = torch.tensor([[[[1.0, 0.0]]]]), torch.tensor([[[[0.5, 0.5]]]])
    assert float(delta_loss(truth - scores, truth, scores)) == 0
    # Of the change (0.5, -0.5) nothing was seen.
    assert float(delta_loss(torch.zeros_like(truth), truth, scores)) == pytest.approx(0.25)
