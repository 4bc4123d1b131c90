"""Fine-tune SlowFast VOS: the masked frame in the middle of its window is the one that heads learn from."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor, nn

from segue.data.clips import recolour
from segue.data.given_clips import MaskedFrame
from segue.data.given_views import View, draw_view
from segue.models.slowfast.build import OURS, create_network, load_network, settings_of
from segue.models.slowfast.model import mirrored
from segue.models.slowfast.network import SlowFastNetwork
from segue.models.slowfast.pretrained import start_from_detector
from segue.models.slowfast.settings import LITE, variant
from segue.training.curriculum import Conditions
from segue.training.finetune.clips import Clips
from segue.training.finetune.footage import Footage
from segue.training.finetune.learner import Learner
from segue.training.finetune.slowfast_settings import Border, SlowFastFinetuneSettings
from segue.training.task import Batch, Sample, Task
from segue.training.tasks.slowfast_objective import ObjectiveSettings, SlowFastObjective

_FULL = "slowfast"
_MOST_BYTES = 2**30
"""Of features that are kept."""
_CELLS = 4 / 3 / 16
"""Cells of all levels of a pyramid per pixel: strides 4, 8, 16, ..."""


def reach(weights: Path) -> int:
    """Frames before and after a masked one that its window holds.

    Raises:
        NotFoundError: No such file.
        WeightsError: The file is damaged.
        SettingsError: Such a network cannot be.
    """
    return settings_of(LITE, {}, weights).window // 2 if weights.suffix == OURS else 0


def build_lite(footage: Footage, settings: SlowFastFinetuneSettings, weights: Path) -> Task:
    """The task of ``slowfast-lite``; see ``build``."""
    return build(LITE, footage, settings, weights)


def build_full(footage: Footage, settings: SlowFastFinetuneSettings, weights: Path) -> Task:
    """The task of ``slowfast``; see ``build``."""
    return build(_FULL, footage, settings, weights)


def build(name: str, footage: Footage, settings: SlowFastFinetuneSettings, weights: Path) -> Task:
    """The task; paths and norms of the network are those of the weights.

    Args:
        name: ``slowfast`` or ``slowfast-lite``.
        footage: The masked frames, and ``reach`` frames around each.
        settings: How to learn.
        weights: Where to begin; for ``slowfast`` also torchvision's file, whose predictors are replaced.

    Raises:
        WeightsError: The weights to begin with belong to another model.
        InputError: The objects are too small to be seen.
    """
    torch.manual_seed(settings.seed)
    network = _network(name, weights)
    size_hw = network.working_hw(footage.size_hw)
    masked = tuple(one for one in footage.masked if one.shows_objects)
    sample = partial(_sample, footage, masked, settings, network.window, size_hw)
    sample(np.random.default_rng(settings.seed))  # what cannot be seen is said before the work
    objective = _objective(network, settings, size_hw)
    learner = Learner(name, network, objective, network.settings.trained_with)
    samples = Clips(len(masked), sample, settings.views or None)
    return learner.task(samples, Conditions(size_hw=size_hw))


class DriftingStatistics(nn.Module):
    """An objective under which the module normalises by its own batch, and the stored statistics follow.

    So it is in the released code, where a frozen module only keeps its weights: the statistics that drift over the run
    are those that are used afterwards.
    """

    def __init__(self, objective: SlowFastObjective) -> None:
        super().__init__()
        self.objective = objective

    def forward(self, batch: Batch, conditions: Conditions) -> dict[str, Tensor]:
        """See ``segue.training.task.Task.objective``."""
        if self.objective.network.slowfast is not None:
            self.objective.network.slowfast.train()
        losses: dict[str, Tensor] = self.objective(batch, conditions)
        return losses


def _network(name: str, weights: Path) -> SlowFastNetwork:
    if weights.suffix == OURS:
        network = load_network(name, {}, weights)
    else:
        network = create_network(name, variant(name, {"module": False}))
        start_from_detector(network, name, weights)
    as_images: Any = {"memory_format": torch.channels_last}
    for part in (network.backbone, network.rpn, network.roi_heads):
        part.to(**as_images)  # the module's weights have an axis more
    return network


def _objective(
    network: SlowFastNetwork, settings: SlowFastFinetuneSettings, size_hw: tuple[int, int]
) -> nn.Module:
    backbone: Any = network.backbone
    num_bytes = 4 * backbone.out_channels * size_hw[0] * size_hw[1] * _CELLS
    cached = min(settings.views * network.window, int(_MOST_BYTES / num_bytes))
    proposals = "training" if settings.recipe == "report" else "use"
    objective = SlowFastObjective(
        network, ObjectiveSettings.parse({"cached": cached, "proposals": proposals})
    )
    return DriftingStatistics(objective) if settings.statistics == "drifting" else objective


def _sample(
    footage: Footage,
    masked: tuple[MaskedFrame, ...],
    settings: SlowFastFinetuneSettings,
    length: int,
    size_hw: tuple[int, int],
    rng: np.random.Generator,
) -> Sample:
    """A masked frame and those around it, all in one view."""
    one = masked[int(rng.integers(len(masked)))]
    view = draw_view(
        one.labels,
        size_hw,
        rng,
        flip=settings.flip,
        rotation=settings.rotation,
        scale=settings.scale,
    )
    places = places_around(footage, one.index, length, settings.border)
    return {
        "frames": _shown(footage, places, view, size_hw, settings.colour),
        "labels": view.labelled(one.labels, size_hw),
        "inside": np.array([place is not None for place in places]),
        "keys": tuple((view, place) for place in places),
    }


def _shown(
    footage: Footage,
    places: tuple[int | None, ...],
    view: View,
    size_hw: tuple[int, int],
    colour: float,
) -> UInt8[np.ndarray, "time rows columns 3"]:
    """The frames of a window; one that it holds twice is the same both times, as its features are kept."""
    there = sorted({place for place in places if place is not None})
    pictures = [footage.frame_at(place) for place in there]
    shown = np.stack([view.shown(frame, size_hw) for frame in pictures if frame is not None])
    if colour:
        shown = recolour(shown, colour, np.random.default_rng(view.light))
    by_place = dict(zip(there, shown, strict=True))
    black = np.zeros_like(shown[0])
    return np.stack([black if place is None else by_place[place] for place in places])


def places_around(
    footage: Footage, index: int, length: int, border: Border
) -> tuple[int | None, ...]:
    """The frames of a window by their places in the video; ``None``: the module sees nothing there.

    Args:
        footage: With the frames around the masked one.
        index: Of the masked frame, which is the middle one.
        length: Frames of the window.
        border: What is seen where the video has no frames.
    """
    ahead = length // 2
    places = [index + footage.every * k for k in range(-ahead, length - ahead)]
    known = [i for i, place in enumerate(places) if footage.frame_at(place) is not None]
    if border == "mirror":
        first, count = known[0], known[-1] - known[0] + 1
        places = [places[first + mirrored(i - first, count)] for i in range(length)]
    return tuple(None if footage.frame_at(place) is None else place for place in places)
