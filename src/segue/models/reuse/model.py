"""The reuse gate around a host: every frame is carried over from the last computed one, if the gate says so."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, make_dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from segue.errors import SettingsError
from segue.media.resize import resize_labels
from segue.models.given import check_frame
from segue.models.interface import VideoModel
from segue.models.reuse.carrier import Carried, Carrier
from segue.models.reuse.host import memory_after
from segue.nn.reuse.gate import Choice, choose
from segue.nn.reuse.settings import ReuseSettings
from segue.types import BACKGROUND, Frame, GivenLabels, Labels, Prediction

Judge = Callable[[int, int], float]
"""``(object id, frame index) -> what the gate says``, in place of the learned one."""

_MOST_REST = 7


@dataclass(frozen=True)
class GatedState:
    """The memory of a video, besides ``host`` and ``carrier``, what those two remember."""

    frame_index: int
    """Frames seen since the start."""
    gap: int
    """Frames since the last computed one."""
    refused: int
    """Times in a row that the frame after a computed one was found new."""
    rest: int
    """Frames that will be computed without asking."""
    computed: UInt8[Tensor, "height width"]
    """Labels of the last computed frame."""
    shown: UInt8[Tensor, "height width"]
    """Labels of the last frame."""


class GatedModel:
    """Implements ``VideoModel`` around a host: the host looks at a frame only if the gate finds it new.

    The gate speaks about each object. The host looks at a frame for all objects at once, so a frame is computed as
    soon as one object needs it. Frames are carried over from the last computed frame, never from a carried one, so
    errors do not add up. Where the gate is asked in vain again and again, it is asked less often.

    Args:
        host: What computes.
        carrier: What carries labels over, and says how good the result is.
        settings: When.
        judge: Replaces what the carrier says of its result; for studies.

    Raises:
        SettingsError: The host looks ahead.
    """

    def __init__(
        self,
        host: VideoModel[Any],
        carrier: Carrier[Any],
        settings: ReuseSettings,
        judge: Judge | None = None,
    ) -> None:
        if host.lookahead:
            raise SettingsError(
                f"{host.name} looks {host.lookahead} frames ahead, so its frames cannot be carried over one by one. "
                "Leave reuse out."
            )
        self.host = host
        self.carrier = carrier
        self.reuse = settings
        self.name = host.name
        self.lookahead = host.lookahead
        self.parameters_per_object = host.parameters_per_object
        # Types are what a stored memory is rebuilt by.
        parts: list[tuple[str, Any]] = [
            ("host", host.state_type),
            ("carrier", carrier.memory_type | None),
        ]
        self.state_type: type[Any] = make_dataclass(
            "GatedState", parts, bases=(GatedState,), frozen=True
        )
        self._judge = judge

    def __getattr__(self, name: str) -> Any:
        """What else the host offers, such as ``classes`` and ``settings``."""
        if name == "host":  # not yet there, as in copies that are being made
            raise AttributeError(name)
        return getattr(self.host, name)

    def start(self, frame: Frame, labels: GivenLabels | None = None) -> tuple[Prediction, Any]:
        """Begin a video; see ``VideoModel.start``."""
        prediction, memory = self.host.start(frame, labels)  # type: ignore[arg-type]
        return self._computed(frame, prediction, memory, 0, {}, 0)

    def step(
        self, frame: Frame, state: Any, labels: GivenLabels | None = None
    ) -> tuple[Prediction, Any]:
        """Go on by one frame; see ``VideoModel.step``. Given labels are always looked at by the host."""
        check_frame(frame, (state.shown.shape[0], state.shown.shape[1]))
        index, gap = state.frame_index + 1, state.gap + 1
        said: dict[int, float] = {}
        asked = labels is None and state.carrier is not None and not state.rest
        if asked and self.reuse.threshold < 1:
            needed = 0.0 if self._judge else self.reuse.threshold
            carried, memory = self.carrier.carry(frame, state.carrier, state.host, needed)
            said = self._judged(carried, index)
            choices = {i: choose(p, self.reuse) for i, p in said.items()}
            if "compute" not in choices.values():
                state = replace(state, frame_index=index, gap=gap, refused=0, carrier=memory)
                return self._reused(carried, said, choices, state)
        memory = memory_after(self.host, state.host, state.shown.numpy(), state.gap)
        prediction, memory = self.host.step(frame, memory, labels)
        refused = state.refused + 1 if said and gap == 1 else state.refused
        rest = _rest(refused) if said and not self._judge else max(state.rest - 1, 0)
        return self._computed(frame, prediction, memory, index, said, refused, rest)

    @property
    def resized(self) -> Callable[[Any, tuple[int, int]], Any]:
        """``(state, size_hw) -> state``: the memory for frames of another size, if the host offers it.

        The next frame is computed: what was seen of the last one has the old size.
        """
        resize = self.host.resized  # type: ignore[attr-defined]

        def change(state: Any, size_hw: tuple[int, int]) -> Any:
            computed, shown = (
                torch.from_numpy(resize_labels(labels.numpy(), size_hw))
                for labels in (state.computed, state.shown)
            )
            host = memory_after(self.host, state.host, state.shown.numpy(), state.gap)
            host = resize(host, size_hw)
            return replace(state, gap=0, computed=computed, shown=shown, host=host, carrier=None)

        return change

    def _judged(self, carried: Carried, index: int) -> dict[int, float]:
        if self._judge is None:
            return {i: s.gate for i, s in carried.scores.items() if s.gate is not None}
        return {i: self._judge(i, index) for i in carried.scores}

    def _reused(
        self,
        carried: Carried,
        said: dict[int, float],
        choices: Mapping[int, Choice],
        state: Any,
    ) -> tuple[Prediction, Any]:
        labels, last = carried.labels, state.computed.numpy()
        copied = [i for i, choice in choices.items() if choice == "copy"]
        if copied:
            labels = _with_copies(labels, last, copied)
        scores = {
            i: replace(score, gate=round(said[i], 4), reused=True)
            for i, score in carried.scores.items()
        }
        return Prediction(labels, scores), replace(state, shown=torch.from_numpy(labels.copy()))

    def _computed(
        self,
        frame: Frame,
        prediction: Prediction,
        memory: Any,
        index: int,
        said: dict[int, float],
        refused: int,
        rest: int = 0,
    ) -> tuple[Prediction, Any]:
        shown = torch.from_numpy(np.array(prediction.labels))  # a copy: the caller owns the other
        state = self.state_type(
            frame_index=index,
            gap=0,
            refused=refused,
            rest=rest,
            computed=shown,
            shown=shown,
            host=memory,
            carrier=self.carrier.begin(frame, prediction),
        )
        scores = {
            i: replace(score, gate=round(said[i], 4) if i in said else None, reused=False)
            for i, score in prediction.scores.items()
        }
        return Prediction(prediction.labels, scores), state


def _rest(refused: int) -> int:
    """Frames for which the gate is left alone: 0, 1, 3 and then 7."""
    return int(min(2 ** max(refused - 1, 0), _MOST_REST + 1)) - 1


def _with_copies(labels: Labels, last: Labels, copied: list[int]) -> Labels:
    """Some objects where they were on the last computed frame, the others as they are."""
    merged = labels.copy()
    merged[np.isin(labels, copied)] = BACKGROUND
    still = np.isin(last, copied) & (merged == BACKGROUND)
    merged[still] = last[still]
    return merged
