"""A simulated user who clicks until the mask is right; the rules are in ``docs/protocols/clicks.md``."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from segue.data.simulated_clicks import Area, next_click
from segue.models.click.model import ClickedMask, SeenFrame
from segue.models.click.prompt import Prompt
from segue.types import Click, Frame, Mask, SoftMask

MOST_CLICKS = 20
GOALS = (0.85, 0.90)
"""IoU that is asked for; the user stops at the last one."""
_NOISE = 0.01
"""A click that lowers the IoU by more has done harm."""


class Clicker(Protocol):
    """What the user works with."""

    def see(self, frame: Frame) -> SeenFrame:
        """A frame, looked at."""
        ...

    def mask(
        self,
        frame: Frame | SeenFrame,
        prompt: Prompt,
        previous: ClickedMask | Mask | SoftMask | None = None,
    ) -> ClickedMask:
        """The mask after all clicks so far."""
        ...


@dataclass(frozen=True, slots=True)
class Item:
    """One picture and the mask that the user has in mind."""

    name: str
    frame: Frame
    truth: Mask
    valid: Mask
    start: Mask | None = None
    """A mask to correct; ``None``: the user begins with nothing."""


@dataclass(frozen=True, slots=True)
class Played:
    """What one item took."""

    name: str
    ious: tuple[float, ...]
    """Before the first click, then after each."""
    seconds: tuple[float, ...]
    """Time of each click."""

    def clicks_to(self, goal: float) -> int:
        """Clicks until the IoU first reached a goal; ``MOST_CLICKS`` if it never did."""
        reached = (number for number, iou in enumerate(self.ious) if iou >= goal)
        return next(reached, MOST_CLICKS)

    def failed(self, goal: float) -> bool:
        """Whether the goal was never reached."""
        return max(self.ious) < goal

    def iou_after(self, clicks: int) -> float:
        """The IoU after so many clicks, the last one where the user stopped before."""
        return self.ious[min(clicks, len(self.ious) - 1)]

    @property
    def harmful(self) -> int:
        """Clicks after the first that lowered the IoU by more than a point."""
        steps = zip(self.ious[1:], self.ious[2:], strict=False)
        return sum(after < before - _NOISE for before, after in steps)

    @property
    def correcting(self) -> int:
        """Clicks after the first."""
        return max(0, len(self.seconds) - 1)


def play(model: Clicker, item: Item, rng: np.random.Generator | None = None) -> Played:
    """Click until the mask is right or ``MOST_CLICKS`` are made.

    Args:
        model: What is asked.
        item: The picture and the true mask.
        rng: Draws the pixel of a click from the deeper half of the error; ``None``: the deepest pixel.
    """
    seen = model.see(item.frame)
    clicked = np.zeros(item.truth.shape, bool)
    clicks: list[Click] = []
    answer: ClickedMask | Mask | None = item.start
    mask = np.zeros(item.truth.shape, bool) if item.start is None else item.start
    ious, seconds = [iou(mask, item.truth, item.valid)], []
    while len(clicks) < MOST_CLICKS and ious[-1] < GOALS[-1]:
        place = next_click(mask, item.truth, item.valid, clicked, rng)
        if place is None:
            break
        clicks.append(Click(place.column, place.row, place.include))
        clicked[place.row, place.column] = True
        began = time.perf_counter()
        answer = model.mask(seen, Prompt(tuple(clicks)), answer)
        seconds.append(time.perf_counter() - began)
        mask = answer.mask
        ious.append(iou(mask, item.truth, item.valid))
    return Played(item.name, tuple(ious), tuple(seconds))


def play_box(model: Clicker, item: Item) -> Played:
    """Give the tight box of the true mask, and nothing else."""
    rows, columns = np.nonzero(item.truth)
    box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    seen = model.see(item.frame)
    began = time.perf_counter()
    answer = model.mask(seen, Prompt(box=tuple(map(float, box))))  # type: ignore[arg-type]
    seconds = time.perf_counter() - began
    return Played(item.name, (0.0, iou(answer.mask, item.truth, item.valid)), (seconds,))


def iou(predicted: Area, truth: Area, valid: Area) -> float:
    """Intersection over union of the pixels that count; 1 where both are empty."""
    union = ((predicted | truth) & valid).sum()
    return float((predicted & truth & valid).sum() / union) if union else 1.0


def mean_clicks(played: Sequence[Played], goal: float) -> float:
    """NoC of a set."""
    return sum(p.clicks_to(goal) for p in played) / len(played)
