"""RVOS gives the same on every backend."""

import numpy as np
import pytest
import torch

from segue.models.catalog import load_model
from segue.models.rvos import graphs
from segue.models.rvos.model import RVOSModel
from segue.types import Labels

SIZE_HW = (64, 96)


def load(backend: str) -> RVOSModel:
    settings = {"random_weights": True, "backend": backend, "size_hw": SIZE_HW}
    model = load_model("rvos-lite", settings=settings)
    assert isinstance(model, RVOSModel)
    return model


@pytest.fixture(scope="module")
def models() -> dict[str, RVOSModel]:
    return {name: load(name) for name in ("torch", "openvino")}


@pytest.fixture
def frames() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 255, (*SIZE_HW, 3), np.uint8) for _ in range(3)]


def given(*ids: int) -> Labels:
    labels = np.zeros(SIZE_HW, np.uint8)
    for place, i in enumerate(ids):
        labels[8:56, 4 + 30 * place : 28 + 30 * place] = i
    return labels


def test_objects_that_come_and_a_memory_that_changes_its_backend(
    models: dict[str, RVOSModel], frames: list[np.ndarray]
) -> None:
    found, expected = models["openvino"], models["torch"]
    _, state = expected.start(frames[0], given(3))
    _, other = found.start(frames[0], given(3))
    for frame, labels in zip(frames[1:], (given(3, 5), None), strict=True):
        prediction, after = expected.step(frame, state, labels)
        for begun in (other, state):  # its own memory, and that of torch
            shown, since = found.step(frame, begun, labels)
            assert (shown.labels == prediction.labels).mean() > 0.99
            for one, two in zip(since.memory.hidden, after.memory.hidden, strict=True):
                assert torch.allclose(one, two, atol=1e-3)
        state, other = after, since


def test_torch_decodes_more_objects_than_a_graph_is_made_for(
    models: dict[str, RVOSModel], frames: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphs, "_MOST_ROWS", 1)
    expected, state = models["torch"].start(frames[0], given(3, 5))
    found, _ = models["openvino"].start(frames[0], given(3, 5))
    assert np.array_equal(found.labels, expected.labels)
    found, _ = models["openvino"].step(frames[1], state)
    expected, _ = models["torch"].step(frames[1], state)
    assert (found.labels == expected.labels).mean() > 0.99
