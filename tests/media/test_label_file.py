from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from segue.errors import MaskError
from segue.media.label_file import read_label_values

RAMP = np.arange(12, dtype=np.uint8).reshape(3, 4)


def test_palette_indices_are_not_colours(tmp_path: Path) -> None:
    image = Image.fromarray(RAMP, mode=None).convert("P")
    image.putdata(RAMP.ravel().tolist())
    image.putpalette([0] * 768)
    image.save(tmp_path / "m.png")
    assert (read_label_values(tmp_path / "m.png") == RAMP).all()


def test_one_bit_values_are_0_and_1(tmp_path: Path) -> None:
    Image.fromarray(RAMP > 5).save(tmp_path / "m.png")
    found = read_label_values(tmp_path / "m.png")
    assert found.dtype == np.uint8
    assert (found == (RAMP > 5)).all()


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_grey_in_any_number_of_channels(tmp_path: Path, mode: str) -> None:
    Image.fromarray(RAMP).convert(mode).save(tmp_path / "m.png")
    assert (read_label_values(tmp_path / "m.png") == RAMP).all()


def test_16_bit_ids_stay(tmp_path: Path) -> None:
    wide = RAMP.astype(np.uint16) * 256  # would wrap to 0 in 8 bits
    Image.fromarray(wide).save(tmp_path / "m.png")
    found = read_label_values(tmp_path / "m.png")
    assert found.dtype == np.uint16
    assert (found == wide).all()


def test_ids_beyond_16_bits(tmp_path: Path) -> None:
    Image.fromarray(RAMP.astype(np.int32) * 10_000).save(tmp_path / "m.tif")
    with pytest.raises(MaskError, match=r"m\.tif holds the value 110000, expected 0 to 65535"):
        read_label_values(tmp_path / "m.tif")


def test_colours_are_refused(tmp_path: Path) -> None:
    Image.new("RGB", (4, 3), (128, 0, 0)).save(tmp_path / "m.png")
    with pytest.raises(MaskError, match=r"m\.png holds colours"):
        read_label_values(tmp_path / "m.png")


@given(share=st.floats(0, 0.9))
def test_a_file_cut_anywhere_is_named(
    tmp_path_factory: pytest.TempPathFactory, share: float
) -> None:
    path = tmp_path_factory.mktemp("cut") / "m.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 40), np.uint8)).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(MaskError, match=r"m\.png is not a readable mask"):
        read_label_values(path)
