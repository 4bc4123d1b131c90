import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from segue.media.plain_png import read_plain_png

PALETTE = [value for index in range(256) for value in (index, 255 - index, index // 2)]
maps = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=70))


def encoded(values, palette=False):
    image = Image.fromarray(values)
    if palette:
        image.putpalette(PALETTE)
    buffer = io.BytesIO()
    image.save(buffer, "png")
    return buffer.getvalue()


@settings(max_examples=40)
@given(values=maps, palette=st.booleans())
def test_values_come_back(values, palette, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "values.png"
    path.write_bytes(encoded(values, palette))
    assert (read_plain_png(path) == values).all()


@settings(max_examples=40)
@given(values=hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=70)))
def test_bits_come_back_as_0_and_1(values, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "bits.png"
    path.write_bytes(encoded(values))
    found = read_plain_png(path)
    assert found.dtype == np.uint8
    assert (found == values).all()


@pytest.mark.parametrize("palette", [False, True])
def test_damage_is_never_read_as_something_else(palette, tmp_path):
    rng = np.random.default_rng(0)
    values = rng.integers(0, 9, (40, 50), np.uint8).repeat(3, 1)
    content = encoded(values, palette)
    path = tmp_path / "damaged.png"
    cuts = [content[:length] for length in range(0, len(content), 7)]
    flips = []
    for place in rng.integers(0, len(content), 150):
        damaged = bytearray(content)
        damaged[place] ^= int(rng.integers(1, 256))
        flips.append(bytes(damaged))
    for damaged in cuts + flips:
        path.write_bytes(damaged)
        found = read_plain_png(path)
        assert found is None or np.array_equal(found, values)
    path.write_bytes(content[: len(content) // 2])
    assert read_plain_png(path) is None


@pytest.mark.parametrize("mode", ["RGB", "LA", "I;16"])
def test_other_kinds_are_left_to_pillow(mode, tmp_path):
    path = tmp_path / "other.png"
    image = Image.fromarray(np.zeros((4, 4), np.uint16 if mode == "I;16" else np.uint8))
    (image if mode == "I;16" else image.convert(mode)).save(path)
    assert read_plain_png(path) is None


def test_no_png_and_no_file(tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "empty.png").write_bytes(b"")
    assert [
        read_plain_png(tmp_path / name) for name in ("text.png", "empty.png", "absent.png")
    ] == [None] * 3
