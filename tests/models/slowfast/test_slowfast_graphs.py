"""SlowFast VOS gives the same on every backend."""

from typing import Any

import numpy as np
import pytest
import torch

from segue.models.catalog import load_model
from segue.models.slowfast.model import SlowFastModel

SIZE_HW = (40, 72)


def load(backend: str, **settings: Any) -> SlowFastModel:
    chosen = {"random_weights": True, "backend": backend, "short_side": 64, "long_side": 96}
    model = load_model("slowfast-lite", settings={**chosen, **settings})
    assert isinstance(model, SlowFastModel)
    return model


@pytest.mark.parametrize("settings", [{"slow": 1, "fast": 3, "residual": False}, {"module": False}])
def test_a_memory_that_changes_its_backend(settings: dict[str, Any]) -> None:
    drawn = np.random.default_rng(0)
    frames = [drawn.integers(0, 255, (*SIZE_HW, 3), np.uint8) for _ in range(4)]
    expected, found = load("torch", **settings), load("openvino", **settings)
    _, state = expected.start(frames[0])
    _, other = found.start(frames[0])
    for frame in frames[1:]:
        one, after = expected.step(frame, state)
        for begun in (other, state):
            two, since = found.step(frame, begun)
            assert one is not None
            assert two is not None
            assert (one.labels == two.labels).mean() > 0.99
            for levels, same in zip(after.features, since.features, strict=True):
                for a, b in zip(levels, same, strict=True):
                    assert torch.allclose(a, b, atol=1e-3)
        state, other = after, since
