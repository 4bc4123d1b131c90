"""The models of our table as fast as they go: what matters is what they do, not what they see."""

from collections.abc import Mapping
from typing import Any

from segue.models.catalog import MODELS

# Models without shipped weights are tried with random ones, and short optimisations.
QUICK = {
    "random_weights": True,
    "init_iterations": (1, 1),
    "filter_iterations": 1,
    "update_iterations": 1,
    "update_every": 2,
    "augmentation": {"samples": 2},
}
# Swin-S would take seconds to build, and more for every frame.
LIGHT = {
    "random_weights": True,
    "backbone": "efficientnet-lite0",
    "width": 32,
    "classes": ("road", "sky", "tree"),
}
_SETTINGS: dict[str, dict[str, Any]] = {
    "segue-lite": {"update_every": 2},
    "frtm": QUICK,
    "frtm-fast": QUICK,
    "g-frtm": QUICK,
    "g-frtm-fast": {**QUICK, "reuse": {"threshold": 0.0}},
    "frtm-lite": QUICK,
    "g-frtm-lite": {**QUICK, "reuse": {"threshold": 0.0}},
    "g-ttvos": {"random_weights": True, "reuse": {"threshold": 0.0}},
    # Of the size that it was trained at, frames take ten times as long.
    "rvos-lite": {"size_hw": (64, 96)},
    "temporal-unet": {"random_weights": True, "size": "small-shallow"},
    "temporal-unet-lite": {"random_weights": True},
    # The paper's wiring on a small trunk.
    "ssltm": {
        "random_weights": True,
        "backbone": "efficientnet-lite0",
        "width": 64,
        "keys": 32,
    },
    **{
        name: LIGHT
        for name, entry in MODELS.items()
        if entry.build.startswith("segue.models.scene_parsing.")
    },
    # Frames of the size that the large one is made for take seconds each.
    "slowfast": {"random_weights": True, "short_side": 32, "long_side": 64},
    "slowfast-lite": {"random_weights": True, "short_side": 64, "long_side": 96},
}
"""Where they differ from the table's own way to build a model without weights."""


def small_settings(name: str) -> Mapping[str, Any]:
    """Settings of a model that make it small."""
    return _SETTINGS.get(name, MODELS[name].unweighted)
