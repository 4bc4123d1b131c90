"""The trainings that rows of G-FRTM-lite have: short ones of the gate alone, from the weights that ship."""

from collections.abc import Mapping
from typing import Any

SMALL = "g-frtm-lite"
"""The host of the paper that has weights here."""
UNLIMITED: Mapping[str, Any] = {"reuse": {"longest": None}}
"""What its rows change of its settings: the paper has no limit of frames in a row."""
STEPS = 120
"""Of the training of a row."""
RAMP = 0.32
"""Epochs until m1 is reached: the same share of that training as ep_T is of the paper's (120 of 260)."""
_KEPT = ("backbone", "refiner", "reuse.translator")
NARROW = {"width": 24, "shallow_width": 16}
"""Of the decoder with fewer channels: half of those of ``frtm-lite``."""
_QUICK_STEPS = 2


def short(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the small version of a row with a training changes."""
    if "training" not in settings:
        return {}
    loop: dict[str, Any] = {"checkpoint_every": _QUICK_STEPS, "average": 0.5}
    changes: dict[str, Any] = {"loop": loop, "schedule": {"warmup": 1}}
    if "stages" in settings["training"]["changes"]:
        changes["stages"] = _stages(_QUICK_STEPS)
    else:
        loop["steps"] = _QUICK_STEPS
    return {"training": {"changes": changes}}


def training(name: str, **gate: Any) -> Mapping[str, Any]:
    """A training of the gate of G-FRTM-lite: shorter than that of the weights that ship, with ``gate`` as its loss."""
    return {
        "name": f"{SMALL}-{name}",
        "config": f"{SMALL}-gate.toml",
        "gives": f"{SMALL}-{name}",
        "begins_with": SMALL,
        "changes": {
            "stages": _stages(STEPS),
            "loop": {"average": 0.98},
            "schedule": {"warmup": 20},
            "gate_alone": {"ramp_epochs": RAMP, **gate},
        },
    }


def _stages(steps: int) -> list[dict[str, Any]]:
    return [{"steps": steps, "frozen": list(_KEPT)}]


NUMBER = training("number", kind="number")
"""For a fixed share of reused frames: a row of table 2 and of figure 9."""
