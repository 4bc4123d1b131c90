"""The trainings that rows of G-FRTM-lite have: short ones, from the weights of frtm-lite."""

from collections.abc import Mapping
from typing import Any

SMALL = "g-frtm-lite"
"""The host of the paper that has weights here."""
STEPS = 200
"""Of the training of a row."""
RAMP = 0.18
"""Epochs until m1 is reached: the same share of that training as ep_T is of the paper's (120 of 260)."""
NARROW = {"width": 24, "shallow_width": 16}
"""Of the decoder with fewer channels: half of those of ``frtm-lite``."""
_QUICK_STEPS = 2


def short(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the small version of a row with a training changes."""
    loop = {"steps": _QUICK_STEPS, "checkpoint_every": _QUICK_STEPS, "average": 0.5}
    changes = {"loop": loop, "schedule": {"warmup": 1}}
    return {"training": {"changes": changes}} if "training" in settings else {}


def training(name: str, **changes: Any) -> Mapping[str, Any]:
    """A training of G-FRTM-lite that differs from that of the weights that ship in its length, and in ``changes``."""
    length = {"loop": {"steps": STEPS, "average": 0.98}, "schedule": {"warmup": 20}}
    return {
        "name": f"{SMALL}-{name}",
        "config": f"{SMALL}.toml",
        "gives": f"{SMALL}-{name}",
        "begins_with": "frtm-lite",
        "changes": {**length, **changes},
    }


NUMBER = training("number", objective={"gate": {"ramp_epochs": RAMP, "kind": "number"}})
"""For a fixed share of reused frames: a row of table 2 and of figure 9."""
