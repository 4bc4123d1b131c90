"""The trained part of segue-lite: what is computed once per frame, and what is computed per object.

Everything that looks at the frame alone (backbone, neck, the frame's share of each decoder convolution) runs once,
whatever the number of objects: a convolution of concatenated inputs is the sum of two convolutions.
"""

from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from segue.models.lite import target
from segue.nn.efficientnet import CHANNELS, EfficientNetLite0

FEATURES = 32
"""Channels that the target model sees, at stride 8."""
CODES = 16
"""Channels of the mask's encoding; the first is the mask itself."""
OTHERS = 3
"""Channels that say where the other objects are: by both target models, and by the previous frame."""
WIDTHS = {16: 64, 8: 40, 4: 24}
"""Decoder channels by stride."""


@dataclass(frozen=True)
class FrameFeatures:
    """What a frame offers to every object."""

    target: Float[Tensor, "batch features height8 width8"]
    """Input of the target model."""
    decoder: dict[int, Float[Tensor, "batch _ _ _"]]
    """The frame's share of the first decoder convolution, by stride."""

    def __getitem__(self, rows: slice) -> "FrameFeatures":
        return FrameFeatures(self.target[rows], {s: m[rows] for s, m in self.decoder.items()})


class LiteNetwork(nn.Module):
    """Backbone, neck, mask encoder, ridge and decoder."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = EfficientNetLite0()
        self.neck = Neck()
        self.encoder = MaskEncoder()
        self.log_ridge = nn.Parameter(torch.full((9 * FEATURES + 1,), -5.0))
        self.decoder = Decoder()

    def look(self, frames: Float[Tensor, "batch 3 height width"]) -> FrameFeatures:
        """Everything that is computed once per frame; values in [0, 1], sides multiples of 32."""
        return cast(FrameFeatures, self.neck(self.backbone(frames)))

    def learn(
        self,
        features: Float[Tensor, "batch _ height8 width8"],
        masks: Float[Tensor, "objects height4 width4"],
        valid: Float[Tensor, "batch height8 width8"],
        others: Float[Tensor, "objects height8 width8"] | None = None,
        alike: Bool[Tensor, "objects objects"] | None = None,
        codes: Float[Tensor, "objects codes height8 width8"] | None = None,
    ) -> tuple[target.Gram, target.Cross]:
        """Normal equations for each object; soft masks at stride 4.

        With a batch of one the frame is shared by all objects, else object ``i`` learns from frame ``i``.

        Args:
            features: What the target model sees.
            masks: Of the objects.
            valid: 0 where a pixel must teach nothing.
            others: Where the other objects of the frame are; with a batch of one these are all the other masks.
            alike: Which objects look like which others, and so are no more than background to each other; by default
                none.
            codes: What the encoder says of the masks, if something else has computed it.
        """
        small = F.avg_pool2d(masks[:, None], 2).flatten(1)
        codes = (self.encoder(masks) if codes is None else codes).flatten(2).float()
        with torch.autocast(features.device.type, enabled=False):  # a Gram matrix needs the digits
            design, known = target.design(features.float()), valid.flatten(1)
            if len(features) == 1:
                return target.shared_equations(design, codes, small, known, alike)
            rest = torch.zeros_like(small) if others is None else others.flatten(1)
            return target.equations(design, codes, target.pixel_weights(small, known, rest))

    def solve(self, gram: target.Gram, cross: target.Cross) -> target.Cross:
        """Target models of all objects."""
        with torch.autocast(gram.device.type, enabled=False):
            return target.solve(gram, cross, self.log_ridge.exp())


class Neck(nn.Module):
    """A top-down pyramid over the backbone, ending in the shares that the target model and the decoder use."""

    def __init__(self) -> None:
        super().__init__()
        wide = {32: 96, 16: 96, 8: 64, 4: 32}
        self.lateral = nn.ModuleDict({str(s): _conv_norm(CHANNELS[s], wide[s], 1) for s in wide})
        self.down = nn.ModuleDict({str(s): nn.Conv2d(wide[2 * s], wide[s], 1) for s in (16, 8, 4)})
        self.smooth = nn.ModuleDict(
            {str(s): _conv_norm(wide[s], wide[s], 3).append(nn.ReLU()) for s in (16, 8, 4)}
        )
        self.target = nn.Sequential(
            _conv_norm(wide[8], wide[8], 3), nn.ReLU(), nn.Conv2d(wide[8], FEATURES, 1)
        )
        self.share = nn.ModuleDict(
            {str(s): nn.Conv2d(wide[s], WIDTHS[s], 3, padding=1) for s in WIDTHS}
        )

    def forward(self, maps: dict[int, Tensor]) -> FrameFeatures:
        """Pyramid features of a batch of frames."""
        top = self.lateral["32"](maps[32])
        shares = {}
        for stride in (16, 8, 4):
            key = str(stride)
            down = self.down[key](top)
            down = F.interpolate(down, scale_factor=2.0, mode="bilinear", align_corners=False)
            top = self.smooth[key](F.relu(self.lateral[key](maps[stride]) + down))
            shares[stride] = self.share[key](top)
            if stride == 8:
                features = self.target(top)
        # Every pixel gets the same length, so that the ridge means the same everywhere.
        features = F.normalize(features, dim=1) * FEATURES**0.5
        return FrameFeatures(features, shares)


class MaskEncoder(nn.Module):
    """A mask -> what the target model learns to predict at stride 8; channel 0 is the mask itself."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, CODES - 1, 3, padding=1),
        )

    def forward(
        self, masks: Float[Tensor, "objects height4 width4"]
    ) -> Float[Tensor, "objects codes height8 width8"]:
        """Encodings of soft masks in [0, 1] at stride 4."""
        return torch.cat([F.avg_pool2d(masks[:, None], 2), self.layers(masks[:, None])], 1)


class Decoder(nn.Module):
    """Scores of the target models and the previous mask -> one logit per pixel at stride 2."""

    def __init__(self) -> None:
        super().__init__()
        seen = 2 * CODES + 1 + OTHERS
        self.enter16 = nn.Conv2d(seen, WIDTHS[16], 3, padding=1)
        self.refine16 = _Residual(WIDTHS[16])
        self.enter8 = nn.Conv2d(seen, WIDTHS[8], 3, padding=1)
        self.down8 = nn.Conv2d(WIDTHS[16], WIDTHS[8], 1)
        self.refine8 = _Residual(WIDTHS[8])
        self.down4 = nn.Conv2d(WIDTHS[8], WIDTHS[4], 1)
        self.refine4 = _Residual(WIDTHS[4])
        self.head = nn.Conv2d(WIDTHS[4], 4, 3, padding=1)

    def forward(
        self,
        shares: dict[int, Float[Tensor, "batch _ _ _"]],
        scores: Float[Tensor, "objects codes2 height8 width8"],
        previous: Float[Tensor, "objects 1 height8 width8"],
        others: Float[Tensor, "objects others height8 width8"],
    ) -> Float[Tensor, "objects height2 width2"]:
        """Logits of each object.

        Args:
            shares: The frame's share by stride, batch of one or one per object.
            scores: Encodings seen by the anchor and by the adaptive target model.
            previous: Probability on the previous frame, 0 where nothing is known.
            others: What ``others_of`` returned.
        """
        seen = torch.cat([scores, previous, others], 1)
        x = F.relu(shares[16] + self.enter16(F.avg_pool2d(seen, 2)))
        x = _double(self.down8(self.refine16(x)))
        x = F.relu(shares[8] + self.enter8(seen) + x)
        x = _double(self.down4(self.refine8(x)))
        x = self.refine4(F.relu(shares[4] + x))
        return F.pixel_shuffle(self.head(x), 2)[:, 0]


def others_of(
    scores: Float[Tensor, "objects codes2 height8 width8"],
    previous: Float[Tensor, "objects 1 height8 width8"],
    samples: Int[Tensor, " objects"] | None = None,
    alike: Bool[Tensor, "objects objects"] | None = None,
) -> Float[Tensor, "objects others height8 width8"]:
    """Where the other objects of each object's frame are: what belongs to one cannot belong to another.

    Args:
        scores: What the target models of each object see.
        previous: Probability of each on the previous frame.
        samples: Of each object, which frame it is in; ``None`` if all are in one.
        alike: Which objects of one frame look like which others: what such a target model sees may be either.
    """
    own = torch.cat([scores[:, :1], scores[:, CODES : CODES + 1], previous], 1).clamp(0, 1)
    if samples is None:
        others = own.sum(0, keepdim=True) - own
        if alike is not None and alike.any():
            others[:, :2] -= torch.einsum("ij,jchw->ichw", alike.float(), own[:, :2])
        return others.clamp(0, 1)
    sums = own.new_zeros(int(samples.max()) + 1, *own.shape[1:]).index_add(0, samples, own)
    return (sums[samples] - own).clamp(0, 1)


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(F.relu(self.first(x))))


def _conv_norm(channels_in: int, channels_out: int, size: int) -> nn.Sequential:
    convolution = nn.Conv2d(channels_in, channels_out, size, padding=size // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(channels_out))


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
