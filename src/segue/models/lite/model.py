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
from segue.media.resize import Resizer
from segue.models.given import check_first, check_frame, check_mask, overrule, size_of
from segue.models.interface import PartClock, untimed
from segue.models.lite import sizes, target
from segue.models.lite.crossing import told_apart
from segue.models.lite.graphs import LiteGraphs
from segue.models.lite.learning import Learner, usual_areas
from segue.models.lite.network import CODES, FrameFeatures, LiteNetwork, others_of
from segue.models.lite.padded import frame_tensor, mask_shares, padded_hw
from segue.models.lite.recognition import RECOGNISED, likeness, may_be_there
from segue.models.lite.regions import Found, Region, nowhere, part_near, spread, whole
from segue.models.lite.search import search
from segue.models.lite.settings import LiteSettings
from segue.models.lite.state import LiteState
from segue.models.lite.ways import alike, crossing, moved
from segue.models.painting import PaintedProbabilities, paint
from segue.models.reuse.host import WindowAnswer
from segue.models.scene import Thumbnail, is_cut, thumbnail
from segue.nn.backends.int8 import Ranges
from segue.nn.backends.interface import Backend
from segue.types import BACKGROUND, VOID, Frame, GivenLabels, Labels, ObjectScore, Prediction

_AREA_RATE = 0.05  # an object's usual area is that of about the last twenty frames
_LEFT = 0.3
"""Share of its usual area below which an object is no longer followed through a window."""


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
        self._learner = Learner(self._fast, settings, self._device)
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
        model._learner = replace(self._learner, graphs=model._fast)
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
        features = self._fast.look(frame_tensor(small, self._device))
        with self._clock("memory"):
            state = self._learner.given(features, small, resizer.shrink_labels(labels), None)
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
        features = self._fast.look(frame_tensor(small, self._device))
        if is_cut(last.numpy(), state.last.numpy()):
            # What was where in another scene says nothing.
            state = replace(state, previous=torch.zeros_like(state.previous))
        scores = self._see(features, state)
        others = others_of(scores, state.previous, alike=alike(state.looks))
        decode = partial(self._decode, features, scores, others, state)
        found = search(decode, scores, state, self.settings.reach)
        found, crossed = told_apart(found, state.previous, state.ways, state.looks)
        logits = spread(found, state.previous)
        probabilities = _merge(logits)
        patches = {i: one.patch(resizer) for i, one in zip(state.ids, found, strict=True)}
        painted = paint(patches, state.size_hw)
        sure = _scores(logits, probabilities, painted, state.ids)
        prediction = Prediction(painted, sure, PaintedProbabilities(patches, state.size_hw))
        quarter = F.avg_pool2d(probabilities, 2)
        previous = F.avg_pool2d(quarter, 2)[:, None]
        ways = moved(state.ways, state.areas, previous, 1)
        state = replace(
            state,
            last=last,
            ways=crossed.followed(ways, state.ways),
            unlearned=state.unlearned + 1,
            turn=state.turn + 1,
            previous=crossed.expected(previous),
            areas=usual_areas(state, previous, _AREA_RATE),
        )
        if state.unlearned >= self.settings.update_every:
            with self._clock("memory"):
                state = self._learner.own(features, quarter, prediction, state)
            state = replace(state, unlearned=0)
        if labels is not None and object_ids(labels):
            check_mask(labels, state.size_hw)
            with self._clock("memory"):
                state = self._learner.given(features, small, resizer.shrink_labels(labels), state)
            prediction = overrule(prediction, labels)
            prediction = replace(prediction, scores={i: prediction.scores[i] for i in state.ids})
        return prediction, state

    def propagated(
        self, state: LiteState, labels: Labels, frames: int, last: Thumbnail
    ) -> LiteState:
        """The memory after frames that were carried over; see ``ReuseHost.propagated``.

        The last mask is what was carried; nothing is learned from it.
        """
        masks = mask_shares(labels, state.ids, state.working_hw, self._device)
        previous = F.avg_pool2d(masks, 2)[:, None]
        areas = usual_areas(state, previous, 1 - (1 - _AREA_RATE) ** frames)
        return replace(
            state,
            ways=moved(state.ways, state.areas, previous, frames),
            last=torch.from_numpy(last),
            unlearned=state.unlearned + frames,
            previous=previous,
            areas=areas,
        )

    def resized(self, state: LiteState, working_hw: tuple[int, int]) -> LiteState:
        """See ``ScalingModel.resized``; what was learned holds for both sizes."""
        scale = [new / old for new, old in zip(working_hw, state.working_hw, strict=True)]
        rows, columns = (side // 8 for side in padded_hw(working_hw))

        def sized(masks: Tensor) -> Tensor:
            scaled = F.interpolate(masks, scale_factor=scale, mode="bilinear")
            return F.pad(scaled, (0, columns - scaled.shape[3], 0, rows - scaled.shape[2]))

        ways, ratio = state.ways, state.ways.places.new_tensor(scale[::-1])
        return replace(
            state,
            working_hw=working_hw,
            previous=sized(state.previous),
            areas=state.areas * (scale[0] * scale[1]),
            ways=replace(
                ways,
                places=ways.places * ratio,
                speeds=ways.speeds * ratio,
                silhouettes=sized(ways.silhouettes),
            ),
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

    def entangled(self, state: LiteState, labels: Labels) -> list[int]:
        """See ``WindowHost.entangled``: look-alikes that cross are told apart on whole frames."""
        if not alike(state.looks).any():
            return []
        rows, columns = state.previous.shape[2:]
        cells = cv2.resize(labels, (columns, rows), interpolation=cv2.INTER_NEAREST)
        masks = cells == np.array(state.ids, np.uint8)[:, None, None]
        found = crossing(state.ways, state.looks, masks)
        return [i for i, crosses in zip(state.ids, found, strict=True) if crosses]

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
        features = self._fast.look(frame_tensor(view, self._device))
        scores = self._see(features, state, rows)
        others = others_of(scores, previous, alike=alike(state.looks[list(rows)]))[:asked]
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


def _thumbnail(frame: Frame) -> UInt8[Tensor, "rows columns 3"]:
    return torch.from_numpy(thumbnail(frame))


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
