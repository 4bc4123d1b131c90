"""What a new network can start from: torchvision's Mask R-CNN, the backbone and pyramid of segue-lite, a detector."""

import re
from pathlib import Path

import torch
from torch import Tensor

from segue.errors import NotFoundError, WeightsError
from segue.models.slowfast.network import SlowFastNetwork
from segue.nn.weights import read_weights, shipped_weights

PREDICTORS = ("roi_heads.box_predictor.", "roi_heads.mask_predictor.")
"""What knows classes; the paper replaces both for its one class."""
_MODULE = "slowfast."
_CLASSES = "roi_heads.box_predictor.cls_score.bias"
_OLDER = (
    (r"^(backbone\.fpn\.(?:inner|layer)_blocks\.\d+)\.(weight|bias)$", r"\1.0.\2"),
    (r"^rpn\.head\.conv\.(weight|bias)$", r"rpn.head.conv.0.0.\1"),
)
"""Names before torchvision 0.13, which its published weights still have."""


def read_torchvision(path: Path) -> dict[str, Tensor]:
    """The tensors of torchvision's ``maskrcnn_resnet50_fpn``, under the names of today.

    Args:
        path: A ``.pth`` file of torchvision; tensors are read from it, nothing in it is run.

    Raises:
        NotFoundError: There is no such file.
        WeightsError: The file is of another kind, or holds another network.
    """
    if not path.is_file():
        raise NotFoundError(f"No weights file {path}. Give the path of a weights file.")
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch names no errors of its own here
        raise WeightsError(
            f"{path} cannot be read as a file of weights ({type(error).__name__}). Give a .safetensors file that was "
            "saved for slowfast, or torchvision's maskrcnn_resnet50_fpn_coco."
        ) from None
    saved = saved.get("model", saved) if isinstance(saved, dict) else {}
    tensors = {_today(k): v for k, v in saved.items() if isinstance(v, Tensor)}
    # Frozen norms count nothing.
    tensors = {k: v for k, v in tensors.items() if not k.endswith("num_batches_tracked")}
    if _CLASSES not in tensors or "backbone.body.layer4.2.conv3.weight" not in tensors:
        raise WeightsError(
            f"{path} holds another network than torchvision's maskrcnn_resnet50_fpn. Give the file "
            "maskrcnn_resnet50_fpn_coco of torchvision, or one that was saved for slowfast."
        )
    return tensors


def classes_in(tensors: dict[str, Tensor]) -> int:
    """For how many classes a detector was trained, background included."""
    return len(tensors[_CLASSES])


def has_module(tensors: dict[str, Tensor]) -> bool:
    """Whether the module is among the tensors."""
    return any(key.startswith(_MODULE) for key in tensors)


def fill_detector(network: SlowFastNetwork, tensors: dict[str, Tensor], path: Path) -> None:
    """Give a network all of a detector but, if it knows other classes, what knows classes; the module stays as it is.

    Either everything fits or nothing is changed.

    Args:
        network: What to fill, in place.
        tensors: Of a detector, or of a whole network.
        path: Of the file, for messages.

    Raises:
        WeightsError: The tensors are another network's.
    """
    own = {k: v for k, v in network.state_dict().items() if not k.startswith(_MODULE)}
    given = {k: v for k, v in tensors.items() if not k.startswith(_MODULE)}
    if _CLASSES in given and classes_in(given) != len(own[_CLASSES]):
        own = {k: v for k, v in own.items() if not k.startswith(PREDICTORS)}
        given = {k: v for k, v in given.items() if not k.startswith(PREDICTORS)}
    faults = sorted(own.keys() ^ given.keys())
    faults += sorted(k for k in own.keys() & given.keys() if own[k].shape != given[k].shape)
    if faults:
        raise WeightsError(
            f"{path} is another network than the detector of this model: {len(faults)} tensors are missing, unknown or "
            f"of another shape, such as {faults[0]}. Give weights of the same detector."
        )
    network.load_state_dict(given, strict=False)


def start_from_detector(network: SlowFastNetwork, name: str, path: Path) -> None:
    """Begin with a trained detector: one that was saved for this model, with or without a module, or torchvision's.

    Args:
        network: What to fill, in place; its module stays as it is.
        name: ``slowfast`` or ``slowfast-lite``.
        path: A safetensors file, or a ``.pth`` file of torchvision.

    Raises:
        NotFoundError: There is no such file.
        WeightsError: The file is damaged, or holds another network.
    """
    ours = path.suffix == ".safetensors"
    tensors = read_weights(path, model_name=name) if ours else read_torchvision(path)
    fill_detector(network, tensors, path)


def start_from_segue_lite(network: SlowFastNetwork, path: Path | None = None) -> None:
    """Begin ``slowfast-lite`` with the backbone and the pyramid of segue-lite.

    Args:
        network: What to fill, in place.
        path: Weights of segue-lite; by default those that ship.

    Raises:
        NotFoundError: There is no such file.
        WeightsError: The file is damaged, or not of segue-lite.
    """
    saved = read_weights(path or shipped_weights("segue-lite"), model_name="segue-lite")
    given = {f"backbone.body.{k[9:]}": v for k, v in saved.items() if k.startswith("backbone.")}
    own = network.state_dict()
    for key, value in saved.items():
        place = f"backbone.{key}"
        if key.startswith("neck.") and place in own:
            given[place] = value
    network.load_state_dict(given, strict=False)


def _today(key: str) -> str:
    for pattern, name in _OLDER:
        key = re.sub(pattern, name, key)
    return re.sub(
        r"^roi_heads\.mask_head\.mask_fcn(\d)\.",
        lambda match: f"roi_heads.mask_head.{int(match[1]) - 1}.0.",
        key,
    )
