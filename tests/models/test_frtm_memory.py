"""Sample weights, slots and pixel weights against numbers worked out by hand."""

import pytest
import torch

from segue.models.frtm.memory import Memory, Sample, first_weights, insert, pixel_weights


def sample(value: float = 0.0) -> Sample:
    return Sample(torch.full((2, 3, 4), value), torch.zeros(6, 8), torch.ones(6, 8))


def memory_of(weights: tuple[float, ...], latest: int = -1) -> Memory:
    return Memory(tuple(sample(float(i)) for i in range(len(weights))), weights, latest)


def test_the_frame_itself_counts_twice() -> None:
    assert first_weights(5) == pytest.approx((1 / 3, 1 / 6, 1 / 6, 1 / 6, 1 / 6))
    assert first_weights(1) == (1.0,)


def test_weights_of_insertions() -> None:
    # Old weights times 1/0.9, the new one 0.1, over their sum 1.21111; then 0.0825688 / 0.9 = 0.0917431,
    # all over 1.0917431.
    first = insert(memory_of(first_weights(5)), sample(7.0), capacity=80, rate=0.1)
    assert first.weights == pytest.approx(
        (0.3058104, 0.1529052, 0.1529052, 0.1529052, 0.1529052, 0.0825688), abs=1e-6
    )
    second = insert(first, sample(8.0), capacity=80, rate=0.1)
    assert second.weights[-2:] == pytest.approx((0.0756303, 0.0840336), abs=1e-6)
    assert sum(second.weights) == pytest.approx(1)
    assert second.latest == 6


def test_each_insertion_outweighs_the_one_before() -> None:
    memory = memory_of(first_weights(2))
    for i in range(6):
        memory = insert(memory, sample(float(i)), capacity=80, rate=0.1)
    ratios = [b / a for a, b in zip(memory.weights[2:], memory.weights[3:], strict=False)]
    assert ratios == pytest.approx([1 / 0.9] * 5)


def test_the_lightest_sample_is_replaced_when_full() -> None:
    memory = memory_of((0.5, 0.1, 0.4), latest=2)
    after = insert(memory, sample(9.0), capacity=3, rate=0.1)
    assert after.latest == 1
    assert [float(s.features.mean()) for s in after.samples] == [0, 9, 2]
    total = 0.5 + 0.4 + 0.4 / 0.9
    assert after.weights == pytest.approx((0.5 / total, 0.4 / 0.9 / total, 0.4 / total))
    assert memory.weights == (0.5, 0.1, 0.4)
    assert after.samples[0] is memory.samples[0]


def mask_of(pixels: int) -> torch.Tensor:
    mask = torch.zeros(400, dtype=torch.bool)
    mask[:pixels] = True
    return mask.view(20, 20)


@pytest.mark.parametrize(
    ("pixels", "inside", "outside"),
    [
        (10, 2.0, (0.9 / 0.975) ** 0.5),  # a = 0.025: foreground up to a tenth of the influence
        (100, 1.0, 1.0),  # a = 0.25: large enough
        (9, 1.0, 1.0),  # fewer than ten pixels: left alone
        (400, 1.0, 1.0),  # no background
    ],
)
def test_hinge_weights(pixels: int, inside: float, outside: float) -> None:
    mask = mask_of(pixels)
    weights = pixel_weights(mask, torch.ones_like(mask))
    assert weights[mask].tolist() == pytest.approx([inside] * pixels)
    assert weights[~mask].tolist() == pytest.approx([outside] * (400 - pixels))


def test_influence_of_a_small_object_is_a_tenth() -> None:
    mask = mask_of(16)
    influence = pixel_weights(mask, torch.ones_like(mask)).square()
    assert float(influence[mask].sum() / influence.sum()) == pytest.approx(0.1)


def test_void_teaches_nothing_and_does_not_count() -> None:
    mask, known = mask_of(10), ~mask_of(200) | mask_of(10)
    weights = pixel_weights(mask, known)
    assert (weights[~known] == 0).all()
    assert float(weights[mask][0]) == pytest.approx((0.1 / (10 / 210)) ** 0.5)


def test_weighting_can_be_switched_off() -> None:
    mask = mask_of(10)
    assert (pixel_weights(mask, torch.ones_like(mask), weighting="none") == 1).all()
