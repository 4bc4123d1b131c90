"""Which frames a change reaches, for every direction; names of objects."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.errors import InputError
from segue.inference.session.changes import (
    Absent,
    Check,
    Correct,
    Direct,
    Direction,
    Edit,
    Forget,
    Give,
    Rename,
    check_direction,
    check_span,
)
from segue.inference.session.edits import Edits

N = 24
frames = st.integers(0, N - 1)
objects = st.lists(st.integers(1, 4), min_size=1, max_size=3, unique=True)
directions: st.SearchStrategy[Direction] = st.sampled_from(["forward", "backward", "both"])
masks = st.one_of(
    st.tuples(st.just("give"), frames, objects),
    st.tuples(st.sampled_from(["end", "next-given"]), frames, objects),
)
changes = st.one_of(
    masks,
    st.tuples(st.just("absent"), frames, st.integers(1, 4), st.booleans()),
    st.tuples(st.just("check"), frames, frames),
    st.tuples(st.just("forget"), st.integers(1, 4)),
)
many = st.lists(changes, max_size=8)


def made(row: Any) -> Edit:
    """A change, made outside of the strategies, since its types are checked at random."""
    kind, *values = row
    if kind == "give":
        return Give(values[0], tuple(values[1]))
    if kind in ("end", "next-given"):
        return Correct(values[0], tuple(values[1]), kind)
    if kind == "check":
        return Check(min(values), max(values) + 1)
    kinds = {"absent": Absent, "forget": Forget, "rename": Rename}
    edit: Edit = kinds[kind](*values)
    return edit


def needed(edits: Edits) -> list[int]:
    return [edits.needed(index) for index in range(N)]


@given(many, frames, objects)
def test_a_correction_to_the_end_reaches_what_follows(
    rows: list[Any], frame: int, ids: list[int]
) -> None:
    before = [*map(made, rows)]
    edits = Edits(tuple(before))
    after = edits + Correct(frame, tuple(ids))
    assert needed(after) == needed(edits)[:frame] + [after.newest] * (N - frame)
    backward = Edits((Direct("backward", first=True), *before))
    after = backward + Correct(frame, tuple(ids))
    assert needed(after)[: frame + 1] == [after.newest] * (frame + 1)
    assert needed(after)[frame + 1 :] == needed(backward)[frame + 1 :]


@given(many, frames, objects, directions)
def test_a_local_correction_reaches_its_neighbours_and_no_frame_beyond(
    rows: list[Any], frame: int, ids: list[int], direction: Direction
) -> None:
    before = [*map(made, rows)]
    edits = Edits((Direct(direction, first=True), *before))
    after = edits + Correct(frame, tuple(ids), "next-given")
    anchors = {e.frame for e in before if isinstance(e, Give | Correct)}
    anchors |= {i for e in before if isinstance(e, Check) for i in range(e.start, e.stop)}
    low = max((a for a in anchors if a < frame), default=-1)
    high = min((a for a in anchors if a > frame), default=N)
    for index in range(N):
        reached = low < index < high
        assert after.needed(index) == (after.newest if reached else edits.needed(index)), index
    for index in range(low + 1, high):
        sides = after.sides(index)
        if index == frame:
            assert sides is None
            assert after.origin(index) == "given"
        elif not after.checked(index):
            assert sides == (
                (low if low >= 0 else None, frame)
                if index < frame
                else (frame, high if high < N else None)
            )


@given(many, changes, directions)
def test_a_change_makes_no_frame_fresh(rows: list[Any], row: Any, direction: Direction) -> None:
    edits = Edits((Direct(direction, first=True), *map(made, rows)))
    after = edits + made(row)
    for index in range(N):
        assert after.needed(index) in (edits.needed(index), after.newest)


@given(many, frames, frames, directions)
def test_memories_are_right_until_a_mask_they_have_not_seen(
    rows: list[Any], frame: int, seen: int, direction: Direction
) -> None:
    edits = Edits((Direct(direction, first=True), *map(made, rows)))
    after = edits + Give(frame, (1,))
    assert after.knows("forward", seen, edits.newest) == (seen < frame)
    assert after.knows("backward", seen, edits.newest) == (seen > frame)
    assert after.knows("forward", seen, after.newest)
    local = edits + Correct(frame, (1,), "next-given")
    assert local.knows("forward", seen, edits.newest)


@given(many)
def test_what_is_written_comes_back(rows: list[Any]) -> None:
    edits = Edits((*map(made, rows), Rename(1, 9), Direct("both", 2, 5)), free=True)
    assert Edits.from_json(edits.to_json(), free=True) == edits


renames = st.tuples(st.just("rename"), st.integers(1, 4), st.integers(5, 9))


@given(st.lists(st.one_of(masks, renames), max_size=8))
def test_no_two_objects_share_a_number(rows: list[Any]) -> None:
    edits = Edits()
    for edit in map(made, rows):
        known = edits.own()
        if isinstance(edit, Rename) and (edit.old not in known or edit.new in known):
            continue
        edits += edit
        own = edits.own()
        assert len(set(own.values())) == len(own)
        for name, number in known.items():
            renamed = edit.new if isinstance(edit, Rename) and name == edit.old else name
            assert own[renamed] == number


def test_a_name_that_was_given_away_means_another_object() -> None:
    edits = Edits((Give(0, (1, 2)), Rename(1, 5), Give(9, (1,))))
    assert edits.own() == {2: 2, 5: 1, 1: 3}
    assert edits.shown(9) == {1: 5, 2: 2, 3: 1}
    assert edits.own(1) == {1: 1, 2: 2}


def test_a_forgotten_object_comes_back_where_it_is_given_again() -> None:
    edits = Edits((Give(0, (1, 2)), Forget(2), Correct(9, (2,))))
    assert edits.shown(8)[2] == 0
    assert edits.shown(9)[2] == edits.shown(20)[2] == 2


@pytest.mark.parametrize(
    ("direction", "origins"),
    [
        ("forward", ["none", "given", "forward", "given", "forward"]),
        ("backward", ["backward", "given", "backward", "given", "none"]),
        ("both", ["backward", "given", "both", "given", "forward"]),
    ],
)
def test_from_which_side_frames_are_answered(direction: Direction, origins: list[str]) -> None:
    edits = Edits((Direct(direction, first=True), Give(4, (1,)), Give(8, (1,))))
    assert [edits.origin(index) for index in (0, 4, 6, 8, 9)] == origins


def test_another_direction_takes_nothing_away() -> None:
    edits = Edits((Give(4, (1,)), Direct("backward"), Direct("forward", 0, 6)))
    assert [edits.direction(i) for i in (0, 4, 5, 6, 9)] == [
        *("backward", "forward", "forward", "forward", "forward")
    ]
    assert [edits.needed(i) for i in (0, 4, 5, 9)] == [2, 3, 3, 1]


def test_checked_frames_are_checked_until_a_mask() -> None:
    edits = Edits((Give(0, (1,)), Check(3, 6)))
    assert [edits.checked(i) for i in (2, 3, 5, 6)] == [False, True, True, False]
    assert not (edits + Correct(4, (1,))).checked(4)


@pytest.mark.parametrize("span", [range(5, 5), range(-1, 3), range(0, 9, 2)])
def test_spans_without_frames_are_refused(span: range) -> None:
    with pytest.raises(InputError, match="at least one frame"):
        check_span(span)
    check_span(None)
    check_span(range(1))


def test_another_word_for_a_direction_is_refused() -> None:
    for word in (None, "forward", "backward", "both"):
        check_direction(word)
    with pytest.raises(InputError, match="got 'sideways'"):
        check_direction("sideways")
