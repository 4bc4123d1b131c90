"""The networks: sizes as published, and one recurrence whether frames come one by one or as clips."""

import copy
import functools
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from segue.errors import InputError, SettingsError
from segue.models.temporal_unet.build import create_network
from segue.models.temporal_unet.network import TemporalUnet
from segue.models.temporal_unet.settings import TemporalUnetSettings, variant
from segue.nn.fuse import for_inference

SIZES = ("small-shallow", "small-deep", "original")
PUBLISHED = {
    ("vanilla", "none"): (125_732, 507_940, 1_958_996),
    ("vanilla", "crnn"): (222_724, 900_100, 3_508_180),
    ("vanilla", "cgru"): (416_372, 1_683_700, 6_605_204),
    ("resnet", "crnn"): (229_908, 923_860, 3_598_356),
    ("resnet", "cgru"): (423_556, 1_707_460, 6_695_380),
    ("convnext", "crnn"): (None, 760_420, 2_933_588),
    ("convnext", "cgru"): (None, 1_544_020, 6_030_612),
}
"""Trainable parameters with 20 classes, as tables 2 and 3 of the report print them."""
DERIVED = {
    ("resnet", "none"): (132_916, 531_700, 2_049_172),
    ("convnext", "none"): (98_052, 368_260, 1_384_404),
    ("convnext", "crnn"): (195_044, None, None),
    ("convnext", "cgru"): (388_692, None, None),
}
"""Not printed; what the same layers add up to."""

SMALL: dict[str, Any] = {"size": "small-shallow", "classes": ("a", "b", "c")}
NETWORKS: dict[str, dict[str, Any]] = {
    "vanilla crnn": {**SMALL, "block": "vanilla", "cell": "crnn"},
    "resnet cgru": {**SMALL, "block": "resnet", "cell": "cgru"},
    "convnext cgru": {**SMALL, "block": "convnext", "cell": "cgru"},
    "resnet none": {**SMALL, "block": "resnet", "cell": "none"},
    "resnet residual": {**SMALL, "residual": True, "cell_strides": (2, 4)},
    "efficientnet cgru": {"encoder": "efficientnet-lite0", "cell_strides": (8, 16)},
}
TEMPORAL = [name for name in NETWORKS if name != "resnet none"]


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


@functools.cache
def make(name: str) -> TemporalUnet:
    """A network in evaluation mode, with running statistics and gains that are not the initial ones."""
    torch.manual_seed(0)
    network = create_network(TemporalUnetSettings.parse(NETWORKS[name]))
    for gain in network.gains.values():
        nn.init.normal_(gain)
    with torch.no_grad():
        network.train()(clip(time=2))
    return network.eval()


def clip(batch: int = 2, time: int = 3, size_hw: tuple[int, int] = (32, 64)) -> Tensor:
    return torch.rand(batch, time, 3, *size_hw, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("block", "cell"), [*PUBLISHED, *DERIVED])
def test_every_size_has_the_published_number_of_parameters(
    block: str, cell: str, size: str
) -> None:
    column = SIZES.index(size)
    rows = (table[block, cell][column] for table in (PUBLISHED, DERIVED) if (block, cell) in table)
    (expected,) = (number for number in rows if number is not None)
    settings = TemporalUnetSettings.parse({"block": block, "cell": cell, "size": size})
    assert len(settings.classes) == 20
    with torch.device("meta"):
        assert count(create_network(settings)) == expected


def test_there_are_nineteen_published_numbers() -> None:
    assert sum(n is not None for numbers in PUBLISHED.values() for n in numbers) == 19


def test_the_practical_variant_fits_in_sixteen_megabytes() -> None:
    network = create_network(variant("temporal-unet-lite"))
    assert sum(v.numel() * v.element_size() for v in network.state_dict().values()) < 15.9e6


@pytest.mark.parametrize("name", NETWORKS)
def test_steps_give_what_a_clip_gives(name: str) -> None:
    network, frames = make(name), clip()
    hidden = network.initial_hidden(2, (32, 64))
    with torch.no_grad():
        expected = network(frames)
        for t in range(3):
            logits, hidden = network.step(frames[:, t], hidden)
            assert torch.allclose(logits, expected[:, t], atol=1e-5)
    assert expected.shape == (2, 3, len(TemporalUnetSettings.parse(NETWORKS[name]).classes), 32, 64)


@pytest.mark.parametrize("name", NETWORKS)
def test_single_frames_of_a_clip_can_be_asked_for(name: str) -> None:
    network, frames = make(name), clip()
    with torch.no_grad():
        expected = network(frames)
        found = network.at(frames, torch.tensor([1, 0]))
    assert torch.allclose(found, torch.stack([expected[0, 1], expected[1, 0]]), atol=1e-5)


@pytest.mark.parametrize("name", TEMPORAL)
def test_the_past_matters_and_the_future_does_not(name: str) -> None:
    network, frames = make(name), clip()
    other_past, other_future = frames.clone(), frames.clone()
    other_past[:, 0] = 0
    other_future[:, 2] = 0
    with torch.no_grad():
        expected = network(frames)
        assert not torch.allclose(network(other_past)[:, 1], expected[:, 1], atol=1e-4)
        assert torch.allclose(network(other_future)[:, :2], expected[:, :2], atol=1e-5)


def test_without_cells_frames_are_seen_alone() -> None:
    network, frames = make("resnet none"), clip()
    assert network.initial_hidden(2, (32, 64)) == ()
    with torch.no_grad():
        alone = network(frames[:, 2:])
        assert torch.allclose(network(frames)[:, 2:], alone, atol=1e-5)


def test_hidden_states_are_zeros_or_drawn_from_the_given_generator() -> None:
    network = make("resnet cgru")
    zeros = network.initial_hidden(2, (32, 48))
    assert [tuple(h.shape) for h in zeros] == [(2, 16, 32, 48), (2, 32, 16, 24), (2, 64, 8, 12)]
    assert not any(h.any() for h in zeros)
    drawn, again, other = (
        network.initial_hidden(2, (32, 48), torch.Generator().manual_seed(seed))
        for seed in (5, 5, 6)
    )
    assert all(map(torch.equal, drawn, again))
    assert not any(map(torch.equal, drawn, other))
    assert abs(drawn[0].mean()) < 0.05
    assert abs(drawn[0].std() - 1) < 0.05
    with torch.no_grad():
        assert not torch.allclose(network(clip(), drawn_for(network)), network(clip()), atol=1e-3)


def drawn_for(network: TemporalUnet) -> Any:
    return network.initial_hidden(2, (32, 64), torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", TEMPORAL)
def test_the_loss_of_the_last_frame_reaches_every_cell_and_the_first_frame(name: str) -> None:
    network = copy.deepcopy(make(name)).train()
    frames = clip(time=2).requires_grad_()
    network.at(frames, torch.tensor([1, 1])).square().mean().backward()
    assert frames.grad is not None
    assert frames.grad[:, 0].abs().max() > 0
    for parameter in (*network.cells.parameters(), *network.gains.parameters()):
        assert parameter.grad is not None
        assert parameter.grad.abs().max() > 0


def test_a_new_residual_cell_leaves_the_frame_by_frame_network_as_it_was() -> None:
    plain = make("resnet none")
    values = {**NETWORKS["resnet none"], "cell": "cgru", "residual": True}
    temporal = create_network(TemporalUnetSettings.parse(values)).eval()
    missing = temporal.load_state_dict(plain.state_dict(), strict=False).missing_keys
    assert missing
    assert all(key.startswith(("cells.", "gains.")) for key in missing)
    with torch.no_grad():
        assert torch.allclose(temporal(clip()), plain(clip()), atol=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_fast_copy_computes_the_same(name: str) -> None:
    network = make(name)
    before = copy.deepcopy(network.state_dict())
    fast = for_inference(network)
    hidden = drawn_for(network)
    with torch.no_grad():
        expected, expected_hidden = network.step(clip()[:, 0], hidden)
        found, found_hidden = fast.step(clip()[:, 0], hidden)
    assert torch.allclose(found, expected, atol=1e-4)
    assert all(
        torch.allclose(a, b, atol=1e-4) for a, b in zip(found_hidden, expected_hidden, strict=True)
    )
    norms = [m for m in fast.modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == (
        2 if name.startswith("convnext") else 0
    )  # those before an up-sampling stay
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())


def test_a_cell_where_there_is_no_map_is_refused() -> None:
    values = {**SMALL, "cell_strides": (2, 16)}
    with pytest.raises(SettingsError, match=r"\[16\].*\[1, 2, 4\]"):
        create_network(TemporalUnetSettings.parse(values))


@pytest.mark.parametrize(("name", "multiple"), [("resnet cgru", 4), ("efficientnet cgru", 32)])
def test_frames_that_do_not_divide_are_refused(name: str, multiple: int) -> None:
    with pytest.raises(InputError, match=f"30x64.*multiples of {multiple}"):
        make(name)(clip(size_hw=(30, 64)))
