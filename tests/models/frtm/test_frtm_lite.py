"""FRTM in a size for processors: its backbone, its narrower decoder, its coarser labels, and what ships."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from segue.models.frtm.backbone import LiteBackbone
from segue.models.frtm.build import build, make_network
from segue.models.frtm.memory import at_stride
from segue.models.frtm.model import FrtmModel
from segue.models.frtm.refiner import Head
from segue.models.frtm.settings import FrtmSettings, variant
from segue.models.frtm.target_model import fit, initial_model
from segue.nn.efficientnet import EfficientNetLite0
from segue.nn.weights import describe, save_weights, shipped_weights, ships

QUICK: dict[str, Any] = {
    "random_weights": True,
    "channels": 8,
    "init_iterations": (3, 3),
    "update_every": 2,
    "augmentation": {"samples": 2},
}
NAMES = ("frtm-lite", "g-frtm-lite")
LARGEST = 16_000_000
"""Bytes of a weights file."""


def lite(name: str, **changes: Any) -> FrtmModel:
    return build(name, settings={**QUICK, **changes}, weights=None, device="cpu")


def scene() -> tuple[np.ndarray, np.ndarray]:
    frame = np.random.default_rng(1).integers(0, 256, (65, 97, 3), np.uint8)
    labels = np.zeros((65, 97), np.uint8)
    labels[10:50, 20:60] = 1
    return frame, labels


# Backbone.


def test_the_backbone_stops_and_goes_on() -> None:
    torch.manual_seed(0)
    backbone = LiteBackbone(pretrained=False)
    whole = EfficientNetLite0().eval()
    whole.body.load_state_dict(backbone.body.state_dict())
    images = torch.rand(1, 3, 64, 96)
    shallow = backbone(images * 2 - 1, deepest=8)
    assert list(shallow) == [4, 8]
    maps = shallow | backbone.deeper(shallow)
    for stride, expected in whole(images).items():
        assert torch.allclose(maps[stride], expected, atol=1e-6)
        assert expected.shape[1] == backbone.channels[stride]


def test_sides_that_are_no_multiples_are_enlarged() -> None:
    backbone = LiteBackbone(pretrained=False)
    assert backbone(torch.rand(1, 3, 65, 97))[32].shape[-2:] == (3, 4)
    assert not backbone.train().training


# Decoder.


def test_the_shallow_half_is_narrower_and_the_gate_has_the_width_of_the_deep_one() -> None:
    network = make_network(variant("g-frtm-lite"), pretrained=False)
    reduced = network.refiner.reduce(network.look(torch.rand(1, 3, 64, 96)))
    assert {s: m.shape[1] for s, m in reduced.items()} == {32: 48, 16: 48, 8: 32, 4: 32}
    assert network.refiner.refine(reduced, torch.rand(1, 1, 4, 6)).shape == (1, 48, 4, 6)
    assert network.reuse is not None
    assert network.reuse.translator(torch.rand(1, 48, 4, 6), torch.rand(1, 1, 4, 6)).shape[1] == 48


def test_the_head_that_ends_at_half_the_size_has_the_same_weights() -> None:
    torch.manual_seed(0)
    half, full = Head(8, "half"), Head(8, "direct")
    full.load_state_dict(half.state_dict())
    flat = torch.rand(1, 8, 1, 1).expand(1, 8, 20, 24)
    logits = half(flat, (79, 95))
    assert logits.shape == (1, 1, 79, 95)
    # Away from the border, where both pad differently, a flat map gives the same.
    assert torch.allclose(logits[..., 12:-12, 12:-12], full(flat, (79, 95))[..., 12:-12, 12:-12])


# Labels on a coarser grid.


def test_every_pixel_is_the_published_grid() -> None:
    labels, weights = torch.rand(2, 9, 11), torch.rand(2, 9, 11)
    assert at_stride(labels, weights, 1) == (labels, weights)


def test_the_sum_of_squares_changes_by_a_constant_alone() -> None:
    """So whoever minimises it finds the same, if scores are flat within a cell."""
    generator = torch.Generator().manual_seed(0)
    labels, weights = (torch.rand(2, 16, 24, generator=generator) for _ in range(2))
    coarse, coarse_weights = at_stride(labels, weights, 4)
    assert coarse.shape == coarse_weights.shape == (2, 4, 6)
    differences = []
    for _ in range(3):
        scores = torch.rand(2, 4, 6, generator=generator)
        fine = F.interpolate(scores[None], (16, 24), mode="nearest")[0]
        differences.append(
            ((weights * (fine - labels)) ** 2).sum()
            - ((coarse_weights * (scores - coarse)) ** 2).sum()
        )
    assert torch.allclose(torch.stack(differences), differences[0], atol=1e-3)


def test_void_pixels_stay_out_of_the_mean() -> None:
    labels, weights = torch.ones(1, 8, 8), torch.ones(1, 8, 8)
    labels[:, :, 4:], weights[:, :, 4:] = 0, 0
    weights[:, :4] = 0
    coarse, coarse_weights = at_stride(labels, weights, 8)
    assert coarse.item() == pytest.approx(1)
    assert coarse_weights.item() ** 2 == pytest.approx(16)


def test_target_models_of_both_grids_agree() -> None:
    features = torch.rand(2, 6, 8, 10, generator=torch.Generator().manual_seed(0)) * 0.2
    labels = torch.zeros(2, 128, 160)
    features[:, 0, 2:5, 3:7] += 1
    labels[:, 32:80, 48:112] = 1
    scores = []
    for stride in (1, 4):
        settings = FrtmSettings(channels=4, init_iterations=(5, 5, 5), label_stride=stride)
        drawn = initial_model(6, 4, torch.Generator().manual_seed(3))
        coarse = at_stride(labels, torch.ones_like(labels), stride)
        model = fit(drawn, features, *coarse, settings).model
        scores.append(model.score(model.project(features[:1])))
    assert (scores[0] - scores[1]).abs().max() < 0.05
    assert scores[0].max() > 0.7


def test_the_memory_holds_the_coarser_grid() -> None:
    frame, labels = scene()
    _, state = lite("frtm-lite").start(frame, labels)
    assert {s.labels.shape for s in state.objects[1].memory.samples} == {(17, 25)}


# Whole models.


@pytest.mark.parametrize("name", NAMES)
def test_odd_sizes_through_the_whole_network(name: str) -> None:
    frame, labels = scene()
    model = lite(name)
    prediction, state = model.start(frame, labels)
    assert np.array_equal(prediction.labels, labels)
    prediction, _ = model.step(frame[:, ::-1], state)
    assert prediction.labels.shape == labels.shape


def test_what_runs_is_a_copy_that_says_the_same() -> None:
    model = lite("g-frtm-lite")
    names = {name for name, _ in model.network.named_modules()}
    assert any("bn1" in name for name in names)
    frames = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        own, fast = (net.look(frames) for net in (model.network, model._running))
    assert all(torch.allclose(own[s], fast[s], atol=1e-4, rtol=1e-3) for s in own)


def test_a_sure_gate_changes_nothing() -> None:
    """At threshold 1 and without a gate every frame is computed."""
    frame, labels = scene()
    answers = []
    for reuse in ({"threshold": 1.0}, None):
        model = lite("g-frtm-lite", reuse=reuse)
        _, state = model.start(frame, labels)
        answers.append(model.step(frame, state)[0].labels)
    assert np.array_equal(*answers)


@pytest.mark.parametrize("name", NAMES)
def test_weights_in_16_bits_are_small_enough(name: str, tmp_path: Path) -> None:
    network = make_network(variant(name), pretrained=False)
    path = tmp_path / "weights.safetensors"
    save_weights(network, path, model_name=name, half=True)
    assert path.stat().st_size <= LARGEST
    assert build(name, settings={}, weights=path, device="cpu").name == name
    assert describe(network)["by_part"]["refiner"] == 498_065


@pytest.mark.parametrize("name", [name for name in NAMES if ships(name)])
def test_what_ships_is_small_enough(name: str) -> None:
    assert shipped_weights(name).stat().st_size <= LARGEST
