"""From a name, settings and a weights file to a SlowFast VOS that is ready to run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from segue.errors import WeightsError
from segue.models.slowfast.model import SlowFastModel
from segue.models.slowfast.network import SlowFastNetwork
from segue.models.slowfast.pretrained import classes_in, fill_detector, read_torchvision
from segue.models.slowfast.settings import NetworkSettings, SlowFastSettings, variant
from segue.nn.backends.catalog import create_backend
from segue.nn.weights import load_weights, read_metadata, shipped_weights

OURS = ".safetensors"
"""How names of weights files of this project end."""


def build(
    name: str, *, settings: Mapping[str, Any], weights: Path | None, device: str
) -> SlowFastModel:
    """SlowFast VOS in one of its sizes.

    What belongs to the weights (``NetworkSettings``) is as the file says, unless it is set.

    Args:
        name: ``slowfast`` or ``slowfast-lite``.
        settings: Values of ``SlowFastSettings`` that differ from the size's.
        weights: A file that was saved for this model; for ``slowfast`` also torchvision's Mask R-CNN, which has no
            module and is run without. By default what ships with the model.
        device: ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    Raises:
        SettingsError: An unknown setting or a value out of range, or a backend that is not there.
        NotFoundError: The weights file does not exist.
        WeightsError: No weights ship with the model, or they are damaged, belong to another one, or were trained with
            other settings.
    """
    wanted = variant(name, settings)
    backend = create_backend(wanted.backend, device)
    if weights is None and wanted.random_weights:
        network = create_network(name, wanted)
    else:
        path = weights or shipped_weights(name, can_do_without=True)
        network = load_network(name, settings, path)
    network.freeze("backbone", "rpn")  # what the report trains, so that counts say the same
    network.eval().to(torch.device(device))
    return SlowFastModel(name, network, network.settings, backend, _categories(network))


def create_network(name: str, settings: SlowFastSettings, num_classes: int = 2) -> SlowFastNetwork:
    """A new network, the same on every run, without touching the caller's random numbers.

    Args:
        name: ``slowfast`` or ``slowfast-lite``.
        settings: See there; ``seed`` decides on the weights.
        num_classes: As in ``SlowFastNetwork``.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        return SlowFastNetwork(name, settings, num_classes)


def load_network(name: str, settings: Mapping[str, Any], path: Path) -> SlowFastNetwork:
    """The network of a weights file; what belongs to the weights is as the file says, unless it is set.

    Args:
        name: ``slowfast`` or ``slowfast-lite``.
        settings: Values of ``SlowFastSettings`` that differ from the size's.
        path: As ``weights`` of ``build``.

    Raises:
        SettingsError: As in ``build``.
        NotFoundError: As in ``build``.
        WeightsError: As in ``build``.
    """
    if path.suffix != OURS:
        return _from_torchvision(name, settings, path)
    resolved = settings_of(name, settings, path)
    network = create_network(name, resolved)
    load_weights(network, path, model_name=name, expected=resolved.trained_with)
    return network


def settings_of(name: str, settings: Mapping[str, Any], path: Path) -> SlowFastSettings:
    """Settings of the network of a ``.safetensors`` file, of which only the description is read.

    Args:
        name: ``slowfast`` or ``slowfast-lite``.
        settings: Values that are set all the same.
        path: The file.

    Raises:
        SettingsError: As in ``build``.
        NotFoundError: As in ``build``.
        WeightsError: The file is damaged.
    """
    said = read_metadata(path)
    known = {key: _value(said[key]) for key in NetworkSettings.model_fields if key in said}
    return variant(name, {**known, **settings})


def _from_torchvision(name: str, settings: Mapping[str, Any], path: Path) -> SlowFastNetwork:
    tensors = read_torchvision(path)
    if settings.get("module"):
        raise WeightsError(
            f"{path} holds a detector without the module between pyramid and heads, but the setting module is true. "
            "Leave the setting out to run the detector, or train the module first."
        )
    network = create_network(
        name, variant(name, {**settings, "module": False}), classes_in(tensors)
    )
    fill_detector(network, tensors, path)
    return network


def _value(said: str) -> Any:
    """A value of ``NetworkSettings.trained_with``."""
    if said in ("true", "false"):
        return said == "true"
    return int(said) if said.isdecimal() else said


def _categories(network: SlowFastNetwork) -> tuple[str, ...]:
    """Names of the classes of torchvision's detector; ours has one class only."""
    from torchvision.models.detection import MaskRCNN_ResNet50_FPN_Weights

    names = tuple(MaskRCNN_ResNet50_FPN_Weights.COCO_V1.meta["categories"])
    return names if network.num_classes == len(names) else ()
