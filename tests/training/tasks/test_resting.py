"""A trunk at rest is computed faster, and alike."""

import pytest
import torch
from torch import nn

from segue.nn.backbones import Backbone
from segue.training.tasks.resting import RestingTrunk


class Network(nn.Module):
    """Nothing but a trunk."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.trunk = Backbone("efficientnet-lite0").eval()


def test_maps_are_those_of_the_trunk_and_state_is_untouched() -> None:
    network, twin = Network(), Network()
    keys = list(network.state_dict())
    frames = torch.rand(3, 3, 64, 96)
    with torch.no_grad():
        expected = network.trunk(frames)
    resting = RestingTrunk()
    with resting.computes(network, twin):
        for trunk in (network.trunk, twin.trunk):
            for got, right in zip(trunk(frames), expected, strict=True):
                torch.testing.assert_close(got, right, rtol=1e-3, atol=1e-4)
                assert not got.requires_grad
        assert list(network.state_dict()) == keys
    assert network.trunk(frames)[0].requires_grad


def test_after_an_error_the_trunk_computes_by_itself() -> None:
    network = Network()
    with pytest.raises(RuntimeError, match="half way"), RestingTrunk().computes(network):
        raise RuntimeError("half way")
    assert network.trunk(torch.rand(1, 3, 32, 32))[0].requires_grad


def test_a_trunk_that_learned_is_copied_anew() -> None:
    network, resting = Network(), RestingTrunk()
    frames = torch.rand(1, 3, 32, 32)
    with resting.computes(network):
        before = network.trunk(frames)[-1]
    resting.wakes()
    with torch.no_grad():
        for part in network.trunk.parameters():
            part.mul_(1.1)
    with resting.computes(network):
        assert not torch.allclose(network.trunk(frames)[-1], before)


def test_the_copy_draws_no_random_number() -> None:
    """It is made in the middle of a step, whose draws must not depend on where a run was cut off."""
    network = Network()
    before = torch.get_rng_state()
    with RestingTrunk().computes(network):
        pass
    assert torch.equal(torch.get_rng_state(), before)
