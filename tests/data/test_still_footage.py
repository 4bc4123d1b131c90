from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segue.data.clips import ClipSettings, draw_clip
from segue.data.still_footage import StillFootage
from segue.data.stills import Still, find_stills
from segue.errors import VideoError


@pytest.fixture(scope="module")
def stills(tmp_path_factory: pytest.TempPathFactory) -> tuple[Still, ...]:
    """Two pictures with one object of two parts each."""
    root = tmp_path_factory.mktemp("stills")
    for part in ("JPEGImages", "Annotations"):
        (root / part).mkdir()
    rng = np.random.default_rng(0)
    for name in "ab":
        picture = rng.integers(0, 256, (60, 80, 3), np.uint8)
        mask = np.zeros((60, 80), np.uint8)
        mask[10:30, 10:40], mask[30:50, 40:70] = 1, 2
        Image.fromarray(picture).save(root / f"JPEGImages/{name}.png")
        Image.fromarray(mask).save(root / f"Annotations/{name}.png")
    return tuple(find_stills([root]))


def test_a_still_is_a_sequence_that_stands_still(stills: tuple[Still, ...]) -> None:
    footage = StillFootage(stills, length=5)
    assert len(footage) == 2
    one = footage[1]
    assert one.frames.shape == (5, 60, 80, 3)
    assert one.masks.shape == (5, 60, 80)
    assert np.array_equal(one.masks[4], stills[1].read()[1] > 0)
    # Every frame is the same memory.
    assert one.frames.strides[0] == 0
    assert len(footage[:1]) == 1


def test_clips_are_made_of_them(stills: tuple[Still, ...]) -> None:
    settings = ClipSettings(size_hw=(64, 96), run=2, paste=1.0, scale=(1.0, 1.0))
    one, again = (
        draw_clip(StillFootage(stills), settings, np.random.default_rng(3)) for _ in range(2)
    )
    assert one.frames.shape == (3, 64, 96, 3)
    assert one.masks[0].any()
    assert np.array_equal(one.frames, again.frames)
    assert not np.array_equal(one.frames[0], one.frames[1])


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path, stills: tuple[Still, ...]) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    with pytest.raises(VideoError, match=r"broken\.png"):
        StillFootage((Still(broken, stills[0].mask),))[0]
