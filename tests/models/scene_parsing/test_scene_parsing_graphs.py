"""Every scene parsing network gives the same on every backend, and its memory goes from one to the other."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from segue.models.scene_parsing import build
from segue.models.scene_parsing.model import SceneParsingModel
from segue.models.scene_parsing.netwarp import NetWarp
from segue.models.scene_parsing.settings import VARIANTS, variant
from segue.nn.backbones import Backbone, Maps
from segue.nn.backends.catalog import create_backend
from segue.types import Frame

NETWORKS: dict[str, dict[str, Any]] = {
    **{name: {} for name in VARIANTS},
    "tcb": {"memory": 2, "spacing": 2},
    "tcb with psp": {"memory": 2, "head": "psp"},
}


class TinyTrunk(Backbone):
    """Four maps of a few channels; a network of pictures takes seconds to convert, and is tested elsewhere."""

    def __init__(self, *_: Any, **__: Any) -> None:
        nn.Module.__init__(self)
        self.channels, self.strides = (8, 8, 8, 8), (4, 8, 16, 32)
        ends = zip((3, 8, 8, 8), (4, 2, 2, 2), strict=True)
        self.body = nn.ModuleList(nn.Conv2d(i, 8, s, stride=s) for i, s in ends)
        for key in ("mean", "deviation"):
            self.register_buffer(key, torch.ones(3, 1, 1), persistent=False)

    def forward(self, frames: Tensor) -> Maps:
        """See ``Backbone.forward``."""
        maps = [frames]
        for layer in self.body:
            maps.append(layer(maps[-1]).relu())
        return tuple(maps[1:])


@pytest.fixture
def frames() -> list[Frame]:
    """A scene that moves by two pixels per frame."""
    scene = np.random.default_rng(0).integers(0, 255, (9, 16, 3), np.uint8)
    scene = scene.repeat(8, 0).repeat(8, 1)[:60]
    return [np.ascontiguousarray(scene[:, 2 * t : 2 * t + 90]) for t in range(5)]


@pytest.mark.parametrize("name", NETWORKS)
def test_labels_scores_and_memory_agree(
    name: str, frames: list[Frame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "Backbone", TinyTrunk)
    values = {"width": 16, "classes": ("a", "b", "c"), **NETWORKS[name]}
    settings = variant(name.split()[0], values)
    torch.manual_seed(0)
    network = build.create_network(settings).eval()
    if isinstance(network, NetWarp):  # untrained, it passes over what it remembers
        nn.init.normal_(network.early.before)
        nn.init.normal_(network.late.before)
    expected = SceneParsingModel(name, network, settings)
    found = SceneParsingModel(name, network, settings, create_backend("openvino", "cpu"))
    one, state = expected.start(frames[0])
    other, after = found.start(frames[0])
    for frame in frames[1:]:
        assert (one.labels == other.labels).mean() > 0.99
        for i, score in one.scores.items():
            if not score.absent and not other.scores[i].absent:
                assert other.scores[i].confidence == pytest.approx(score.confidence, abs=0.01)
        mine, theirs = (tensors(model.memory) for model in (state, after))
        assert len(mine) == len(theirs)
        for a, b in zip(mine, theirs, strict=True):
            torch.testing.assert_close(a, b, atol=1e-3, rtol=1e-3)
        state, after = after, state  # each goes on from the memory of the other
        one, state = expected.step(frame, state)
        other, after = found.step(frame, after)


def tensors(memory: Any) -> list[Tensor]:
    return [*memory.tensors, *(part for context in memory.contexts for part in context)]
