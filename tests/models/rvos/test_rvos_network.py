"""Shapes, gate channels and parameter totals of the paper's tables, and that sharing work changes nothing."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.models.rvos.decoder import Cell, Decoder
from segue.models.rvos.network import RVOSNetwork
from segue.models.rvos.settings import NetworkSettings
from segue.models.rvos.state import Memory, Reference
from segue.nn.weights import describe

ONE, ZERO = NetworkSettings(), NetworkSettings(shot="zero")
BACKBONES = {"rvos": 42_500_160, "rvos-50": 23_508_032, "rvos-34": 21_284_672}
"""The networks of torchvision without their classifiers."""
SKIPS = {"rvos": 3_908_640, "rvos-50": 3_908_640, "rvos-34": 977_952}


@pytest.fixture(scope="module")
def small() -> RVOSNetwork:
    torch.manual_seed(0)
    return RVOSNetwork("rvos-34", ONE).eval()


@pytest.fixture(scope="module")
def lite() -> RVOSNetwork:
    torch.manual_seed(0)
    return RVOSNetwork("rvos-lite", NetworkSettings(reference=True)).eval()


def gates(network: RVOSNetwork) -> list[tuple[int, int]]:
    cells = [cell.gates for cell in network.decoder.cells]
    assert all(gate.kernel_size == (3, 3) and gate.bias is not None for gate in cells)
    return [(gate.in_channels, gate.out_channels) for gate in cells]


@pytest.mark.parametrize("name", list(BACKBONES))
def test_parameter_totals(name: str) -> None:
    parts = describe(RVOSNetwork(name, ONE))["by_part"]
    assert parts == {"encoder": BACKBONES[name] + SKIPS[name], "decoder": 2_940_433}
    zero = describe(RVOSNetwork(name, ZERO))["by_part"]
    assert zero["decoder"] == 2_940_433 - 9 * (512 + 256 + 128 + 64)


def test_gate_channels(small: RVOSNetwork) -> None:
    assert gates(small) == [(385, 512), (385, 256), (193, 128), (97, 64)]
    zero = RVOSNetwork("rvos-34", ZERO)
    assert gates(zero) == [(384, 512), (384, 256), (192, 128), (96, 64)]
    assert small.decoder.head.weight.shape == (1, 16, 3, 3)


@pytest.mark.parametrize(
    ("name", "channels"), [("rvos-50", (2048, 1024, 512, 256)), ("rvos-34", (512, 256, 128, 64))]
)
def test_skips_are_a_convolution_and_a_norm_without_activation(
    name: str, channels: tuple[int, ...]
) -> None:
    skips = RVOSNetwork(name, ONE).encoder.skips
    assert [tuple(skip[0].weight.shape) for skip in skips] == [
        (out, entered, 3, 3) for out, entered in zip((128, 128, 64, 32), channels, strict=True)
    ]
    assert [[type(layer).__name__ for layer in skip] for skip in skips] == [
        ["Conv2d", "BatchNorm2d"]
    ] * 4


@pytest.mark.parametrize("size_hw", [(256, 448), (287, 950)])
def test_shapes_at_the_sizes_of_the_papers(small: RVOSNetwork, size_hw: tuple[int, int]) -> None:
    with torch.no_grad():
        look = small.look(torch.rand(1, 3, *size_hw))
        logits, hidden = small.step(look, small.begin(look, 2))
    assert logits.shape == (2, *size_hw)
    for stride, channels, level in zip((32, 16, 8, 4), (128, 64, 32, 16), hidden, strict=True):
        assert level.shape == (2, channels, -(-size_hw[0] // stride), -(-size_hw[1] // stride))


@settings(max_examples=8, deadline=None)
@given(st.integers(1, 50), st.integers(1, 50), st.integers(1, 2))
def test_any_size_and_number_of_objects(height: int, width: int, objects: int) -> None:
    for network in (_TINY, _TINY_LITE):
        with torch.no_grad():
            look = network.look(torch.rand(1, 3, height, width))
            memory = network.begin(look, objects)
            assert network.small(torch.ones(objects, height, width)).shape == memory.previous.shape
            logits, _ = network.step(look, memory)
        assert logits.shape == (objects, height, width)
        assert torch.isfinite(logits).all()


_TINY = RVOSNetwork("rvos-34", ONE).eval()
_TINY_LITE = RVOSNetwork("rvos-lite", NetworkSettings(reference=True)).eval()


def plain_cell(cell: Cell, inputs: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """The cell as the paper writes it: one convolution of everything."""
    enter, forget, show, candidate = cell.gates(inputs).chunk(4, 1)
    state = forget.sigmoid() * state + enter.sigmoid() * candidate.tanh()
    return show.sigmoid() * state.tanh(), state


def plain_decoder(
    decoder: Decoder,
    skips: list[torch.Tensor],
    guides: list[torch.Tensor],
    last: list[torch.Tensor],
) -> torch.Tensor:
    """One object after the other, each through all levels, as in the paper."""
    spatial: list[tuple[torch.Tensor, ...] | None] = [None] * len(skips)
    logits = []
    for row in range(len(guides[0])):
        below: list[torch.Tensor] = []
        for level, (cell, skip) in enumerate(zip(decoder.cells, skips, strict=True)):
            before = last[level][row : row + 1]
            zeros = torch.zeros_like(before)
            hidden, state = spatial[level] or (zeros, zeros)
            raised = [
                F.interpolate(x, skip.shape[2:], mode="bilinear", align_corners=True) for x in below
            ]
            entered = [skip, *raised, before, guides[level][row : row + 1], hidden]
            spatial[level] = plain_cell(cell, torch.cat(entered, 1), state)
            below = [spatial[level][0]]
        size = [2 * side for side in below[0].shape[2:]]
        raised = F.interpolate(below[0], size, mode="bilinear", align_corners=True)
        logits.append(decoder.head(raised)[0, 0])
    return torch.stack(logits)


def test_level_by_level_is_object_by_object() -> None:
    torch.manual_seed(1)
    decoder = Decoder((6, 5), (4, 3), 1, "both")
    sizes = [(3, 5), (6, 9)]
    skips = [torch.randn(1, c, *size) for c, size in zip((6, 5), sizes, strict=True)]
    guides = [torch.rand(3, 1, *size) for size in sizes]
    last = [torch.randn(3, c, *size) for c, size in zip((4, 3), sizes, strict=True)]
    found, _ = decoder(decoder.shares(skips), guides, tuple(last))
    assert torch.allclose(found, plain_decoder(decoder, skips, guides, last), atol=1e-6)


def test_a_batch_of_videos_is_each_of_them(small: RVOSNetwork, lite: RVOSNetwork) -> None:
    frames, masks = torch.rand(2, 3, 64, 96), (torch.rand(6, 64, 96) > 0.5).float()
    for network in (small, lite):
        with torch.no_grad():
            look = network.look(frames)
            memory = network.begin(look, 6)
            together, _ = network.step(look, _shown(network, memory, masks))
            for video in range(2):
                one = look[slice(video, video + 1)]
                memory = _shown(network, network.begin(one, 3), masks[video::2])
                alone, _ = network.step(one, memory)
                assert torch.allclose(together[video::2], alone, atol=1e-4)


def _shown(network: RVOSNetwork, memory: Memory, masks: torch.Tensor) -> Memory:
    memory = replace(memory, previous=network.small(masks))
    if memory.reference is None:
        return memory
    known = network.known(torch.stack([1 - masks, masks], 1))
    return replace(memory, reference=Reference(memory.reference.keys, known))


def test_ablations(small: RVOSNetwork) -> None:
    torch.manual_seed(2)
    frame, masks = torch.rand(1, 3, 64, 96), (torch.rand(2, 64, 96) > 0.5).float()

    def second(recurrence: str, first_mask: float, hidden: float) -> torch.Tensor:
        small.decoder.recurrence = recurrence  # type: ignore[assignment]
        with torch.no_grad():
            look = small.look(frame)
            memory = _shown(
                small, small.begin(look, 2), masks * torch.tensor([first_mask, 1.0]).view(2, 1, 1)
            )
            for level in memory.hidden:
                level.fill_(hidden)
            return small.step(look, memory)[0][1]

    base = {name: second(name, 1.0, 0.0) for name in ("both", "spatial", "temporal")}
    other_object = {name: not torch.equal(base[name], second(name, 0.0, 0.0)) for name in base}
    other_past = {name: not torch.equal(base[name], second(name, 1.0, 0.3)) for name in base}
    small.decoder.recurrence = "both"
    assert other_object == {"both": True, "spatial": True, "temporal": False}
    assert other_past == {"both": True, "spatial": False, "temporal": True}
