"""All numbers of FRTM: those of the released code, with the paper's two variants as overrides."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from segue.errors import SettingsError
from segue.models.frtm.backbone import BackboneName
from segue.models.frtm.network import Compared
from segue.models.frtm.refiner import HeadKind
from segue.nn.reuse.settings import ReuseSettings
from segue.settings import Settings

Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]
Width = Annotated[int, Field(ge=4, multiple_of=4)]
Fraction = Annotated[float, Field(gt=0, lt=1)]


class AugmentationSettings(Settings):
    """The lists from which the views of the first frame are drawn."""

    samples: Count = 5
    """Samples of the first frame, the frame itself included."""
    candidates: Count = 19
    """Draws among which the views are chosen; the released code renders all of them."""
    retries: Count = 100
    """How often a batch of views is drawn anew when the object left the image, before an error."""
    rotations: tuple[float, ...] = (5.0, -5.0, 10.0, -10.0, 20.0, -20.0, 30.0, -30.0, 45.0, -45.0)
    """Degrees, object only."""
    flips: tuple[bool, ...] = (False, False, False, False, True)
    """Whether the object is mirrored."""
    scales: tuple[float, ...] = (0.5, 0.7, 1.0, 1.5, 2.0, 2.5)
    """Scales of the object, before they are limited by the size of the image."""
    skews: tuple[tuple[float, float], ...] = ((0.0, 0.0), (0.0, 0.0), (0.1, 0.1))
    """Skews of the object."""
    blurs: tuple[float, ...] = (0.0, 0.0, 0.0, 2.0)
    """Lengths of the motion blur of the object."""
    background_scales: tuple[float, ...] = (1.0, 1.0, 1.2)
    """Scales of the background."""
    background_blurs: tuple[float, ...] = (0.0, 0.0, 1.0, 2.0, 5.0)
    """Lengths of the motion blur of the background."""
    blur_angles: tuple[float, ...] = (0.0, 45.0, 90.0, 135.0)
    """Degrees, object and background."""
    smallest: Positive = 10.0
    """No side of the object may become smaller than this many pixels."""


class FrtmReuseSettings(ReuseSettings):
    """The reuse gate of FRTM."""

    longest: Count | None = None
    """Frames in a row that an object is carried over, at most (ours); ``None``: what the gate lets (the paper)."""


class FrtmSettings(Settings):
    """What FRTM does at test time."""

    backbone: BackboneName = "resnet101"
    """Frozen feature extractor."""
    seed: int = 0
    """With the object's id and the frame number: the seed of its target model and views."""
    random_weights: bool = False
    """Run with untrained weights and nothing downloaded: masks mean nothing, timings do."""

    channels: Count = 96
    """Channels of the target model's projection."""
    regularisation: tuple[Positive, Positive] = (1e-4, 1e-2)
    """Lambda of projection and filter, and the diagonal of the preconditioner."""
    init_iterations: tuple[Count, ...] = (5, 10, 10, 10, 10)
    """CG iterations of each Gauss-Newton step on projection and filter, for a new object."""
    filter_iterations: Count = 10
    """CG iterations of the one step on the filter alone that follows."""
    update_iterations: Count = 10
    """CG iterations of the one step on the filter in an update."""
    forget_power: Annotated[float, Field(ge=0)] = 750.0
    """An old CG direction is kept with weight (1 - memory_rate) ** this; 750 forgets it."""
    update_every: Count = 8
    """Frames between two updates of the filter."""

    memory_size: Count = 80
    """Samples kept per object."""
    memory_rate: Fraction = 0.1
    """Weight of a new sample against all older ones."""
    pixel_weighting: Literal["hinge", "none"] = "hinge"
    """``hinge``: the foreground of small objects is weighted up."""
    hinge_fraction: Fraction = 0.1
    """Influence that the foreground of a small object has at least."""
    smallest_mask: Count = 10
    """Masks of fewer pixels are not learned from."""

    merging: Literal["softmax-odds", "odds"] = "softmax-odds"
    """``softmax-odds``: the released code; ``odds``: odds over their sum, as in RGMP."""
    head: HeadKind = "two-step"
    """Last enlargement: bicubic x2, then bilinear (released code); bicubic at once; or ``half``: of logits alone."""
    width: Width = 64
    """Channels of the decoder."""
    shallow_width: Width | None = None
    """Those at strides 8 and 4, where most of the work is; ``None``: the same (the paper)."""
    label_stride: Count = 1
    """Labels are compared with the target model's scores on a grid of this stride; 1: at every pixel (the paper).
    Coarser grids cost less time and memory, by the square of it (ours)."""
    augmentation: AugmentationSettings = AugmentationSettings()
    """Views of the first frame."""
    compared: Compared = "score"
    """What of the last computed frame the gate is shown: the score of the target model, as the paper has it for FRTM,
    or the mask, as it has it for any host."""
    reuse: FrtmReuseSettings | None = None
    """When an object is carried over instead of computed; ``None``: never, and no gate is built."""

    @model_validator(mode="after")
    def _fits_memory(self) -> "FrtmSettings":
        if self.memory_size < self.augmentation.samples:
            raise ValueError("memory_size is smaller than augmentation.samples")
        return self

    @property
    def folds(self) -> bool:
        """Whether batch norms are folded into the convolutions to run; the networks of the papers stay as they are."""
        return self.backbone == "efficientnet-lite0"

    @property
    def forget_factor(self) -> float:
        """What the length of an old CG direction is divided by; 0 would forget it altogether."""
        return float((1 - self.memory_rate) ** self.forget_power)


_FAST: dict[str, Any] = {
    "backbone": "resnet18",
    "init_iterations": (5, 10, 10, 10),
    "filter_iterations": 5,
    "update_iterations": 5,
}

_LITE: dict[str, Any] = {
    **_FAST,
    "backbone": "efficientnet-lite0",
    "width": 48,
    "shallow_width": 32,
    "head": "half",
    "label_stride": 4,
}

VARIANTS: dict[str, dict[str, Any]] = {
    "frtm": {},
    "frtm-fast": _FAST,
    "frtm-fast-r": {**_FAST, "width": 32},
    "g-frtm": {"reuse": {}},
    "g-frtm-fast": {**_FAST, "reuse": {}},
    "frtm-lite": _LITE,
    "g-frtm-lite": {**_LITE, "reuse": {"threshold": 0.9, "longest": 2}, "compared": "mask"},
}
"""What each name changes. The released ``--fast`` flag changes nothing; this follows the paper.

``frtm-fast-r`` is the reuse gate's point of comparison, a decoder of fewer channels; how many is not published (ours).
The lite ones are the method of the papers in a size for processors (ours).
"""

OFFLINE: dict[str, Any] = {
    "channels": 32,
    "regularisation": (1e-5, 1e-4),
    "pixel_weighting": "none",
    "memory_size": 20,
    "forget_power": 75,
    "filter_iterations": 10,
    "init_iterations": (5, 10, 10, 10, 10),
    "augmentation": {"samples": 15},
}
"""The target models that the decoder sees while it is trained (released code)."""


def variant(name: str, values: Mapping[str, Any] | None = None) -> FrtmSettings:
    """Settings of a name in ``VARIANTS`` with some values changed.

    Raises:
        SettingsError: No variant of that name, an unknown setting or a value that does not fit.
    """
    if name not in VARIANTS:
        raise SettingsError(f"No FRTM variant {name!r}. Known: {', '.join(VARIANTS)}.")
    known, changed = VARIANTS[name], dict(values or {})
    if isinstance(changed.get("reuse"), Mapping):
        changed["reuse"] = {**known.get("reuse", {}), **changed["reuse"]}
    return FrtmSettings.parse({**known, **changed})
