"""RVOS: objects decoded one after the other on every frame, each entered with its last mask and hidden state."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from segue.errors import MaskError
from segue.media.masks import object_ids
from segue.models.given import GIVE_ONE, check_first, check_frame, check_mask, overrule, size_of
from segue.models.rvos.assignment import assign
from segue.models.rvos.discovery import discovered
from segue.models.rvos.graphs import RVOSGraphs
from segue.models.rvos.merging import (
    AREAS_KEPT,
    Logits,
    Rows,
    areas_of,
    merge_stable,
    merge_surest,
)
from segue.models.rvos.network import Look, RVOSNetwork
from segue.models.rvos.settings import RVOSSettings
from segue.models.rvos.state import Reference, RVOSState, row_append
from segue.models.soft_masks import SoftMasks
from segue.nn.backends.interface import Backend
from segue.nn.backends.torch_backend import TorchBackend
from segue.types import BACKGROUND, VOID, Frame, GivenLabels, Labels, ObjectScore, Prediction


class RVOSModel:
    """Implements ``VideoModel[RVOSState]``.

    Args:
        name: As in the table of models.
        network: In evaluation mode.
        settings: See there; those of the network must be the ones that it was made with.
        backend: Computes the network; torch by default. A memory that was made with one backend may go on with another.
    """

    lookahead = 0
    state_type = RVOSState
    parameters_per_object = 0

    def __init__(
        self,
        name: str,
        network: RVOSNetwork,
        settings: RVOSSettings,
        backend: Backend | None = None,
    ) -> None:
        self.name = name
        self.network = network
        self.settings = settings
        self._fast = RVOSGraphs(network, backend or TorchBackend())
        self._device = next(network.parameters()).device

    def start(
        self, frame: Frame, labels: GivenLabels | None = None
    ) -> tuple[Prediction, RVOSState]:
        """Enter the objects of the first frame; see ``VideoModel.start``.

        A zero-shot network finds objects by itself. Without labels they are numbered from 1 on, in the order in which
        it finds them; with labels, those that fit the given ones best (Hungarian method) get their ids.

        Raises:
            MaskError: Also if there are more objects than slots, or no labels and the network is one-shot.
        """
        if labels is None and not self.network.one_shot:
            return self._discover(frame)
        if labels is None:
            raise MaskError(
                f'{self.name} carries given objects. {GIVE_ONE} {self.name} is one with the setting shot = "zero".'
            )
        labels = check_first(self.name, frame, labels)
        size_hw = size_of(frame)
        look = self._look(frame)
        prediction, state = self._advance(look, self._begin(look, size_hw), labels)
        return overrule(prediction, labels), state

    def _discover(self, frame: Frame) -> tuple[Prediction, RVOSState]:
        """Begin a video with the objects that a zero-shot network finds."""
        look = self._look(frame)
        return self._advance(look, replace(self._begin(look, size_of(frame)), finds=True), None)

    def probabilities(self, state: RVOSState) -> Tensor:
        """See ``TellingModel.probabilities``."""
        return state.memory.previous

    def step(
        self, frame: Frame, state: RVOSState, labels: GivenLabels | None = None
    ) -> tuple[Prediction, RVOSState]:
        """Carry the objects on to the next frame; see ``VideoModel.step``."""
        check_frame(frame, state.size_hw)
        if labels is not None:
            check_mask(labels, state.size_hw)
            known = [i for i in object_ids(labels) if i not in state.lost]
            labels = np.where(np.isin(labels, known) | (labels == VOID), labels, BACKGROUND)
        given = labels is not None and bool(object_ids(labels))
        prediction, state = self._advance(self._look(frame), state, labels if given else None)
        if labels is None or not given or self.settings.later == "predicted":
            return prediction, state
        return overrule(prediction, labels), state

    @torch.no_grad()
    def _advance(
        self, look: Look, state: RVOSState, labels: Labels | None
    ) -> tuple[Prediction, RVOSState]:
        """The objects on a frame, those that are given there included, and the memory after it."""
        first = not any(state.ids) and not state.lost
        if labels is not None and self.network.one_shot:
            state = self._enter(look, state, labels)
        logits, after = self._decode(look, state)
        if labels is not None and not self.network.one_shot:
            after = self._name_slots(logits, after, labels)
        if after.finds:
            after = self._found(logits, after)
        prediction, after = self._predict(logits, after), self._measured(logits, after)
        shown = first or self.settings.later == "given"
        if labels is not None and self.network.one_shot and shown:
            after = _keep_given(after, state, object_ids(labels))
        if self.settings.when_empty == "drop" and not first:
            after = _without_lost(after, logits)
        return prediction, after

    @torch.no_grad()
    def _predict(self, logits: Logits, state: RVOSState) -> Prediction:
        """What the objects that have an id look like together."""
        named = [row for row, i in enumerate(state.ids) if i]
        ids = tuple(state.ids[row] for row in named)
        gone = {i: ObjectScore(confidence=1.0, absent=True) for i in state.lost}
        if not ids:
            return Prediction(np.zeros(state.size_hw, np.uint8), gone)
        logits = logits[named].float()
        stable = self.settings.merging == "area-stability"
        rows = (
            merge_stable(logits, [state.areas[row] for row in named])
            if stable
            else merge_surest(logits)
        )
        return _labelled(logits, rows, ids, gone)

    def _measured(self, logits: Logits, state: RVOSState) -> RVOSState:
        """With the areas of this frame, if merging asks for them."""
        if self.settings.merging != "area-stability":
            return state
        pairs = zip(areas_of(logits), state.areas, strict=True)
        return replace(state, areas=tuple((now, *before)[:AREAS_KEPT] for now, before in pairs))

    @torch.no_grad()
    def _look(self, frame: Frame) -> Look:
        if self.settings.size_hw is not None:
            sides = self.settings.size_hw
            tall = frame.shape[0] > frame.shape[1]
            height, width = sorted(sides, reverse=tall)
            frame = np.asarray(cv2.resize(frame, (width, height), interpolation=cv2.INTER_LINEAR))
        pixels = torch.from_numpy(np.ascontiguousarray(frame)).to(self._device)
        return self._fast.look(pixels[None])

    @torch.no_grad()
    def _begin(self, look: Look, size_hw: tuple[int, int]) -> RVOSState:
        rows = 0 if self.network.one_shot else self.settings.slots
        return RVOSState(
            size_hw, (0,) * rows, self._fast.begin(look, rows), areas=self._no_areas(rows)
        )

    def _no_areas(self, rows: int) -> tuple[tuple[int, ...], ...]:
        return ((),) * rows if self.settings.merging == "area-stability" else ()

    @torch.no_grad()
    def _decode(self, look: Look, state: RVOSState) -> tuple[Logits, RVOSState]:
        """Logits at the size of the frame, and the memory that the next frame is entered with."""
        memory = state.memory
        if not state.ids:
            empty = torch.zeros(0, *state.size_hw, device=self._device)
            return empty, replace(state, memory=replace(memory, last_keys=look.keys))
        logits, hidden = self._fast.step(look, memory)
        previous = self._fast.small(logits.sigmoid())
        memory = replace(memory, hidden=hidden, previous=previous, last_keys=look.keys)
        if look.size_hw != state.size_hw:
            logits = F.interpolate(
                logits[None], state.size_hw, mode="bilinear", align_corners=True
            )[0]
        return logits, replace(state, memory=memory)

    def _enter(self, look: Look, state: RVOSState, labels: Labels) -> RVOSState:
        """Given objects get a row; the frame is entered with their masks, new or corrected."""
        given = tuple(object_ids(labels))
        new = [i for i in given if i not in state.ids]
        ids = (*state.ids, *new)
        most = self.settings.most_objects
        if most is not None and len(ids) > most:
            raise MaskError(
                f"{len(ids)} objects at once, expected at most {most}. Give fewer objects, or raise the setting "
                "most_objects."
            )
        memory = state.memory
        rows = [ids.index(i) for i in given]
        masks, known = self._masks(labels, given, look.size_hw)
        previous = row_append(memory.previous, len(new))
        previous[rows] = self._fast.small(masks).to(previous.dtype)
        hidden = tuple(row_append(level, len(new)) for level in memory.hidden)
        memory = replace(memory, hidden=hidden, previous=previous)
        if memory.reference is not None and memory.last_keys is not None and look.keys is not None:
            keys = row_append(memory.reference.keys, len(new))
            shown = row_append(memory.reference.masks, len(new))
            keys[rows], shown[rows] = look.keys, self._fast.known(known)
            last = memory.last_keys.expand(len(ids), -1, -1, -1).clone()
            last[rows] = look.keys
            memory = replace(memory, reference=Reference(keys, shown), last_keys=last)
        areas = (*state.areas, *self._no_areas(len(new)))
        return replace(state, ids=ids, memory=memory, areas=areas)

    def _masks(
        self, labels: GivenLabels, ids: tuple[int, ...], size_hw: tuple[int, int]
    ) -> tuple[Logits, Float[Tensor, "rows 2 height width"]]:
        """Objects at the network's size; and background and object, both 0 where labels are void."""
        if labels.shape != size_hw:
            labels = np.asarray(cv2.resize(labels, size_hw[::-1], interpolation=cv2.INTER_NEAREST))
        table = torch.tensor(ids, device=self._device, dtype=torch.uint8).view(-1, 1, 1)
        shown = torch.from_numpy(labels).to(self._device)
        objects = shown == table
        background = ~objects & (shown != VOID)
        return objects.float(), torch.stack([background, objects], 1).float()

    def _found(self, logits: Logits, state: RVOSState) -> RVOSState:
        """Slots that are nobody's and show something of their own are objects from now on; the largest comes first."""
        numbers = count(max((*state.ids, *state.lost)) + 1)
        least = max(1, round(self.settings.least_found * logits[0].numel()))
        new = discovered(logits, [bool(i) for i in state.ids], least)
        ids = list(state.ids)
        for slot in new:
            ids[slot] = next(numbers)
        return replace(state, ids=tuple(ids))

    def _name_slots(self, logits: Logits, state: RVOSState, labels: Labels) -> RVOSState:
        """New objects get the slots that fit them best, of those that are nobody's."""
        new = tuple(i for i in object_ids(labels) if i not in state.ids)
        free = [row for row, i in enumerate(state.ids) if not i]
        if len(new) > len(free):
            raise MaskError(
                f"{len(new)} new objects, but {len(free)} of the {len(state.ids)} slots of the "
                "network are free. Give fewer objects, or raise the setting slots."
            )
        if not new:
            return state
        masks, _ = self._masks(labels, new, state.size_hw)
        valid = torch.ones(len(new), dtype=torch.bool, device=self._device)
        chosen = assign(logits[free], masks, valid).tolist()
        ids = list(state.ids)
        for object_id, slot in zip(new, chosen, strict=True):
            ids[free[slot]] = object_id
        return replace(state, ids=tuple(ids))


def _keep_given(after: RVOSState, entered: RVOSState, given: Sequence[int]) -> RVOSState:
    """The next frame is entered with the given masks too, not with what was predicted where they were given."""
    rows = [row for row, i in enumerate(after.ids) if i in given]
    previous = after.memory.previous.clone()
    previous[rows] = entered.memory.previous[rows]
    return replace(after, memory=replace(after.memory, previous=previous))


def _without_lost(state: RVOSState, logits: Logits) -> RVOSState:
    """Objects that were predicted empty, whatever the others cover, are gone, and those behind them move up."""
    seen = zip(areas_of(logits), state.ids, strict=True)
    kept = [row for row, (area, i) in enumerate(seen) if area or not i]
    lost = (*state.lost, *(i for row, i in enumerate(state.ids) if row not in kept))
    areas = tuple(state.areas[row] for row in kept) if state.areas else ()
    ids = tuple(state.ids[row] for row in kept)
    return replace(state, ids=ids, memory=state.memory.take(kept), lost=lost, areas=areas)


def _labelled(
    logits: Logits, rows: Rows, ids: tuple[int, ...], gone: Mapping[int, ObjectScore]
) -> Prediction:
    """Pixels by the object that they went to."""
    table = torch.tensor([*ids, BACKGROUND], device=logits.device, dtype=torch.uint8)
    labels = table[rows].cpu().numpy()
    surest = logits.gather(0, rows.clamp_min(0)[None])[0].sigmoid()
    areas = np.bincount(labels.ravel(), minlength=VOID + 1)
    sums = np.bincount(labels.ravel(), surest.flatten().cpu().numpy(), minlength=VOID + 1)
    highest = logits.flatten(1).amax(1).sigmoid().tolist()
    scores = {
        i: ObjectScore(
            round(float(sums[i] / areas[i]) if areas[i] else 1 - high, 4), absent=not areas[i]
        )
        for i, high in zip(ids, highest, strict=True)
    }
    soft = SoftMasks(labels, dict(zip(ids, logits, strict=True)), logits=True)
    return Prediction(labels, {**scores, **gone}, soft)
