"""A backend that computes the whole of a model gives what the model computes otherwise."""

from typing import Any

import numpy as np
import pytest
import torch

from segue.exporting.clicking import show as show_clicks
from segue.exporting.examples import Example, show
from segue.exporting.loading import built
from segue.models.catalog import find
from segue.models.rvos.network import RVOSNetwork
from segue.models.rvos.settings import variant
from segue.nn.backends.catalog import using, whole_backend
from segue.nn.backends.torch_backend import TorchBackend

EXAMPLE = Example((70, 100), 2)
NAMES = ("segue-lite", "rvos-lite", "ttvos-lite", "slowfast-lite", "segue-click")


def answers(name: str, *, whole: bool) -> list[np.ndarray]:
    with using(TorchBackend(), whole=whole):
        assert (whole_backend() is not None) == whole
        model: Any = built(name, None, {})
    if not find(name).goes_through_videos:
        return show_clicks(model, EXAMPLE)
    return [prediction.labels for prediction in show(model, EXAMPLE)]


@pytest.mark.parametrize("name", NAMES)
def test_masks_are_the_same(name: str) -> None:
    plain, whole = answers(name, whole=False), answers(name, whole=True)
    assert len(plain) == len(whole) > 1
    assert np.mean([np.mean(a == b) for a, b in zip(plain, whole, strict=True)]) > 0.999


@pytest.mark.parametrize("recurrence", ["both", "spatial", "temporal"])
def test_objects_one_after_the_other_are_decoded_as_all_at_once(recurrence: str) -> None:
    torch.manual_seed(0)
    network = RVOSNetwork("rvos-lite", variant("rvos-lite", {"recurrence": recurrence})).eval()
    with torch.no_grad():
        look = network.look(torch.rand(1, 3, 64, 96))
        memory = network.begin(look, 3)
        guides = [torch.rand_like(guide) for guide in network._guides(look, memory)]
        hidden = tuple(torch.rand_like(level) for level in memory.hidden)
        logits, after = network.decoder(look.shares, guides, hidden)
        before = states = tuple(torch.zeros_like(level[:1]) for level in hidden)
        for row in range(3):
            own = (tuple(x[row : row + 1] for x in values) for values in (guides, hidden))
            found, before, states = network.decoder.following(look.shares, *own, before, states)
            assert torch.allclose(found[0], logits[row], atol=1e-5)
            for one, all_rows in zip(before, after, strict=True):
                assert torch.allclose(one[0], all_rows[row], atol=1e-5)
