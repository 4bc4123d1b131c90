"""The network: totals of the paper, what is switched off, contexts."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from segue import class_names
from segue.data.semantic_classes import CLASS_SETS
from segue.errors import InputError, SettingsError
from segue.models.scene_parsing import build as scene_parsing
from segue.models.scene_parsing.settings import variant as scene_variant
from segue.models.ssltm.build import create_network
from segue.models.ssltm.network import Ssltm
from segue.models.ssltm.settings import variant
from segue.nn.weights import describe

OFF: dict[str, Any] = {"stt": False, "centres": 0}


def make(name: str = "ssltm-lite", **changes: Any) -> Ssltm:
    torch.manual_seed(0)
    return create_network(variant(name, changes)).eval()


def frames(*shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def lite() -> Ssltm:
    """All parts, with centres that have begun."""
    network = make()
    assert network.centres is not None
    draws = torch.Generator().manual_seed(2)
    network.centres.begin([torch.rand(9, 128, generator=draws) for _ in range(11)])
    return network


@pytest.mark.parametrize(
    ("backbone", "total"), [("swin-s", 59_348_866), ("resnet-101", 61_859_128)]
)
def test_totals_with_the_papers_backbones(backbone: str, total: int) -> None:
    with torch.device("meta"):
        found = describe(make("ssltm", backbone=backbone))["total"]
    assert found == total
    if backbone == "swin-s":
        assert round(found / 1e6, 1) == 59.3


def test_the_parts_of_the_total() -> None:
    with torch.device("meta"):
        parts = describe(make("ssltm"))["by_part"]
        plain = describe(make("ssltm", **OFF))["total"]
    assert plain == 55_460_226
    assert parts["stt"] == 3_172_864
    assert parts["centres"] == 190_464
    assert parts["fuse_centres"] == 525_312


IN_OCRNET = {
    "trunk.": "trunk.",
    "neck.features.": "head.narrow.",
    "neck.regions.": "auxiliary.",
    "attention.": "head.attention.",
    "fuse.": "head.fuse.",
    "decoder.head.": "head.last.",
}
"""Where the weights of our parts are in OCRNet."""


@pytest.mark.parametrize("backbone", ["efficientnet-lite0", "swin-s"])
@torch.no_grad()
def test_with_its_parts_off_it_is_ocrnet_bit_for_bit(backbone: str) -> None:
    """One frame, no reference: RFCE with the frame itself is QFCE, which is OCRNet's context."""
    chosen = {"backbone": backbone, "width": 32, "classes": ("sky", "road", "car")}
    network = make("ssltm", **chosen, keys=16, heads=2, **OFF)
    ocrnet = scene_parsing.create_network(scene_variant("ocrnet", chosen))
    assert isinstance(ocrnet, nn.Module)
    weights = {
        new + key.removeprefix(old): value
        for key, value in network.state_dict().items()
        for old, new in IN_OCRNET.items()
        if key.startswith(old)
    }
    ocrnet.eval().load_state_dict(weights)
    images = frames(2, 3, 64, 96)
    expected = ocrnet(images[:, None])
    for reference in (None, images):
        answer = network(images[:, None], reference)
        assert torch.equal(answer.logits, expected.logits)


@torch.no_grad()
def test_one_frame_that_refers_to_itself_is_one_without_reference(lite: Ssltm) -> None:
    images = frames(1, 3, 64, 96)
    expected = lite(images[:, None])
    found = lite(images[:, None], images)
    assert torch.equal(found.logits, expected.logits)
    assert torch.equal(found.features, expected.features)


@torch.no_grad()
def test_neighbours_reference_and_centres_each_change_the_answer(lite: Ssltm) -> None:
    clip = frames(1, 3, 3, 64, 96)
    whole = lite(clip, clip[:, 0]).logits
    assert not torch.allclose(lite(clip).logits, whole)
    assert not torch.allclose(lite(clip[:, 2:], clip[:, 0]).logits, whole)
    assert lite.centres is not None
    known = lite.centres.known.clone()
    lite.centres.known.fill_(False)
    bypassed = lite(clip, clip[:, 0]).logits
    lite.centres.known.copy_(known)
    assert not torch.allclose(bypassed, whole)


@torch.no_grad()
def test_frames_out_of_reach_or_without_trust_change_nothing(lite: Ssltm) -> None:
    clip = frames(1, 3, 3, 64, 96)
    assert lite.reach == 2
    assert torch.equal(lite(clip).logits, lite(clip[:, 1:]).logits)
    alone = lite(clip[:, 2:]).logits
    distrusted = lite(clip, trust=torch.tensor([[1.0, 0.0, 1.0]])).logits
    assert torch.allclose(distrusted, alone, atol=1e-5)


@torch.no_grad()
def test_a_reference_may_have_another_size(lite: Ssltm) -> None:
    answer = lite(frames(2, 1, 3, 64, 96), frames(2, 3, 32, 64))
    assert answer.logits.shape == (2, 11, 64, 96)
    assert answer.auxiliary.shape == (2, 11, 4, 6)
    assert answer.features.shape == (2, 128, 4, 6)


def test_centres_that_have_not_begun_are_passed_over_in_training() -> None:
    network = make().train()
    answer = network(frames(2, 2, 3, 64, 64))
    answer.logits.sum().backward()
    fuse = network.fuse_centres
    assert fuse is not None
    assert all(p.grad is None for p in fuse.parameters())


def test_the_answer_does_not_move_the_centres(lite: Ssltm) -> None:
    answer = lite(frames(1, 1, 3, 64, 64))
    answer.logits.sum().backward()
    assert lite.centres is not None
    assert lite.centres.points.grad is None
    lite.zero_grad()


def test_all_weights_learn(lite: Ssltm) -> None:
    """Also those of the reference's side; the centres by their own loss."""
    clip = frames(2, 2, 3, 64, 64)
    answer = lite.train()(clip, frames(2, 3, 64, 64))
    (answer.logits.square().mean() + answer.auxiliary.square().mean()).backward()
    lite.eval()
    still = [n for n, p in lite.named_parameters() if p.grad is None and n != "centres.points"]
    lite.zero_grad()
    assert still == []


def test_sides_that_do_not_divide_are_refused(lite: Ssltm) -> None:
    with pytest.raises(InputError, match="multiples of 32"):
        lite(frames(1, 1, 3, 60, 64))


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(SettingsError, match="heads is 3"):
        make(heads=3)


def test_class_names_are_those_of_the_datasets() -> None:
    for name, names in (("camvid", class_names.CAMVID_CLASSES), ("vspw", class_names.VSPW_CLASSES)):
        assert CLASS_SETS[name].names == names
