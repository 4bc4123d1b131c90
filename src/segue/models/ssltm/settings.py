"""Which SSLTM: parts, sizes, and how it streams."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from segue.class_names import CAMVID_CLASSES
from segue.models.naming.settings import NamingSettings
from segue.models.ssltm.centres import Update
from segue.nn.backbones import BackboneName
from segue.nn.reuse.settings import ReuseSettings
from segue.settings import look_up

Positive = Annotated[int, Field(ge=1)]


class SsltmSettings(NamingSettings):
    """A network and how it streams. Another network needs other weights."""

    backbone: BackboneName = "swin-s"
    """``resnet-101`` keeps stride 8."""
    decoder: Literal["plain", "top-down"] = "plain"
    """``plain``: classes at the size of the coarsest map, as OCRNet; ``top-down``: strides 16 and 32 merged, classes at
    stride 4 (ours)."""
    width: Positive = 512
    """Channels of features and contexts."""
    keys: Positive = 256
    """Channels in which pixels and contexts are compared."""
    stt: bool = True
    """The spatial-temporal transformer between neighbouring frames."""
    frames: Positive = 4
    """Frames of a clip, the newest included (ours, as TCB); those outside the window of the newest change nothing."""
    spacing: Positive = 3
    """Frames from one of a clip to the next (ours, as TCB, whose clips reach forward; these reach back)."""
    window: tuple[Positive, Positive, Positive] = (2, 8, 8)
    """Frames, rows and columns that see each other (ours; the paper's is not known)."""
    heads: Positive = 8
    """Of the transformer (ours)."""
    blocks: Positive = 1
    """Of the transformer (ours; one fits the printed number of parameters)."""
    expansion: Positive = 4
    """Of its feed-forward part (ours; SegFormer's)."""
    reference: Literal["distance", "first", "self"] = "distance"
    """Whose context a frame is given: that of the frame ``distance`` before it, or the oldest; that of the first frame
    of the video (what the paper's failures suggest); or its own (QFCE)."""
    distance: Annotated[int, Field(ge=0, le=1000)] = 60
    """Frames (the paper saturates near 60); 0 is ``self``."""
    centres: Annotated[int, Field(ge=0)] = 3
    """Vectors per class that stand for the data set (GCC); 0: none."""
    centre_update: Update = "mse"
    """How training moves them; the paper finds ``mse`` better."""
    centre_attention: Literal["shared", "own"] = "shared"
    """Whether the centres are asked with the weights with which contexts are asked (fits the printed number of
    parameters), or with others (ours: norms then never mix the statistics of two kinds of vectors)."""
    blend: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Average the answer with that of the frame before, moved along the optical flow: weight of the old one where the
    picture has not changed (ours); 0 is the paper's network."""
    notice: bool = False
    """Trust what was seen before the less, the worse the flow explains the new frame, as at one frame per second
    (ours): of the blend, and of the transformer; a frame that far away counts as ``distance`` frames."""
    reuse: ReuseSettings | None = None
    """A reuse gate: frames that hardly differ from the last computed one are carried over along the optical flow."""


VARIANTS: dict[str, dict[str, Any]] = {
    "ssltm": {},
    "ssltm-lite": {
        "backbone": "efficientnet-lite0",
        "decoder": "top-down",
        "width": 128,
        "keys": 64,
        "frames": 2,
        "spacing": 1,
        "window": (2, 6, 8),
        "heads": 4,
        "centre_attention": "own",
        "blend": 0.9,
        "notice": True,
        "classes": CAMVID_CLASSES,
    },
}
"""What each name changes. ``ssltm`` is the paper's size, with 124 classes of VSPW."""


def variant(name: str, values: Mapping[str, Any] | None = None) -> SsltmSettings:
    """Settings of a variant with some values changed.

    Raises:
        SettingsError: No variant of that name, an unknown setting or a value that does not fit.
    """
    known = look_up(VARIANTS, "SSLTM", name)
    return SsltmSettings.parse({**known, **(values or {})})
