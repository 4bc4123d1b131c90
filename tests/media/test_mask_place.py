import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.errors import MaskError
from segue.media.mask_place import MaskPlace, parse_place

FROM_ONE = [f"{n:05d}" for n in range(1, 10)]


def test_a_name_that_exists_is_the_name_and_says_so() -> None:
    assert parse_place("00006", FROM_ONE, "") == MaskPlace(
        5, None, ("00006 is the frame named 00006 (frame number 5), not frame number 6",)
    )
    assert parse_place("6", [str(n) for n in range(1, 10)], "").frame == 5


def test_a_number_that_is_no_name_is_the_number_and_says_so() -> None:
    assert parse_place("6", FROM_ONE, "") == MaskPlace(
        6, None, ("6 is frame number 6 (named 00007), not the frame named 00006",)
    )


def test_nothing_is_said_where_both_agree() -> None:
    names = [f"{n:05d}" for n in range(9)]
    for text in ("00006", "6"):
        assert parse_place(text, names, "") == MaskPlace(6)
        assert parse_place(text, None, "") == MaskPlace(6)
    assert parse_place("cat", ["dog", "cat"], "") == MaskPlace(1)


def test_an_id_stands_behind_the_frame() -> None:
    assert parse_place("6:2", None, "") == MaskPlace(6, 2)
    assert parse_place("00006:2", FROM_ONE, "").frame == 5
    assert parse_place("a:2", ["a:2", "a"], "") == MaskPlace(0)
    assert parse_place("a:3", ["a:2", "a"], "") == MaskPlace(1, 3)


@pytest.mark.parametrize("text", ["", ":", "cat", "6:", "6:0", "6:255", "6:x", "²", "-1"])
def test_what_is_no_frame_is_named(text: str) -> None:
    with pytest.raises(MaskError, match=r"from 1 to 254|expected a frame"):
        parse_place(text, None, "SPEC")


def test_a_number_beyond_the_names_is_named() -> None:
    with pytest.raises(MaskError, match="frames 0 to 8 only, named 00001 to 00009"):
        parse_place("9", FROM_ONE, "")


@given(st.integers(1, 500), st.integers(0, 400), st.integers(1, 7))
def test_every_name_is_found(first: int, offset: int, digits: int) -> None:
    names = [f"{n:0{digits}d}" for n in range(first, first + 401)]
    assert parse_place(names[offset], names, "").frame == offset


def test_a_number_at_the_end_of_another_frames_name_is_doubted() -> None:
    names = ["img_1", "img_2", "img_3"]
    (doubt,) = parse_place("1", names, "1=a.png").doubts
    assert doubt == "1 is frame number 1 (named img_2), not the frame named img_1"
    assert parse_place("1", ["img_0", "img_1"], "1=a.png").doubts == ()
