import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue.models.click.settings import ClickSettings
from segue.models.click.window import Window, box_of, closer, whole

SETTINGS = ClickSettings(side=384)


# Drawing is slow only on a computer that is busy otherwise.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(40, 2000),
    st.integers(40, 2000),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0.001, 1),
    st.floats(0.001, 1),
)
def test_a_closer_look_lies_in_the_frame_and_holds_its_box(
    height: int, width: int, x: float, y: float, across: float, down: float
) -> None:
    wide, tall = max(1.0, across * width), max(1.0, down * height)
    left, top = x * (width - wide), y * (height - tall)
    box = (left, top, left + wide, top + tall)
    window = closer(box, (height, width), SETTINGS)
    if window is None:
        return
    assert 0 <= window.left <= width - window.width
    assert 0 <= window.top <= height - window.height
    assert window.width * window.height <= 0.5 * width * height
    # Sides are whole pixels, so the rim may be off by one.
    assert window.left <= left + 1
    assert window.left + window.width >= left + wide - 1
    assert window.top <= top + 1
    assert window.top + window.height >= top + tall - 1
    assert all(side % 32 == 0 for side in window.shape_hw)


def test_few_shapes_are_seen_in_a_video() -> None:
    rng = np.random.default_rng(0)
    shapes = set()
    for _ in range(200):
        left, top = rng.uniform(0, 700), rng.uniform(0, 400)
        box = (left, top, left + rng.uniform(5, 150), top + rng.uniform(5, 80))
        window = closer(box, (480, 854), SETTINGS)
        if window:
            shapes.add(window.shape_hw)
    assert len(shapes) == 3


def test_large_objects_are_worth_no_closer_look() -> None:
    assert closer((50, 50, 800, 430), (480, 854), SETTINGS) is None
    assert closer((50, 50, 100, 100), (480, 854), SETTINGS) is not None


def test_points_and_boxes_go_to_what_the_network_sees() -> None:
    window = Window(100, 40, 200, 100, (64, 128))
    assert window.point(99.5, 39.5) == (-0.5, -0.5)
    assert window.point(299.5, 139.5) == (127.5, 63.5)
    assert window.corners((100, 40, 300, 140)) == (0, 0, 128, 64)
    assert window.holds((100, 40, 300, 140))
    assert not window.holds((99, 40, 300, 140))


def test_a_mask_comes_back_from_where_it_went() -> None:
    mask = np.zeros((480, 854), np.float32)
    mask[100:220, 300:500] = 1
    window = closer((300, 100, 500, 220), (480, 854), SETTINGS)
    assert window is not None
    back = np.zeros_like(mask)
    back[window.place] = window.back(window.of_mask(mask))
    assert ((back >= 0.5) == (mask >= 0.5)).mean() > 0.998


def test_the_box_of_a_mask_holds_the_clicks_that_include() -> None:
    mask = np.zeros((40, 60), np.float32)
    assert box_of(mask, []) is None
    assert box_of(mask, [(3.0, 4.0, 1.0), (50.0, 30.0, -1.0)]) == (3, 4, 3, 4)
    mask[10:20, 20:30] = 0.7
    assert box_of(mask, [(3.0, 14.0, 1.0), (50.0, 30.0, -1.0)]) == (3, 10, 30, 20)


def test_the_whole_frame_keeps_its_aspect() -> None:
    assert whole((480, 854), 384).shape_hw == (224, 384)
    assert whole((854, 480), 384).shape_hw == (384, 224)
    assert whole((5, 3000), 384).shape_hw == (32, 384)
