"""What the temporal U-Net report left as future work, each measured once against the same network without it (ours)."""

from typing import Any

from segue.studies.setup import merge
from segue.studies.study import Measure, Row, Study, Values

_QUICK_STEPS = 120
_BASE: dict[str, Any] = {
    "imagenet": True,
    "model": {"encoder": "efficientnet-lite0", "cell": "cgru"},
    "data": {"void_class": False},
    # Mixup needs a partner in the batch, and the labelled frame at the same place in both clips.
    "clips": {"position": 4},
    "loop": {"batch": 4, "accumulate": 4},
}
_STRIDES = {"start": 1, "end": 4}


def _row(
    name: str, what: str, how: str, switch: Values | None = None, quick: Values | None = None
) -> Row:
    """The base with one thing changed."""
    return Row(f"switch-{name}", (what, how), merge(_BASE, switch or {}), quick=quick or {})


SWITCHES = Study(
    name="temporal-unet-switches",
    title="Temporal U-Net: what the report left as future work, one thing at a time",
    headings=("Switch", "How"),
    rows=(
        _row("none", "none (base)", "ImageNet encoder, cGRU"),
        _row("seed", "none, again", "another seed", {"loop": {"seed": 43}}),
        _row(
            "skipping", "frame skipping", "every frame at first, every 4th at last",
            {"loop": {"epochs": None}, "stages": [{"epochs": 100, "frame_stride": _STRIDES}]},
            quick={
                "loop": {"steps": None},
                "stages": [{"steps": _QUICK_STEPS, "frame_stride": _STRIDES}],
            },
        ),
        _row(
            "smoothness", "smoothness", "of probabilities, weight 1",
            {"objective": {"smoothness": 1.0}},
        ),
        _row(
            "warped-smoothness", "smoothness along the flow", "of logits, weight 0.1, as in ETC",
            {"objective": {"warped_smoothness": 0.1}},
        ),
        _row("mixup", "mixup", "Beta(0.2, 0.2)", {"objective": {"mixup": 0.2}}),
        _row("scratch", "pretraining off", "random weights", {"imagenet": False}),
        _row(
            "larger", "larger frames", "twice as high and wide",
            {"clips": {"size_hw": [1024, 2048]}},
            quick={"clips": {"size_hw": [192, 256]}},
        ),
    ),
    measures=(
        Measure("miou", "mIoU"),
        Measure("pixel_accuracy", "Pixel accuracy"),
        Measure("vc8", "VC8"),
        Measure("flips_per_second", "Flips per second", "number"),
    ),
    base="switch-none",
    config="temporal-unet-cityscapes.toml",
    layout="cityscapes",
    quick={
        "camvid": {
            "data": {"in_memory": True},
            "clips": {"size_hw": [96, 128], "crop": 0},
            "validation": {"clip_length": None},
            "loop": {
                "epochs": None,
                "steps": _QUICK_STEPS,
                "accumulate": 1,
                "validate_every": 0,
                "checkpoint_every": 40,
                "workers": 1,
            },
            "optimiser": {"learning_rate": 1e-3},
            "schedule": {"name": "cosine", "warmup": 10},
        },
    },
    full_note=(
        "Trained as the report trains on Cityscapes, but void is not a class, the labelled frame is the last of its "
        "clip, and batches are of 4 clips; the weights of each row are those of its best validation, chosen on the "
        "split that is reported."
    ),
    quick_note=(
        f"Quick: whole frames at 96x128, {_QUICK_STEPS} steps of 4 clips, a rate that falls from 1e-3, the last "
        "weights; scored on whole videos, as they are streamed."
    ),
    notes=(
        "In brackets: the change against the first row. The second row differs from the first by its seed alone: a "
        "change that is not much larger than its own says nothing.",
        "One base for all: the ImageNet encoder with the report's cGRU at every stride. A quick run is long enough for "
        "it to learn what a memory can hold, and pretraining is a switch like the others, turned off.",
        "Frames are scored at the size of the clips; that of the last row is larger.",
        "VC8: over 8 frames, of the pixels whose true class stays the same, the share whose predicted class does too. "
        "Flips per second: changes of a pixel's class at 15 Hz, those of what moves among them. Both need labels on "
        "frames that follow one another: Cityscapes has none, and the columns stay empty.",
    ),
)  # fmt: skip
