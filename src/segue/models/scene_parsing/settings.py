"""Which scene parsing network: backbone, head, and what frames learn from the frames before."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from segue.models.naming.settings import NamingSettings
from segue.nn.backbones import BackboneName
from segue.settings import look_up

HeadName = Literal["psp", "ocr", "upernet", "deeplabv3plus", "segmenter"]
MethodName = Literal["image", "etc", "netwarp", "tcb"]

Positive = Annotated[int, Field(ge=1)]

WIDTHS: dict[str, int] = {
    "psp": 512,
    "ocr": 512,
    "upernet": 256,
    "deeplabv3plus": 256,
    "segmenter": 768,
}
"""Channels of each head that fit the printed number of parameters."""


class SceneParsingSettings(NamingSettings):
    """A network and how it streams. Another network needs other weights."""

    head: HeadName = "ocr"
    """What makes classes of the backbone's maps."""
    method: MethodName = "image"
    """What a frame learns from others. ``image``: nothing; ``etc``: nothing, but training asks for the same answer
    along the motion; ``netwarp``: the last frame's features, moved along; ``tcb``: the contexts of earlier frames."""
    backbone: BackboneName = "swin-s"
    dilated: bool | None = None
    """Keep stride 8 in the coarsest maps; ``None``: where the backbone is a ResNet and the head is not UperNet's."""
    width: Positive | None = None
    """Channels of the head; ``None``: those that fit the printed number of parameters."""
    decoder: Literal["plain", "top-down"] = "plain"
    """``plain``: classes at the size of the coarsest map, as published; ``top-down``: strides 16 and 32 merged, and
    classes at stride 4, as ``ssltm-lite`` has them (ours; of the heads ``psp``, ``ocr`` and ``segmenter``, the last of
    which answers at stride 16). The other heads go down to stride 4 by themselves."""
    deeplab: Literal["printed", "as-coded"] = "printed"
    """Of the head ``deeplabv3plus``. ``printed``: 3x3 convolution behind the pyramid, and an auxiliary head, which fits
    the 59.5 M of the paper's table; ``as-coded``: 1x1 and none, as VSPW's code, with 56.2 M (59.5 M with its
    ResNet-101)."""
    biased: bool = False
    """Biases in front of the norms of object attention, as VSPW's code has them; they change only the count."""
    refinement: Literal["scaled", "as-coded"] = "scaled"
    """Of ``netwarp``. ``scaled``: motion in cells of the map, of either sign (ours); ``as-coded``: VSPW's code, whose
    motion stays in pixels of the frame and is never negative."""
    flow: Literal["auto", "dis", "raft"] = "dis"
    """What finds motion for ``netwarp``; see ``segue.nn.flow.find_flow``."""
    memory: Annotated[int, Field(ge=0, le=1000)] = 8
    """Contexts of earlier frames that ``tcb`` keeps and averages with the frame's own."""
    spacing: Positive = 1
    """Frames from one of these contexts to the next; VSPW trains with 3."""
    drop_path: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of residual paths that training drops at the end of a Swin."""

    @model_validator(mode="after")
    def _fits(self) -> "SceneParsingSettings":
        if self.method in ("netwarp", "tcb") and self.head not in ("ocr", "psp"):
            raise ValueError(
                f"method {self.method!r} works with the heads 'ocr' and 'psp', not with {self.head!r}."
            )
        if self.decoder == "top-down" and (
            self.head in ("upernet", "deeplabv3plus") or self.keeps_stride
        ):
            raise ValueError(
                "decoder 'top-down' works with the heads 'psp', 'ocr' and 'segmenter' on a backbone whose maps have "
                f"strides 4 to 32; got head {self.head!r} and backbone {self.backbone!r}. Leave it out."
            )
        return self

    @property
    def head_width(self) -> int:
        """Channels of the head."""
        return self.width or WIDTHS[self.head]

    @property
    def keeps_stride(self) -> bool:
        """Whether the backbone is dilated."""
        if self.dilated is None:
            return self.backbone.startswith("resnet") and self.head != "upernet"
        return self.dilated

    @property
    def trained_with(self) -> dict[str, str]:
        """What a weights file keeps of the settings, as strings."""
        kept: dict[str, str] = {
            "backbone": self.backbone,
            "head": self.head,
            "refinement": self.refinement,
        }
        if self.decoder != "plain":
            kept["decoder"] = self.decoder
        return {**kept, **super().trained_with}


VARIANTS: dict[str, dict[str, Any]] = {
    "pspnet": {"head": "psp"},
    "ocrnet": {"head": "ocr"},
    "upernet": {"head": "upernet"},
    "deeplabv3plus": {"head": "deeplabv3plus"},
    "segmenter": {"head": "segmenter"},
    "etc": {"method": "etc"},
    "netwarp": {"method": "netwarp"},
    "tcb": {"method": "tcb"},
}
"""What each name changes. All have Swin-S and VSPW's 124 classes, as in the paper's table; video methods OCR's head."""


def variant(name: str, values: Mapping[str, Any] | None = None) -> SceneParsingSettings:
    """Settings of a variant with some values changed.

    Raises:
        SettingsError: No variant of that name, an unknown setting or a value that does not fit.
    """
    known = look_up(VARIANTS, "scene parsing network", name)
    return SceneParsingSettings.parse({**known, **(values or {})})
