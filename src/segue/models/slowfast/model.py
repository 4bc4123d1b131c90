"""SlowFast VOS as a video model: frames and features in, objects found by itself and features out."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from segue.errors import MaskError
from segue.models.given import check_frame, size_of
from segue.models.slowfast.answers import predict, proposals
from segue.models.slowfast.graphs import SlowFastGraphs
from segue.models.slowfast.network import Instances, SlowFastNetwork
from segue.models.slowfast.settings import SlowFastSettings
from segue.models.slowfast.state import Levels, SlowFastState
from segue.nn.backends.interface import Backend
from segue.nn.backends.torch_backend import TorchBackend
from segue.types import Frame, GivenLabels, Prediction, Proposals

_Due = tuple[Levels, Levels]
"""Features of the frame that is due, as they are and as the heads read them."""


class SlowFastModel:
    """Implements ``LookaheadModel[SlowFastState]``, without labels, and ``Proposer``: it finds objects by itself.

    Args:
        name: As in the table of models.
        network: In evaluation mode.
        settings: What the network was built with.
        backend: Computes the network; torch by default. A memory that was made with one backend may go on with another.
        categories: Names of the detector's classes by number, background included, if it knows several.
    """

    state_type = SlowFastState
    parameters_per_object = 0

    def __init__(
        self,
        name: str,
        network: SlowFastNetwork,
        settings: SlowFastSettings,
        backend: Backend | None = None,
        categories: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.network = network
        self.settings = settings
        self.lookahead = settings.window // 2
        self._fast = SlowFastGraphs(network, backend or TorchBackend())
        self._device = next(network.parameters()).device
        self._categories = categories

    def start(
        self, frame: Frame, labels: GivenLabels | None = None
    ) -> tuple[Prediction | None, SlowFastState]:
        """Begin a video; see ``VideoModel.start``.

        Raises:
            MaskError: Labels were given.
        """
        return self.step(frame, SlowFastState(size_of(frame), 0, (), ()), labels)

    def step(
        self, frame: Frame, state: SlowFastState, labels: GivenLabels | None = None
    ) -> tuple[Prediction | None, SlowFastState]:
        """Go on by one frame; see ``VideoModel.step``.

        Raises:
            VideoError: The frame has another size than the first one.
            MaskError: Labels were given.
        """
        if labels is not None:
            raise MaskError(
                f"{self.name} finds objects by itself and takes no mask, but one came with frame {state.frames}. Leave "
                "it out, or use a model that carries given objects."
            )
        check_frame(frame, state.size_hw)
        due, state = self._shown(self._look(frame), state)
        if due is None:
            return None, state
        return self._answer(due, state.size_hw), state

    def finish(self, state: SlowFastState) -> Sequence[Prediction]:
        """The answers still owed; see ``LookaheadModel.finish``."""
        return [self._answer(due, state.size_hw) for due in self._rest(state)]

    @property
    def reach(self) -> tuple[int, int]:
        """How many frames before and after a frame the answer about it depends on."""
        return self.lookahead, self.lookahead

    def propose(self, window: Sequence[Frame | None]) -> Proposals:
        """See ``Proposer.propose``.

        Raises:
            VideoError: The frames differ in size.
        """
        found = self.instances(window)
        return proposals(found, size_of(next(one for one in window if one is not None)))

    def instances(self, window: Sequence[Frame | None]) -> Instances:
        """What is found on the middle one of successive frames; nothing is remembered.

        Args:
            window: As many frames as ``reach`` says and one; ``None`` for those outside of the video, and for others
                that are missing. The middle one is always there.

        Raises:
            VideoError: The frames differ in size.
        """
        middle = window[self.lookahead]
        assert middle is not None
        size_hw = size_of(middle)
        maps = [self._checked(frame, size_hw) for frame in window]
        state = SlowFastState(size_hw, 0, (), ())
        dues, _ = self._pushed(self._completed(maps), state)
        return self._fast.detect(*dues[-1], size_hw)

    def _checked(self, frame: Frame | None, size_hw: tuple[int, int]) -> Levels | None:
        if frame is None:
            return None
        check_frame(frame, size_hw)
        return self._look(frame)

    def _completed(self, maps: Sequence[Levels | None]) -> list[Levels]:
        """Features of a window, with what stands for frames that are missing."""
        known = [i for i, one in enumerate(maps) if one is not None]
        first, count = known[0], known[-1] - known[0] + 1
        if self.settings.border == "mirror":
            maps = [maps[first + mirrored(i - first, count)] for i in range(len(maps))]
        nothing = _zeros(next(one for one in maps if one is not None))
        return [nothing if one is None else one for one in maps]

    def _answer(self, due: _Due, size_hw: tuple[int, int]) -> Prediction:
        found = self._fast.detect(*due, size_hw)
        return predict(found, size_hw, self.settings.answer, self._categories)

    @torch.no_grad()
    def _look(self, frame: Frame) -> Levels:
        pixels = torch.from_numpy(np.ascontiguousarray(frame)).to(self._device)
        return self._fast.see(pixels[None])

    def _shown(self, maps: Levels, state: SlowFastState) -> tuple[_Due | None, SlowFastState]:
        """One frame more, and the frame that is due thereby, if one is."""
        ahead = self.lookahead
        state = replace(state, frames=state.frames + 1)
        if self.settings.border == "mirror" and state.frames <= ahead + 1:
            seen = (*state.features, maps)
            if len(seen) <= ahead:
                return None, replace(state, features=seen)
            more = [*seen[:0:-1], *seen]
        else:
            more = [*([_zeros(maps)] * ahead if state.frames == 1 else []), maps]
        dues, state = self._pushed(more, state)
        return (dues[-1] if state.frames > ahead else None), state

    def _rest(self, state: SlowFastState) -> list[_Due]:
        """The frames that are due when no further one comes."""
        ahead, seen = self.lookahead, state.features
        owed = min(ahead, state.frames)
        if not owed:
            return []
        if self.settings.border == "zeros":
            more = [_zeros(seen[-1])] * ahead
        elif state.past:
            more = list(seen[-2::-1])
        else:  # the video is shorter than the window
            more = [seen[mirrored(i, len(seen))] for i in range(-ahead, len(seen) + ahead)]
        return self._pushed(more, state)[0][-owed:]

    def _pushed(
        self, maps: Sequence[Levels], state: SlowFastState
    ) -> tuple[list[_Due], SlowFastState]:
        """Further frames of the video or its borders; for each, the frame that is due thereby.

        Those that are due before the module has seen a whole window mean nothing.
        """
        dues, features, past = [], state.features, state.past
        for one in maps:
            if not past:
                features, past = (_zeros(one),) * (self.lookahead + 1), self._fast.nothing(one)
            features = (*features[1:], one)
            enhanced, past = self._fast.enhance(features, past)
            dues.append((features[0], enhanced))
        return dues, replace(state, features=features, past=past)


def mirrored(index: int, count: int) -> int:
    """The frame that stands for one outside of a video: the ends are mirrors, and are not shown twice.

    Args:
        index: Of a frame, inside or outside.
        count: Frames of the video.
    """
    period = max(1, 2 * (count - 1))
    index %= period
    return min(index, period - index) if count > 1 else 0


def _zeros(maps: Levels) -> Levels:
    return tuple(torch.zeros_like(one) for one in maps)
