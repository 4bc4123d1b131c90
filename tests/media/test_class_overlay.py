import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segue.media.class_overlay import ClassPainter
from segue.media.lettering import letters, write_text
from segue.media.overlay import overlay_colours

NAMES = ("road", "car", "person", "sky")


def test_every_pixel_is_tinted_above_the_legend() -> None:
    frame = np.full((200, 300, 3), 100, np.uint8)
    labels = np.zeros((200, 300), np.uint8)
    labels[:100] = 3
    painted = ClassPainter(NAMES, overlay_colours())(frame, labels)
    for row, number in ((50, 3), (120, 0)):
        mixed = 0.45 * 100 + 0.55 * overlay_colours()[number]
        assert np.abs(painted[row, 150] - mixed).max() <= 1
    assert (frame == 100).all()


def legend(painted: np.ndarray, bare: np.ndarray) -> np.ndarray:
    """Rows that the legend has changed."""
    return np.flatnonzero((painted != bare).any(axis=(1, 2)))


def test_the_legend_has_the_colours_of_what_is_seen() -> None:
    frame = np.full((360, 480, 3), 100, np.uint8)
    colours = np.zeros((256, 3), np.uint8)
    colours[:3] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    labels = np.zeros((360, 480), np.uint8)
    labels[:40] = 2
    labels[100, 100] = 1  # too small
    painted = ClassPainter(NAMES, colours)(frame, labels)
    strip = painted[-10:].astype(int)
    dominant = [
        int(((strip[..., c] - np.delete(strip, c, 2).max(2)) > 100).sum()) for c in range(3)
    ]
    assert dominant[0] > 20
    assert dominant[1] == 0
    assert dominant[2] > 20
    assert strip.min(axis=2).max() > 180, "there are bright letters"


def test_the_legend_is_low_however_many_classes_there_are() -> None:
    names = [f"class of number {number}" for number in range(124)]
    labels = (np.arange(360 * 480).reshape(360, 480) // 1394).astype(np.uint8)
    black = np.zeros((256, 3), np.uint8)
    frame = np.full((360, 480, 3), 200, np.uint8)
    painted = ClassPainter(names, black)(frame, labels)
    rows = legend(painted, np.full_like(painted, 90))
    assert 20 < len(rows) <= 0.16 * 360
    assert rows[-1] == 359


def test_a_class_stays_in_the_legend_for_a_while() -> None:
    painter = ClassPainter(NAMES, overlay_colours())
    frame = np.full((360, 480, 3), 100, np.uint8)
    road = np.zeros((360, 480), np.uint8)
    both = road.copy()
    both[:100] = 1
    alone = painter(frame, road)[-10:]
    painter(frame, both)
    later = [painter(frame, road)[-10:] for _ in range(30)]
    assert not np.array_equal(later[0], alone)
    assert np.array_equal(later[0], later[20])
    assert np.array_equal(later[-1], alone)


@settings(deadline=None, max_examples=30)
@given(
    arrays(np.uint8, st.tuples(st.integers(1, 70), st.integers(1, 70)), elements=st.integers(0, 3))
)
def test_any_size_can_be_painted(labels: np.ndarray) -> None:
    frame = np.full((*labels.shape, 3), 7, np.uint8)
    painted = ClassPainter(NAMES, overlay_colours())(frame, labels)
    assert painted.shape == frame.shape


@pytest.mark.parametrize("size", [9, 15, 30])
def test_letters_of_one_size_have_one_height(size: int) -> None:
    heights = {letters(text, size).shape[0] for text in ("a", "Ág", "road", "j|")}
    assert len(heights) == 1
    assert letters("wide words", size).shape[1] > letters("w", size).shape[1]


def test_text_is_cut_at_the_edge() -> None:
    picture = np.zeros((20, 30, 3), np.uint8)
    write_text(picture, "longer than the picture", (8, 4), 15, (200, 100, 0))
    assert picture.max() <= 200
    assert picture[8:, 4:].any()
    assert not picture[:8].any()
