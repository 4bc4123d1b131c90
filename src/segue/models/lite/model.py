"""segue-lite: one look at the frame for all objects, a linear target model per object, a small decoder."""

import copy
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor

from segue.media.masks import object_ids
from segue.media.resize import Resizer, shrink
from segue.models.given import check_first, check_frame, check_mask, overrule, size_of
from segue.models.interface import PartClock, untimed
from segue.models.lite import sizes, target
from segue.models.lite.graphs import LiteGraphs
from segue.models.lite.network import CODES, FrameFeatures, LiteNetwork, others_of
from segue.models.lite.reappearing import middles, moved, regained
from segue.models.lite.recognition import RECOGNISED, likeness, likeness_of, may_be_there
from segue.models.lite.regions import Found, Region, nowhere, part_near, spread, whole
from segue.models.lite.search import search
from segue.models.lite.settings import LiteSettings
from segue.models.lite.state import LiteState
from segue.models.lite.views import views_of
from segue.models.painting import PaintedProbabilities, paint
from segue.models.reuse.host import WindowAnswer
from segue.models.scene import Thumbnail, is_cut, thumbnail
from segue.nn.backends.int8 import Ranges
from segue.nn.backends.interface import Backend
from segue.types import BACKGROUND, VOID, Frame, GivenLabels, Labels, ObjectScore, Prediction

_AREA_RATE = 0.05  # an object's usual area is that of about the last twenty frames
_HARDLY = 0.01  # a lower probability is taken for none where the model learns from its own masks
_LEFT = 0.3
"""Share of its usual area below which an object is no longer followed through a window."""
_MULTIPLE = 32  # sides must divide by the largest stride of the backbone


class LiteModel:
    """Implements ``VideoModel[LiteState]``.

    Args:
        network: With trained weights, where it shall run.
        settings: How the memory is kept.
        backend: Computes the network. A memory that was made with one backend may go on with another.
        ranges: Of the convolutions that shall compute in eight bits.

    Raises:
        WeightsError: The ranges do not fit the network.
    """

    name = "segue-lite"
    lookahead = 0
    state_type = LiteState

    def __init__(
        self,
        network: LiteNetwork,
        settings: LiteSettings,
        backend: Backend,
        ranges: Ranges | None = None,
    ) -> None:
        self.network = network
        self.settings = settings
        self._max_side: int | None = None
        self._fast = LiteGraphs(network, backend, ranges)
        self._device = next(network.parameters()).device
        self._clock: PartClock = untimed

    @property
    def parameters_per_object(self) -> int:
        """Coefficients of the two target models of an object."""
        return 2 * self.network.log_ridge.numel() * CODES

    def bounded(self, max_side: int | None) -> "LiteModel":
        """See ``ScalingModel.bounded``; networks are shared."""
        if max_side == self._max_side:
            return self
        model = copy.copy(self)
        model._max_side = max_side
        return model

    def working_hw(self, size_hw: tuple[int, int]) -> tuple[int, int]:
        """See ``SizingModel.working_hw``."""
        return sizes.working_hw(size_hw, self._max_side)

    def timed(self, clock: PartClock) -> "LiteModel":
        """See ``TimedModel.timed``: ``backbone``, ``decoder``, and ``memory`` for what the target models do."""
        model = copy.copy(self)
        model._fast, model._clock = self._fast.timed(clock), clock
        return model

    def probabilities(self, state: LiteState) -> Tensor:
        """See ``TellingModel.probabilities``."""
        return state.previous

    @torch.no_grad()
    def start(
        self, frame: Frame, labels: GivenLabels | None = None
    ) -> tuple[Prediction, LiteState]:
        """Learn the objects of the first frame; see ``VideoModel.start``."""
        labels = check_first(self.name, frame, labels)
        resizer = Resizer(size_of(frame), self.working_hw(size_of(frame)))
        small = resizer.shrink(frame)
        features = self._fast.look(self._tensor(small))
        with self._clock("memory"):
            state = self._learn_given(features, small, resizer.shrink_labels(labels), None)
        state = replace(state, size_hw=size_of(frame), last=_thumbnail(frame))
        scores = {i: ObjectScore(confidence=1.0) for i in state.ids}
        return Prediction(np.where(labels == VOID, BACKGROUND, labels), scores), state

    @torch.no_grad()
    def step(
        self, frame: Frame, state: LiteState, labels: GivenLabels | None = None
    ) -> tuple[Prediction, LiteState]:
        """Carry the objects on to the next frame; see ``VideoModel.step``."""
        check_frame(frame, state.size_hw)
        resizer = Resizer(state.size_hw, state.working_hw)
        small, last = resizer.shrink(frame), _thumbnail(frame)
        features = self._fast.look(self._tensor(small))
        if is_cut(last.numpy(), state.last.numpy()):
            # What was where in another scene says nothing.
            state = replace(state, previous=torch.zeros_like(state.previous))
        scores = self._see(features, state)
        others = others_of(scores, state.previous)
        decode = partial(self._decode, features, scores, others, state)
        found = search(decode, scores, state, self.settings.reach)
        found = regained(found, scores, state)
        logits = spread(found, state.previous)
        probabilities = _merge(logits)
        patches = {i: one.patch(resizer) for i, one in zip(state.ids, found, strict=True)}
        painted = paint(patches, state.size_hw)
        sure = _scores(logits, probabilities, painted, state.ids)
        prediction = Prediction(painted, sure, PaintedProbabilities(patches, state.size_hw))
        quarter = F.avg_pool2d(probabilities, 2)
        previous = F.avg_pool2d(quarter, 2)[:, None]
        places, speeds = moved(state, previous, 1)
        state = replace(
            state,
            last=last,
            places=places,
            speeds=speeds,
            unlearned=state.unlearned + 1,
            turn=state.turn + 1,
            previous=previous,
            areas=_usual(state, previous, _AREA_RATE),
        )
        if state.unlearned >= self.settings.update_every:
            with self._clock("memory"):
                state = self._learn_own(features, quarter, prediction, state)
            state = replace(state, unlearned=0)
        if labels is not None and object_ids(labels):
            check_mask(labels, state.size_hw)
            with self._clock("memory"):
                state = self._learn_given(features, small, resizer.shrink_labels(labels), state)
            prediction = overrule(prediction, labels)
            prediction = replace(prediction, scores={i: prediction.scores[i] for i in state.ids})
        return prediction, state

    def propagated(
        self, state: LiteState, labels: Labels, frames: int, last: Thumbnail
    ) -> LiteState:
        """The memory after frames that were carried over; see ``ReuseHost.propagated``.

        The last mask is what was carried; nothing is learned from it.
        """
        previous = F.avg_pool2d(self._masks(labels, state.ids, state.working_hw), 2)[:, None]
        areas = _usual(state, previous, 1 - (1 - _AREA_RATE) ** frames)
        places, speeds = moved(state, previous, frames)
        return replace(
            state,
            places=places,
            speeds=speeds,
            last=torch.from_numpy(last),
            unlearned=state.unlearned + frames,
            previous=previous,
            areas=areas,
        )

    def resized(self, state: LiteState, working_hw: tuple[int, int]) -> LiteState:
        """See ``ScalingModel.resized``; what was learned holds for both sizes."""
        scale = [new / old for new, old in zip(working_hw, state.working_hw, strict=True)]
        scaled = F.interpolate(state.previous, scale_factor=scale, mode="bilinear")
        rows, columns = (-(-side // _MULTIPLE) * _MULTIPLE // 8 for side in working_hw)
        missing = (0, columns - scaled.shape[3], 0, rows - scaled.shape[2])
        areas = state.areas * (scale[0] * scale[1])
        ratio = state.places.new_tensor(scale[::-1])
        return replace(
            state,
            working_hw=working_hw,
            previous=F.pad(scaled, missing),
            areas=areas,
            places=state.places * ratio,
            speeds=state.speeds * ratio,
        )

    def hidden(self, state: LiteState, object_ids: Collection[int]) -> LiteState:
        """See ``HidingModel.hidden``: nothing is expected where they were, so they are searched for."""
        rows = [row for row, i in enumerate(state.ids) if i in object_ids]
        previous = state.previous.clone()
        previous[rows] = 0
        return replace(state, previous=previous)

    def working_pixel(self, state: LiteState) -> float:
        """See ``WindowHost.working_pixel``."""
        return max(state.size_hw) / max(state.working_hw)

    @torch.no_grad()
    def infer_window(
        self,
        view: Frame,
        last: Float[Tensor, "objects 1 rows8 columns8"],
        state: LiteState,
        scale: float,
        rows: Sequence[int],
        asked: int,
    ) -> WindowAnswer:
        """Where the objects are in a part of a frame; see ``WindowHost.infer_window``."""
        previous = last.to(self._device)
        features = self._fast.look(self._tensor(view))
        scores = self._see(features, state, rows)
        others = others_of(scores, previous)[:asked]
        scores, rows = scores[:asked], rows[:asked]
        own = state.likeness[list(rows)]
        logits = self._decode_each(features, scores, previous[:asked], others, own.tolist())
        like = (likeness(logits, scores) / (RECOGNISED * own)).clamp(0, 1)
        # What is left of an object that goes behind something may be left of something else.
        areas = (logits > 0).sum((1, 2)) * (scale / 4) ** 2
        left = (areas / (_LEFT * state.areas[list(rows)]).clamp_min(1)).clamp(0, 1)
        # The first code of a target model is the mask itself.
        return WindowAnswer(logits, scores[:, [0, CODES]], like * left)

    def _decode_each(
        self,
        features: FrameFeatures,
        scores: Float[Tensor, "objects codes2 height8 width8"],
        previous: Float[Tensor, "objects 1 height8 width8"],
        others: Float[Tensor, "objects others height8 width8"],
        own: Sequence[float],
    ) -> Float[Tensor, "objects height2 width2"]:
        """Masks one by one, so that a graph serves any number of objects: of each in the part where it may be.

        An object that was not there is decoded only if its target model sees anything like it.
        """
        if len(scores) == 1:
            return self._fast.decoder(features.decoder, scores, previous, others)
        found = []
        for row in range(len(scores)):
            seen, last, rest = (x[row : row + 1] for x in (scores, previous, others))
            region = part_near(last, self.settings.reach)
            if region is None and not may_be_there(seen[0], own[row]):
                found.append(nowhere(last))
                continue
            region = region or whole(last)
            shares = {
                stride: region.of(share, stride) for stride, share in features.decoder.items()
            }
            parts = (region.of(x, 8) for x in (seen, last, rest))
            logits = self._fast.decoder(shares, *parts)
            found.append(Found(region, logits))
        return spread(found, previous)

    def _decode(
        self,
        features: FrameFeatures,
        scores: Float[Tensor, "objects codes2 height8 width8"],
        others: Float[Tensor, "objects others height8 width8"],
        state: LiteState,
        row: int,
        region: Region,
    ) -> Found:
        shares = {stride: region.of(share, stride) for stride, share in features.decoder.items()}
        one = slice(row, row + 1)
        seen = (region.of(of_all[one], 8) for of_all in (scores, state.previous, others))
        return Found(region, self._fast.decoder(shares, *seen))

    def _see(
        self, features: FrameFeatures, state: LiteState, rows: Sequence[int] | None = None
    ) -> Float[Tensor, "objects codes2 height8 width8"]:
        """What the two target models of each object see, or of those of some rows."""
        with self._clock("memory"):
            models = torch.cat([state.fixed, state.adaptive], 2)
            if rows is not None and len(rows) < len(state.ids):
                models = models[list(rows)]
            return target.apply(models, features.target)

    def _learn_own(
        self,
        features: FrameFeatures,
        quarter: Float[Tensor, "objects height4 width4"],
        prediction: Prediction,
        state: LiteState,
    ) -> LiteState:
        """Add the model's own masks to the moving memory, of the objects that it is sure of."""
        sure = [
            row
            for row, i in enumerate(state.ids)
            if not prediction.scores[i].absent
            and prediction.scores[i].confidence >= self.settings.min_confidence
        ]
        if not sure:
            return state
        valid = self._valid(state.working_hw)
        masks = F.threshold(quarter[sure], _HARDLY, 0.0)
        gram, cross = self._fast.learn(features.target, masks, valid)
        rate = self.settings.memory_rate
        moving_gram, moving_cross = state.moving_gram.clone(), state.moving_cross.clone()
        moving_gram[sure] = moving_gram[sure].lerp(gram, rate)
        moving_cross[sure] = moving_cross[sure].lerp(cross, rate)
        adaptive = state.adaptive.clone()
        share = self.settings.anchor_share
        adaptive[sure] = self._fast.solve(
            moving_gram[sure].lerp(state.anchor_gram[sure], share),
            moving_cross[sure].lerp(state.anchor_cross[sure], share),
        )
        return replace(state, moving_gram=moving_gram, moving_cross=moving_cross, adaptive=adaptive)

    def _learn_given(
        self, features: FrameFeatures, frame: Frame, labels: Labels, state: LiteState | None
    ) -> LiteState:
        """Learn the objects of a given mask: new ones enter, known ones are learned anew from both masks."""
        ids = tuple(object_ids(labels))
        gram, cross = self._equations(features.target, labels, ids)
        views = views_of(frame, labels) if self.settings.augment else []
        for view, view_labels in views:
            seen = self._fast.look(self._tensor(view))
            extra = self._equations(seen.target, view_labels, ids)
            gram, cross = gram + extra[0], cross + extra[1]
        gram, cross = gram / (1 + len(views)), cross / (1 + len(views))
        masks = self._masks(labels, ids, size_of(labels))
        previous = F.avg_pool2d(masks, 2)[:, None]
        places = middles(previous[:, 0])
        if state is None:
            fixed = self._fast.solve(gram, cross)
            own = _own_likeness(fixed, features, previous)
            learned = (gram, cross, gram, cross, fixed, fixed)
            still = torch.zeros_like(places)
            known_of = (previous, _areas(previous), places, still, own)
            size, last = size_of(frame), _thumbnail(frame)
            return LiteState(size, size, last, 0, 0, ids, *learned, *known_of)
        known = {i: row for row, i in enumerate(state.ids)}
        for row, i in enumerate(ids):
            if i in known:  # a corrected object keeps what was given before
                gram[row] = gram[row].lerp(state.anchor_gram[known[i]], 0.5)
                cross[row] = cross[row].lerp(state.anchor_cross[known[i]], 0.5)
        fixed = self._fast.solve(gram, cross)
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
            torch.cat([state.areas[kept], _areas(previous)]),
            torch.cat([state.places[kept], places]),
            torch.cat([state.speeds[kept], torch.zeros_like(places)]),
            torch.cat([state.likeness[kept], own]),
        )

    def _equations(
        self, features: Tensor, labels: Labels, ids: tuple[int, ...]
    ) -> tuple[target.Gram, target.Cross]:
        valid = self._valid(size_of(labels), labels)
        return self._fast.learn(features, self._masks(labels, ids, size_of(labels)), valid)

    def _tensor(self, frame: Frame) -> UInt8[Tensor, "1 padded_height padded_width 3"]:
        height, width = size_of(frame)
        bottom, right = -height % _MULTIPLE, -width % _MULTIPLE
        padded = np.pad(frame, ((0, bottom), (0, right), (0, 0)), mode="edge")
        return torch.from_numpy(padded)[None].to(self._device)

    def _masks(
        self, labels: Labels, ids: tuple[int, ...], working_hw: tuple[int, int]
    ) -> Float[Tensor, "objects height4 width4"]:
        """Each object's share of the cells of the working frame."""
        rows, columns = (-(-side // _MULTIPLE) * _MULTIPLE // 4 for side in working_hw)
        cells = torch.zeros(len(ids), rows, columns)
        for one, object_id in zip(cells, ids, strict=True):
            mask = (labels == object_id).view(np.uint8) * np.uint8(255)
            if labels.shape != working_hw:
                mask = shrink(mask, working_hw)
            _fill(one, mask)
        return cells.to(self._device)

    def _valid(
        self, size_hw: tuple[int, int], labels: Labels | None = None
    ) -> Float[Tensor, "1 height8 width8"]:
        """Share of each stride-8 cell that is inside the frame and not void."""
        height, width = size_hw
        inside = torch.ones(1, height, width, device=self._device)
        if labels is not None:
            inside[0, torch.from_numpy(labels == VOID).to(self._device)] = 0
        padded = F.pad(inside, (0, -width % _MULTIPLE, 0, -height % _MULTIPLE))
        return F.avg_pool2d(padded, 8)


def _thumbnail(frame: Frame) -> UInt8[Tensor, "rows columns 3"]:
    return torch.from_numpy(thumbnail(frame))


def _fill(cells: Float[Tensor, "height4 width4"], mask: UInt8[np.ndarray, "height width"]) -> None:
    """Write the share that an object has of each cell; all others hold 0."""
    x, y, columns, rows = cv2.boundingRect(mask)
    if not rows:
        return
    top, left = y // 4, x // 4
    bottom, right = -(-(y + rows) // 4), -(-(x + columns) // 4)
    part = torch.from_numpy(mask[4 * top : 4 * bottom, 4 * left : 4 * right]).float() / 255
    missing = (0, 4 * (right - left) - part.shape[1], 0, 4 * (bottom - top) - part.shape[0])
    cells[top:bottom, left:right] = F.avg_pool2d(F.pad(part, missing)[None], 4)[0]


def _own_likeness(
    models: target.Cross,
    features: FrameFeatures,
    masks: Float[Tensor, "objects 1 height8 width8"],
) -> Float[Tensor, " objects"]:
    """What target models say of the masks that they have learned."""
    scores = target.apply(torch.cat([models, models], 2), features.target)
    return likeness_of(masks[:, 0], scores)


def _areas(previous: Float[Tensor, "objects 1 height8 width8"]) -> Float[Tensor, " objects"]:
    return (previous > 0.5).sum((1, 2, 3)).float()


def _usual(
    state: LiteState, previous: Float[Tensor, "objects 1 height8 width8"], rate: float
) -> Float[Tensor, " objects"]:
    """Areas over the last frames on which each object was in view."""
    areas = _areas(previous)
    return torch.where(areas > 0, state.areas.lerp(areas, rate), state.areas)


def _merge(logits: Float[Tensor, "objects _ _"]) -> Float[Tensor, "objects _ _"]:
    """Probabilities that sum to at most one per pixel: softmax with a background of logit 0.

    With a single object this is the sigmoid.
    """
    background = torch.zeros_like(logits[:1])
    return torch.cat([background, logits]).softmax(0)[1:]


def _scores(
    logits: Float[Tensor, "objects height2 width2"],
    probabilities: Float[Tensor, "objects height2 width2"],
    labels: Labels,
    ids: tuple[int, ...],
) -> dict[int, ObjectScore]:
    areas = cv2.calcHist([labels], [0], None, [VOID + 1], [0, VOID + 1]).ravel()
    best, row = logits.max(0)
    own = row[best > 0]
    sure = probabilities.gather(0, row[None])[0][best > 0]
    counts = torch.bincount(own, minlength=len(ids)).clamp_min(1)
    means = torch.bincount(own, sure, minlength=len(ids)) / counts
    highest = probabilities.amax((1, 2))
    return {
        i: ObjectScore(round(mean if areas[i] else 1 - top, 4), not areas[i])
        for i, mean, top in zip(ids, means.tolist(), highest.tolist(), strict=True)
    }
