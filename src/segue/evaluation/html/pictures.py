"""A frame in three views: what was predicted, what is true, and where the two differ."""

import base64
import io

import cv2
import numpy as np
from jaxtyping import UInt8, UInt16
from PIL import Image

from segue.evaluation.interface import Picture
from segue.media.overlay import overlay_colours
from segue.types import Frame, Mask

MAX_WIDTH = 480
"""Pixels."""

# Told apart by people who do not see red and green alike (Okabe and Ito, 2008).
ERROR_COLOURS: dict[str, tuple[int, int, int]] = {
    "false positive": (213, 94, 0),
    "false negative": (0, 114, 178),
    "wrong label": (240, 228, 66),
    "correct": (240, 240, 240),
    "not scored": (110, 110, 110),
}

_PLAIN = 170  # grey of a frame whose picture is not at hand
_NUM_COLOURS = 254
_QUALITY = 80

_Labels = UInt16[np.ndarray, "height width"]
_Small = UInt8[np.ndarray, "small_height small_width 3"]


def views(picture: Picture) -> dict[str, Frame]:
    """Pictures by name: ``predicted``, ``truth`` and ``errors``, at most 480 pixels wide."""
    image = picture.image
    if image is None:
        image = np.full((*picture.truth.shape, 3), _PLAIN, np.uint8)
    full = {
        "predicted": _painted(image, picture.predicted),
        "truth": _painted(image, _without_void(picture)),
        "errors": _error_map(image, picture),
    }
    return {name: _small(view) for name, view in full.items()}


def data_address(view: Frame) -> str:
    """The picture as JPEG inside its own address."""
    buffer = io.BytesIO()
    # Full resolution of colour: thin outlines would fade.
    Image.fromarray(view).save(buffer, "JPEG", quality=_QUALITY, subsampling=0)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def error_masks(picture: Picture) -> dict[str, Mask]:
    """Pixels by what is wrong with them, in the order of ``ERROR_COLOURS``; none is in two masks.

    0 stands for nothing on both sides.
    """
    truth, predicted = picture.truth, picture.predicted
    void = truth == picture.void if picture.void is not None else np.zeros(truth.shape, bool)
    differ = (truth != predicted) & ~void
    return {
        "false positive": differ & (truth == 0),
        "false negative": differ & (predicted == 0),
        "wrong label": differ & (truth != 0) & (predicted != 0),
        "correct": ~differ & ~void & (truth != 0),
        "not scored": void,
    }


def _error_map(image: Frame, picture: Picture) -> Frame:
    """Errors over the frame in grey."""
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    painted: Frame = cv2.addWeighted(grey, 0.45, np.zeros_like(grey), 0, 25)
    for kind, mask in error_masks(picture).items():
        weight = 0.35 if kind == "correct" else 0.85
        solid = np.full_like(painted, ERROR_COLOURS[kind])
        cv2.copyTo(cv2.addWeighted(painted, 1 - weight, solid, weight, 0), _bytes(mask), painted)
    return painted


def _painted(image: Frame, labels: _Labels) -> Frame:
    """Every label filled and outlined in a colour of its own. Without numbers: they would hide small objects."""
    inside = labels > 0
    colours = overlay_colours()[
        np.where(inside, (labels.astype(np.int32) - 1) % _NUM_COLOURS + 1, 0)
    ]
    painted = image.copy()
    cv2.copyTo(cv2.addWeighted(image, 0.45, colours, 0.55, 0), _bytes(inside), painted)
    kernel = np.ones((2 * round(max(labels.shape) / 480) + 1,) * 2, np.uint8)
    edge = inside & (cv2.morphologyEx(labels, cv2.MORPH_GRADIENT, kernel) > 0)
    cv2.copyTo(colours, _bytes(edge), painted)
    return painted


def _without_void(picture: Picture) -> _Labels:
    truth = picture.truth
    return (
        truth
        if picture.void is None
        else np.where(truth == picture.void, 0, truth).astype(truth.dtype)
    )


def _bytes(mask: Mask) -> np.ndarray:
    return mask.astype(np.uint8)


def _small(view: Frame) -> _Small:
    height, width = view.shape[:2]
    if width <= MAX_WIDTH:
        return view
    size_wh = MAX_WIDTH, max(1, round(height * MAX_WIDTH / width))
    small: _Small = cv2.resize(view, size_wh, interpolation=cv2.INTER_AREA)
    return small
