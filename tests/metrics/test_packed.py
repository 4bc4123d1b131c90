import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from segue.metrics.packed import no_pixels, pack, pack_objects, region_around

SIZES = arrays.array_shapes(min_dims=2, max_dims=2, max_side=25)
FEW_IDS = st.sampled_from([0, 0, 0, 1, 2, 3, 10, 254, 255])


def unpacked(packed: np.ndarray, width: int) -> np.ndarray:
    return np.unpackbits(packed, axis=1, count=width, bitorder="little").astype(bool)


def pixels(bits: int, stride: int, size_hw: tuple[int, int]) -> np.ndarray:
    height, width = size_hw
    return np.array([[bits >> y * stride + x & 1 for x in range(width)] for y in range(height)])


@given(arrays.arrays(np.uint8, SIZES, elements=FEW_IDS))
def test_every_id_gets_its_pixels(labels: np.ndarray) -> None:
    found = pack_objects(labels)
    assert list(found) == [i for i in np.unique(labels).tolist() if i]
    for object_id, packed in found.items():
        assert (unpacked(packed, labels.shape[1]) == (labels == object_id)).all()
        assert (packed == pack(labels == object_id)).all()  # nothing beyond the width


def test_ids_of_16_bits() -> None:
    labels = np.array([[0, 256, 65535], [300, 0, 256]], np.uint16)
    assert list(pack_objects(labels)) == [256, 300, 65535]
    assert (unpacked(pack_objects(labels)[256], 3) == (labels == 256)).all()


def test_a_mask_is_whatever_is_not_0() -> None:
    values = np.array([[0, 3, 255], [1, 0, 0]], np.uint8)
    assert (unpacked(pack(values), 3) == (values > 0)).all()


@settings(deadline=None)
@given(arrays.arrays(bool, SIZES), st.integers(1, 20))
def test_a_region_holds_all_of_a_mask_and_what_is_left_of_and_above_it(
    mask: np.ndarray, margin: int
) -> None:
    size_hw = mask.shape
    region = region_around([pack(mask)], size_hw, margin)
    bits = region.bits(pack(mask))
    assert bits.bit_count() == mask.sum()
    if mask.any():
        y, x = (places.min() for places in np.nonzero(mask))
        top, left = region.rows.start, 8 * region.columns.start
        assert top == max(y - 1, 0)
        assert left <= max(x - 1, 0)
        shown = pixels(bits, region.stride, (region.rows.stop - top, region.stride))
        height, width = size_hw
        whole = np.zeros((height, width + region.stride), int)
        whole[region.rows, left : left + region.stride] = shown
        assert (whole[:, :width] == mask).all()
        assert not shown[:, -margin:].any()


def test_the_region_of_nothing() -> None:
    region = region_around([no_pixels((5, 9))], (5, 9), 1)
    assert region.bits(no_pixels((5, 9))) == 0
    assert region.has_right == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 8), (7, 9), (3, 16)])
def test_no_pixels(shape: tuple[int, int]) -> None:
    assert (no_pixels(shape) == pack(np.zeros(shape, bool))).all()
