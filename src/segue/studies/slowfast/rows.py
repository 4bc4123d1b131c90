"""What the rows of these studies have in common: names, counts, and the small version."""

from collections.abc import Mapping
from typing import Any

from segue.studies.study import Row, Values

DETECTOR = "slowfast-detector"
"""The row without a module."""

STEPS = 250
"""Of the second stage in the small version; two windows each."""
RATE = 5e-4
"""Learning rate of the second stage there."""

LITE: Values = {
    "model": "slowfast-lite",
    "footage": {"layout": "davis2016"},
    "steps": STEPS,
    "learning_rate": RATE,
    "seeds": [0],
    "share_maps": True,
    "training": {
        "data": {"shuffled": True},
        "scenes": {"size_hw": [256, 448]},
        "objective": {"rois": None, "proposals": "use", "cached": 0},
        "loop": {"gather": "mean", "average": 0.98, "checkpoint_every": 50, "workers": 1},
        "optimiser": {"name": "adamw", "weight_decay": 1e-4, "clip_norm": 5.0},
        "schedule": {"name": "cosine", "warmup": 20},
    },
}
"""What the small version changes in every row: the small model, windows in any order, a few minutes of training."""

QUICK_NOTE = (
    f"Quick: `slowfast-lite`; {STEPS} steps of two windows of footage as it is, 256x448, in any order, AdamW at "
    f"{RATE:g}, backbone and proposals at rest."
)
DETECTOR_NOTE = (
    "All rows begin with one detector. The weights that ship have heads that went through a second stage already; "
    "detector=FILE names a detector of the first stage."
)
PROTOCOL_NOTE = (
    "J&F is that of the official protocol, without the first and the last frame; J&F, all frames, is what the report "
    "prints, of 20 sequences."
)
SPREAD_NOTE = "With several seeds numbers are means; the spread is the best seed less the worst."
TIME_NOTE = (
    "ms: of the network, the median frame. Evaluation: seconds for all sequences with decoding, writing of masks and "
    "scoring, as the released code times it; the report says neither its processor nor its card."
)


def paths(configuration: str) -> Mapping[str, int]:
    """Settings of a configuration such as 3-7."""
    slow, fast = map(int, configuration.split("-"))
    return {"slow": slow, "fast": fast}


def count(row: Row) -> int:
    """Parameters of the network of the report, whatever size the row is run in."""
    import torch

    from segue.models.slowfast.build import create_network
    from segue.models.slowfast.settings import variant
    from segue.nn.weights import describe

    own: dict[str, Any] = {
        k: row.settings[k] for k in ("slow", "fast", "module") if k in row.settings
    }
    with torch.device("meta"):
        network = create_network("slowfast", variant("slowfast", own))
    total: int = describe(network)["total"]
    return total
