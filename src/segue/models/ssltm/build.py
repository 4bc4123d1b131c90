"""From a name, settings and a weights file to a network, and to a model that is ready to run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from segue.errors import SettingsError
from segue.models.ssltm import parts
from segue.models.ssltm.centres import Centres
from segue.models.ssltm.network import Ssltm
from segue.models.ssltm.settings import SsltmSettings, variant
from segue.models.ssltm.transformer import SpatialTemporalTransformer
from segue.nn.backbones import Backbone
from segue.nn.context import Fuse, ObjectAttention
from segue.nn.weights import load_weights, shipped_weights


def create_network(settings: SsltmSettings, *, imagenet: bool = False) -> Ssltm:
    """A new network, to be trained or filled.

    Args:
        settings: Which one.
        imagenet: Fill the trunk with its ImageNet weights.

    Raises:
        SettingsError: The width is no multiple of the number of heads.
        WeightsError: The ImageNet weights could not be had.
    """
    if settings.width % settings.heads:
        raise SettingsError(
            f"width is {settings.width}, heads is {settings.heads}; the width must be a multiple of it."
        )
    trunk = Backbone(settings.backbone, dilated=True)
    if imagenet:
        trunk.load_imagenet()
    neck, decoder = _ends(settings, trunk)
    width = settings.width
    return Ssltm(
        trunk,
        neck,
        decoder,
        ObjectAttention(width, settings.keys),
        Fuse(width),
        stt=_transformer(settings) if settings.stt else None,
        **_global(settings),
    )


def _ends(settings: SsltmSettings, trunk: Backbone) -> tuple[nn.Module, nn.Module]:
    num_classes = len(settings.classes)
    if settings.decoder == "plain":
        return (
            parts.PlainNeck(trunk.channels, settings.width, num_classes),
            parts.PlainDecoder(settings.width, num_classes),
        )
    return (
        parts.MergingNeck(trunk.channels, settings.width, num_classes),
        parts.TopDownDecoder(trunk.channels, settings.width, num_classes),
    )


def _transformer(settings: SsltmSettings) -> SpatialTemporalTransformer:
    return SpatialTemporalTransformer(
        settings.width,
        settings.heads,
        settings.window,
        expansion=settings.expansion,
        blocks=settings.blocks,
    )


def _global(settings: SsltmSettings) -> dict[str, Any]:
    if not settings.centres:
        return {}
    num_classes, width = len(settings.classes), settings.width
    own = settings.centre_attention == "own"
    return {
        "centres": Centres(num_classes, settings.centres, width, settings.centre_update),
        "fuse_centres": Fuse(width),
        "centre_attention": ObjectAttention(width, settings.keys) if own else None,
    }
