"""Segue: video segmentation that uses time.

    import segue

    video = segue.open_video("clip.mp4")
    model = segue.load_model("segue-lite")
    for frame, prediction in segue.track(model, video, "mask.png"):
        ...

Names are imported when they are first used, so that ``import segue`` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segue.errors import SegueError
    from segue.evaluation.run import evaluate
    from segue.exporting.loading import load_exported
    from segue.exporting.writing import export_model
    from segue.inference.clicking import click, click_objects
    from segue.inference.find.find import find
    from segue.inference.find.found import Found
    from segue.inference.label import label
    from segue.inference.session.session import Session
    from segue.inference.track import track
    from segue.media.mask_args import read_masks
    from segue.media.palette import write_mask
    from segue.media.video import Video, VideoFrame, open_video
    from segue.models.catalog import load_model
    from segue.models.click.build import load_click_model
    from segue.training.finetune.run import finetune
    from segue.types import Click, ObjectScore, Prediction

__version__ = "0.1.0"

_PUBLIC = {
    "Click": "segue.types",
    "Found": "segue.inference.find.found",
    "ObjectScore": "segue.types",
    "Prediction": "segue.types",
    "SegueError": "segue.errors",
    "Session": "segue.inference.session.session",
    "Video": "segue.media.video",
    "VideoFrame": "segue.media.video",
    "click": "segue.inference.clicking",
    "click_objects": "segue.inference.clicking",
    "evaluate": "segue.evaluation.run",
    "export_model": "segue.exporting.writing",
    "find": "segue.inference.find.find",
    "finetune": "segue.training.finetune.run",
    "label": "segue.inference.label",
    "load_click_model": "segue.models.click.build",
    "load_exported": "segue.exporting.loading",
    "load_model": "segue.models.catalog",
    "open_video": "segue.media.video",
    "read_masks": "segue.media.mask_args",
    "track": "segue.inference.track",
    "write_mask": "segue.media.palette",
}

__all__ = [
    "Click",
    "Found",
    "ObjectScore",
    "Prediction",
    "SegueError",
    "Session",
    "Video",
    "VideoFrame",
    "click",
    "click_objects",
    "evaluate",
    "export_model",
    "find",
    "finetune",
    "label",
    "load_click_model",
    "load_exported",
    "load_model",
    "open_video",
    "read_masks",
    "track",
    "write_mask",
]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'segue' has no attribute {name!r}")
    value = getattr(importlib.import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return ["__version__", *__all__]
