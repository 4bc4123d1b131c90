import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from fakes.media_pictures import picture
from segue.media import overlay
from segue.media.overlay import contact_sheet, overlay_colours, paint, write_image


def test_fill_outline_and_nothing_outside() -> None:
    frame = np.full((200, 300, 3), 100, np.uint8)
    labels = np.zeros((200, 300), np.uint8)
    labels[50:150, 80:200] = 3
    labels[160:, :] = 255
    painted = paint(frame, labels)
    colour = overlay_colours()[3]
    assert (painted[50, 120] == colour).all()
    assert np.abs(painted[100, 120] - (colour / 2 + 50)).max() <= 1
    assert (painted[155:] == 100).all()  # below the object and in the void nothing is painted
    assert (painted[:, 205:] == 100).all()
    assert (frame == 100).all()


def plainly_painted(frame: np.ndarray, labels: np.ndarray, line: int) -> np.ndarray:
    """Without numbers, pixel by pixel: an outline where another id, or the edge of the picture, is near."""
    painted = frame.copy()
    solid = np.pad(np.where(labels == 255, 0, labels), line)
    for y, x in zip(*np.nonzero(solid), strict=True):
        near = solid[y - line : y + line + 1, x - line : x + line + 1]
        colour = overlay_colours()[solid[y, x]]
        mixed = np.rint(frame[y - line, x - line] * 0.75 + colour * 0.25)
        painted[y - line, x - line] = mixed if (near == solid[y, x]).all() else colour
    return painted


def test_the_picture_is_that_of_the_plain_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlay, "_number", lambda *_: None)
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 256, (360, 400, 3), np.uint8)  # a line of two pixels
    labels = np.zeros((360, 400), np.uint8)
    labels[20:80, 10:50] = 1
    labels[50:70, 30:60] = 2
    labels[300:, :20] = 9
    labels[320:330, 5:40] = 255
    found = paint(frame, labels, alpha=0.25)
    difference = np.abs(found.astype(int) - plainly_painted(frame, labels, line=2))
    assert difference.max() <= 1  # halves are rounded either way


@settings(deadline=None, max_examples=40)
@given(arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40))), st.floats(0, 1))
def test_paint_accepts_any_labels(labels: np.ndarray, alpha: float) -> None:
    frame = np.full((*labels.shape, 3), 7, np.uint8)
    assert paint(frame, labels, alpha=alpha).shape == frame.shape


def test_the_number_stands_at_the_top_inside_the_picture() -> None:
    frame = np.zeros((480, 854, 3), np.uint8)
    for top, left in ((0, 0), (0, 800), (430, 400)):
        labels = np.zeros((480, 854), np.uint8)
        labels[top : top + 50, left : left + 50] = 8
        changed = (paint(frame, labels, alpha=0.0) != 0).any(axis=2)
        outside = changed & (labels == 0)
        assert (outside.sum() > 100) == (top > 0)
        assert changed[max(0, top - 30) : top + 30, left : left + 50].sum() > 300


def test_neighbouring_colours_differ() -> None:
    colours = overlay_colours()[1:255].astype(int)
    assert len({tuple(colour) for colour in colours.tolist()}) == 254
    assert np.abs(np.diff(colours, axis=0)).sum(axis=1).min() > 100


def test_paint_is_fast() -> None:
    frame = np.zeros((480, 854, 3), np.uint8)
    labels = np.zeros((480, 854), np.uint8)
    labels[100:400, 200:600] = 1
    paint(frame, labels)
    spent = []
    for _ in range(10):
        start = time.process_time()
        paint(frame, labels)
        spent.append(time.process_time() - start)
    assert min(spent) < 0.015


def test_contact_sheet() -> None:
    frames = [np.full((90, 160, 3), 50 * n, np.uint8) for n in range(1, 6)]
    sheet = contact_sheet(frames, 2, ["one", "two"], cell_width=160)
    gap, strip = 2, 12
    assert sheet.shape == (3 * (90 + strip + gap) + gap, 2 * (160 + gap) + gap, 3)
    for place, frame in enumerate(frames):
        y = gap + place // 2 * (90 + strip + gap) + strip + 45
        x = gap + place % 2 * (160 + gap) + 80
        assert (sheet[y, x] == frame[0, 0]).all()
    assert sheet[gap : gap + strip, :160].max() > 200
    assert contact_sheet(frames[:1], 4).shape[1] > 4 * 320


def test_write_image(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", picture())
    assert (np.asarray(Image.open(tmp_path / "a.png")) == picture()).all()
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_alpha_is_the_weight_of_the_fill(alpha: float) -> None:
    frame = np.full((100, 100, 3), 40, np.uint8)
    labels = np.full((100, 100), 2, np.uint8)
    came = paint(frame, labels, alpha=alpha)[60, 60]
    assert (came == (overlay_colours()[2] if alpha else 40)).all()
