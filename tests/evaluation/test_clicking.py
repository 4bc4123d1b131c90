import numpy as np
import pytest

from fakes.clickers import ColourClicker
from segue.evaluation.click_items import Item
from segue.evaluation.click_scores import MOST_CLICKS, Played, iou, mean_clicks
from segue.evaluation.clicking import play, play_box
from segue.models.click.model import ClickedMask, Previous, SeenFrame
from segue.models.click.prompt import Prompt
from segue.types import Frame


class Painter:
    """Each click paints or wipes a disk; nothing else is known."""

    def __init__(self, radius: int) -> None:
        self.radius = radius
        self.prompts: list[Prompt] = []
        self.previous: list[Previous | None] = []

    def see(self, frame: Frame) -> SeenFrame:
        return SeenFrame(frame)

    def mask(
        self, frame: Frame | SeenFrame, prompt: Prompt, previous: Previous | None = None
    ) -> ClickedMask:
        self.prompts.append(prompt)
        self.previous.append(previous)
        size = frame.size_hw if isinstance(frame, SeenFrame) else frame.shape[:2]
        found = np.zeros(size, bool)
        if previous is not None:
            found = (previous.mask if isinstance(previous, ClickedMask) else previous >= 0.5).copy()
        rows, columns = np.indices(size)
        for click in prompt.clicks[-1:]:
            near = np.hypot(rows - click.y, columns - click.x) <= self.radius
            found[near] = click.include
        return ClickedMask(found, found.astype(np.float32))


def item(start: np.ndarray | None = None, valid: np.ndarray | None = None) -> Item:
    frame, truth = np.zeros((40, 60, 3), np.uint8), np.zeros((40, 60), bool)
    truth[10:30, 10:50] = True
    frame[truth] = 200
    return Item("a", frame, truth, np.ones((40, 60), bool) if valid is None else valid, start)


def test_an_item_ends_when_the_goal_is_reached() -> None:
    played = play(ColourClicker(), item())
    assert played.ious == (0.0, 1.0)
    assert played.clicks_to(0.85) == played.clicks_to(0.90) == 1
    assert not played.failed(0.9)
    assert len(played.seconds) == 1


def test_at_most_twenty_clicks_are_made() -> None:
    painter = Painter(0)
    played = play(painter, item())
    assert len(played.seconds) == MOST_CLICKS == 20
    assert played.clicks_to(0.85) == 20
    assert played.failed(0.85)
    # No pixel twice, all clicks in order, and its own last answer each time.
    last = painter.prompts[-1].clicks
    assert len({(c.x, c.y) for c in last}) == 20
    assert painter.prompts[3].clicks == last[:4]
    assert painter.previous[0] is None
    assert isinstance(painter.previous[1], ClickedMask)


def test_an_earlier_success_counts_though_it_is_lost() -> None:
    played = Played("a", (0.0, 0.86, 0.7, 0.91), (0.1, 0.1, 0.1))
    assert played.clicks_to(0.85) == 1
    assert played.clicks_to(0.90) == 3
    assert played.harmful == 1
    assert played.correcting == 2
    assert [played.iou_after(k) for k in (1, 2, 5)] == [0.86, 0.7, 0.91]


def test_a_given_mask_that_is_good_enough_takes_no_click() -> None:
    start = np.zeros((40, 60), bool)
    start[10:30, 10:49] = True
    played = play(Painter(3), item(start))
    assert played.clicks_to(0.85) == played.clicks_to(0.90) == 0
    assert not played.seconds
    start[:, 40:] = False
    painter = Painter(5)
    played = play(painter, item(start))
    assert played.ious[0] == pytest.approx(0.75)
    assert painter.previous[0] is start
    assert painter.prompts[0].clicks[0].include


def test_void_counts_nowhere() -> None:
    valid = np.ones((40, 60), bool)
    valid[:, 40:] = False
    start = np.zeros((40, 60), bool)
    start[10:30, 10:40] = True
    assert play(Painter(3), item(start, valid)).ious == (1.0,)
    assert iou(start, ~start, np.zeros((40, 60), bool)) == 1.0


def test_a_box_is_all_that_is_said() -> None:
    model = ColourClicker()
    played = play_box(model, item())
    assert model.asked == [Prompt(box=(10.0, 10.0, 50.0, 30.0))]
    assert played.ious[-1] == 1.0


def test_the_mean_is_over_items() -> None:
    quick, slow = Played("a", (0.0, 0.95), (0.1,)), Played("b", (0.0, 0.1), (0.1,))
    assert mean_clicks([quick, slow], 0.9) == 10.5
