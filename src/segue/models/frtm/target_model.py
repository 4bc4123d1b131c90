"""The target model: two linear convolutions per object, fitted while the video runs.

A 1x1 projection and a 3x3 filter map stride-16 features to one raw score per cell, a regression of
the {0, 1} mask rather than a logit. Both are fitted on the first frame; later only the filter is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from segue.models.frtm.gauss_newton import Search, Vector, gauss_newton
from segue.models.frtm.memory import Memory, Sample, first_weights, insert
from segue.models.frtm.settings import FrtmSettings


@dataclass(frozen=True)
class TargetModel:
    """The weights that belong to one object."""

    projection: Float[Tensor, "channels features 1 1"]
    """Features to a few channels."""
    filter: Float[Tensor, "1 channels 3 3"]
    """Those to a score."""

    def project(
        self, features: Float[Tensor, "batch features rows columns"]
    ) -> Float[Tensor, "batch channels rows columns"]:
        """The features that the filter sees."""
        return F.conv2d(features, self.projection)

    def score(
        self, projected: Float[Tensor, "batch channels rows columns"]
    ) -> Float[Tensor, "batch 1 rows columns"]:
        """Raw scores, mostly between 0 and 1."""
        return F.conv2d(projected, self.filter, padding=1)


@dataclass(frozen=True)
class TargetState:
    """Everything that is remembered about one object."""

    model: TargetModel
    memory: Memory
    search: Search
    """Of the filter's optimiser."""
    calls: int = 0
    """Frames scored since the object began; every ``update_every``-th one updates the filter."""


def initial_model(
    features: int, channels: int, generator: torch.Generator, device: torch.device | str = "cpu"
) -> TargetModel:
    """A target model drawn as PyTorch draws convolutions (uniform, bound 1 / sqrt(fan in))."""
    projection = _uniform((channels, features, 1, 1), generator)
    weights = _uniform((1, channels, 3, 3), generator)
    return TargetModel(projection.to(device), weights.to(device))


def fit(
    model: TargetModel,
    features: Float[Tensor, "samples features rows columns"],
    labels: Float[Tensor, "samples height width"],
    pixel_weights: Float[Tensor, "samples height width"],
    settings: FrtmSettings,
) -> TargetState:
    """A new object: both layers together, then the filter alone on the projected features.

    Args:
        model: Where to start.
        features: Backbone features of the views of the first frame, the frame itself first.
        labels: The object in each view.
        pixel_weights: What each pixel's residual is multiplied with.
        settings: Iterations, regularisation, memory.
    """
    weights = first_weights(len(features))
    scale = _scale(pixel_weights, weights)
    project_decay, filter_decay = settings.regularisation

    def residuals(parameters: Vector) -> Vector:
        projection, kernel = parameters
        scores = TargetModel(projection, kernel)
        errors = _errors(scores.score(scores.project(features)), labels, scale)
        return errors, project_decay * projection, filter_decay * kernel

    (projection, kernel), _ = gauss_newton(
        residuals,
        (model.projection, model.filter),
        iterations=settings.init_iterations,
        preconditioner=settings.regularisation,
        forget=settings.forget_factor,
    )
    model = TargetModel(projection, kernel)
    samples = zip(model.project(features), labels, pixel_weights, strict=True)
    memory = Memory(tuple(Sample(*sample) for sample in samples), weights)
    state = TargetState(model, memory, Search(rho=torch.zeros((), device=kernel.device)))
    return refine(state, settings.filter_iterations, settings)


def refine(state: TargetState, iterations: int, settings: FrtmSettings) -> TargetState:
    """One Gauss-Newton step on the filter over the whole memory."""
    samples = state.memory.samples
    features = torch.stack([s.features for s in samples])
    labels = torch.stack([s.labels for s in samples])
    scale = _scale(torch.stack([s.pixel_weights for s in samples]), state.memory.weights)
    decay = settings.regularisation[1]

    def residuals(parameters: Vector) -> Vector:
        (kernel,) = parameters
        return _errors(F.conv2d(features, kernel, padding=1), labels, scale), decay * kernel

    (kernel,), search = gauss_newton(
        residuals,
        (state.model.filter,),
        iterations=(iterations,),
        preconditioner=(decay,),
        forget=settings.forget_factor,
        search=state.search,
    )
    return replace(state, model=replace(state.model, filter=kernel), search=search)


def remember(
    state: TargetState, sample: Sample, settings: FrtmSettings, *, at_once: bool = False
) -> TargetState:
    """The object after one more frame that it was scored on.

    Args:
        state: The object, with ``calls`` already counting this frame.
        sample: The frame and its merged mask.
        settings: Capacity, rate and interval.
        at_once: Update the filter now, whatever the interval says (ours, for corrected masks).
    """
    memory = insert(state.memory, sample, capacity=settings.memory_size, rate=settings.memory_rate)
    state = replace(state, memory=memory)
    if at_once or state.calls % settings.update_every == 0:
        state = refine(state, settings.update_iterations, settings)
    return state


def _errors(
    scores: Float[Tensor, "samples 1 rows columns"],
    labels: Float[Tensor, "samples height width"],
    scale: Float[Tensor, "samples height width"],
) -> Float[Tensor, "samples height width"]:
    size = (labels.shape[-2], labels.shape[-1])
    enlarged = F.interpolate(scores, size, mode="bilinear", align_corners=False)
    return scale * (enlarged[:, 0] - labels)


def _scale(pixel_weights: Tensor, weights: Sequence[float]) -> Tensor:
    shares = torch.tensor(weights, dtype=pixel_weights.dtype, device=pixel_weights.device)
    return shares.sqrt()[:, None, None] * pixel_weights


def _uniform(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    bound = float(torch.Size(shape[1:]).numel()) ** -0.5
    return torch.empty(shape).uniform_(-bound, bound, generator=generator)
