"""Losses against hand-made cases."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from segue.models.temporal_unet.objective import (
    Mixup,
    cross_entropy,
    draw_mixup,
    mix,
    mixed_cross_entropy,
    smoothness,
    visibility,
    warp,
    warped_smoothness,
)
from segue.types import VOID


def draw(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


def draw_labels(*shape: int, classes: int = 3) -> Tensor:
    return torch.randint(classes, shape, generator=torch.Generator().manual_seed(sum(shape)))


def test_cross_entropy_is_the_mean_over_pixels_that_are_not_void() -> None:
    logits, labels = draw(2, 3, 4, 5), draw_labels(2, 4, 5)
    assert torch.allclose(cross_entropy(logits, labels), F.cross_entropy(logits, labels))
    labels[:, 0] = VOID
    expected = F.cross_entropy(logits, labels, ignore_index=VOID)
    assert torch.allclose(cross_entropy(logits, labels.to(torch.uint8)), expected)


def test_cross_entropy_of_every_step_is_that_of_the_steps_one_by_one() -> None:
    logits, labels = draw(2, 4, 3, 5, 6), draw_labels(2, 4, 5, 6)
    expected = F.cross_entropy(logits.flatten(0, 1), labels.flatten(0, 1))
    assert torch.allclose(cross_entropy(logits, labels), expected)


def test_class_weights_are_those_of_the_standard_loss() -> None:
    logits, labels, weights = draw(2, 3, 4, 5), draw_labels(2, 4, 5), torch.tensor([1.0, 5.0, 0.2])
    expected = F.cross_entropy(logits, labels, weight=weights)
    assert torch.allclose(cross_entropy(logits, labels, weights=weights), expected)


def test_frames_of_void_alone_teach_nothing() -> None:
    logits = draw(1, 3, 4, 4).requires_grad_()
    loss = cross_entropy(logits, torch.full((1, 4, 4), VOID))
    loss.backward()
    assert loss == 0
    assert logits.grad is not None
    assert not logits.grad.any()


def test_void_can_be_a_class_or_another_number() -> None:
    logits, labels = draw(1, 3, 4, 4), draw_labels(1, 4, 4)
    assert torch.allclose(cross_entropy(logits, labels, void=None), F.cross_entropy(logits, labels))
    expected = F.cross_entropy(logits, labels, ignore_index=2)
    assert torch.allclose(cross_entropy(logits, labels, void=2), expected)


def test_half_precision_counts_all_pixels() -> None:
    logits, labels = torch.zeros(1, 2, 300, 300).half(), torch.zeros(1, 300, 300, dtype=torch.long)
    assert cross_entropy(logits, labels).item() == pytest.approx(math.log(2), abs=1e-4)


def test_smoothness_is_nothing_for_still_clips_and_two_for_clips_that_flip() -> None:
    still = draw(2, 1, 3, 4, 4).softmax(2).expand(-1, 3, -1, -1, -1)
    assert smoothness(still) == 0
    one_hot = F.one_hot(torch.tensor([0, 1, 0]), 3).float()
    flipping = one_hot[None, :, :, None, None].expand(1, 3, 3, 4, 4)
    assert smoothness(flipping) == 2
    assert smoothness(flipping[:, :1]) == 0


def shift(maps: Tensor, x: int, y: int) -> Tensor:
    """What a camera sees that moves: the scene goes right by x and down by y, the border is repeated."""
    height, width = maps.shape[-2:]
    rows = (torch.arange(height) - y).clamp(0, height - 1)
    columns = (torch.arange(width) - x).clamp(0, width - 1)
    return maps[..., rows[:, None], columns]


def uniform_flow(x: float, y: float, pairs: int = 1, size_hw: tuple[int, int] = (6, 8)) -> Tensor:
    return (
        torch.tensor([float(x), float(y)]).view(1, 1, 2, 1, 1).expand(1, pairs, 2, *size_hw).clone()
    )


@given(st.integers(-3, 3), st.integers(-3, 3))
def test_warping_follows_the_flow_back(x: int, y: int) -> None:
    maps = draw(1, 1, 2, 6, 8)
    warped = warp(maps, uniform_flow(-x, -y))
    assert torch.allclose(warped, shift(maps, x, y), atol=1e-5)


def test_warping_is_bilinear_between_pixels() -> None:
    maps = torch.arange(8.0).expand(1, 1, 1, 6, 8)
    warped = warp(maps, uniform_flow(0.25, 0))
    assert torch.allclose(warped[..., :-1], maps[..., :-1] + 0.25, atol=1e-5)


def test_what_moves_with_the_flow_is_smooth_and_visible() -> None:
    first = draw(1, 1, 3, 6, 8).sigmoid()
    clip = torch.cat([first, shift(first, 2, 1), shift(shift(first, 2, 1), 2, 1)], 1)
    flow = uniform_flow(-2, -1, pairs=2)
    visible = visibility(clip, flow)
    assert torch.allclose(visible, torch.ones_like(visible), atol=1e-4)
    assert warped_smoothness(clip, flow, visible) < 1e-9
    still = uniform_flow(0, 0, pairs=2)
    assert warped_smoothness(clip, still, visible) > 1e-3
    assert visibility(clip, still).min() < 0.5


def test_hidden_pixels_do_not_count() -> None:
    maps = draw(1, 2, 3, 6, 8)
    none = torch.zeros(1, 1, 6, 8)
    assert warped_smoothness(maps, uniform_flow(0, 0), none) == 0
    half = none + 0.5
    expected = 0.25 * (maps[:, 1:] - maps[:, :-1]).square().mean()
    assert torch.allclose(warped_smoothness(maps, uniform_flow(0, 0), half), expected)


def test_visibility_falls_with_the_summed_difference_of_colours() -> None:
    frames = torch.zeros(1, 2, 3, 6, 8)
    frames[:, 1, 0] = 0.229
    assert torch.allclose(visibility(frames, uniform_flow(0, 0)), torch.tensor(math.exp(-1)))
    frames[:, 1, 1] = -0.224  # ETC takes the absolute value of the sum, so opposite changes cancel
    assert torch.allclose(visibility(frames, uniform_flow(0, 0)), torch.tensor(1.0))


@given(st.integers(1, 6), st.floats(0.1, 4), st.integers(0, 99))
def test_a_draw_pairs_every_clip_once_and_can_be_repeated(
    batch: int, strength: float, seed: int
) -> None:
    one, again = (draw_mixup(batch, strength, np.random.default_rng(seed)) for _ in range(2))
    assert sorted(one.partners.tolist()) == list(range(batch))
    assert ((one.shares >= 0.5) & (one.shares <= 1)).all()
    assert torch.equal(one.partners, again.partners)
    assert torch.equal(one.shares, again.shares)


def test_mixing_blends_all_frames_of_a_clip_alike() -> None:
    clips = draw(2, 3, 3, 4, 4)
    mixed = mix(clips, Mixup(torch.tensor([1, 0]), torch.tensor([0.75, 1.0])))
    assert torch.allclose(mixed[0], 0.75 * clips[0] + 0.25 * clips[1])
    assert torch.equal(mixed[1], clips[1])


def test_mixed_cross_entropy_shares_the_labels() -> None:
    logits, labels = draw(2, 3, 4, 5), draw_labels(2, 4, 5)
    mixup = Mixup(torch.tensor([1, 0]), torch.tensor([0.75, 0.6]))
    losses = [
        0.75 * F.cross_entropy(logits[:1], labels[:1]),
        0.25 * F.cross_entropy(logits[:1], labels[1:]),
        0.6 * F.cross_entropy(logits[1:], labels[1:]),
        0.4 * F.cross_entropy(logits[1:], labels[:1]),
    ]
    expected = torch.stack(losses).sum() / 2
    assert torch.allclose(mixed_cross_entropy(logits, labels, mixup), expected)


def test_a_clip_mixed_with_itself_is_a_clip() -> None:
    logits, labels = draw(2, 3, 3, 4, 5), draw_labels(2, 3, 4, 5)
    labels[0, 0] = VOID
    mixup = Mixup(torch.tensor([0, 1]), torch.tensor([0.7, 0.5]))
    found = mixed_cross_entropy(logits, labels, mixup)
    assert torch.allclose(found, cross_entropy(logits, labels))
