"""SlowFast VOS as a network: the counts of the report, losses, and what is trained."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.ops import FrozenBatchNorm2d

from segue.models.slowfast.build import create_network
from segue.models.slowfast.network import Part, SlowFastNetwork
from segue.models.slowfast.settings import CONFIGURATIONS, variant

SIZE_HW = (40, 72)
LOSSES = {
    "loss_classifier",
    "loss_box_reg",
    "loss_mask",
    "loss_objectness",
    "loss_rpn_box_reg",
}


def shape_of(name: str, **settings: Any) -> SlowFastNetwork:
    """A network without numbers, to count it."""
    with torch.device("meta"):
        return SlowFastNetwork(name, variant(name, settings))


def lite(**settings: Any) -> SlowFastNetwork:
    small = {"short_side": 64, "long_side": 96, **settings}
    return create_network("slowfast-lite", variant("slowfast-lite", small))


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def trainable(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


def frames(number: int) -> Tensor:
    return torch.rand(1, number, 3, *SIZE_HW, generator=torch.Generator().manual_seed(0))


def target(*boxes: tuple[int, int, int, int]) -> dict[str, Tensor]:
    masks = torch.zeros(len(boxes), *SIZE_HW, dtype=torch.uint8)
    for mask, (left, top, right, bottom) in zip(masks, boxes, strict=True):
        mask[top:bottom, left:right] = 1
    return {
        "boxes": torch.tensor(boxes, dtype=torch.float32).view(-1, 4),
        "labels": torch.ones(len(boxes), dtype=torch.int64),
        "masks": masks,
    }


TWO = target((5, 4, 30, 30), (40, 10, 70, 38))


@pytest.mark.parametrize(
    ("name", "total", "module", "unsupervised"),
    [
        ("1-1", 45_421_851, 1_499_456, 18_028_620),
        ("3-3", 46_398_747, 2_476_352, 19_005_516),
        ("7-7", 48_407_835, 4_485_440, 21_014_604),
        ("1-7", 45_618_459, 1_696_064, 18_225_228),
        ("3-7", 46_570_779, 2_648_384, 19_177_548),
    ],
)
def test_the_published_sizes(name: str, total: int, module: int, unsupervised: int) -> None:
    slow, fast = CONFIGURATIONS[name]
    network = shape_of("slowfast", slow=slow, fast=fast)
    assert count(network) == total
    assert count(network.slowfast) == module
    network.freeze("backbone", "rpn")
    assert trainable(network) == unsupervised
    network.freeze("module")
    assert trainable(network) == 43_922_395
    network.freeze("backbone", "rpn", "module")
    assert trainable(network) == 16_529_164
    network.freeze()
    assert trainable(network) == total


@pytest.mark.parametrize(
    ("name", "module"),
    [("1-1", 94_160), ("3-3", 155_216), ("7-7", 280_784), ("1-7", 106_448), ("3-7", 165_968)],
)
def test_the_small_module_has_a_quarter_of_the_widths(name: str, module: int) -> None:
    slow, fast = CONFIGURATIONS[name]
    network = shape_of("slowfast-lite", slow=slow, fast=fast)
    assert count(network.slowfast) - 64 == module  # one gain per channel is ours


def test_the_parts_of_the_detector() -> None:
    network = shape_of("slowfast", module=False)
    assert network.slowfast is None
    assert [count(part) for part in (network.backbone.body, network.backbone.fpn)] == [
        23_454_912,
        3_344_384,
    ]
    assert count(network.rpn) == 593_935
    norms = [m for m in network.modules() if isinstance(m, FrozenBatchNorm2d)]
    assert len(norms) == 53
    assert {norm.eps for norm in norms} == {0.0}
    assert not any(isinstance(m, nn.BatchNorm2d) for m in network.modules())


@pytest.mark.parametrize("batch", [1, 2])
def test_losses_are_those_of_torchvision_and_reach_what_is_trained(batch: int) -> None:
    network = lite(slow=1, fast=3).train()
    network.freeze("backbone", "rpn")
    losses = network(frames(3).expand(batch, -1, -1, -1, -1), [TWO] * batch)
    assert losses.keys() == LOSSES
    assert all(torch.isfinite(loss) for loss in losses.values())
    assert losses["loss_mask"] > 0
    sum(losses.values()).backward()
    reached = {name for name, p in network.named_parameters() if p.grad is not None}
    wanted = {name for name, p in network.named_parameters() if p.requires_grad}
    assert reached == wanted
    assert all(name.startswith(("slowfast.", "roi_heads.")) for name in wanted)


def test_a_frame_without_objects_has_losses_too() -> None:
    losses = lite(slow=1, fast=3).train()(frames(3), [target()])
    assert losses["loss_mask"] == 0
    assert losses["loss_box_reg"] == 0
    assert losses["loss_classifier"] > 0


def test_targets_are_resized_with_the_frames() -> None:
    """As torchvision's own transform does, and the given ones stay as they are."""
    network = lite(module=False).train()
    given = {key: value.clone() for key, value in TWO.items()}
    seen: list[Any] = []
    network.rpn.register_forward_pre_hook(lambda _, args: seen.append(args))
    network(frames(1), [TWO])
    transform = GeneralizedRCNNTransform(64, 96, [0.5] * 3, [1.0] * 3)
    images, expected = transform([frames(1)[0, 0]], [given])
    shown, _, targets = seen[0]
    assert shown.image_sizes == images.image_sizes
    assert shown.tensors.shape == images.tensors.shape
    assert torch.allclose(targets[0]["boxes"], expected[0]["boxes"])
    assert torch.equal(targets[0]["masks"], expected[0]["masks"])
    assert all(torch.equal(given[key], TWO[key]) for key in given)


@pytest.mark.parametrize("part", ["stem", "trunk", "backbone", "rpn", "heads", "module"])
def test_frozen_parts_get_no_gradient(part: Part) -> None:
    network = lite()
    network.freeze(part)
    frozen = count(network) - trainable(network)
    assert 0 < frozen < count(network)
    network.freeze()
    assert trainable(network) == count(network)


def test_a_frozen_backbone_keeps_its_statistics_and_a_frozen_module_does_not() -> None:
    network = lite(slow=1, fast=1).train()
    network.freeze("backbone", "module")
    before = {key: value.clone() for key, value in network.state_dict().items()}
    network(frames(1), [TWO])
    changed = {k for k, v in network.state_dict().items() if not torch.equal(v, before[k])}
    assert changed
    assert all(k.startswith("slowfast.") and ".norm.running" in k for k in changed)


def test_the_detector_alone_and_a_new_residual_module_say_the_same() -> None:
    plain, whole = lite(module=False).eval(), lite(slow=1, fast=3).eval()
    whole.load_state_dict(plain.state_dict(), strict=False)
    one, other = plain(frames(1))[0], whole(frames(1).expand(1, 3, -1, -1, -1))[0]
    # Three frames at once are rounded otherwise than one.
    assert torch.allclose(one.boxes_xyxy, other.boxes_xyxy, atol=1e-3)
    assert torch.allclose(one.masks, other.masks, atol=1e-4)
    assert one.pasted(SIZE_HW).shape == (len(one.scores), *SIZE_HW)


def test_new_networks_are_alike_and_leave_the_random_numbers_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one, other = lite().state_dict(), lite().state_dict()
    assert torch.equal(torch.rand(1), expected)
    assert all(torch.equal(one[key], other[key]) for key in one)
