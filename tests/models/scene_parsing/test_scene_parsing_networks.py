"""Scene parsing networks: the exact sizes of the paper's table, and one answer whether clips or frames go in."""

import functools
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from segue.errors import InputError, SettingsError
from segue.models.scene_parsing.build import create_network
from segue.models.scene_parsing.netwarp import FlowRefiner, MovedFeatures, NetWarp
from segue.models.scene_parsing.network import Memory, step
from segue.models.scene_parsing.settings import VARIANTS, variant

TABLE = {
    "pspnet": (64_142_850, 64.1),
    "ocrnet": (55_460_226, 55.5),
    "upernet": (58_091_270, 58.1),
    "deeplabv3plus": (59_506_786, 59.5),
    "segmenter": (57_792_386, 57.8),
    "etc": (55_460_226, 55.5),
    "netwarp": (55_469_730, 55.5),
    "tcb": (55_460_226, 55.5),
}
"""With Swin-S and 124 classes: the exact number, and what table 1 of SSLTM prints in millions."""
CODED: tuple[tuple[str, dict[str, Any], int], ...] = (
    ("deeplabv3plus", {"deeplab": "as-coded"}, 56_197_478),
    ("ocrnet", {"biased": True}, 55_462_530),
    ("netwarp", {"refinement": "as-coded"}, 55_469_730),
    ("ocrnet", {"backbone": "resnet-101"}, 57_970_488),
    ("pspnet", {"backbone": "resnet-101"}, 70_420_792),
    ("ocrnet", {"backbone": "resnet-101-deep-stem"}, 58_094_264),
    ("pspnet", {"backbone": "resnet-101-deep-stem"}, 70_544_568),
    ("upernet", {"backbone": "resnet-101-deep-stem", "width": 512}, 83_201_084),
    (
        "deeplabv3plus",
        {"backbone": "resnet-101-deep-stem", "deeplab": "as-coded"},
        59_494_556,
    ),
)
"""Other readings, and VSPW's ResNet-101."""
LIGHT: dict[str, Any] = {
    "backbone": "efficientnet-lite0",
    "width": 16,
    "classes": ("a", "b", "c"),
}
TOP_DOWN = {"decoder": "top-down"}
WITH_PSP = {f"{name} with psp": (name, {"head": "psp"}) for name in ("etc", "netwarp", "tcb")}
NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    **{name: (name, {}) for name in VARIANTS},
    **WITH_PSP,
    **{f"{name} top-down": (name, TOP_DOWN) for name in ("pspnet", "segmenter", "netwarp", "tcb")},
    "netwarp as coded": ("netwarp", {"refinement": "as-coded"}),
}
TEMPORAL = tuple(name for name in NETWORKS if name.startswith(("netwarp", "tcb")))


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def size_of(name: str, values: dict[str, Any]) -> int:
    with torch.device("meta"):
        return count(create_network(variant(name, values)))


@functools.cache
def make(name: str) -> Any:
    """A small network in evaluation mode, whose running statistics are not the initial ones."""
    torch.manual_seed(0)
    variant_name, values = NETWORKS[name]
    network = create_network(variant(variant_name, {**LIGHT, **values}))
    if isinstance(network, NetWarp):
        for moved in (network.early, network.late):
            nn.init.normal_(moved.before)
    with torch.no_grad():
        network.train()(clip(), flow=flow())
    return network.eval()


def clip(batch: int = 2, time: int = 2, size_hw: tuple[int, int] = (64, 96)) -> Tensor:
    return torch.rand(batch, time, 3, *size_hw, generator=torch.Generator().manual_seed(1))


def flow(batch: int = 2, size_hw: tuple[int, int] = (64, 96)) -> Tensor:
    return 20 * torch.randn(batch, 2, *size_hw, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("name", TABLE)
def test_the_sizes_are_those_of_the_table(name: str) -> None:
    exact, printed = TABLE[name]
    found = size_of(name, {})
    assert found == exact
    assert round(found / 1e6, 1) == printed


@pytest.mark.parametrize(("name", "values", "exact"), CODED)
def test_other_readings_have_their_sizes(name: str, values: dict[str, Any], exact: int) -> None:
    assert size_of(name, values) == exact


def test_the_light_network_of_eleven_classes_is_as_small_as_computed() -> None:
    values = {**LIGHT, "width": 128, "classes": tuple("abcdefghijk")}
    assert size_of("ocrnet", values) == 3_534_998


@pytest.mark.parametrize("name", NETWORKS)
@torch.no_grad()
def test_answers_have_the_size_of_the_frames(name: str) -> None:
    answer = make(name)(clip(), flow=flow())
    assert answer.logits.shape == (2, 3, 64, 96)
    assert answer.features is None
    assert answer.before is None
    if answer.auxiliary is not None:
        assert answer.auxiliary.shape[:2] == (2, 3)


@pytest.mark.parametrize("name", NETWORKS)
@torch.no_grad()
def test_frames_one_by_one_answer_like_a_clip(name: str) -> None:
    network, frames, moved = make(name), clip(), flow()
    whole = network(frames, flow=moved).logits
    _, memory = step(network, frames[:, 0], Memory())
    last, _ = step(network, frames[:, 1], memory, frames[:, 0], moved)
    torch.testing.assert_close(last, whole, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", NETWORKS)
@torch.no_grad()
def test_a_single_frame_is_a_clip(name: str) -> None:
    network, frames = make(name), clip(time=1)
    first, _ = step(network, frames[:, 0], Memory())
    torch.testing.assert_close(network(frames).logits, first, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", NETWORKS)
@torch.no_grad()
def test_only_networks_with_a_memory_look_back(name: str) -> None:
    network, frames = make(name), clip()
    other = frames.clone()
    other[:, 0] = 1 - other[:, 0]
    one, two = (network(f, flow=flow()).logits for f in (frames, other))
    assert torch.equal(one, two) == (name not in TEMPORAL)


@pytest.mark.parametrize("name", ["etc", "netwarp", "tcb"])
@torch.no_grad()
def test_without_what_training_adds_a_video_method_is_its_image_network(name: str) -> None:
    torch.manual_seed(0)
    image = create_network(variant("ocrnet", LIGHT)).eval()
    video = create_network(variant(name, LIGHT)).eval()
    video.load_state_dict(image.state_dict(), strict=False)
    time = 1 if name == "tcb" else 2
    expected = image(clip(time=time)).logits
    assert torch.equal(video(clip(time=time), flow=flow()).logits, expected)


@torch.no_grad()
def test_tcb_keeps_as_many_contexts_as_it_is_told() -> None:
    network = create_network(variant("tcb", {**LIGHT, "memory": 2, "spacing": 2})).eval()
    memory = Memory()
    for t in range(6):
        _, memory = step(network, clip(1, 6)[:, t], memory)
    assert len(memory.contexts) == 4


@torch.no_grad()
def test_tcb_averages_the_contexts_at_its_spacing() -> None:
    torch.manual_seed(0)
    network = create_network(variant("tcb", {**LIGHT, "memory": 2, "spacing": 2})).eval()
    frames = clip(1, 6)
    memory = Memory()
    for t in range(5):
        _, memory = step(network, frames[:, t], memory)
    last, _ = step(network, frames[:, 5], memory)
    expected = network(frames[:, [1, 3, 5]]).logits
    torch.testing.assert_close(last, expected, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_tcb_without_memory_is_the_image_network() -> None:
    network = create_network(variant("tcb", {**LIGHT, "memory": 0})).eval()
    _, memory = step(network, clip()[:, 0], Memory())
    assert memory == Memory()


def test_features_move_by_cells_of_their_map() -> None:
    moved = MovedFeatures(1, in_pixels=False)
    nn.init.constant_(moved.now, 0)
    nn.init.constant_(moved.before, 2)
    before = torch.arange(6.0).view(1, 1, 2, 3)
    one_cell_left = torch.zeros(1, 2, 32, 48)
    one_cell_left[:, 0] = -16
    found = moved(torch.zeros_like(before), before, one_cell_left)
    # Column 0 comes from outside the picture.
    expected = 2 * torch.tensor([[0.0, 0.0, 1.0], [0.0, 3.0, 4.0]]).view(1, 1, 2, 3)
    torch.testing.assert_close(found, expected)


def test_as_coded_they_move_by_pixels_of_the_frame() -> None:
    moved = MovedFeatures(1, in_pixels=True)
    nn.init.constant_(moved.before, 1)
    before = torch.ones(1, 1, 2, 3)
    far = torch.full((1, 2, 32, 48), -16.0)
    assert moved(torch.zeros_like(before), before, far).count_nonzero() == 0


@pytest.mark.parametrize("signed", [True, False])
@torch.no_grad()
def test_only_as_coded_the_flow_is_never_negative(signed: bool) -> None:
    torch.manual_seed(0)
    refiner = FlowRefiner(signed=signed)
    frames = clip()
    mended = refiner(flow(), frames[:, 0], frames[:, 1])
    assert bool((mended < 0).any()) == signed
    assert count(refiner) == 6_944


def test_what_cannot_be_answered_is_refused() -> None:
    network = make("netwarp")
    with pytest.raises(InputError, match="needs the flow"):
        network(clip())
    with pytest.raises(InputError, match="needs the frame before, and the flow"):
        step(network, clip()[:, 0], Memory((torch.zeros(1),)))
    with pytest.raises(InputError, match="no reference frame"):
        network(clip(), clip()[:, 0], flow())
    with pytest.raises(InputError, match="Frames are 64x97"):
        make("ocrnet")(clip(size_hw=(64, 97)))
    with pytest.raises(SettingsError, match="works with the heads 'ocr' and 'psp'"):
        variant("tcb", {"head": "upernet"})
    with pytest.raises(SettingsError, match="Did you mean 'upernet'"):
        variant("uppernet")


def test_a_resnet_is_dilated_unless_a_pyramid_needs_its_strides() -> None:
    assert variant("ocrnet", {"backbone": "resnet-101"}).keeps_stride
    assert not variant("upernet", {"backbone": "resnet-101"}).keeps_stride
    assert not variant("ocrnet").keeps_stride
    assert not variant("ocrnet", {"backbone": "resnet-101", "dilated": False}).keeps_stride


@torch.no_grad()
def test_top_down_answers_at_stride_4_as_ssltm_lite_does() -> None:
    """Things of four pixels are told apart, which at stride 32 are not."""
    network = make("tcb top-down")
    assert network.head.last.head.out_channels == 3
    maps = network.trunk(torch.rand(1, 3, 64, 96))
    maps = (*maps[:2], *[network.merge.merged(maps)] * 2)
    features = network.head.features(maps)
    assert features.shape[2:] == (4, 6)
    context = network.head.summary(features, network.auxiliary(maps[2]))
    logits = network.head.classify(network.head.join(features, context), maps)
    assert logits.shape[2:] == (16, 24)


def test_a_decoder_that_goes_down_by_itself_is_left_alone() -> None:
    for values in ({"head": "upernet"}, {"head": "deeplabv3plus"}, {"backbone": "resnet-101"}):
        with pytest.raises(SettingsError, match="'top-down' works with the heads"):
            variant("ocrnet", {**LIGHT, **TOP_DOWN, **values})


@pytest.mark.parametrize(
    ("name", "values"),
    [("pspnet", {}), ("upernet", {}), ("deeplabv3plus", {}), ("tcb", {"head": "psp"})],
)
@torch.no_grad()
def test_a_batch_of_one_frame_is_refused_where_pooled_norms_learn(
    name: str, values: dict[str, Any]
) -> None:
    network = create_network(variant(name, {**LIGHT, **values})).train()
    with pytest.raises(InputError, match="a batch of at least 2"):
        network(clip(batch=1))
    for part in network.modules():
        part.train(not isinstance(part, nn.BatchNorm2d))
    network(clip(batch=1))  # with the stored statistics one frame is enough


@torch.no_grad()
def test_etc_learns_from_one_clip_of_two_frames() -> None:
    network = create_network(variant("etc", {**LIGHT, "head": "psp"})).train()
    answer = network(clip(batch=1), flow=flow(batch=1))
    assert answer.before is not None
