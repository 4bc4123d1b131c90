"""Which temporal U-Net: block, cell and size as in the report, or the variant with a pretrained encoder."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from segue.class_names import CAMVID_CLASSES
from segue.models.naming.settings import NamingSettings
from segue.nn.reuse.settings import ReuseSettings
from segue.settings import look_up

BlockName = Literal["vanilla", "resnet", "convnext"]
CellName = Literal["none", "crnn", "cgru"]
SizeName = Literal["original", "small-shallow", "small-deep"]

CITYSCAPES_CLASSES = (
    "road",
    "sidewalk",
    "building",
    "wall",
    "fence",
    "pole",
    "traffic light",
    "traffic sign",
    "vegetation",
    "terrain",
    "sky",
    "person",
    "rider",
    "car",
    "truck",
    "bus",
    "train",
    "motorcycle",
    "bicycle",
    "void",
)
"""The report's 20: the 19 train ids, and a real class for everything else."""


class TemporalUnetSettings(NamingSettings):
    """A network and how it streams. Another network needs other weights."""

    encoder: Literal["paper", "efficientnet-lite0"] = "paper"
    """``paper``: the report's networks, from scratch; ``efficientnet-lite0``: ours, pretrained on ImageNet."""
    block: BlockName = "resnet"
    """Convolution block; of the encoder ``paper`` only."""
    size: SizeName = "small-deep"
    """Widths and number of levels; of the encoder ``paper`` only."""
    cell: CellName = "cgru"
    """Temporal cell; ``none`` is the frame-by-frame baseline."""
    cell_strides: tuple[int, ...] | None = None
    """Strides of the maps that have a cell; ``None``: all of them, as in the report."""
    residual: bool = False
    """Add the cell's state to the skip connection, times a gain per channel that starts at 0, instead of
    replacing it (ours): a new temporal network then answers like the frame-by-frame network it was filled from."""
    align: Literal["none", "dis"] = "none"
    """``dis``: move what is remembered along the optical flow from the frame before (ours); the report leaves it in
    place."""
    blend: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Average the answer with that of the frame before, moved along: the weight of the old one where the picture has
    not changed (ours); 0 is the report's network."""
    classes: Annotated[tuple[str, ...], Field(min_length=2, max_length=255)] = CITYSCAPES_CLASSES
    """Names of the classes, by number."""
    hidden_init: Literal["zeros", "normal"] = "zeros"
    """Hidden state before the first frame; the released code draws it from a normal distribution."""
    reuse: ReuseSettings | None = None
    """A reuse gate: frames that hardly differ from the last computed one are carried over along the optical flow."""
    seed: int = 0
    """Of the drawn hidden state, and of random weights."""


VARIANTS: dict[str, dict[str, Any]] = {
    "temporal-unet": {},
    "temporal-unet-lite": {
        "encoder": "efficientnet-lite0",
        "cell": "none",
        "cell_strides": (8, 16),
        "residual": True,
        "align": "dis",
        "blend": 0.9,
        "classes": CAMVID_CLASSES,
    },
}
"""What each name changes. ``temporal-unet`` is the report's best temporal model, ResNet cGRU small-deep."""


def variant(name: str, values: Mapping[str, Any] | None = None) -> TemporalUnetSettings:
    """Settings of a variant with some values changed.

    Raises:
        SettingsError: No variant of that name, an unknown setting or a value that does not fit.
    """
    known = look_up(VARIANTS, "temporal U-Net", name)
    return TemporalUnetSettings.parse({**known, **(values or {})})
