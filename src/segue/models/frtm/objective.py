"""What FRTM's decoder is trained for, and a reuse gate with it: the masks of a clip, from one given mask.

Target models are fitted to the first frame and then left alone. With a gate, both paths are worked out on every frame;
the decision is hard, and its gradient passes straight through (see ``segue.nn.reuse.gate``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from segue.models.frtm.memory import at_stride
from segue.models.frtm.network import (
    GATE_STRIDE,
    TARGET_STRIDE,
    Features,
    FrtmNetwork,
    ReuseParts,
    resize,
)
from segue.models.frtm.refiner import DEEP, STRIDES, Reduced
from segue.models.frtm.settings import FrtmSettings
from segue.models.frtm.target_model import TargetModel, fit, initial_model
from segue.nn.reuse.gate import straight_through
from segue.nn.reuse.objective import GateLossSettings, delta_loss, gate_loss, overlap
from segue.settings import Settings

Losses = dict[str, Float[Tensor, ""]]

Look = Callable[[Tensor, int], Features]
"""Frames with values in [0, 1] and the deepest stride wanted -> features, as ``FrtmNetwork.look``."""


class ObjectiveSettings(Settings):
    """How a gate is trained; without one there is nothing to choose."""

    gate: GateLossSettings = GateLossSettings()
    path: Literal["as-tested", "released"] = "as-tested"
    """``as-tested``: a computed frame is computed from itself, and its map is what later frames carry over.
    ``released``: where the gate reuses, the computed map is made again from the last computed frame, and the carried
    map is replaced then and kept after a computed frame, the reverse of what the test does."""


@dataclass(frozen=True)
class Past:
    """The last computed frame of each sample of a batch."""

    scores: Float[Tensor, "batch 1 rows columns"]
    refined: Float[Tensor, "batch channels rows columns"]
    deep: Reduced
    """The decoder's view of the deep features."""
    masks: Bool[Tensor, "batch height width"]
    """The truth."""


def fit_targets(
    network: FrtmNetwork,
    views: Float[Tensor, "batch views 3 height width"],
    masks: Bool[Tensor, "batch views height width"],
    settings: FrtmSettings,
    look: Look | None = None,
) -> list[TargetModel]:
    """One target model per sample, fitted to views of its first frame.

    Args:
        network: Its backbone is used.
        views: Values in [0, 1]; the frame itself first.
        masks: The object in them.
        settings: Of the target models, usually with ``settings.OFFLINE``; pixel weights are always 1, as there.
        look: In place of the network's own, such as a faster copy of it.
    """
    generator = torch.Generator().manual_seed(int(torch.randint(2**62, ())))
    models = []
    with torch.no_grad():
        seen = (look or network.look)(views.flatten(0, 1), TARGET_STRIDE)[TARGET_STRIDE].float()
        # Conjugate gradients need all digits.
        with torch.autocast(views.device.type, enabled=False):
            own_views = seen.reshape(*views.shape[:2], *seen.shape[1:])
            for features, own_masks in zip(own_views, masks.float(), strict=True):
                start = initial_model(seen.shape[1], settings.channels, generator, views.device)
                truth = at_stride(own_masks, torch.ones_like(own_masks), settings.label_stride)
                models.append(fit(start, features, *truth, settings).model)
    return models


def objective(
    network: FrtmNetwork,
    frames: Float[Tensor, "batch time 3 height width"],
    masks: Bool[Tensor, "batch time height width"],
    models: Sequence[TargetModel],
    settings: ObjectiveSettings,
    epoch: float = 0.0,
    look: Look | None = None,
) -> Losses:
    """Losses by name, averaged over all frames but the first; their sum is what the paper minimises (equation 6).

    Args:
        network: In training mode.
        frames: Values in [0, 1]; the first is the one that the target models were fitted to.
        masks: The object on every frame.
        models: One per sample.
        settings: Of the gate.
        epoch: For its margin.
        look: In place of the network's own, such as a faster copy of it.
    """
    # Without a gate the first frame is looked at only by the target models.
    first = 0 if network.reuse else 1
    frames, masks = frames[:, first:], masks[:, first:]
    time = frames.shape[1]
    with torch.no_grad():
        # Time goes before the batch, so that each frame's maps stay in one piece.
        together = (look or network.look)(frames.transpose(0, 1).flatten(0, 1), STRIDES[0])
    features = [{s: m.chunk(time)[t] for s, m in together.items()} for t in range(time)]
    scores = [_score(models, seen[TARGET_STRIDE]) for seen in features]
    if network.reuse is None:
        truth = masks.transpose(0, 1).flatten(0, 1)
        return _plain(network, together, torch.cat(scores), truth)
    found = _Gated(network, network.reuse, settings, epoch).losses(features, scores, masks)
    return {name: torch.stack([losses[name] for losses in found]).mean() for name in found[0]}


def _plain(network: FrtmNetwork, seen: Features, scores: Tensor, truth: Tensor) -> Losses:
    """All frames at once."""
    reduced = network.refiner.reduce(seen)
    size = (truth.shape[-2], truth.shape[-1])
    return {"cross_entropy": _cross_entropy(network.refiner(reduced, scores, size), truth)}


@dataclass(frozen=True)
class _Gated:
    network: FrtmNetwork
    parts: ReuseParts
    settings: ObjectiveSettings
    epoch: float

    def losses(
        self, features: Sequence[Features], scores: Sequence[Tensor], masks: Tensor
    ) -> list[Losses]:
        """Of every frame but the first, from frame to frame."""
        first = features[0]
        given = masks[:, :1].float()
        templates = self.parts.template(first[GATE_STRIDE], given, "bilinear")
        reduced = self.network.refiner.reduce(first)
        past = Past(
            resize(given, scores[0].shape[-2:], "bilinear"),
            self.network.refiner.refine(reduced, scores[0]),
            {s: reduced[s] for s in DEEP},
            masks[:, 0],
        )
        found = []
        for seen, score, truth in zip(
            features[1:], scores[1:], masks[:, 1:].unbind(1), strict=True
        ):
            losses, past = self._step(seen, score, truth, templates, past)
            found.append(losses)
        return found

    def _step(
        self, seen: Features, scores: Tensor, truth: Tensor, templates: Tensor, past: Past
    ) -> tuple[Losses, Past]:
        parts, refiner = self.parts, self.network.refiner
        known = past.scores if parts.compared == "score" else past.masks[:, None].float()
        dissimilarity = parts.dissimilarity(seen[GATE_STRIDE], known, templates)
        delta, probability = parts.delta(dissimilarity), parts.gate(dissimilarity)
        decided = straight_through(probability)
        weight = decided[:, None, None, None]
        reused = weight.detach() > 0.5

        reduced = refiner.reduce(seen)
        computed = self._compute(reduced, scores, reused, past)
        translated = parts.translator(past.refined, delta)
        # The one place where the error of the mask reaches the decision.
        refined = weight * translated + (1 - weight) * computed
        estimate = torch.where(reused, past.scores + delta, scores)
        logits = refiner.finish(reduced, estimate, refined, (truth.shape[-2], truth.shape[-1]))

        small = resize(truth[:, None].float(), scores.shape[-2:], "bilinear")
        same = overlap(truth, past.masks)
        losses = {
            "cross_entropy": _cross_entropy(logits, truth),
            "delta": delta_loss(delta, small, resize(known, small.shape[-2:], "bilinear")),
            "gate": gate_loss(probability, decided, same, self.epoch, self.settings.gate),
        }
        return losses, self._remember(past, reduced, scores, computed, truth, reused)

    def _compute(self, reduced: Reduced, scores: Tensor, reused: Tensor, past: Past) -> Tensor:
        if self.settings.path == "as-tested":
            return self.network.refiner.refine(reduced, scores)
        deep = {s: torch.where(reused, past.deep[s], reduced[s]) for s in DEEP}
        return self.network.refiner.refine(deep, torch.where(reused, past.scores, scores))

    def _remember(
        self,
        past: Past,
        reduced: Reduced,
        scores: Tensor,
        computed: Tensor,
        truth: Tensor,
        reused: Tensor,
    ) -> Past:
        kept = reused if self.settings.path == "as-tested" else ~reused
        return Past(
            torch.where(reused, past.scores, scores),
            torch.where(kept, past.refined, computed),
            {s: torch.where(reused, past.deep[s], reduced[s]) for s in DEEP},
            torch.where(reused[:, 0], past.masks, truth),
        )


def _score(
    models: Sequence[TargetModel], features: Tensor
) -> Float[Tensor, "batch 1 rows columns"]:
    pairs = zip(models, features[:, None].float().unbind(), strict=True)
    with torch.autocast(features.device.type, enabled=False):
        return torch.cat([model.score(model.project(own)) for model, own in pairs])


def _cross_entropy(
    logits: Float[Tensor, "batch 1 height width"], truth: Bool[Tensor, "batch height width"]
) -> Float[Tensor, ""]:
    return F.binary_cross_entropy_with_logits(logits[:, 0].float(), truth.float())
