"""From a name, settings and a weights file to a network, and to a model that is ready to run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from segue.errors import SettingsError
from segue.models.interface import VideoModel
from segue.models.naming.build import filled, ranges_for
from segue.models.reuse.build import gated
from segue.models.ssltm import parts
from segue.models.ssltm.centres import Centres
from segue.models.ssltm.model import SsltmModel
from segue.models.ssltm.network import Ssltm
from segue.models.ssltm.settings import SsltmSettings, variant
from segue.models.ssltm.transformer import SpatialTemporalTransformer
from segue.nn.backbones import Backbone
from segue.nn.backends.catalog import create_backend
from segue.nn.context import Fuse, ObjectAttention
from segue.nn.top_down import TopDownDecoder


def build(
    name: str, *, settings: Mapping[str, Any], weights: Path | None, device: str
) -> VideoModel[Any]:
    """An SSLTM, ready to name the classes of videos.

    Args:
        name: ``ssltm`` or ``ssltm-lite``.
        settings: Values of ``SsltmSettings`` that differ from those of the variant.
        weights: A file that ``segue.nn.weights.save_weights`` wrote from a network of the same settings; by default
            what ships with the model.
        device: ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    Raises:
        SettingsError: No variant of that name, an unknown setting or a value out of range, or a backend that is not
            there.
        NotFoundError: There is no such weights file.
        WeightsError: No weights were given, or they do not fit; or there are no ranges for ``int8``.
    """
    resolved = variant(name, settings)
    backend = create_backend(resolved.backend, device)
    network = filled(name, resolved, weights, create_network, _with_centres)
    network = network.to(torch.device(device)).eval()
    ranges = ranges_for(name, resolved, weights)
    return gated(SsltmModel(name, network, resolved, backend, ranges), resolved.reuse, device)


def create_network(settings: SsltmSettings, *, imagenet: bool | Path = False) -> Ssltm:
    """A new network, to be trained or filled.

    Args:
        settings: Which one.
        imagenet: Fill the trunk with its ImageNet weights; a path: with those of a checkpoint of ``timm``.

    Raises:
        SettingsError: The width is no multiple of the number of heads.
        NotFoundError: There is no such file.
        WeightsError: The ImageNet weights could not be had.
    """
    if settings.width % settings.heads:
        raise SettingsError(
            f"width is {settings.width}, heads is {settings.heads}; the width must be a multiple of it."
        )
    trunk = Backbone(settings.backbone, dilated=True)
    if imagenet:
        trunk.load_imagenet(imagenet if isinstance(imagenet, Path) else None)
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
        TopDownDecoder(trunk.channels, settings.width, num_classes),
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


def _with_centres(settings: SsltmSettings) -> Ssltm:
    """An untrained network whose centres have begun: they count where time is measured."""
    network = create_network(settings)
    if network.centres is not None:
        network.centres.begin(list(torch.randn_like(network.centres.points)))
    return network
