import copy

import pytest
import torch
from torch import nn

from segue.models.lite.network import LiteNetwork
from segue.nn.fuse import for_inference, fuse_same_padding
from segue.nn.same import SameConv2d


def test_the_fast_copy_computes_the_same_and_has_no_norm_and_no_uneven_padding_left() -> None:
    torch.manual_seed(0)
    network = LiteNetwork()
    frames = torch.rand(2, 3, 64, 96)
    network.train()
    network.look(frames)  # running statistics that are not the initial ones
    network.eval()
    before = copy.deepcopy(network.state_dict())
    fast = for_inference(network)
    with torch.no_grad():
        expected, found = network.look(frames), fast.look(frames)
    assert torch.allclose(found.target, expected.target, atol=1e-3)
    for stride, share in expected.decoder.items():
        assert torch.allclose(found.decoder[stride], share, atol=1e-3)
    assert not [m for m in fast.modules() if isinstance(m, nn.BatchNorm2d | SameConv2d)]
    assert all(torch.equal(before[k], v) for k, v in network.state_dict().items())


@pytest.mark.parametrize("size", [3, 5])
@pytest.mark.parametrize("groups", [1, 4])
def test_even_padding_gives_the_result_of_same_padding(size: int, groups: int) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(SameConv2d(4, 8, size, groups=groups))
    maps = torch.randn(1, 4, 16, 22)
    with torch.no_grad():
        expected = network(maps)
        fuse_same_padding(network)
        assert type(network[0]) is nn.Conv2d
        assert torch.allclose(network(maps), expected, atol=1e-6)


def test_convolutions_over_time_are_left_as_they_are() -> None:
    network = nn.Sequential(nn.Conv3d(2, 3, (1, 3, 3)), nn.Conv3d(3, 2, (3, 1, 1)))
    clip = torch.rand(1, 2, 4, 6, 6)
    torch.testing.assert_close(for_inference(network)(clip), network(clip))
