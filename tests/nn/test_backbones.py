"""Backbones: exact sizes, one interface, and weights of timm by path."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from segue.errors import NotFoundError, WeightsError
from segue.nn.backbones import Backbone, BackboneName

TOTALS: dict[BackboneName, int] = {
    "swin-s": 48_837_258,
    "resnet-101": 42_500_160,
    "resnet-101-deep-stem": 42_500_160 + 123_776,
    "efficientnet-lite0": 2_958_848,
}


def count(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("name", TOTALS)
def test_a_backbone_has_its_exact_number_of_parameters(name: BackboneName) -> None:
    with torch.device("meta"):
        assert count(Backbone(name)) == TOTALS[name]


@pytest.mark.parametrize("name", TOTALS)
@pytest.mark.parametrize("dilated", [False, True])
def test_maps_have_the_channels_and_strides_that_are_told(
    name: BackboneName, dilated: bool
) -> None:
    with torch.device("meta"):
        backbone = Backbone(name, dilated=dilated).eval()
        maps = backbone(torch.rand(1, 3, 64, 96))
    assert [m.shape[1] for m in maps] == list(backbone.channels)
    assert [(64 // m.shape[2], 96 // m.shape[3]) for m in maps] == [
        (s, s) for s in backbone.strides
    ]
    assert backbone.strides[-1] == (8 if dilated and name.startswith("resnet") else 32)


def test_frames_are_not_scaled_twice_where_the_network_does_so_itself() -> None:
    backbone = Backbone("efficientnet-lite0").eval()
    frames = torch.rand(1, 3, 32, 64)
    for told, own in zip(backbone(frames), backbone.body(frames).values(), strict=True):
        assert torch.equal(told, own)
    assert not any(key in ("mean", "deviation") for key in backbone.state_dict())


@pytest.mark.parametrize("kind", [".safetensors", ".pth"])
def test_a_checkpoint_of_timm_fills_the_backbone(tmp_path: Path, kind: str) -> None:
    backbone = Backbone("efficientnet-lite0")
    tensors = {k: torch.full_like(v, 2) for k, v in backbone.body.body.state_dict().items()}
    tensors = {k: v.contiguous() for k, v in tensors.items()}
    extra = {"conv_head.weight": torch.ones(1), "bn2.bias": torch.ones(1)}
    path = tmp_path / f"weights{kind}"
    if kind == ".pth":
        torch.save({"model": {**tensors, **extra}}, path)
    else:
        save_file({**tensors, **extra}, path)
    backbone.load_imagenet(path)
    assert all((p == 2).all() for p in backbone.parameters())


def test_swin_takes_files_of_older_versions(tmp_path: Path) -> None:
    backbone = Backbone("swin-s")
    own = backbone.body.state_dict()
    older = {}
    for key, value in own.items():
        # Before version 0.9 a stage ended with the merging that now begins the next one.
        for stage in (1, 2, 3):
            key = key.replace(f"layers.{stage}.downsample", f"layers.{stage - 1}.downsample")
        older[key] = torch.full_like(value, 3).contiguous()
    older["layers.0.blocks.1.attn_mask"] = torch.zeros(2)
    older["head.weight"] = torch.zeros(2)
    path = tmp_path / "swin.safetensors"
    save_file(older, path)
    backbone.load_imagenet(path)
    assert all((p == 3).all() for p in backbone.parameters())
    assert backbone.mean.flatten().tolist() == pytest.approx([0.485, 0.456, 0.406])


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"conv1.weight": torch.zeros(3)}, path)
    with pytest.raises(WeightsError, match="another network than efficientnet-lite0"):
        Backbone("efficientnet-lite0").load_imagenet(path)
    path.write_bytes(b"not that")
    with pytest.raises(WeightsError, match="not a readable safetensors"):
        Backbone("efficientnet-lite0").load_imagenet(path)
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(WeightsError, match="table of tensors"):
        Backbone("efficientnet-lite0").load_imagenet(tmp_path / "list.pth")
    with pytest.raises(NotFoundError, match="No weights file"):
        Backbone("efficientnet-lite0").load_imagenet(tmp_path / "nothing.pth")


def test_a_backbone_without_weights_anywhere_says_so() -> None:
    with torch.device("meta"):
        backbone = Backbone("resnet-101-deep-stem")
    with pytest.raises(WeightsError, match="No ImageNet weights of resnet-101-deep-stem"):
        backbone.load_imagenet()
