"""FRTM as a video model: frames and states in, predictions and states out."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from segue.errors import MaskError, SettingsError, VideoError
from segue.models.frtm.augmentation import View, views
from segue.models.frtm.backbone import CHANNELS
from segue.models.frtm.memory import Sample, at_stride, pixel_weights
from segue.models.frtm.merging import merge, winners
from segue.models.frtm.network import TARGET_STRIDE, FrtmNetwork, Sight
from segue.models.frtm.reuse import Carried, GateFunction, Reuse
from segue.models.frtm.settings import FrtmSettings
from segue.models.frtm.target_model import TargetState, fit, initial_model, remember
from segue.models.given import check_first
from segue.models.soft_masks import SoftMasks
from segue.nn.fuse import for_inference
from segue.nn.reuse.settings import ReuseSettings
from segue.types import BACKGROUND, VOID, Frame, GivenLabels, Labels, ObjectScore, Prediction


@dataclass(frozen=True)
class FrtmState:
    """The memory of one video."""

    height: int
    width: int
    frames: int
    """Frames seen so far."""
    objects: dict[int, TargetState]
    """By object id, in ascending order."""
    carried: dict[int, Carried] = field(default_factory=dict)
    """What the reuse gate carries over, by object id; empty without a gate."""


@dataclass(frozen=True)
class Given:
    """Labels that came with a frame."""

    masks: dict[int, Bool[Tensor, "height width"]]
    """By object id, ascending."""
    known: Bool[Tensor, "height width"]
    """False where the labels are void."""


@dataclass(frozen=True)
class Outcome:
    """One known object on one frame."""

    probability: Float[Tensor, "height width"]
    projected: Float[Tensor, "channels rows columns"] | None = None
    """What its filter saw, to be remembered; ``None`` if the object was carried over."""
    carried: Carried | None = None
    """``None`` without a reuse gate."""
    gate: float | None = None
    """What the gate said, if it was asked."""


class FrtmModel:
    """FRTM ("Learning Fast and Robust Target Models for Video Object Segmentation", CVPR 2020).

    Args:
        name: A name from ``settings.VARIANTS``.
        network: Backbone and decoder, in evaluation mode.
        settings: How target models are fitted and updated, and whether frames may be reused.
        device: Where the network is.
        gate: Object id and index of the frame to a probability of reuse, in place of the learned gate.

    Raises:
        SettingsError: A gate was given although ``settings.reuse`` is not set, or the network has none.
    """

    lookahead = 0
    state_type = FrtmState

    def __init__(
        self,
        name: str,
        network: FrtmNetwork,
        settings: FrtmSettings,
        device: torch.device | str = "cpu",
        gate: GateFunction | None = None,
    ) -> None:
        if gate and not settings.reuse:
            raise SettingsError(f"{name} reuses nothing, so no gate can be given. Set reuse.")
        self.name = name
        self.network = network
        """As loaded; what runs may be a faster copy."""
        self.settings = settings
        self.device = torch.device(device)
        self._running = for_inference(network) if settings.folds else network
        self._reuse = Reuse(self._running, settings.reuse, gate) if settings.reuse else None

    @property
    def parameters_per_object(self) -> int:
        """Size of a target model: its 1x1 projection and its 3x3 filter."""
        return (CHANNELS[self.settings.backbone][16] + 9) * self.settings.channels

    @property
    def reuse(self) -> ReuseSettings | None:
        """See ``ReusingModel``; ``None`` without a gate."""
        return self.settings.reuse

    @torch.no_grad()
    def start(
        self, frame: Frame, labels: GivenLabels | None = None
    ) -> tuple[Prediction, FrtmState]:
        """Begin a video: fit a target model to every object in the labels.

        See ``VideoModel.start``.

        Raises:
            MaskError: No labels, no object in them, or labels of another size than the frame.
        """
        labels = check_first(self.name, frame, labels)
        given = self._given(frame, labels)
        objects = {i: self._begin(frame, given, i, frame_number=0) for i in given.masks}
        masks = {i: mask.float() for i, mask in given.masks.items()}
        carried = self._carry(Sight(self._running, self._tensor(frame)), masks, objects)
        scores = {i: ObjectScore(1.0, reused=False if self._reuse else None) for i in objects}
        state = FrtmState(frame.shape[0], frame.shape[1], 1, objects, carried)
        return Prediction(np.where(labels == VOID, BACKGROUND, labels), scores), state

    @torch.no_grad()
    def step(
        self,
        frame: Frame,
        state: FrtmState,
        labels: GivenLabels | None = None,
        *,
        threshold: float | None = None,
    ) -> tuple[Prediction, FrtmState]:
        """Go on by one frame; see ``ReusingModel.step``.

        A given mask of a known object replaces its prediction, enters its memory and updates its
        filter at once (ours). Given masks of new objects suppress the others (released code).

        Raises:
            VideoError: The frame has another size than the first one.
            MaskError: Labels of another size than the frame.
        """
        if frame.shape[:2] != (state.height, state.width):
            raise VideoError(
                f"Frame {state.frames} is {frame.shape[0]}x{frame.shape[1]}, the first one "
                f"{state.height}x{state.width} (height x width). Scale all frames to one size."
            )
        given = self._given(frame, labels)
        seen = Sight(self._running, self._tensor(frame))
        outcomes = {i: self._predict(seen, state, i, given, threshold) for i in state.objects}
        probabilities = _overrule({i: o.probability for i, o in outcomes.items()}, given)
        merged = merge(torch.stack(list(probabilities.values())), self.settings.merging)
        shares = dict(zip(probabilities, merged, strict=True))
        objects = {
            i: self._learn(known, outcomes[i], shares[i], given, i)
            for i, known in state.objects.items()
        }
        for i in given.masks.keys() - objects.keys():
            objects[i] = self._begin(frame, given, i, state.frames)
        prediction = _prediction(probabilities, merged)
        if self._reuse:
            prediction = _with_gate(prediction, outcomes)
        kept = {
            i: self._reuse.remember(
                outcome.carried, probabilities[i], computed=outcome.projected is not None
            )
            for i, outcome in outcomes.items()
            if self._reuse and outcome.carried
        }
        fresh = self._carry(seen, {i: probabilities[i] for i in given.masks}, objects)
        state = replace(
            state,
            frames=state.frames + 1,
            objects={i: objects[i] for i in sorted(objects)},
            carried=dict(sorted((kept | fresh).items())),
        )
        return prediction, state

    def _predict(
        self,
        seen: Sight,
        state: FrtmState,
        object_id: int,
        given: Given,
        threshold: float | None,
    ) -> Outcome:
        """A known object on this frame: computed, unless the gate lets it be carried over."""
        gate, carried = None, state.carried.get(object_id)
        # A given mask is learned from, for which the object has to be computed.
        if self._reuse and carried and object_id not in given.masks:
            answer = self._reuse.ask(seen, carried, object_id, state.frames, threshold)
            gate = answer.gate
            if answer.choice != "compute":
                reused = self._reuse.carry_over(seen, carried, answer)
                return Outcome(reused, carried=carried, gate=gate)
        model = state.objects[object_id].model
        projected = model.project(seen.features[TARGET_STRIDE])
        scores = model.score(projected)
        refined = self._running.refiner.refine(seen.reduced, scores)
        probability = self._running.finish(seen.reduced, scores, refined, seen.size)[0]
        if carried:
            carried = replace(carried, scores=scores, refined=refined)
        return Outcome(probability, projected[0], carried, gate)

    def _carry(
        self, seen: Sight, masks: Mapping[int, Tensor], objects: Mapping[int, TargetState]
    ) -> dict[int, Carried]:
        """What the gate keeps of objects whose masks were given on this frame; nothing without a gate."""
        if self._reuse is None:
            return {}
        return {i: self._reuse.begin(seen, mask, objects[i].model) for i, mask in masks.items()}

    def _learn(
        self,
        known: TargetState,
        outcome: Outcome,
        share: Float[Tensor, "height width"],
        given: Given,
        object_id: int,
    ) -> TargetState:
        """Count a computed frame; store it with the merged soft map as its label, unless that is too small."""
        if outcome.projected is None:
            return known
        state = replace(known, calls=known.calls + 1)
        corrected = object_id in given.masks
        valid = given.known if corrected else torch.ones_like(given.known)
        if int((share > 0.5).sum()) < self.settings.smallest_mask:
            return state
        weights = self._pixel_weights(share > 0.5, valid)
        sample = Sample(outcome.projected, *at_stride(share, weights, self.settings.label_stride))
        return remember(state, sample, self.settings, at_once=corrected)

    def _begin(self, frame: Frame, given: Given, object_id: int, frame_number: int) -> TargetState:
        """A new object, fitted to views of this frame."""
        draws = np.random.default_rng([self.settings.seed, object_id, frame_number])
        mask, known = given.masks[object_id].cpu().numpy(), given.known.cpu().numpy()
        seen = views(frame, mask, known, self.settings.augmentation, draws)
        # One view at a time: a batch would need several times the memory and is no faster.
        features = torch.cat([self._target_features(view) for view in seen])
        masks = torch.stack([torch.from_numpy(view.mask) for view in seen]).to(self.device)
        valid = torch.stack([torch.from_numpy(view.known) for view in seen]).to(self.device)
        weights = [self._pixel_weights(m, k) for m, k in zip(masks, valid, strict=True)]
        labels = at_stride(masks.float(), torch.stack(weights), self.settings.label_stride)
        generator = torch.Generator().manual_seed(int(draws.integers(2**62)))
        model = initial_model(features.shape[1], self.settings.channels, generator, self.device)
        return fit(model, features, *labels, self.settings)

    def _target_features(self, view: View) -> Tensor:
        return self._running.look(self._tensor(view.frame), TARGET_STRIDE)[TARGET_STRIDE]

    def _pixel_weights(
        self, mask: Bool[Tensor, "height width"], known: Bool[Tensor, "height width"]
    ) -> Tensor:
        return pixel_weights(
            mask,
            known,
            weighting=self.settings.pixel_weighting,
            fraction=self.settings.hinge_fraction,
            smallest=self.settings.smallest_mask,
        )

    def _tensor(self, frame: Frame) -> Float[Tensor, "1 3 height width"]:
        # torch.tensor copies: frames from decoders may be read-only.
        pixels = torch.tensor(np.ascontiguousarray(frame), device=self.device)
        return pixels.permute(2, 0, 1)[None].float() / 255

    def _given(self, frame: Frame, labels: GivenLabels | None) -> Given:
        size = frame.shape[:2]
        if labels is None:
            return Given({}, torch.ones(size, dtype=torch.bool, device=self.device))
        if labels.shape != size:
            raise MaskError(
                f"The mask is {labels.shape[0]}x{labels.shape[1]}, the frame {size[0]}x{size[1]} "
                "(height x width). Give a mask of the frame's size."
            )
        values = torch.tensor(np.ascontiguousarray(labels), device=self.device)
        ids = [int(i) for i in np.unique(labels) if i not in (BACKGROUND, VOID)]
        return Given({i: values == i for i in ids}, values != VOID)


def _overrule(probabilities: Mapping[int, Tensor], given: Given) -> dict[int, Tensor]:
    """Given masks in place of predictions, all other objects pushed out of them."""
    if not given.masks:
        return dict(probabilities)
    taken = torch.stack(list(given.masks.values())).any(dim=0)
    result = {i: p.masked_fill(taken, 0.0) for i, p in probabilities.items()}
    for i, mask in given.masks.items():
        # Where the labels are void, a known object is still predicted (ours).
        before = result.get(i, torch.zeros_like(mask, dtype=torch.float32))
        result[i] = torch.where(given.known, mask.float(), before)
    return {i: result[i] for i in sorted(result)}


def _prediction(
    probabilities: Mapping[int, Tensor], merged: Float[Tensor, "objects height width"]
) -> Prediction:
    places = winners(merged).cpu()
    ids = torch.tensor([BACKGROUND, *probabilities], dtype=torch.uint8)
    labels: Labels = ids[places].numpy()
    scores = {}
    for place, (i, probability) in enumerate(probabilities.items(), start=1):
        pixels = probability[(places == place).to(probability.device)]
        if pixels.numel():
            scores[i] = ObjectScore(float(pixels.mean()))
        else:
            scores[i] = ObjectScore(1 - float(probability.max()), absent=True)
    return Prediction(labels, scores, SoftMasks(labels, probabilities, logits=False))


def _with_gate(prediction: Prediction, outcomes: Mapping[int, Outcome]) -> Prediction:
    """The same, with what the gate said; an object that just began was computed without asking it."""
    scores = {}
    for i, score in prediction.scores.items():
        outcome = outcomes.get(i)
        reused = outcome is not None and outcome.projected is None
        scores[i] = replace(score, gate=outcome.gate if outcome else None, reused=reused)
    return replace(prediction, scores=scores)
