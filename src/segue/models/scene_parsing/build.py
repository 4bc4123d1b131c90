"""From a name, settings and a weights file to a network, and to a model that is ready to run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from segue.models.naming.build import filled, ranges_for
from segue.models.scene_parsing.context_heads import OcrHead, PspHead
from segue.models.scene_parsing.heads import DeepLabHead, SegmenterHead, UperNetHead
from segue.models.scene_parsing.model import SceneParsingModel
from segue.models.scene_parsing.netwarp import NetWarp
from segue.models.scene_parsing.network import ImageParser
from segue.models.scene_parsing.settings import SceneParsingSettings, variant
from segue.models.scene_parsing.tcb import Tcb
from segue.nn.backbones import Backbone
from segue.nn.backends.catalog import create_backend
from segue.nn.context import SoftRegions, conv_norm_relu
from segue.nn.top_down import Merge


def build(
    name: str, *, settings: Mapping[str, Any], weights: Path | None, device: str
) -> SceneParsingModel:
    """A scene parsing network, ready to name the classes of videos.

    Args:
        name: One of ``VARIANTS``.
        settings: Values of ``SceneParsingSettings`` that differ from those of the variant.
        weights: A file that ``segue.nn.weights.save_weights`` wrote from a network of the same settings.
        device: ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    Raises:
        SettingsError: No variant of that name, an unknown setting or a value out of range, or a backend that is not
            there.
        NotFoundError: There is no such weights file.
        WeightsError: No weights were given, or they do not fit; ``flow = "raft"`` without RAFT's weights; or there are
            no ranges for ``int8``.
    """
    resolved = variant(name, settings)
    backend = create_backend(resolved.backend, device)
    network = filled(name, resolved, weights, create_network).to(torch.device(device))
    ranges = ranges_for(name, resolved, weights)
    return SceneParsingModel(name, network, resolved, backend, ranges)


def create_network(
    settings: SceneParsingSettings, *, imagenet: bool | Path = False
) -> ImageParser | NetWarp | Tcb:
    """A new network, to be trained or filled.

    Args:
        settings: Which one.
        imagenet: Fill the backbone with its ImageNet weights: from a checkpoint of ``timm``, or, with ``True``, as
            ``Backbone.load_imagenet`` finds them by itself.

    Raises:
        NotFoundError: There is no such checkpoint.
        WeightsError: The ImageNet weights could not be had, or do not fit.
    """
    trunk = Backbone(settings.backbone, dilated=settings.keeps_stride, drop_path=settings.drop_path)
    if imagenet:
        trunk.load_imagenet(imagenet if isinstance(imagenet, Path) else None)
    if settings.method in ("netwarp", "tcb"):
        return _with_memory(settings, trunk)
    merge, channels = _merged(settings, trunk)
    auxiliary, head = _auxiliary(settings, channels), _head(settings, trunk, channels)
    return ImageParser(trunk, head, auxiliary, merge=merge, pairs=settings.method == "etc")


def _merged(
    settings: SceneParsingSettings, trunk: Backbone
) -> tuple[Merge | None, tuple[int, ...]]:
    """What merges the two coarsest maps, if anything does, and the channels of the maps that heads then get."""
    if settings.decoder == "plain":
        return None, trunk.channels
    width = settings.head_width
    return Merge(trunk.channels, width), (*trunk.channels[:2], width, width)


def _with_memory(settings: SceneParsingSettings, trunk: Backbone) -> NetWarp | Tcb:
    merge, channels = _merged(settings, trunk)
    head, auxiliary = _context_head(settings, channels), _auxiliary(settings, channels)
    assert auxiliary is not None, "heads with a context have one"
    if settings.method == "tcb":
        return Tcb(
            trunk,
            head,
            auxiliary,
            merge=merge,
            memory=settings.memory,
            spacing=settings.spacing,
        )
    return NetWarp(
        trunk,
        head,
        auxiliary,
        merge=merge,
        channels=channels[-1],
        width=settings.head_width,
        as_coded=settings.refinement == "as-coded",
    )


def _head(settings: SceneParsingSettings, trunk: Backbone, channels: tuple[int, ...]) -> nn.Module:
    width, number = settings.head_width, len(settings.classes)
    if settings.head == "upernet":
        return UperNetHead(channels, width, number)
    if settings.head == "segmenter":
        return SegmenterHead(channels, width, number)
    if settings.head == "deeplabv3plus":
        joining = 3 if settings.deeplab == "printed" else 1
        return DeepLabHead(channels, width, number, trunk.strides[-1], joining)
    return _context_head(settings, channels)


def _context_head(settings: SceneParsingSettings, channels: tuple[int, ...]) -> OcrHead | PspHead:
    width, number = settings.head_width, len(settings.classes)
    top_down = settings.decoder == "top-down"
    if settings.head == "psp":
        return PspHead(channels, width, number, top_down=top_down)
    return OcrHead(channels, width, number, biased=settings.biased, top_down=top_down)


def _auxiliary(settings: SceneParsingSettings, channels: tuple[int, ...]) -> nn.Module | None:
    """The head on the map before the coarsest one: soft regions for object context, or deep supervision."""
    number = len(settings.classes)
    if settings.head == "ocr":
        return SoftRegions(channels[2], settings.head_width, number)
    supervised = settings.head == "psp" or (
        settings.head == "deeplabv3plus" and settings.deeplab == "printed"
    )
    if not supervised:
        return None
    half = channels[3] // 4  # VSPW's: half of the channels of the map before
    return nn.Sequential(*conv_norm_relu(channels[2], half, 3), nn.Conv2d(half, number, 1))
