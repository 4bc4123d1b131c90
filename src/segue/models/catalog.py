"""The table of models: name -> what is known without building one. Nothing is imported before it is asked for.

To add a model: its folder, and a line here. Other packages bring theirs by entry points; see
``segue.models.entry_points``.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from segue.errors import MaskError, SettingsError
from segue.models.entry import WHAT_THEY_DO as WHAT_THEY_DO
from segue.models.entry import Beginning as Beginning
from segue.models.entry import Entry as Entry
from segue.models.entry import Kind as Kind
from segue.models.entry import VideoKind as VideoKind
from segue.models.entry_points import OutsideModels, outside_models
from segue.models.interface import VideoModel
from segue.settings import load_place, look_up

MODELS: dict[str, Entry] = {
    "segue-lite": Entry(
        "segue.models.lite.build:build",
        "the default: EfficientNet-Lite0, closed-form target model, made for CPUs",
        gated=True,
        more_weights={"gate": "segue-lite-gate"},
        sizing="segue.models.lite.sizes:working_hw",
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
        gated=True,
    ),
    "g-frtm-fast": Entry(
        "segue.models.frtm.build:build",
        "FRTM with ResNet-18, fewer optimiser steps and a reuse gate, as in that paper",
        unweighted={"random_weights": True},
        gated=True,
    ),
    "frtm-lite": Entry(
        "segue.models.frtm.build:build",
        "FRTM on EfficientNet-Lite0 with a narrower decoder, made for CPUs",
    ),
    "g-frtm-lite": Entry(
        "segue.models.frtm.build:build",
        "frtm-lite with the reuse gate of the paper",
        gated=True,
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
        gated=True,
        more_weights={"host": "ttvos"},
    ),
    "g-ttvos-fast": Entry(
        "segue.models.ttvos.build:build",
        "TTVOS with ResNet-18 and a reuse gate",
        unweighted={"random_weights": True},
        gated=True,
        more_weights={"host": "ttvos-fast"},
    ),
    "g-ttvos-mobile": Entry(
        "segue.models.ttvos.build:build",
        "TTVOS with MobileNetV3-Large and a reuse gate",
        unweighted={"random_weights": True},
        gated=True,
        more_weights={"host": "ttvos-mobile"},
    ),
    "ttvos-lite": Entry(
        "segue.models.ttvos.build:build",
        "TTVOS on EfficientNet-Lite0, with matching of features, made for CPUs",
    ),
    "g-ttvos-lite": Entry(
        "segue.models.ttvos.build:build",
        "ttvos-lite with a reuse gate of its own",
        gated=True,
        more_weights={"host": "ttvos-lite"},
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
        unweighted={"random_weights": True},
        begins_with="nothing",
        gated=True,
    ),
    "temporal-unet-lite": Entry(
        "segue.models.temporal_unet.build:build",
        "temporal U-Net on EfficientNet-Lite0 with memory at the output, made for CPUs; CamVid classes",
        "classes",
        begins_with="nothing",
        gated=True,
    ),
    "ssltm": Entry(
        "segue.models.ssltm.build:build",
        "SSLTM with Swin-S: context of neighbours, of a frame far away and of the data set; VSPW classes",
        "classes",
        unweighted={"random_weights": True},
        begins_with="nothing",
        gated=True,
    ),
    "ssltm-lite": Entry(
        "segue.models.ssltm.build:build",
        "SSLTM on EfficientNet-Lite0 with memory at the output, made for CPUs; CamVid classes",
        "classes",
        begins_with="nothing",
        gated=True,
    ),
    "pspnet": Entry(
        "segue.models.scene_parsing.build:build",
        "PSPNet with Swin-S: pooled grids as context, frame by frame; VSPW classes",
        "classes",
        unweighted={"random_weights": True},
        begins_with="nothing",
    ),
    "ocrnet": Entry(
        "segue.models.scene_parsing.build:build",
        "OCRNet with Swin-S: one vector per class as context, frame by frame; VSPW classes",
        "classes",
        unweighted={"random_weights": True},
        begins_with="nothing",
    ),
    "upernet": Entry(
        "segue.models.scene_parsing.build:build",
        "UPerNet with Swin-S: a feature pyramid, frame by frame; VSPW classes",
        "classes",
        unweighted={"random_weights": True},
        begins_with="nothing",
    ),
    "deeplabv3plus": Entry(
        "segue.models.scene_parsing.build:build",
        "DeepLabv3+ with Swin-S: dilated convolutions, frame by frame; VSPW classes",
        "classes",
        unweighted={"random_weights": True},
        begins_with="nothing",
    ),
    "segmenter": Entry(
        "segue.models.scene_parsing.build:build",
        "Segmenter with Swin-S: a mask transformer, frame by frame; VSPW classes",
        "classes",
        unweighted={"random_weights": True},
        begins_with="nothing",
    ),
    "etc": Entry(
        "segue.models.scene_parsing.build:build",
        "OCRNet that is trained to agree along the motion (ETC), frame by frame; VSPW classes",
        "classes",
        unweighted={"random_weights": True},
        begins_with="nothing",
    ),
    "netwarp": Entry(
        "segue.models.scene_parsing.build:build",
        "OCRNet with the last frame's features, moved along the motion (NetWarp); VSPW classes",
        "classes",
        unweighted={"random_weights": True},
        begins_with="nothing",
    ),
    "tcb": Entry(
        "segue.models.scene_parsing.build:build",
        "OCRNet with the mean context of the last frames (TCB); VSPW classes",
        "classes",
        unweighted={"random_weights": True},
        begins_with="nothing",
    ),
    "slowfast": Entry(
        "segue.models.slowfast.build:build",
        "SlowFast VOS with ResNet-50: finds moving objects by itself, three frames behind, as in the report",
        unweighted={"random_weights": True},
        begins_with="nothing",
        lookahead=3,
    ),
    "slowfast-lite": Entry(
        "segue.models.slowfast.build:build",
        "SlowFast VOS on EfficientNet-Lite0 at a quarter of the width, made for CPUs",
        begins_with="nothing",
        lookahead=3,
    ),
    "segue-click": Entry(
        "segue.models.click.build:build",
        "a mask from clicks, a box or a line, made for CPUs",
        "clicks",
        begins_with="nothing",
    ),
}


FINDER = "slowfast-lite"
"""The model that looks for objects where no mask is given and the model that carries them needs one."""


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
        name: A name from ``entries``.
        device: ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        weights: A safetensors file; by default the weights that ship with the model.
        settings: Settings of the model that differ from its defaults.
        without_masks: Whether the model shall begin videos without a mask, and find objects by itself.

    Raises:
        SettingsError: No model of that name, one that goes through no video, an unknown setting, or a device that is
            not there.
        MaskError: ``without_masks``, and the model needs a mask.
        NotFoundError: The weights file does not exist.
        WeightsError: The weights file is damaged or belongs to another model.
    """
    from segue.nn.device import check_device  # torch is not needed to read the table

    entry = find(name)
    if not entry.goes_through_videos:
        raise SettingsError(
            f"{name} {WHAT_THEY_DO[entry.kind]} and goes through no video. Load it with load_click_model."
        )
    check_device(device)
    if without_masks:
        settings = {**settings_without_masks(name), **(settings or {})}
    model: VideoModel[Any] = load_place(entry.build)(
        name, settings=settings or {}, weights=Path(weights) if weights else None, device=device
    )
    return model


def entries() -> dict[str, Entry]:
    """All models, those of other packages last."""
    return {**MODELS, **outside().entries}


@cache
def outside() -> OutsideModels:
    """The models of other packages; looked for once, as installing takes a new process anyway."""
    return outside_models(MODELS)


def find(name: str, kind: Kind | None = None) -> Entry:
    """The table's line for a name.

    Args:
        name: A name from ``entries``.
        kind: What the model has to do, if that matters.

    Raises:
        SettingsError: There is none, and the message names the nearest; or it does something else, and the message
            names those that do this; or it belongs to a package that is broken.
    """
    # Packages of others are not imported for a model of ours.
    entry = MODELS[name] if name in MODELS else _find_outside(name)
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
        free = [n for n in names(entry.kind) if find(n).begins_with != "masks"]
        raise MaskError(
            f"{name} carries given objects and finds none by itself. Give a mask of the first frame, or use a model "
            f"that begins without one: {', '.join(free)}.",
            option="Pass --mask FILE, or --model rvos-lite.",
        )
    return entry.without_masks


def names(kind: Kind, *, gated: bool = False) -> tuple[str, ...]:
    """The models of one kind; with ``gated`` only those that have a reuse gate."""
    return tuple(
        name
        for name, entry in entries().items()
        if entry.kind == kind and (entry.gated or not gated)
    )


def finders() -> tuple[str, ...]:
    """The models of objects that can begin without a mask, and so can look for objects."""
    return tuple(name for name in names("objects") if find(name).begins_with != "masks")


def _find_outside(name: str) -> Entry:
    if name in outside().problems:
        raise SettingsError(outside().problems[name])
    return look_up(entries(), "model", name)
