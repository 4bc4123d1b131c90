"""segue-click: a frame is looked at once, then every click costs a small decoder."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float32
from torch import Tensor

from segue.errors import InputError, MaskError
from segue.models.click.evidence import gather
from segue.models.click.graphs import ClickGraphs
from segue.models.click.network import ClickNetwork, Looked
from segue.models.click.prompt import Prompt
from segue.models.click.settings import ClickSettings
from segue.models.click.window import Window, box_of, closer, whole
from segue.nn.backends.interface import Backend
from segue.types import BoxXYXY, Frame, Mask, SoftMask

_MOST_LOOKS = 4
"""Looks at a frame that stay in memory."""
_GRIP = 2
"""Radius in pixels, for the network, of what a click decides whatever the network says."""


@dataclass(frozen=True)
class ClickedMask:
    """What segue-click says about one object; hand it back with the next click."""

    mask: Mask
    probability: SoftMask = field(repr=False)
    """Per pixel in [0, 1], at the size of the frame."""
    window: Window | None = None
    """Where the last look was; ``None`` for a mask that came from elsewhere."""
    given: Mask | None = field(default=None, repr=False)
    """The mask that is being corrected, if it came from elsewhere."""


Previous = (
    ClickedMask
    | Bool[np.ndarray, "given_height given_width"]
    | Float32[np.ndarray, "given_height given_width"]
)
"""The answer to the clicks before, or a mask from elsewhere: bool, or probabilities."""


class SeenFrame:
    """A frame with what was computed of it, so that further clicks need not look again.

    Args:
        frame: RGB.
    """

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self._looks: OrderedDict[Window, Looked] = OrderedDict()

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width."""
        return int(self.frame.shape[0]), int(self.frame.shape[1])

    def look(self, window: Window, graphs: ClickGraphs, device: torch.device) -> Looked:
        """What the network sees in a window, computed if it was not before."""
        if window not in self._looks:
            seen = torch.from_numpy(window.of(self.frame))[None].to(device)
            self._looks[window] = graphs.look(seen)
            # The first look is that at the whole frame, which every new object begins with.
            while len(self._looks) > _MOST_LOOKS:
                del self._looks[list(self._looks)[1]]
        return self._looks[window]


@runtime_checkable
class Clicker(Protocol):
    """What makes masks from clicks: it looks at a frame, and answers prompts about it."""

    def see(self, frame: Frame) -> SeenFrame:
        """The frame, looked at before the first click, so that the click is answered at once.

        Raises:
            InputError: It is no RGB frame.
        """
        ...

    def mask(
        self,
        frame: Frame | SeenFrame,
        prompt: Prompt,
        previous: Previous | None = None,
    ) -> ClickedMask:
        """The mask of an object.

        Args:
            frame: RGB, or what ``see`` returned for it.
            prompt: All that was said about the object so far, on this frame.
            previous: The answer to the clicks before, or a mask from elsewhere, true or false or in [0, 1], which is
                then changed only around the clicks.

        Raises:
            InputError: Nothing was said; or see ``Prompt.checked``.
            MaskError: ``previous`` has another size than the frame.
        """
        ...


class ClickModel:
    """Implements ``Clicker``: from clicks, a box or strokes to the mask of one object.

    Args:
        network: With trained weights, where it shall run.
        settings: How it looks at frames.
        backend: Computes the network.
    """

    name = "segue-click"

    def __init__(self, network: ClickNetwork, settings: ClickSettings, backend: Backend) -> None:
        self.network = network
        self.settings = settings
        self._graphs = ClickGraphs(network, backend)
        self._device = next(network.parameters()).device

    def see(self, frame: Frame) -> SeenFrame:
        """See ``Clicker.see``."""
        if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
            raise InputError(
                f"Expected a frame of height x width x 3 bytes, got {'x'.join(map(str, frame.shape))} of {frame.dtype}."
            )
        seen = SeenFrame(frame)
        seen.look(whole(seen.size_hw, self.settings.side), self._graphs, self._device)
        return seen

    @torch.no_grad()
    def mask(
        self,
        frame: Frame | SeenFrame,
        prompt: Prompt,
        previous: Previous | None = None,
    ) -> ClickedMask:
        """See ``Clicker.mask``."""
        seen = frame if isinstance(frame, SeenFrame) else self.see(frame)
        prompt = prompt.checked(seen.size_hw)
        before = _before(previous, seen.size_hw)
        if prompt.is_empty and before is None:
            raise InputError(
                "Nothing was said about the object: give a click, a box, a stroke or a mask."
            )
        start = np.zeros(seen.size_hw, np.float32) if before is None else before.probability
        window = self._window(seen, prompt, before)
        found = self._answer(seen, window, prompt, start)
        if before is None and self.settings.zoom:
            # One look at the whole frame tells where the object is, a second one sees it well.
            near = box_of(found, prompt.points())
            second = closer(near, seen.size_hw, self.settings) if near else None
            if second is not None and second != window and prompt.box is None:
                window = second
                found = self._answer(seen, window, prompt, found)
        given = before.given if before else None
        mask = _decided(found, prompt, window)
        if given is not None:
            assert before is not None
            mask = _near_clicks(mask, before.mask, prompt)
            found = np.where(mask == (found >= 0.5), found, mask.astype(np.float32))
        return ClickedMask(mask, found, window, given)

    def _window(self, seen: SeenFrame, prompt: Prompt, before: ClickedMask | None) -> Window:
        everything = whole(seen.size_hw, self.settings.side)
        if not self.settings.zoom:
            return everything
        near: BoxXYXY | None = prompt.box
        if before is not None:
            near = _joined(near, box_of(before.probability, prompt.points()))
        if near is None:
            return everything
        fresh = closer(near, seen.size_hw, self.settings) or everything
        kept = before.window if before else None
        if kept is not None and kept.holds(near) and _iou(kept, fresh) >= 0.5:
            return kept
        return fresh

    def _answer(self, seen: SeenFrame, window: Window, prompt: Prompt, start: SoftMask) -> SoftMask:
        """Probabilities at the size of the frame; beyond the window they are what they were."""
        looked = seen.look(window, self._graphs, self._device)
        points = [(*window.point(x, y), sign) for x, y, sign in prompt.points()]
        rows = torch.tensor([points or [(0.0, 0.0, 0.0)]], device=self._device)
        box = window.corners(prompt.box) if prompt.box else (0.0, 0.0, 0.0, 0.0)
        # As pixels that are in or out: with probabilities as they were, twice as many clicks did harm.
        before = (start >= 0.5).astype(np.float32)
        previous = torch.from_numpy(window.of_mask(before))[None].to(self._device)
        boxes = torch.tensor([box], device=self._device, dtype=torch.float32)
        evidence = gather(looked.keys, rows, previous, boxes)
        answer: Tensor = self._graphs.decode(looked, evidence)[0]
        found = start.copy()
        found[window.place] = window.back(answer.cpu().numpy())
        return found


def _before(previous: Previous | None, size_hw: tuple[int, int]) -> ClickedMask | None:
    if previous is None:
        return None
    known = previous
    if not isinstance(known, ClickedMask):
        soft = known.astype(np.float32)
        known = ClickedMask(soft >= 0.5, soft, None, soft >= 0.5)
    if known.mask.shape != size_hw:
        raise MaskError(
            f"The mask to correct is {known.mask.shape[0]}x{known.mask.shape[1]}, the frame {size_hw[0]}x{size_hw[1]} "
            "(height x width). Give a mask of the frame's size."
        )
    return known


def _decided(found: SoftMask, prompt: Prompt, window: Window) -> Mask:
    """The mask, in which each click has what it asked for."""
    mask: Mask = found >= 0.5
    radius = max(1, round(_GRIP * window.width / window.shape_hw[1]))
    for click in prompt.clicks:
        row, column = int(click.y), int(click.x)
        if mask[row, column] != click.include:
            drawn = mask.astype(np.uint8)
            cv2.circle(drawn, (column, row), radius, int(click.include), -1)
            mask = drawn.astype(bool)
    for click in prompt.clicks:  # a later disk may cover an earlier click
        mask[int(click.y), int(click.x)] = click.include
    return mask


def _near_clicks(mask: Mask, before: Mask, prompt: Prompt) -> Mask:
    """Of all changes only those that a click is in (Chen et al., FocalClick, 2022, "progressive merge")."""
    if not prompt.clicks:
        return mask
    _, parts = cv2.connectedComponents((mask != before).astype(np.uint8))
    chosen = {int(parts[int(c.y), int(c.x)]) for c in prompt.clicks} - {0}
    merged: Mask = np.where(np.isin(parts, list(chosen)), mask, before)
    return merged


def _joined(one: BoxXYXY | None, other: BoxXYXY | None) -> BoxXYXY | None:
    if one is None or other is None:
        return one or other
    return (
        min(one[0], other[0]),
        min(one[1], other[1]),
        max(one[2], other[2]),
        max(one[3], other[3]),
    )


def _iou(one: Window, other: Window) -> float:
    left, top = max(one.left, other.left), max(one.top, other.top)
    right = min(one.left + one.width, other.left + other.width)
    bottom = min(one.top + one.height, other.top + other.height)
    shared = max(0, right - left) * max(0, bottom - top)
    return shared / (one.width * one.height + other.width * other.height - shared)
