"""What segue-lite learns while it goes through a video: target models, from given masks and from its own."""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from segue.media.masks import object_ids
from segue.models.given import size_of
from segue.models.lite import target
from segue.models.lite.graphs import LiteGraphs
from segue.models.lite.network import FrameFeatures
from segue.models.lite.padded import frame_tensor, mask_shares, valid_shares
from segue.models.lite.recognition import likeness_of
from segue.models.lite.settings import LiteSettings
from segue.models.lite.state import LiteState
from segue.models.lite.views import views_of
from segue.models.lite.ways import alike, begun, joined, looks_of
from segue.models.scene import thumbnail
from segue.types import Frame, Labels, Prediction

_HARDLY = 0.01  # a lower probability is taken for none where the model learns from its own masks


@dataclass(frozen=True, slots=True)
class Learner:
    """Learns target models; a memory goes in, and one that knows more comes out.

    Args:
        graphs: Look at other views of a given frame, and fit.
        settings: How the memory is kept.
        device: Where the network runs.
    """

    graphs: LiteGraphs
    settings: LiteSettings
    device: torch.device

    def given(
        self, features: FrameFeatures, frame: Frame, labels: Labels, state: LiteState | None
    ) -> LiteState:
        """Learn the objects of a given mask: new ones enter, known ones are learned anew from both masks.

        Args:
            features: Of the frame.
            frame: At working size.
            labels: At working size.
            state: ``None`` on the first frame; the sizes of the new memory are then those of ``frame``.
        """
        ids = tuple(object_ids(labels))
        gram, cross = self._equations(features.target, labels, ids)
        views = views_of(frame, labels) if self.settings.augment else []
        for view, view_labels in views:
            seen = self.graphs.look(frame_tensor(view, self.device))
            extra = self._equations(seen.target, view_labels, ids)
            gram, cross = gram + extra[0], cross + extra[1]
        gram, cross = gram / (1 + len(views)), cross / (1 + len(views))
        masks = mask_shares(labels, ids, size_of(labels), self.device)
        previous = F.avg_pool2d(masks, 2)[:, None]
        looks = looks_of(features.target, previous)
        if state is None:
            fixed = self.graphs.solve(gram, cross)
            own = _own_likeness(fixed, features, previous)
            learned = (gram, cross, gram, cross, fixed, fixed)
            known_of = (previous, areas_of(previous), begun(previous), looks, own)
            size, last = size_of(frame), torch.from_numpy(thumbnail(frame))
            return LiteState(size, size, last, 0, 0, ids, *learned, *known_of)
        known = {i: row for row, i in enumerate(state.ids)}
        for row, i in enumerate(ids):
            if i in known:  # a corrected object keeps what was given before
                gram[row] = gram[row].lerp(state.anchor_gram[known[i]], 0.5)
                cross[row] = cross[row].lerp(state.anchor_cross[known[i]], 0.5)
        fixed = self.graphs.solve(gram, cross)
        own = _own_likeness(fixed, features, previous)
        kept = [row for row, i in enumerate(state.ids) if i not in ids]
        # Pixels that now belong to a given object cannot belong to another one.
        free = 1 - previous.sum(0, keepdim=True).clamp(0, 1)
        return LiteState(
            state.size_hw,
            state.working_hw,
            state.last,
            state.unlearned,
            state.turn,
            tuple(state.ids[row] for row in kept) + ids,
            torch.cat([state.anchor_gram[kept], gram]),
            torch.cat([state.anchor_cross[kept], cross]),
            torch.cat([state.moving_gram[kept], gram]),
            torch.cat([state.moving_cross[kept], cross]),
            torch.cat([state.fixed[kept], fixed]),
            torch.cat([state.adaptive[kept], fixed]),
            torch.cat([state.previous[kept] * free, previous]),
            torch.cat([state.areas[kept], areas_of(previous)]),
            joined(state.ways, kept, begun(previous)),
            torch.cat([state.looks[kept], looks]),
            torch.cat([state.likeness[kept], own]),
        )

    def own(
        self,
        features: FrameFeatures,
        quarter: Float[Tensor, "objects height4 width4"],
        prediction: Prediction,
        state: LiteState,
    ) -> LiteState:
        """Add the model's own masks to the moving memory, of the objects that it is sure of.

        Args:
            features: Of the frame.
            quarter: Probabilities of all objects at stride 4.
            prediction: Says how sure the model is.
            state: Not changed.
        """
        sure = [
            row
            for row, i in enumerate(state.ids)
            if not prediction.scores[i].absent
            and prediction.scores[i].confidence >= self.settings.min_confidence
        ]
        if not sure:
            return state
        valid = valid_shares(state.working_hw, self.device)
        masks = F.threshold(quarter[sure], _HARDLY, 0.0)
        gram, cross = self.graphs.learn(features.target, masks, valid, alike(state.looks[sure]))
        rate = self.settings.memory_rate
        moving_gram, moving_cross = state.moving_gram.clone(), state.moving_cross.clone()
        moving_gram[sure] = moving_gram[sure].lerp(gram, rate)
        moving_cross[sure] = moving_cross[sure].lerp(cross, rate)
        adaptive = state.adaptive.clone()
        share = self.settings.anchor_share
        adaptive[sure] = self.graphs.solve(
            moving_gram[sure].lerp(state.anchor_gram[sure], share),
            moving_cross[sure].lerp(state.anchor_cross[sure], share),
        )
        return replace(state, moving_gram=moving_gram, moving_cross=moving_cross, adaptive=adaptive)

    def _equations(
        self, features: Tensor, labels: Labels, ids: tuple[int, ...]
    ) -> tuple[target.Gram, target.Cross]:
        valid = valid_shares(size_of(labels), self.device, labels)
        masks = mask_shares(labels, ids, size_of(labels), self.device)
        looks = looks_of(features, F.avg_pool2d(masks, 2)[:, None])
        return self.graphs.learn(features, masks, valid, alike(looks))


def areas_of(previous: Float[Tensor, "objects 1 height8 width8"]) -> Float[Tensor, " objects"]:
    """Area of each object, in stride-8 cells."""
    return (previous > 0.5).sum((1, 2, 3)).float()


def usual_areas(
    state: LiteState, previous: Float[Tensor, "objects 1 height8 width8"], rate: float
) -> Float[Tensor, " objects"]:
    """Areas over the last frames on which each object was in view."""
    areas = areas_of(previous)
    return torch.where(areas > 0, state.areas.lerp(areas, rate), state.areas)


def _own_likeness(
    models: target.Cross,
    features: FrameFeatures,
    masks: Float[Tensor, "objects 1 height8 width8"],
) -> Float[Tensor, " objects"]:
    """What target models say of the masks that they have learned."""
    scores = target.apply(torch.cat([models, models], 2), features.target)
    return likeness_of(masks[:, 0], scores)
