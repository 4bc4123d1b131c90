import itertools
import math

import pytest

from segue.errors import InputError
from segue.models.click.prompt import Prompt
from segue.types import Click

SIZE = (48, 64)


@pytest.mark.parametrize(
    "place", [(-1, 3), (64, 3), (3, 48), (3, -0.1), (math.nan, 3), (3, math.inf)]
)
def test_clicks_outside_the_frame(place: tuple[float, float]) -> None:
    with pytest.raises(
        InputError, match=r"outside the frame, which has columns 0 to 63 and rows 0"
    ):
        Prompt((Click(*place),)).checked(SIZE)
    with pytest.raises(InputError, match="outside the frame"):
        Prompt(strokes=(((3, 3), place),)).checked(SIZE)


def test_contradictory_clicks() -> None:
    with pytest.raises(InputError, match=r"contradict each other: 5,6 is both in and out"):
        Prompt((Click(5, 6), Click(1, 1), Click(5.2, 6, include=False))).checked(SIZE)
    Prompt((Click(5, 6), Click(5, 6), Click(7, 6, include=False))).checked(SIZE)


@pytest.mark.parametrize("box", [(5, 5, 5, 9), (5, 9, 9, 9), (9, 5, 5, 9), (math.nan, 0, 1, 1)])
def test_boxes_without_area(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(InputError, match="has no area"):
        Prompt(box=box).checked(SIZE)


def test_boxes_are_cut_at_the_border_and_refused_beyond() -> None:
    assert Prompt(box=(-4, -4, 10, 99)).checked(SIZE).box == (0, 0, 10, 48)
    with pytest.raises(InputError, match="outside the frame of 64x48"):
        Prompt(box=(70, 5, 90, 9)).checked(SIZE)


def test_points_of_a_stroke_are_close_together() -> None:
    points = Prompt((Click(1, 2, include=False),), strokes=(((0, 0), (40, 0), (40, 9)),)).points()
    assert points[-1] == (1, 2, -1)
    stroke = points[:-1]
    assert stroke[0][:2] == (0, 0)
    assert stroke[-1][:2] == (40, 9)
    for (x0, y0, _), (x1, y1, _) in itertools.pairwise(stroke):
        assert 0 < math.hypot(x1 - x0, y1 - y0) <= 6


def test_nothing_said() -> None:
    assert Prompt().is_empty
    assert Prompt(strokes=((),)).is_empty
    assert not Prompt((Click(1, 1),)).is_empty
    assert not Prompt(box=(0, 0, 1, 1)).is_empty
