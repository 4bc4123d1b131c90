import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from skimage.morphology import disk

from fakes.plain_jf import plain_boundary
from segue.metrics.boundary import BoundaryCounts, boundary, dilate_disk, tolerance_px
from segue.metrics.packed import Region, pack, region_around


def whole(size_hw: tuple[int, int], margin: int) -> Region:
    return region_around([pack(np.ones(size_hw, bool))], size_hw, margin)


def pixels(bits: int, region: Region) -> np.ndarray:
    """The bits of a region as a mask of the image."""
    height, width = region.image_hw
    found = np.zeros((height, width), bool)
    top, left = region.rows.start, 8 * region.columns.start
    for y in range(top, region.rows.stop):
        for x in range(left, min(8 * region.columns.stop, width)):
            found[y, x] = bits >> (y - top) * region.stride + x - left & 1
    return found


@settings(deadline=None)
@given(arrays.arrays(bool, arrays.array_shapes(min_dims=2, max_dims=2, max_side=20)))
def test_boundary_by_the_rule_of_the_official_code(mask: np.ndarray) -> None:
    packed = pack(mask)
    for region in (whole(mask.shape, 1), region_around([packed], mask.shape, 3)):
        assert (pixels(boundary(region.bits(packed), region), region) == plain_boundary(mask)).all()


def dilated(mask: np.ndarray, radius: int) -> np.ndarray:
    region = whole(mask.shape, radius)
    return pixels(dilate_disk(region.bits(pack(mask)), radius, region.stride), region)


@pytest.mark.parametrize("radius", [0, 1, 2, 3, 8, 18, 37])
def test_the_disk_is_the_official_one(radius: int) -> None:
    size = 2 * radius + 5
    mask = np.zeros((size, size + 3), bool)
    mask[radius + 2, radius + 2] = True
    expected = np.zeros_like(mask)
    expected[2 : 2 * radius + 3, 2 : 2 * radius + 3] = disk(radius)
    assert (dilated(mask, radius) == expected).all()


@given(st.integers(0, 14), st.integers(1, 20))
def test_nothing_wraps_around_the_ends_of_rows(radius: int, width: int) -> None:
    mask = np.zeros((9, width), bool)
    mask[4, [0, -1]] = True
    y, x = np.mgrid[:9, :width]
    squares = np.minimum((y - 4) ** 2 + x**2, (y - 4) ** 2 + (x - width + 1) ** 2)
    assert (dilated(mask, radius) == (squares <= radius**2)).all()


def test_tolerance_of_the_usual_sizes() -> None:
    assert tolerance_px(480, 854) == 8
    assert tolerance_px(1080, 1920) == 18
    assert tolerance_px(600, 800) == 8  # exactly 8, not rounded up to 9
    assert tolerance_px(10, 10) == 1


@pytest.mark.parametrize(
    ("counts", "value"),
    [
        (BoundaryCounts(0, 0, 0, 0), 1.0),
        (BoundaryCounts(5, 0, 0, 0), 0.0),
        (BoundaryCounts(0, 0, 5, 0), 0.0),
        (BoundaryCounts(5, 0, 5, 0), 0.0),
        (BoundaryCounts(8, 4, 10, 10), 2 / 3),
    ],
)
def test_value_of_counts(counts: BoundaryCounts, value: float) -> None:
    assert counts.value == pytest.approx(value, abs=0)
