"""What the rows of these studies have in common: networks, counts, and the small version."""

from collections.abc import Mapping
from typing import Any

from segue.studies.ssltm.published import MEAN_IOU
from segue.studies.study import Row, Values

STEPS = 400
"""Of each training in the small version."""
VIEWS = 12
"""Of a frame, there."""
BUDGETS = (4, 8, 16, 30)
"""One of so many frames has a label."""
BUDGET = 8
"""Where the number of labels is not what is studied."""

QUICK: Values = {
    "steps": STEPS,
    "seeds": [0],
    "share_maps": True,
    "training": {
        "data": {"validation_split": None},  # the study scores
        "clips": {
            "size_hw": [192, 256],
            "crop": 1.0,  # at another scale, the whole frame would be seen as it never is later
            "noise": 0.0,  # so that clips of any length share their frames
            "length": 4,
            "views": VIEWS,
        },
        "centres": {
            "size_hw": [352, 480]
        },  # as large as the windows show frames, for the same reason
        "loop": {"checkpoint_every": 100},
        "schedule": {"warmup": 20},
    },
}
"""What the small version changes in every row: windows of frames, a third of the steps, views that come again."""

OURS: Values = {"blend": 0.0}
"""The paper's network has no memory at its output."""
AS_PAPER: Values = {"notice": False}
"""Nor does it ask how far old frames can be trusted."""
OCR: Values = {**OURS, "stt": False, "reference": "self", "centres": 0}
"""Frame by frame, each its own context."""
QFCE: Values = {**OURS, "reference": "self", "centres": 0}
RFCE: Values = {**OURS, "centres": 0}

QUICK_NOTE = (
    f"Quick: {STEPS} steps of four clips of 192x256 pixels, windows of the frames at 0.7 to 1.6 times their size; "
    f"{VIEWS} fixed views of each labelled frame, the same for all rows and seeds, whose maps are computed once; the "
    "rest as in the full version."
)
FULL_NOTE = (
    "Lite size: EfficientNet-Lite0 with ImageNet weights, at rest; 1200 steps of four clips of 288x384; AdamW at 1e-3, "
    "cosine; the weights of the last step, averaged."
)
LABELS_NOTE = (
    f"One of {BUDGET} labels of each training video counts, of CamVid's 367 that is 46. Nothing is chosen on what is "
    "scored."
)
SIZE_NOTE = (
    "Ours are the lite size, on CamVid; printed numbers are those of Swin-S on VSPW, with one label per video. Compare "
    "differences between rows, not numbers."
)
TIME_NOTE = (
    "ms: of the model, the median frame, all networks computed by torch with the threads of the run. Only comparable "
    "if the machine does nothing else."
)
SPREAD_NOTE = "With several seeds numbers are means; the spread is the best seed less the worst."
CLEAN_NOTE = (
    "A frame is clean if its reference, the frame 60 before it or the oldest, shows all its classes, and noisy if not; "
    "the same frames for all rows."
)


def scene_row(
    name: str,
    cells: tuple[str, ...],
    *,
    model: Values = OURS,
    network: str = "",
    every: int = BUDGET,
    note: str = "",
    **more: Any,
) -> Row:
    """A row of SSLTM, or of its parts.

    Args:
        name: Of the row.
        cells: What the table says of it.
        model: Settings of its network.
        network: Name of its training, if other rows have that too.
        every: One of so many frames has a label; 1: all.
        note: To be read with the row.
        more: Further settings of the row.
    """
    settings = {
        "network": network or name,
        "model": dict(model),
        "streaming": dict(AS_PAPER),
        "labels": {"every": every},
        **more,
    }
    return Row(name, cells, settings, _printed(name), note)


def rival_row(name: str, cells: tuple[str, ...], *, model: Values, note: str = "") -> Row:
    """A row of another network, in the lite size.

    Args:
        name: Of its variant, and of the row.
        cells: What the table says of it.
        model: Settings of the network beside its backbone.
        note: To be read with the row.
    """
    settings: dict[str, Any] = {
        "network": name,
        "variant": name,
        "model": {"backbone": "efficientnet-lite0", **model},
        "labels": {"every": BUDGET},
    }
    if name == "tcb":
        settings["training"] = {"clips": {"length": 4}}
    return Row(name, cells, settings, _printed(name), note)


def _printed(name: str) -> Mapping[str, float]:
    return {"mIoU": MEAN_IOU[name]} if name in MEAN_IOU else {}


def count(row: Row) -> int:
    """Parameters of the network of the paper, whatever size the row is run in."""
    import torch

    from segue.models.scene_parsing.build import create_network as create_rival
    from segue.models.scene_parsing.settings import variant as rival
    from segue.models.ssltm.build import create_network
    from segue.models.ssltm.settings import variant
    from segue.nn.weights import describe

    with torch.device("meta"):
        if row.name.startswith("ssltm"):
            return int(describe(create_network(variant("ssltm")))["total"])
        name = "ocrnet" if row.name == "ocr" else row.name
        return int(describe(create_rival(rival(name)))["total"])
