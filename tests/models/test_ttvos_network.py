import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from segue.models.ttvos.attention import TemplateAttention, pool_masks, two_channels
from segue.models.ttvos.model import merge
from segue.models.ttvos.network import TTVOSNetwork
from segue.nn.matching import Matching
from segue.nn.weights import describe


def count(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def square(top: int, left: int, side: int, size_hw: tuple[int, int] = (64, 96)) -> torch.Tensor:
    mask = torch.zeros(1, *size_hw)
    mask[0, top : top + side, left : left + side] = 1
    return two_channels(mask)


@pytest.mark.parametrize(
    ("name", "channels"),
    [
        ("ttvos", {16: 1024, 8: 512, 4: 256}),
        ("ttvos-fast", {16: 512, 8: 128, 4: 64}),
        ("ttvos-mobile", {16: 112, 8: 40, 4: 24}),
        ("ttvos-lite", {16: 96, 8: 64, 4: 32}),
    ],
)
def test_a_trunk_gives_maps_at_three_strides(name: str, channels: dict[int, int]) -> None:
    network = TTVOSNetwork(name).eval()
    with torch.no_grad():
        look = network.look(torch.rand(1, 3, 64, 96))
    for stride, number in channels.items():
        assert look.maps[stride].shape == (1, number, 64 // stride, 96 // stride)
    assert (look.keys is not None) == (name == "ttvos-lite")


def test_template_attention_has_the_parameters_of_the_public_code() -> None:
    seen = 128 + 3 + 6
    embedding = seen * 128 + 128 + 128 * 4 * 25 + 128
    blend = 256 * 4 * 25 + 256 + 256 * 128 + 128
    rate = 128 * 128 + 128 + 130 * 65 * 9 + 65 + 65 + 1
    assert count(TemplateAttention(128)) == 4 * embedding + blend + rate


def test_decoder_of_resnet_18_has_the_parameters_of_the_public_code() -> None:
    def conv(channels_in: int, channels_out: int, size: int) -> int:
        return channels_in * channels_out * size**2 + channels_out

    expected = (
        conv(6 + 512, 128, 3)
        + conv(512 + 128, 64, 3)
        + conv(64, 2, 4)
        + conv(128, 64, 1)
        + conv(66, 64, 3)
        + conv(64, 2, 4)
        + conv(64, 64, 1)
        + conv(66, 64, 3)
        + conv(2, 2, 4)
        + conv(68, 8, 4)
    )
    assert describe(TTVOSNetwork("ttvos-fast"))["by_part"]["decoder"] == expected


def test_templates_have_one_size_and_rows_that_sum_to_one() -> None:
    attention = TemplateAttention(16)
    for size in ((8, 12), (5, 7)):
        template = attention.template(torch.rand(2, 16, *size), torch.rand(2, 6, *size))
        assert template.shape == (2, 16, 16)
        assert torch.allclose(template.sum(2), torch.ones(2, 16))


def test_an_updated_template_lies_between_old_and_new_and_nearer_to_the_old() -> None:
    attention = TemplateAttention(16, update=8)
    old, new = torch.zeros(1, 16, 16), torch.ones(1, 16, 16)
    updated = attention.updated(old, new, torch.randn(1, 16, 8, 12), torch.randn(1, 2, 8, 12))
    assert updated.shape == old.shape
    assert (updated > 0).all()
    assert (updated < 0.5).all()


@given(st.floats(-20, 20))
def test_a_lone_object_is_merged_with_the_square_of_its_odds(logit: float) -> None:
    margins = torch.full((1, 1, 1), logit, dtype=torch.float64)
    p = margins.sigmoid()
    assert torch.allclose(merge(margins), p**2 / (p**2 + (1 - p) ** 2))


def test_merged_objects_share_at_most_one() -> None:
    margins = torch.randn(5, 4, 6) * 4
    merged = merge(margins)
    assert (merged.sum(0) <= 1 + 1e-6).all()
    assert torch.equal(merged.argmax(0), margins.argmax(0))


def test_matching_finds_an_object_that_moved_by_its_keys() -> None:
    matching = Matching()
    keys = torch.nn.functional.normalize(torch.randn(1, 32, 16, 24), dim=1)
    moved = keys.roll((2, 4), (2, 3))
    masks = pool_masks(square(40, 40, 48, (128, 192)))
    evidence = matching(moved, (keys, masks), (keys, masks))[0]
    here = masks[0, 1].roll((2, 4), (0, 1)) > 0.9
    away = masks[0, 0].roll((2, 4), (0, 1)) > 0.9
    for background, shown in (evidence[:2], evidence[2:]):
        margin = shown - background
        assert margin[here].median() > 0.2
        assert margin[away].median() < -0.2


def test_matching_is_the_same_for_objects_together_and_alone() -> None:
    matching = Matching()
    keys, before = (
        torch.nn.functional.normalize(torch.randn(1, 32, 10, 14), dim=1) for _ in range(2)
    )
    masks = torch.rand(3, 2, 10, 14)
    shared = matching(keys, (before, masks), (before, masks))
    each = matching(
        keys.expand(3, -1, -1, -1),
        (before.expand(3, -1, -1, -1), masks),
        (before.expand(3, -1, -1, -1), masks),
    )
    assert torch.allclose(shared, each, atol=1e-5)
