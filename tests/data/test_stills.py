from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segue.data.stills import find_stills
from segue.errors import NotFoundError


def write(folder: Path, name: str, mask: Image.Image, suffix: str = ".png") -> None:
    for part in ("JPEGImages", "Annotations"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((6, 8, 3), 90, np.uint8)).save(
        folder / "JPEGImages" / f"{name}{suffix}"
    )
    mask.save(folder / "Annotations" / f"{name}.png")


def test_ids_black_and_white_and_single_bits(tmp_path: Path) -> None:
    ids = np.zeros((6, 8), np.uint8)
    ids[1:3, 1:3], ids[4:, 4:], ids[0, 0] = 1, 2, 255
    write(tmp_path, "a", Image.fromarray(ids))
    write(tmp_path, "b", Image.fromarray(np.where(ids == 1, 255, 0).astype(np.uint8)), ".jpg")
    write(tmp_path, "c", Image.fromarray(ids == 2), ".webp")
    a, b, c = (still.read() for still in find_stills([tmp_path]))
    assert a[0].shape == (6, 8, 3)
    assert np.array_equal(a[1], np.where(ids == 255, 0, ids))
    assert np.array_equal(b[1], ids == 1)
    assert np.array_equal(c[1], ids == 2)


def test_a_picture_without_mask_is_left_out_and_an_empty_folder_refused(tmp_path: Path) -> None:
    write(tmp_path, "a", Image.fromarray(np.ones((6, 8), np.uint8)))
    Image.fromarray(np.zeros((6, 8, 3), np.uint8)).save(tmp_path / "JPEGImages/b.png")
    assert [still.picture.name for still in find_stills([tmp_path])] == ["a.png"]
    with pytest.raises(NotFoundError, match="holds no pictures with masks"):
        find_stills([tmp_path / "nowhere"])
