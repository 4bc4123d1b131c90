import copy

import torch

from segue.models.lite.network import LiteNetwork
from segue.nn.fuse import fuse_batch_norm


def test_a_fused_network_computes_the_same_and_has_no_norm_left() -> None:
    torch.manual_seed(0)
    network = LiteNetwork()
    frames = torch.rand(2, 3, 64, 96)
    network.train()
    network.look(frames)  # running statistics that are not the initial ones
    network.eval()
    fused = copy.deepcopy(network)
    fuse_batch_norm(fused)
    with torch.no_grad():
        expected, found = network.look(frames), fused.look(frames)
    assert torch.allclose(found.target, expected.target, atol=1e-3)
    for stride, share in expected.decoder.items():
        assert torch.allclose(found.decoder[stride], share, atol=1e-3)
    assert not [m for m in fused.modules() if isinstance(m, torch.nn.BatchNorm2d)]
