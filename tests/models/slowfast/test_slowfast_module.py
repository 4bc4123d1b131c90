"""The module of SlowFast VOS: lengths of its paths, and its convolutions against those of three dimensions."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from segue.models.slowfast.module import QUARTER, Kernels, LevelNorm, SlowFast, TimeConv
from segue.models.slowfast.settings import CONFIGURATIONS, variant

SMALL = (5, 6)


def module(slow: int, fast: int, levels: int = 1, **settings: object) -> SlowFast:
    torch.manual_seed(0)
    chosen = variant("slowfast", {"slow": slow, "fast": fast, **settings})
    return SlowFast(chosen, QUARTER, levels)


def window(frames: int, channels: int = QUARTER.features, batch: int = 1) -> Tensor:
    drawn = torch.Generator().manual_seed(frames)
    return torch.randn(batch, frames, channels, *SMALL, generator=drawn)


@pytest.mark.parametrize(
    ("name", "slow", "fast", "lateral"),
    [
        ("1-1", (1, 1, 1), (1, 1, 1), (1, 1)),
        ("3-3", (1, 2, 2), (1, 2, 2), (1, 1)),
        ("7-7", (3, 3, 3), (3, 3, 3), (1, 1)),
        ("1-7", (1, 1, 1), (3, 3, 3), (5, 3)),
        ("3-7", (1, 2, 2), (3, 3, 3), (3, 2)),
    ],
)
def test_the_kernels_of_the_report(
    name: str, slow: tuple[int, ...], fast: tuple[int, ...], lateral: tuple[int, ...]
) -> None:
    found = Kernels.of(*CONFIGURATIONS[name])
    assert (found.slow, found.fast, found.lateral) == (slow, fast, lateral)


odd = st.integers(0, 20).map(lambda half: 2 * half + 1)


@given(odd, odd)
def test_every_path_ends_at_one_frame_and_laterals_fit(one: int, other: int) -> None:
    slow, fast = sorted((one, other))
    kernels = Kernels.of(slow, fast)
    for layer in range(3):
        slow, fast = slow - kernels.slow[layer] + 1, fast - kernels.fast[layer] + 1
        if layer < 2:
            assert kernels.lateral[layer] >= 1
            assert fast - kernels.lateral[layer] + 1 == slow
    assert (slow, fast) == (1, 1)


@pytest.mark.parametrize(("time", "size", "bias"), [(1, 3, True), (3, 3, True), (5, 1, False)])
def test_stacked_frames_give_what_a_convolution_in_3d_gives(
    time: int, size: int, bias: bool
) -> None:
    torch.manual_seed(0)
    convolution = TimeConv(8, 12, time, size, bias)
    frames = window(7, 8, batch=2)
    expected = nn.Conv3d.forward(convolution, frames.transpose(1, 2)).transpose(1, 2)
    assert torch.allclose(convolution(frames), expected, atol=1e-5)


def by_torch(own: SlowFast, frames: Tensor) -> Tensor:
    """The module out of ``conv3d`` and ``batch_norm``, as the paper draws it; in training mode."""

    def layer(one: nn.Module, x: Tensor, last: bool = False) -> Tensor:
        x = F.conv3d(x, one.conv.weight, one.conv.bias, padding=one.conv.padding)
        x = F.batch_norm(x, None, None, one.norm.weight, one.norm.bias, training=True)
        return x if last else F.relu(x)

    fast = frames.transpose(1, 2)
    slow = fast[:, :, own.margin : fast.shape[2] - own.margin]
    for i in range(2):
        fast, slow = layer(own.fast[i], fast), layer(own.slow[i], slow)
        slow = torch.cat([slow, layer(own.lateral[i], fast)], 1)
    return torch.cat([layer(own.slow[2], slow, True), layer(own.fast[2], fast, True)], 1)[:, :, 0]


@pytest.mark.parametrize("name", list(CONFIGURATIONS))
def test_the_whole_module_is_that_of_three_dimensions(name: str) -> None:
    own = module(*CONFIGURATIONS[name])
    frames = window(own.window)
    assert torch.allclose(own(frames, 0), by_torch(own, frames), atol=1e-5)


def test_statistics_are_those_of_batch_norm_in_3d() -> None:
    own, theirs = LevelNorm(4, 1), nn.BatchNorm3d(4)
    for frames in (window(3, 4), window(5, 4) + 2):
        found, expected = own(frames, 0), theirs(frames.transpose(1, 2)).transpose(1, 2)
        assert torch.allclose(found, expected, atol=1e-6)
    assert torch.allclose(own.running_mean[0], theirs.running_mean)
    assert torch.allclose(own.running_var[0], theirs.running_var)


def test_statistics_are_shared_by_all_levels_or_kept_apart() -> None:
    shared, apart = module(1, 1, 3), module(1, 1, 3, norm="per-level")
    for one in (shared, apart):
        one(window(1), 2)
    assert shared.slow[0].norm.running_mean.shape == (1, 48)
    assert shared.slow[0].norm.running_mean.any()
    assert apart.slow[0].norm.running_mean[2].any()
    assert not apart.slow[0].norm.running_mean[:2].any()
    names = dict(shared.named_parameters()).keys()
    assert names == dict(apart.named_parameters()).keys()


def test_held_statistics_stay_and_are_used() -> None:
    own = module(1, 1).train()
    own.hold_statistics()
    before = {key: value.clone() for key, value in own.state_dict().items()}
    first = own(window(1), 0)
    after = own.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert torch.equal(first, own.eval()(window(1), 0))
    own.train()(window(1), 0)
    assert own.slow[0].norm.running_mean.any()


def test_a_new_residual_module_changes_nothing() -> None:
    own = module(3, 7, residual=True)
    frames = window(7)
    assert torch.equal(own(frames, 0), frames[:, 3])
    own.gain.data.fill_(1.0)
    assert not torch.allclose(own(frames, 0), frames[:, 3])
