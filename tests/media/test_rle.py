import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco

from segue.errors import MaskError
from segue.media.rle import RunLengths, areas, decode, encode, overlaps, union, unpack

MASKS = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=20))


def blob(height: int, width: int, rows: slice, columns: slice) -> np.ndarray:
    mask = np.zeros((height, width), bool)
    mask[rows, columns] = True
    return mask


@given(MASKS)
def test_round_trip(mask: np.ndarray) -> None:
    rle = encode(mask)
    np.testing.assert_array_equal(decode(rle), mask)
    assert (rle.height, rle.width) == mask.shape
    assert areas([rle]).tolist() == [mask.sum()]


@given(st.lists(MASKS, min_size=1, max_size=6))
def test_what_was_encoded_passes_the_check(masks: list[np.ndarray]) -> None:
    rles = [encode(mask) for mask in masks]
    packed = [(rle.height, rle.width, rle.counts) for rle in rles]
    assert unpack(packed) == rles == [RunLengths(*item) for item in packed]


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=40))
def test_any_runs_are_read_as_by_the_coco_tools(runs: list[int]) -> None:
    """Runs of length zero and long ones, which ``encode`` seldom writes."""
    total = sum(runs)
    if total == 0:
        runs, total = [1], 1
    packed = coco.frPyObjects({"size": [total, 1], "counts": runs}, total, 1)
    rle = RunLengths(total, 1, packed["counts"])
    assert areas([rle]).tolist() == [sum(runs[1::2])] == [decode(rle).sum()]


@given(st.integers(1, 6), st.integers(1, 6), st.binary(max_size=8))
def test_bad_counts_are_refused_or_whole(height: int, width: int, counts: bytes) -> None:
    try:
        rle = RunLengths(height, width, counts)
    except MaskError:
        return
    assert decode(rle).shape == (height, width)


@given(MASKS, st.data())
def test_one_changed_byte(mask: np.ndarray, data: st.DataObject) -> None:
    """Native code gets nothing but runs that fill the mask, whatever happened to a byte."""
    rle = encode(mask)
    place = data.draw(st.integers(0, len(rle.counts) - 1))
    byte = data.draw(st.integers(0, 255))
    counts = rle.counts[:place] + bytes([byte]) + rle.counts[place + 1 :]
    try:
        changed = RunLengths(rle.height, rle.width, counts)
    except MaskError:
        assert counts != rle.counts
        return
    assert decode(changed).shape == mask.shape
    assert areas([changed]).tolist() == [decode(changed).sum()]


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (b"", "cut short"),
        (b"P", "cut short"),
        (b"8 ", r"characters b' '"),
        (b"8\xff", "characters"),
        (b"7", r"fills 7 pixels, expected runs that fill 2x4 = 8"),
        (b"9", "fills 9 pixels"),
        (b"O9", "impossible run"),  # -1 + 9
        (b"4O5", "impossible run"),  # 4 - 1 + 5
        (b"440o", "cut short"),
        (b"PPPPPPPP4" + b"4", "impossible run"),  # more digits than any number has
    ],
)
def test_damage_is_named(counts: bytes, message: str) -> None:
    with pytest.raises(MaskError, match=message):
        RunLengths(2, 4, counts)


@pytest.mark.parametrize("size", [(0, 4), (-2, -4), (1 << 20, 1 << 20)])
def test_impossible_sizes(size: tuple[int, int]) -> None:
    with pytest.raises(MaskError, match="size"):
        RunLengths(*size, b"8")


def test_the_damaged_one_of_many_is_named() -> None:
    whole = (2, 4, b"8")
    packed = [whole] * 600 + [(2, 4, b"7")]
    with pytest.raises(MaskError, match="mask 600 fills 7 pixels"):
        unpack(packed)
    with pytest.raises(MaskError, match=r"^line 601 fills 7 pixels"):
        unpack(packed, lambda index: f"line {index + 1}")


def test_areas_of_more_masks_than_the_native_code_takes_at_once() -> None:
    masks = [encode(blob(8, 9, slice(0, 1 + i % 8), slice(2, 5))) for i in range(700)]
    assert areas(masks).tolist() == [3 * (1 + i % 8) for i in range(700)]
    assert areas([]).tolist() == []


@given(hnp.arrays(bool, (5, 6, 7)))
def test_overlaps_and_union_are_those_of_pixels(masks: np.ndarray) -> None:
    a, b = [encode(mask) for mask in masks[:3]], [encode(mask) for mask in masks[3:]]
    shared = (masks[:3, None] & masks[None, 3:]).sum((2, 3))
    either = (masks[:3, None] | masks[None, 3:]).sum((2, 3))
    np.testing.assert_allclose(overlaps(a, b), shared / np.maximum(either, 1))
    np.testing.assert_array_equal(decode(union(a)), masks[:3].any(axis=0))


def test_nothing_overlaps_with_nothing() -> None:
    mask = encode(blob(4, 5, slice(1, 3), slice(1, 3)))
    assert overlaps([], [mask]).shape == (0, 1)
    assert overlaps([mask], []).shape == (1, 0)


def test_masks_of_two_sizes() -> None:
    one, other = encode(np.ones((4, 5), bool)), encode(np.ones((5, 4), bool))
    with pytest.raises(MaskError, match="one size, got 4x5, 5x4"):
        overlaps([one], [other])
    with pytest.raises(MaskError, match="one size"):
        union([one, other])
    with pytest.raises(MaskError, match="no masks"):
        union([])


def test_a_mask_without_pixels() -> None:
    with pytest.raises(MaskError, match="0x5 has no pixels"):
        encode(np.zeros((0, 5), bool))
