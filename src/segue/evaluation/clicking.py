"""A simulated user who clicks until the mask is right; the rules are in ``docs/protocols/clicks.md``."""

import time

import numpy as np

from segue.data.simulated_clicks import next_click
from segue.evaluation.click_items import Item
from segue.evaluation.click_scores import GOALS, MOST_CLICKS, Played, iou
from segue.models.click.model import ClickedMask, Clicker, Previous, SeenFrame
from segue.models.click.prompt import Prompt
from segue.types import Click, Frame, Mask


class Watched:
    """A model of which the last mask is kept."""

    def __init__(self, model: Clicker) -> None:
        self._model = model
        self.last = np.zeros((0, 0), bool)

    def see(self, frame: Frame) -> SeenFrame:
        """See ``Clicker.see``."""
        return self._model.see(frame)

    def mask(
        self, frame: Frame | SeenFrame, prompt: Prompt, previous: Previous | None = None
    ) -> ClickedMask:
        """See ``Clicker.mask``."""
        answer = self._model.mask(frame, prompt, previous)
        self.last = answer.mask
        return answer


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
