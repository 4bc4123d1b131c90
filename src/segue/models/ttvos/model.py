"""TTVOS: objects carried by a template each; with a gate, only where the video changes."""

from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from segue.media.masks import object_ids
from segue.models.given import check_first, check_frame, check_mask, overrule, size_of
from segue.models.soft_masks import SoftMasks
from segue.models.ttvos.attention import margin, pool_masks, two_channels
from segue.models.ttvos.carrier import Carrier
from segue.models.ttvos.graphs import TTVOSGraphs
from segue.models.ttvos.network import TTVOSNetwork
from segue.models.ttvos.settings import TTVOSSettings
from segue.models.ttvos.state import Carried, Memory, TTVOSState, append, put, take
from segue.nn.backends.catalog import whole_backend
from segue.nn.fuse import for_inference
from segue.nn.reuse.gate import Choice, choose
from segue.nn.reuse.settings import ReuseSettings
from segue.types import BACKGROUND, VOID, Frame, GivenLabels, Labels, ObjectScore, Prediction

Margins = Float[Tensor, "objects height width"]
"""Logits of the objects against the background."""


@dataclass(frozen=True)
class Glimpse:
    """What the gate made of a frame."""

    glance: Float[Tensor, "1 channels height8 width8"]
    gates: tuple[float, ...]
    choices: tuple[Choice, ...]
    logits: Float[Tensor, "objects 2 height width"]
    """Of the objects that are not to be computed; of no meaning for the others."""


class TTVOSModel:
    """Implements ``VideoModel[TTVOSState]``.

    Args:
        name: As in the table of models.
        network: The host.
        carrier: Gate and cheap path; ``None`` computes every frame.
        settings: See there; its ``reuse`` matters only with a carrier.
    """

    lookahead = 0
    state_type = TTVOSState
    parameters_per_object = 0

    def __init__(
        self,
        name: str,
        network: TTVOSNetwork,
        carrier: Carrier | None,
        settings: TTVOSSettings,
    ) -> None:
        self.name = name
        self.network = network
        self.settings = settings
        whole = None if carrier else whole_backend()
        # The graphs of an export have those of its methods that a video needs without a gate.
        graphs = None if whole is None else cast(TTVOSNetwork, TTVOSGraphs(network, whole))
        self._fast = graphs or for_inference(network)
        self._carrier = None if carrier is None else for_inference(carrier)
        self._device = next(network.parameters()).device

    @property
    def reuse(self) -> ReuseSettings | None:
        """See ``ReusingModel``; ``None`` without a gate."""
        return None if self._carrier is None else self.settings.reuse

    @torch.no_grad()
    def start(
        self, frame: Frame, labels: GivenLabels | None = None
    ) -> tuple[Prediction, TTVOSState]:
        """Learn the objects of the first frame; see ``VideoModel.start``."""
        labels = check_first(self.name, frame, labels)
        size_hw, ids = size_of(frame), tuple(object_ids(labels))
        memory, carried = self._begin(self._tensor(frame), labels, ids)
        scores = {i: self._given_score() for i in ids}
        shown = np.where(labels == VOID, BACKGROUND, labels)
        return Prediction(shown, scores), TTVOSState(size_hw, ids, memory, carried)

    @torch.no_grad()
    def step(
        self,
        frame: Frame,
        state: TTVOSState,
        labels: GivenLabels | None = None,
        *,
        threshold: float | None = None,
    ) -> tuple[Prediction, TTVOSState]:
        """Carry the objects on to the next frame; see ``ReusingModel.step``."""
        size_hw = size_of(frame)
        check_frame(frame, state.size_hw)
        pixels = self._tensor(frame)
        margins, glimpse, state = self._advance(pixels, state, threshold)
        prediction = _predict(margins, state.ids, size_hw, glimpse)
        if labels is not None and object_ids(labels):
            check_mask(labels, size_hw)
            state = self._enter(pixels, labels, state)
            prediction = overrule(prediction, labels, self._given_score())
        return prediction, state

    def _given_score(self) -> ObjectScore:
        """Of an object on the frame on which it is given, which is never a reused one."""
        return ObjectScore(confidence=1.0, reused=None if self.reuse is None else False)

    def _advance(
        self, pixels: Tensor, state: TTVOSState, threshold: float | None
    ) -> tuple[Margins, Glimpse | None, TTVOSState]:
        """Margins of every object, what the gate said, and the memory after the frame."""
        glimpse = self._glimpse(pixels, state, threshold)
        every = range(len(state.ids))
        rows = [i for i in every if glimpse is None or glimpse.choices[i] == "compute"]
        if not rows and glimpse is not None:
            return margin(glimpse.logits), glimpse, state
        look, known = self._fast.look(pixels), take(state.memory, rows)
        step = self._fast.step(look, known)
        logits = step.decoded.logits
        if glimpse is not None and len(rows) < len(every):
            logits = glimpse.logits.index_copy(0, torch.tensor(rows, device=self._device), logits)
        margins = margin(logits.float())
        masks = pool_masks(two_channels(merge(margins)[rows]))
        memory = put(state.memory, rows, self._fast.remember(look, known, step, masks))
        carried = state.carried
        if self._carrier is not None and carried is not None and glimpse is not None:
            template = take(carried, rows).template
            fresh = self._carrier.carry(glimpse.glance, masks, step.decoded, template)
            carried = put(carried, rows, fresh)
        return margins, glimpse, TTVOSState(state.size_hw, state.ids, memory, carried)

    def _glimpse(
        self, pixels: Tensor, state: TTVOSState, threshold: float | None
    ) -> Glimpse | None:
        """A short look at the frame, which decides what is done with it; ``None`` without a gate."""
        carrier, carried, reuse = self._carrier, state.carried, self.reuse
        if carrier is None or carried is None or reuse is None:
            return None
        if threshold is not None:
            reuse = reuse.at(threshold)
        glance = self._fast.trunk.glance(pixels)
        unlike = carrier.compare(glance, carried)
        gates = tuple(carrier.gate(unlike).tolist())
        choices = tuple(choose(gate, reuse) for gate in gates)
        moved = [row for row, choice in enumerate(choices) if choice == "translate"]
        last = carried.last
        if moved:
            last = last.clone()
            last[moved] = carrier.translate(glance, unlike[moved], take(carried, moved))
        logits = pixels.new_zeros(len(gates), 2, *pixels.shape[2:])
        if any(choice != "compute" for choice in choices):
            logits = self._fast.decoder.enlarge(last)
        return Glimpse(glance, gates, choices, logits)

    def _begin(
        self, pixels: Tensor, labels: Labels, ids: tuple[int, ...]
    ) -> tuple[Memory, Carried | None]:
        """Memory of objects that are given on this frame."""
        look = self._fast.look(pixels)
        masks = pool_masks(self._given(labels, ids))
        memory = self._fast.begin(look, masks)
        if self._carrier is None or self.reuse is None:
            return memory, None
        # The decoder has to say once what a reused frame starts from.
        decoded = self._fast.step(look, memory).decoded
        glance = self._fast.trunk.glance(pixels)
        template = self._carrier.template(glance, masks)
        return memory, self._carrier.carry(glance, masks, decoded, template)

    def _enter(self, pixels: Tensor, labels: Labels, state: TTVOSState) -> TTVOSState:
        """New objects enter with their own frame; known ones that are given again begin anew."""
        ids = tuple(object_ids(labels))
        memory, carried = self._begin(pixels, labels, ids)
        kept = [row for row, i in enumerate(state.ids) if i not in ids]
        if not kept:
            return TTVOSState(state.size_hw, ids, memory, carried)
        old = _without(take(state.memory, kept), memory.first_masks[:, 1])
        if carried is not None and state.carried is not None:
            carried = append(take(state.carried, kept), carried)
        everyone = tuple(state.ids[row] for row in kept) + ids
        return TTVOSState(state.size_hw, everyone, append(old, memory), carried)

    def _tensor(self, frame: Frame) -> Float[Tensor, "1 3 padded_height padded_width"]:
        height, width = size_of(frame)
        multiple = self.network.trunk.multiple
        bottom, right = -height % multiple, -width % multiple
        padded = np.pad(frame, ((0, bottom), (0, right), (0, 0)), mode="edge")
        pixels = torch.from_numpy(padded).to(self._device)
        return pixels.permute(2, 0, 1)[None].float() / 255

    def _given(
        self, labels: Labels, ids: tuple[int, ...]
    ) -> Float[Tensor, "objects 2 padded_height padded_width"]:
        """Background and object of each; nothing where labels are void and outside the frame."""
        height, width = labels.shape
        multiple = self.network.trunk.multiple
        table = torch.tensor(ids, device=self._device, dtype=torch.uint8).view(-1, 1, 1)
        shown = torch.from_numpy(labels).to(self._device)
        objects = shown == table
        background = ~objects & (shown != VOID)
        edges = (0, -width % multiple, 0, -height % multiple)
        return F.pad(torch.stack([background, objects], 1).float(), edges)


def merge(margins: Margins) -> Margins:
    """Probabilities of the objects: odds over their sum, the background being as likely as the surest object allows.

    The odds of an object are the exponential of its margin, so this is a softmax. A lone object of probability p gets
    p^2 / (p^2 + (1 - p)^2).
    """
    background = -margins.amax(0, keepdim=True)
    return torch.cat([background, margins]).softmax(0)[1:]


def _without(memory: Memory, taken: Float[Tensor, "given height8 width8"]) -> Memory:
    """Objects whose newest mask leaves the cells that now belong to given ones."""
    free = 1 - taken.sum(0, keepdim=True).clamp(0, 1)
    history = memory.history.clone()
    history[:, 1] *= free
    history[:, 0] = 1 - (1 - history[:, 0]) * free
    return replace(memory, history=history)


def _predict(
    margins: Margins, ids: tuple[int, ...], size_hw: tuple[int, int], glimpse: Glimpse | None
) -> Prediction:
    height, width = size_hw
    margins = margins[:, :height, :width]
    best, row = margins.max(0)
    table = torch.tensor(ids, device=margins.device, dtype=torch.uint8)
    labels = torch.where(best > 0, table[row], torch.zeros_like(table[row])).cpu().numpy()
    probabilities = merge(margins)
    scores = {}
    for index, i in enumerate(ids):
        own = (labels == i).any()
        inside = probabilities[index][torch.from_numpy(labels == i).to(margins.device)]
        sure = float(inside.mean()) if own else 1 - float(probabilities[index].max())
        gate = None if glimpse is None else glimpse.gates[index]
        reused = None if glimpse is None else glimpse.choices[index] != "compute"
        scores[i] = ObjectScore(round(sure, 4), absent=not own, gate=gate, reused=reused)
    soft = SoftMasks(labels, dict(zip(ids, margins, strict=True)), logits=True)
    return Prediction(labels, scores, soft)
