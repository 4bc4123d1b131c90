"""The table of models: name -> where it is built. Nothing is imported before it is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from segue.errors import MaskError, SettingsError
from segue.models.interface import VideoModel
from segue.settings import load_place, look_up

Kind = Literal["objects", "classes"]
Beginning = Literal["masks", "nothing", "either"]

WHAT_THEY_DO: dict[Kind, str] = {
    "objects": "follows given objects (segue track)",
    "classes": "names the class of every pixel (segue label)",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the table."""

    build: str
    """``module:function``; called as ``function(name, settings=..., weights=..., device=...)``."""
    summary: str
    """Half a line for lists and help."""
    kind: Kind = "objects"
    """What the model does: a model of classes is a ``SemanticModel``."""
    unweighted: Mapping[str, Any] = field(default_factory=dict)
    """Settings that build the model where no weights ship: to count and time it, not to use it."""
    begins_with: Beginning = "masks"
    """What the model begins a video with: given masks, nothing at all, or either of both."""
    without_masks: Mapping[str, Any] = field(default_factory=dict)
    """``either``: settings with which the model finds objects by itself."""
    weights_without_masks: str = ""
    """``either``: name of the weights that ship for that."""


MODELS: dict[str, Entry] = {
    "segue-lite": Entry(
        "segue.models.lite.build:build",
        "the default: EfficientNet-Lite0, closed-form target model, made for CPUs",
    ),
    "frtm": Entry(
        "segue.models.frtm.build:build",
        "FRTM with ResNet-101, as in the paper",
        unweighted={"random_weights": True},
    ),
    "frtm-fast": Entry(
        "segue.models.frtm.build:build",
        "FRTM with ResNet-18 and fewer optimiser steps, as in the paper",
        unweighted={"random_weights": True},
    ),
    "g-frtm": Entry(
        "segue.models.frtm.build:build",
        "FRTM with ResNet-101 and a reuse gate, as in the paper on the gate",
        unweighted={"random_weights": True},
    ),
    "g-frtm-fast": Entry(
        "segue.models.frtm.build:build",
        "FRTM with ResNet-18, fewer optimiser steps and a reuse gate, as in that paper",
        unweighted={"random_weights": True},
    ),
    "ttvos": Entry(
        "segue.models.ttvos.build:build",
        "TTVOS with ResNet-50: a template of channel statistics per object, nothing fitted online",
        unweighted={"random_weights": True},
    ),
    "ttvos-fast": Entry(
        "segue.models.ttvos.build:build",
        "TTVOS with ResNet-18",
        unweighted={"random_weights": True},
    ),
    "ttvos-mobile": Entry(
        "segue.models.ttvos.build:build",
        "TTVOS with MobileNetV3-Large",
        unweighted={"random_weights": True},
    ),
    "g-ttvos": Entry(
        "segue.models.ttvos.build:build",
        "TTVOS with ResNet-50 and a reuse gate",
        unweighted={"random_weights": True},
    ),
    "g-ttvos-fast": Entry(
        "segue.models.ttvos.build:build",
        "TTVOS with ResNet-18 and a reuse gate",
        unweighted={"random_weights": True},
    ),
    "g-ttvos-mobile": Entry(
        "segue.models.ttvos.build:build",
        "TTVOS with MobileNetV3-Large and a reuse gate",
        unweighted={"random_weights": True},
    ),
    "ttvos-lite": Entry(
        "segue.models.ttvos.build:build",
        "TTVOS on EfficientNet-Lite0, with matching of features, made for CPUs",
    ),
    "g-ttvos-lite": Entry(
        "segue.models.ttvos.build:build",
        "ttvos-lite with a reuse gate of its own",
    ),
    "rvos": Entry(
        "segue.models.rvos.build:build",
        "RVOS with ResNet-101: a decoder recurrent over objects and frames, as in the paper",
        unweighted={"random_weights": True},
        begins_with="either",
        without_masks={"shot": "zero"},
    ),
    "rvos-50": Entry(
        "segue.models.rvos.build:build",
        "RVOS with ResNet-50",
        unweighted={"random_weights": True},
        begins_with="either",
        without_masks={"shot": "zero"},
    ),
    "rvos-34": Entry(
        "segue.models.rvos.build:build",
        "RVOS with ResNet-34",
        unweighted={"random_weights": True},
        begins_with="either",
        without_masks={"shot": "zero"},
    ),
    "rvos-lite": Entry(
        "segue.models.rvos.build:build",
        "RVOS on EfficientNet-Lite0, with a reference frame, made for CPUs",
        begins_with="either",
        without_masks={"shot": "zero"},
        weights_without_masks="rvos-lite-zero",
    ),
    "temporal-unet": Entry(
        "segue.models.temporal_unet.build:build",
        "temporal U-Net, ResNet cGRU small-deep, as in the report; Cityscapes classes",
        "classes",
        {"random_weights": True},
        begins_with="nothing",
    ),
    "temporal-unet-lite": Entry(
        "segue.models.temporal_unet.build:build",
        "temporal U-Net on EfficientNet-Lite0 with memory at the output, made for CPUs; CamVid classes",
        "classes",
        begins_with="nothing",
    ),
}


def load_model(
    name: str = "segue-lite",
    *,
    device: str = "cpu",
    weights: str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
    without_masks: bool = False,
) -> VideoModel[Any]:
    """A model ready to segment videos.

    Args:
        name: A name from ``MODELS``.
        device: ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        weights: A safetensors file; by default the weights that ship with the model.
        settings: Settings of the model that differ from its defaults.
        without_masks: Whether the model shall begin videos without a mask, and find objects by itself.

    Raises:
        SettingsError: No model of that name, an unknown setting, or a device that is not there.
        MaskError: ``without_masks``, and the model needs a mask.
        NotFoundError: The weights file does not exist.
        WeightsError: The weights file is damaged or belongs to another model.
    """
    from segue.nn.device import check_device  # torch is not needed to read the table

    entry = find(name)
    check_device(device)
    if without_masks:
        settings = {**settings_without_masks(name), **(settings or {})}
    model: VideoModel[Any] = load_place(entry.build)(
        name, settings=settings or {}, weights=Path(weights) if weights else None, device=device
    )
    return model


def find(name: str, kind: Kind | None = None) -> Entry:
    """The table's line for a name.

    Args:
        name: A name from ``MODELS``.
        kind: What the model has to do, if that matters.

    Raises:
        SettingsError: There is none, and the message names the nearest; or it does something else, and the message
            names those that do this.
    """
    entry = look_up(MODELS, "model", name)
    if kind is None or kind == entry.kind:
        return entry
    raise SettingsError(
        f"Model {name!r} {WHAT_THEY_DO[entry.kind]}. Here a model is needed that {WHAT_THEY_DO[kind]}: "
        f"{', '.join(names(kind))}."
    )


def settings_without_masks(name: str) -> Mapping[str, Any]:
    """Settings with which a model begins videos without a mask.

    Raises:
        SettingsError: No model of that name.
        MaskError: The model needs a mask; the message names models that need none.
    """
    entry = find(name)
    if entry.begins_with == "masks":
        free = [n for n in names(entry.kind) if MODELS[n].begins_with != "masks"]
        raise MaskError(
            f"{name} carries given objects and finds none by itself. Give a mask of the first frame, or use a model "
            f"that begins without one: {', '.join(free)}.",
            option="Pass --mask FILE, or --model rvos-lite.",
        )
    return entry.without_masks


def names(kind: Kind) -> tuple[str, ...]:
    """The models of one kind."""
    return tuple(name for name, entry in MODELS.items() if entry.kind == kind)
