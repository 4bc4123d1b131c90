"""The spatial-temporal transformer: windows, padding, missing frames."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from segue.models.ssltm.transformer import SpatialTemporalTransformer

WIDTH, HEADS = 8, 2


def make(window: tuple[int, int, int], blocks: int = 1) -> SpatialTemporalTransformer:
    torch.manual_seed(0)
    return SpatialTemporalTransformer(WIDTH, HEADS, window, expansion=2, blocks=blocks).eval()


def clips(time: int, rows: int, columns: int, seed: int = 1) -> Tensor:
    return torch.randn(2, time, WIDTH, rows, columns, generator=torch.Generator().manual_seed(seed))


def spans(size: int, part: int, from_the_end: bool) -> list[slice]:
    """The windows along an axis, without any padding: the first one, or the last one, may be short."""
    if from_the_end:
        return [slice(max(stop - part, 0), stop) for stop in range(size, 0, -part)]
    return [slice(start, min(start + part, size)) for start in range(0, size, part)]


def by_hand(stt: SpatialTemporalTransformer, maps: Tensor) -> Tensor:
    """The same by cutting real windows out of the clip: nothing is padded, nothing masked."""
    window = stt.window
    for block in stt.blocks:
        tall = maps.movedim(2, -1)
        normed, seen = block.norm(tall), torch.zeros_like(tall)
        axes = [
            spans(tall.shape[1], window[0], True),
            spans(tall.shape[2], window[1], False),
            spans(tall.shape[3], window[2], False),
        ]
        for time, row, column in itertools.product(*axes):
            part = normed[:, time, row, column]
            tokens = part.flatten(1, 3)
            none = torch.zeros(len(part), 1, 1, tokens.shape[1])
            seen[:, time, row, column] = block.attention(tokens, tokens, none).reshape(part.shape)
        tall = tall + seen
        maps = (tall + block.feed(block.norm_after(tall))).movedim(-1, 2)
    return maps


@settings(deadline=None, max_examples=30)
@given(
    size=st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(1, 7)),
    window=st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 4)),
)
@torch.no_grad()
def test_padding_changes_nothing(size: tuple[int, int, int], window: tuple[int, int, int]) -> None:
    stt, maps = make(window), clips(*size)
    assert torch.allclose(stt(maps), by_hand(stt, maps), atol=1e-5)


@settings(deadline=None, max_examples=30)
@given(
    size=st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(1, 7)),
    window=st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 4)),
    blocks=st.integers(1, 2),
)
@torch.no_grad()
def test_the_newest_frame_alone_is_that_of_all(
    size: tuple[int, int, int], window: tuple[int, int, int], blocks: int
) -> None:
    stt, maps = make(window, blocks), clips(*size)
    assert torch.allclose(stt.newest(maps), stt(maps)[:, -1], atol=1e-5)


@torch.no_grad()
def test_frames_that_are_missing_are_not_looked_at() -> None:
    stt, maps = make((3, 4, 4)), clips(3, 5, 6)
    trust = torch.tensor([[0.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    found = stt.newest(maps, trust)
    other = maps.clone()
    other[0, :2], other[1, 0] = 1e3, -7
    assert torch.equal(stt.newest(other, trust), found)
    alone = stt.newest(maps[:, 2:])
    assert torch.allclose(found[0], alone[0], atol=1e-6)
    assert torch.allclose(found[1], stt.newest(maps[:, 1:])[1], atol=1e-6)
    assert not torch.allclose(found[1], alone[1], atol=1e-4)


@torch.no_grad()
def test_a_frame_trusted_half_has_half_the_weight() -> None:
    """Two frames that are the same: half the trust of one gives weights of one third and two thirds."""
    stt = make((2, 1, 1))
    old, new = clips(1, 1, 1), clips(1, 1, 1, seed=2)
    attention = stt.blocks[0].attention
    attention.qkv.weight[: 2 * WIDTH] = 0  # all keys are equally like all queries
    attention.qkv.bias[: 2 * WIDTH] = 0
    seen = []
    attention.register_forward_hook(lambda _, inputs, output: seen.append(output))
    for share in (1.0, 0.5, 0.0):
        stt.newest(torch.cat([old, new], 1), torch.tensor([[share, 1.0]]).expand(2, 2))
    both, half, none = seen
    assert torch.allclose(half - none, (both - none) * 2 / 3, atol=1e-6)


@torch.no_grad()
def test_windows_are_linked_by_the_feed_forward_part_only() -> None:
    stt, maps = make((1, 2, 2)), clips(1, 4, 4)
    changed = maps.clone()
    changed[..., 0, 0] = torch.arange(WIDTH) % 3
    differs = (stt(maps) - stt(changed)).abs().amax((0, 1, 2)) > 1e-6
    # The window of the place, and one cell around it.
    expected = torch.zeros(4, 4, dtype=torch.bool)
    expected[:3, :3] = True
    assert torch.equal(differs, expected)


def test_gradients_are_finite_where_a_whole_window_is_missing() -> None:
    stt = make((2, 2, 2))
    maps = clips(3, 2, 2).requires_grad_()
    stt(maps, torch.tensor([[0.0, 1.0, 1.0]]).expand(2, 3))[:, -1].sum().backward()
    assert maps.grad is not None
    assert maps.grad.isfinite().all()
    assert maps.grad[:, 0].abs().max() == 0


@pytest.mark.parametrize(("width", "heads", "count"), [(512, 8, 3_172_864), (128, 4, 203_392)])
def test_its_number_of_parameters(width: int, heads: int, count: int) -> None:
    stt = SpatialTemporalTransformer(width, heads, (2, 8, 8))
    assert sum(p.numel() for p in stt.parameters()) == count
