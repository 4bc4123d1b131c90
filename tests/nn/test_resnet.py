"""Shapes, freezing and the error when ImageNet weights cannot be had."""

import pytest
import timm
import torch

from segue.errors import SettingsError, WeightsError
from segue.nn.resnet import CHANNELS, ResNet


@pytest.fixture(scope="module")
def backbone() -> ResNet:
    return ResNet("resnet18", pretrained=False)


def test_maps_have_rounded_up_sizes(backbone: ResNet) -> None:
    maps = backbone(torch.rand(1, 3, 65, 97))
    assert {s: tuple(m.shape[1:]) for s, m in maps.items()} == {
        4: (64, 17, 25),
        8: (128, 9, 13),
        16: (256, 5, 7),
        32: (512, 3, 4),
    }


def test_deeper_layers_can_be_left_out(backbone: ResNet) -> None:
    image = torch.rand(1, 3, 64, 64)
    short, full = backbone(image, 16), backbone(image)
    assert list(short) == [4, 8, 16]
    assert torch.equal(short[16], full[16])


def test_it_is_frozen_even_in_training(backbone: ResNet) -> None:
    wrapper = torch.nn.Sequential(backbone).train()
    assert wrapper.training
    assert not any(module.training for module in backbone.modules())
    before = backbone.body.bn1.running_mean.clone()
    wrapper(torch.rand(2, 3, 64, 64) + 5)
    assert torch.equal(before, backbone.body.bn1.running_mean)
    assert not any(p.requires_grad for p in backbone.parameters())


def test_channels_of_resnet101() -> None:
    body = timm.create_model("resnet101", features_only=True, pretrained=False)
    assert list(CHANNELS["resnet101"].values()) == body.feature_info.channels()[1:]


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(SettingsError, match="resnet101"):
        ResNet("resnet50", pretrained=False)


def test_missing_imagenet_weights_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise ConnectionError("no network")

    monkeypatch.setattr(timm, "create_model", fail)
    with pytest.raises(WeightsError, match=r"no network.*huggingface.co.*weights file"):
        ResNet("resnet18", pretrained=True)
