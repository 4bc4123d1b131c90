"""The temporal U-Net gives the same on every backend, and its memory goes from one to the other."""

from typing import Any

import numpy as np
import pytest
import torch

from segue.models.temporal_unet.build import create_network
from segue.models.temporal_unet.model import TemporalUnetModel
from segue.models.temporal_unet.settings import TemporalUnetSettings, variant
from segue.nn.backends.catalog import create_backend
from segue.nn.backends.torch_backend import TorchBackend

NETWORKS: dict[str, dict[str, Any]] = {
    "temporal-unet": {"size": "small-shallow", "align": "dis"},
    "temporal-unet-lite": {},
}


def settings(name: str) -> TemporalUnetSettings:
    return variant(name, NETWORKS[name])


@pytest.fixture(scope="module", params=NETWORKS)
def models(request: pytest.FixtureRequest) -> tuple[TemporalUnetModel, TemporalUnetModel]:
    """By torch and by OpenVINO, with the same weights."""
    torch.manual_seed(0)
    chosen = settings(request.param)
    network = create_network(chosen).eval()
    network.decoder.head.weight.data *= 50  # a network that is sure of something
    both = (TorchBackend(), create_backend("openvino", "cpu"))
    expected, found = (TemporalUnetModel(request.param, network, chosen, b) for b in both)
    return expected, found


@pytest.fixture
def frames() -> list[np.ndarray]:
    """A scene that moves by two pixels per frame."""
    scene = np.random.default_rng(0).integers(0, 255, (9, 14, 3), np.uint8)
    scene = scene.repeat(8, 0).repeat(8, 1)[:70]
    return [np.ascontiguousarray(scene[:, 2 * t : 2 * t + 101]) for t in range(4)]


def test_labels_scores_and_memory_agree(
    models: tuple[TemporalUnetModel, TemporalUnetModel], frames: list[np.ndarray]
) -> None:
    expected, found = models
    one, state = expected.start(frames[0])
    other, after = found.start(frames[0])
    for frame in frames[1:]:
        assert (one.labels == other.labels).mean() > 0.995
        for i, score in one.scores.items():
            if not score.absent and not other.scores[i].absent:
                assert other.scores[i].confidence == pytest.approx(score.confidence, abs=0.01)
        assert len(state.hidden) == len(after.hidden)
        for mine, theirs in zip(state.hidden, after.hidden, strict=True):
            assert torch.allclose(mine, theirs, atol=1e-3)
        state, after = after, state  # each goes on from the memory of the other
        one, state = expected.step(frame, state)
        other, after = found.step(frame, after)


def test_logits_for_validation_are_those_of_the_labels(
    models: tuple[TemporalUnetModel, TemporalUnetModel], frames: list[np.ndarray]
) -> None:
    for model in models:
        state = model.begin(frames[0])
        for frame in frames[:2]:
            logits, after = model.look(frame, state)
            prediction, state = model.step(frame, state)
            assert logits.shape == (len(model.classes), 70, 101)
            assert (logits.argmax(0).numpy() == prediction.labels).mean() > 0.995
            assert after.frames == state.frames


def test_the_memory_at_the_output_has_half_the_size_of_the_frame() -> None:
    network = create_network(settings("temporal-unet-lite"))
    assert [h.shape for h in network.initial_hidden(1, (128, 160))] == [
        (1, 11, 64, 80),
        (1, 1, 64, 80),
    ]
