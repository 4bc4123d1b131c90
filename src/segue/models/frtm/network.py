"""Everything of FRTM that has trained weights: the frozen backbone, the decoder, and the parts of a reuse gate."""

from functools import cached_property
from typing import Literal, cast

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from segue.models.frtm.backbone import make_backbone
from segue.models.frtm.refiner import DEEP, SHALLOW, HeadKind, Reduced, Refiner
from segue.nn.reuse.delta import DeltaGenerator
from segue.nn.reuse.gate import Gate
from segue.nn.reuse.template_matching import TemplateMatching
from segue.nn.reuse.translator import RefineTranslator

TARGET_STRIDE = 16
"""Where the target model looks."""
GATE_STRIDE = 8
"""Where the reuse gate looks: as deep as the backbone goes on every frame."""

Features = dict[int, Float[Tensor, "batch _ _ _"]]
"""Of the backbone, by stride."""


Compared = Literal["score", "mask"]
"""What of the last computed frame a gate is shown."""


class ReuseParts(nn.Module):
    """What a gated FRTM has besides: template matching, gate, delta generator, refine-translator.

    Args:
        channels: Of the backbone at the gate's stride.
        width: Of the decoder.
        compared: What of the last computed frame the gate is shown.
        normalised: Whether features are brought to one scale first. Those of ResNets are about as large as scores and
            masks; beside those of an EfficientNet-Lite, ten times as large, the gate does not learn to see a mask.
    """

    def __init__(
        self,
        channels: int,
        width: int,
        compared: Compared = "score",
        *,
        normalised: bool = False,
    ) -> None:
        super().__init__()
        self.compared = compared
        self.normal = nn.BatchNorm2d(channels, affine=False) if normalised else None
        self.matching = TemplateMatching(channels + 1)
        self.gate = Gate()
        self.delta = DeltaGenerator()
        self.translator = RefineTranslator(width)

    def template(
        self,
        features: Float[Tensor, "batch channels rows columns"],
        masks: Float[Tensor, "batch 1 _ _"],
        mode: Literal["nearest", "bilinear"] = "nearest",
    ) -> Float[Tensor, "batch width width"]:
        """Templates of given masks; ``mode`` says how these are resized: ``bilinear`` in training (released code)."""
        return self.matching.template(self._beside(features, masks, mode))

    def dissimilarity(
        self,
        features: Float[Tensor, "batch channels rows columns"],
        known: Float[Tensor, "batch 1 _ _"],
        templates: Float[Tensor, "batch width width"],
    ) -> Float[Tensor, "batch width rows columns"]:
        """How this frame differs from the last computed one, of which ``known`` is the score or the mask."""
        return cast(Tensor, self.matching(self._beside(features, known, "bilinear"), templates))

    def _beside(
        self, features: Tensor, masks: Tensor, mode: Literal["nearest", "bilinear"]
    ) -> Tensor:
        features = self.normal(features) if self.normal else features
        return torch.cat([features, resize(masks, features.shape[-2:], mode)], dim=1)


def resize(masks: Tensor, size: torch.Size, mode: Literal["nearest", "bilinear"]) -> Tensor:
    """Maps at another size."""
    aligned = None if mode == "nearest" else False
    return F.interpolate(masks, tuple(size), mode=mode, align_corners=aligned)


class FrtmNetwork(nn.Module):
    """Backbone and decoder; target models are not part of it, they belong to a video.

    Args:
        backbone: Name of the backbone, see ``backbone.BackboneName``.
        pretrained: Whether the backbone gets its ImageNet weights.
        width: Channels of the decoder.
        shallow_width: Those at strides 8 and 4; ``None``: the same.
        head: Last enlargement of the decoder, see ``refiner.Head``.
        gated: Whether it has the parts of a reuse gate.
        compared: What of the last computed frame that gate is shown.

    Raises:
        WeightsError: The ImageNet weights could not be had.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        backbone: str,
        *,
        pretrained: bool,
        width: int = 64,
        shallow_width: int | None = None,
        head: HeadKind = "two-step",
        gated: bool = False,
        compared: Compared = "score",
    ) -> None:
        super().__init__()
        self.backbone = make_backbone(backbone, pretrained=pretrained)
        channels = self.backbone.channels
        self.refiner = Refiner(channels, width, head=head, shallow_width=shallow_width)
        lite = backbone == "efficientnet-lite0"
        shown = channels[GATE_STRIDE]
        self.reuse = ReuseParts(shown, width, compared, normalised=lite) if gated else None
        for name in ("mean", "deviation"):
            values = torch.tensor(getattr(self.backbone, name))[:, None, None]
            self.register_buffer(name, values, persistent=False)

    def look(self, frames: Float[Tensor, "batch 3 height width"], deepest: int = 32) -> Features:
        """Features of frames with values in [0, 1], down to stride ``deepest``."""
        normal = (frames - self.mean) / self.deviation
        return cast(Features, self.backbone(normal, deepest))

    def look_deeper(self, shallow: Features) -> Features:
        """The features that ``look`` left out when it went down to the gate's stride."""
        return self.backbone.deeper(shallow)

    def finish(
        self,
        reduced: Reduced,
        scores: Float[Tensor, "batch 1 rows columns"],
        refined: Float[Tensor, "batch channels rows16 columns16"],
        size: tuple[int, int],
    ) -> Float[Tensor, "batch height width"]:
        """Probability of one object per pixel, from what ``refiner.refine`` made of the deep levels."""
        return self.refiner.finish(reduced, scores, refined, size)[:, 0].sigmoid()


class Sight:
    """What the network sees of one frame: each part is computed when it is first asked for, once for all objects.

    Args:
        network: The network.
        frames: Values in [0, 1].
    """

    def __init__(self, network: FrtmNetwork, frames: Float[Tensor, "1 3 height width"]) -> None:
        self._network = network
        self._frames = frames

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the frame."""
        return self._frames.shape[-2], self._frames.shape[-1]

    @cached_property
    def shallow(self) -> Features:
        """Features down to the gate's stride."""
        return self._network.look(self._frames, GATE_STRIDE)

    @cached_property
    def features(self) -> Features:
        """Features of all strides."""
        return self.shallow | self._network.look_deeper(self.shallow)

    @cached_property
    def reduced_shallow(self) -> Reduced:
        """The decoder's view of the shallow features."""
        return self._network.refiner.reduce({s: self.shallow[s] for s in SHALLOW})

    @cached_property
    def reduced(self) -> Reduced:
        """The decoder's view of all features."""
        deep = self._network.refiner.reduce({s: self.features[s] for s in DEEP})
        return deep | self.reduced_shallow
