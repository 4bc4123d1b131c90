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
from segue.models.temporal_unet import paper, pretrained
from segue.models.temporal_unet.blocks import BLOCKS
from segue.models.temporal_unet.model import TemporalUnetModel
from segue.models.temporal_unet.network import TemporalUnet
from segue.models.temporal_unet.settings import TemporalUnetSettings, variant
from segue.nn.backends.catalog import create_backend
from segue.nn.recurrent import ConvGRU, ConvRNN

_CELLS: dict[str, type[ConvRNN] | type[ConvGRU]] = {"crnn": ConvRNN, "cgru": ConvGRU}


def build(
    name: str, *, settings: Mapping[str, Any], weights: Path | None, device: str
) -> VideoModel[Any]:
    """A temporal U-Net, ready to name the classes of videos.

    Args:
        name: ``temporal-unet`` or ``temporal-unet-lite``.
        settings: Values of ``TemporalUnetSettings`` that differ from those of the variant.
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
    network = filled(name, resolved, weights, create_network).to(torch.device(device))
    ranges = ranges_for(name, resolved, weights)
    host = TemporalUnetModel(name, network, resolved, backend, ranges)
    return gated(host, resolved.reuse, device)


def create_network(settings: TemporalUnetSettings, *, imagenet: bool = False) -> TemporalUnet:
    """A new network, to be trained or filled.

    Args:
        settings: Which one.
        imagenet: Fill the pretrained encoder with its ImageNet weights; the encoder ``paper`` has none.

    Raises:
        SettingsError: A cell at a stride where the network has no map.
        WeightsError: The package that holds the ImageNet weights is not installed.
    """
    num_classes = len(settings.classes)
    if settings.encoder == "paper":
        kind, channels = BLOCKS[settings.block], paper.WIDTHS[settings.size]
        widths = {2**i: w for i, w in enumerate(channels)}
        decoder: nn.Module = paper.PaperDecoder(kind, channels, num_classes)
        return _joined(settings, paper.PaperEncoder(kind, channels), decoder, widths, max(widths))
    encoder = pretrained.PretrainedEncoder()
    if imagenet:
        encoder.backbone.load_imagenet()
    decoder = pretrained.PretrainedDecoder(num_classes)
    return _joined(settings, encoder, decoder, pretrained.WIDTHS, pretrained.MULTIPLE)


def _joined(
    settings: TemporalUnetSettings,
    encoder: nn.Module,
    decoder: nn.Module,
    widths: Mapping[int, int],
    multiple: int,
) -> TemporalUnet:
    num_classes = len(settings.classes)
    wanted = set(widths if settings.cell_strides is None else settings.cell_strides)
    if not wanted <= widths.keys():
        raise SettingsError(
            f"cell_strides holds {sorted(wanted - widths.keys())}; this network has maps at strides {sorted(widths)}."
        )
    if settings.cell == "none":
        wanted = set()
    cells = {stride: _CELLS[settings.cell](widths[stride]) for stride in sorted(wanted)}
    return TemporalUnet(
        encoder,
        decoder,
        cells,
        widths=widths,
        residual=settings.residual,
        multiple=multiple,
        blend=settings.blend,
        num_classes=num_classes,
    )
