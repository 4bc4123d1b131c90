"""What an object is remembered by: weighted samples of features, labels and pixel weights.

A memory is a value. Inserting makes a new tuple of samples; the tensors inside are shared and
never written to, so states cost only what is new in them.
"""

from dataclasses import dataclass, replace
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor


@dataclass(frozen=True)
class Sample:
    """One frame as the filter of one object sees it."""

    features: Float[Tensor, "channels rows columns"]
    """Projected features at stride 16."""
    labels: Float[Tensor, "height width"]
    """Probability of the object, at the size of the frame or on a coarser grid (``at_stride``)."""
    pixel_weights: Float[Tensor, "height width"]
    """What each pixel's residual is multiplied with."""


@dataclass(frozen=True)
class Memory:
    """Samples and their weights, which sum to 1."""

    samples: tuple[Sample, ...]
    """At most as many as the capacity."""
    weights: tuple[float, ...]
    """One per sample."""
    latest: int = -1
    """Place of the sample inserted last; -1 before the first insertion."""

    def __post_init__(self) -> None:
        if len(self.samples) != len(self.weights):
            raise ValueError(f"{len(self.samples)} samples but {len(self.weights)} weights")


def first_weights(count: int) -> tuple[float, ...]:
    """Weights of the samples of a first frame: the frame itself counts twice (released code)."""
    return tuple((2 if i == 0 else 1) / (count + 1) for i in range(count))


def insert(memory: Memory, sample: Sample, *, capacity: int, rate: float) -> Memory:
    """A memory with one more sample; when full, the sample of least weight is replaced.

    The first insertion gets weight ``rate`` while the others grow by 1 / (1 - rate); each later
    one gets the weight of the one before it, times 1 / (1 - rate). Then all are scaled to sum 1, so
    that recent samples weigh geometrically more (released code). A sample of the first frame may
    be replaced as well.
    """
    samples, weights = list(memory.samples), list(memory.weights)
    if memory.latest < 0:
        weights = [w / (1 - rate) for w in weights]
        new = rate
    else:
        new = weights[memory.latest] / (1 - rate)
    if len(samples) < capacity:
        place = len(samples)
        samples.append(sample)
        weights.append(new)
    else:
        place = min(range(len(weights)), key=weights.__getitem__)
        samples[place], weights[place] = sample, new
    total = sum(weights)
    return replace(
        memory, samples=tuple(samples), weights=tuple(w / total for w in weights), latest=place
    )


def at_stride(
    labels: Float[Tensor, "*samples height width"],
    weights: Float[Tensor, "*samples height width"],
    stride: int,
) -> tuple[Float[Tensor, "*samples rows columns"], Float[Tensor, "*samples rows columns"]]:
    """Labels and pixel weights on a grid of cells of ``stride`` pixels, under which the sum of squares hardly changes.

    A cell's label is the weighted mean of its pixels', its weight that of them all (ours). Stride 1 changes nothing.
    """
    if stride == 1:
        return labels, weights
    height, width = labels.shape[-2:]
    size = (-(-height // stride), -(-width // stride))
    squared = weights.square()
    mass, sums = (
        F.interpolate(values.reshape(1, -1, height, width), size, mode="area").reshape(
            *values.shape[:-2], *size
        )
        for values in (squared, squared * labels)
    )
    pixels = height * width / (size[0] * size[1])
    return sums / mass.clamp_min(1e-12), (pixels * mass).sqrt()


def pixel_weights(
    mask: Bool[Tensor, "height width"],
    known: Bool[Tensor, "height width"],
    *,
    weighting: Literal["hinge", "none"] = "hinge",
    fraction: float = 0.1,
    smallest: int = 10,
) -> Float[Tensor, "height width"]:
    """What to multiply each pixel's residual with.

    ``hinge`` (released code): if the object covers the share a < ``fraction`` of the frame, its
    pixels get the weight sqrt(fraction / a) and the others sqrt((1 - fraction) / (1 - a)); larger
    objects leave all at 1. Below ``smallest`` pixels a is taken to be ``fraction``.

    Args:
        mask: The object.
        known: False where the label is void; these pixels get weight 0 (ours).
        weighting: ``hinge`` or ``none`` (all ones).
        fraction: Influence that the foreground has at least.
        smallest: See above.
    """
    count, total = int((mask & known).sum()), int(known.sum())
    share = count / total if count >= smallest else fraction
    target = max(share, fraction) if weighting == "hinge" else share
    inside = (target / share) ** 0.5
    # A mask without background would give 0 / 0 in the released code.
    outside = ((1 - target) / (1 - share)) ** 0.5 if share < 1 else 1.0
    weights = torch.full(mask.shape, outside, device=mask.device)
    return weights.masked_fill(mask, inside).masked_fill(~known, 0.0)
