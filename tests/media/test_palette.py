"""Mask files: what Pillow and OpenCV read back is what was written."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from segue.media.palette import check_chunks, palette, write_mask

LABELS = arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40)))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LABELS)
def test_any_labels_come_back(tmp_path: Path, labels: np.ndarray) -> None:
    write_mask(tmp_path / "m.png", labels)
    with Image.open(tmp_path / "m.png") as image:
        assert image.mode == "P"
        assert (np.asarray(image) == labels).all()
        assert image.getpalette() == palette().ravel().tolist()
    seen = cv2.imread(str(tmp_path / "m.png"))
    assert (seen[:, :, ::-1] == palette()[labels]).all()


def test_a_view_with_other_colours(tmp_path: Path) -> None:
    labels = np.arange(48, dtype=np.uint8).reshape(6, 8)
    colours = np.arange(768, dtype=np.uint8).reshape(256, 3)
    write_mask(tmp_path / "m.png", labels[::-1, ::2], colours)
    with Image.open(tmp_path / "m.png") as image:
        assert (np.asarray(image) == labels[::-1, ::2]).all()
        assert image.getpalette() == colours.ravel().tolist()


def test_files_are_small_and_the_same_every_time(tmp_path: Path) -> None:
    heights = cv2.GaussianBlur(np.random.default_rng(0).normal(0, 14, (480, 854)), (0, 0), 4)
    labels = np.clip(4 * heights + 2, 0, 9).astype(np.uint8)
    write_mask(tmp_path / "a.png", labels)
    write_mask(tmp_path / "b.png", labels)
    content = (tmp_path / "a.png").read_bytes()
    assert content == (tmp_path / "b.png").read_bytes()
    image = Image.fromarray(labels)
    image.putpalette(palette().tobytes())
    image.save(tmp_path / "pillow.png", compress_level=6)
    assert len(content) < (tmp_path / "pillow.png").stat().st_size


def test_any_changed_bit_is_seen(tmp_path: Path) -> None:
    write_mask(tmp_path / "m.png", np.arange(48, dtype=np.uint8).reshape(6, 8))
    content = (tmp_path / "m.png").read_bytes()
    check_chunks(content)
    for place in range(8, len(content)):
        changed = bytearray(content)
        changed[place] ^= 1
        with pytest.raises(ValueError, match=r"damaged|missing"):
            check_chunks(bytes(changed))
    with pytest.raises(ValueError, match="missing"):
        check_chunks(content[:-12])
