"""Memories at key frames: the nearest one that is right, within a budget."""

from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from segue.inference.runner import RunnerMemory
from segue.inference.session.changes import Give
from segue.inference.session.edits import Edits
from segue.inference.session.history import History, Key, thinned


@dataclass(frozen=True)
class State:
    values: torch.Tensor


def memory(number: int, waiting: tuple[int, ...] = ()) -> RunnerMemory:
    return RunnerMemory(State(torch.full((64,), float(number))), waiting)


@pytest.fixture(params=["memory", "folder"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return tmp_path / "states" if request.param == "folder" else None


def test_the_nearest_that_is_right_comes_first(folder: Path | None) -> None:
    history = History(folder, 1 << 20, State)
    for frame in (3, 9, 15):
        history.add(Key("forward", frame, frame + 1, 1), memory(frame))
    history.add(Key("backward", 15, 14, 1), memory(99))
    edits = Edits((Give(0, (1,)),))
    assert [key.frame for key in history.before("forward", 12, edits)] == [9, 3]
    assert [key.frame for key in history.before("forward", 16, edits)] == [15, 9, 3]
    assert [key.frame for key in history.before("backward", 12, edits)] == [15]
    assert not list(history.before("backward", 15, edits))
    # A mask on frame 9 was not known to the memories from there on.
    edits += Give(9, (1,))
    assert [key.frame for key in history.before("forward", 16, edits)] == [3]
    history.prune(edits)
    assert [(key.way, key.frame) for key in history.keys] == [("backward", 15), ("forward", 3)]


def test_what_was_kept_comes_back(folder: Path | None) -> None:
    history = History(folder, 1 << 20, State)
    key = Key("forward", 7, 5, 2)
    history.add(key, memory(7, (5, 6, 7)), {"level": 3})
    if folder is not None:
        history = History(folder, 1 << 20, State)
    assert history.keys == (key,)
    found = history.load(key)
    assert found is not None
    assert torch.equal(found[0].state.values, memory(7).state.values)
    assert found[0].waiting == (5, 6, 7)
    assert found[1] == {"level": 3}


def test_a_damaged_one_is_dropped(tmp_path: Path) -> None:
    history = History(tmp_path / "states", 1 << 20, State)
    key = Key("forward", 7, 8, 0)
    history.add(key, memory(7))
    (tmp_path / "states" / key.name).write_bytes(b"damaged")
    assert history.load(key) is None
    assert history.keys == ()


def test_a_frame_has_one_memory(folder: Path | None) -> None:
    history = History(folder, 1 << 20, State)
    history.add(Key("forward", 7, 8, 0), memory(1))
    history.add(Key("forward", 7, 8, 1), memory(2))
    assert history.keys == (Key("forward", 7, 8, 1),)


def test_the_budget_is_kept_and_the_newest_too(folder: Path | None) -> None:
    one = 256
    if folder is not None:
        History(folder, 1 << 20, State).add(Key("forward", 0, 1, 0), memory(0))
        (path,) = folder.iterdir()
        one = path.stat().st_size + 8  # numbers of frames have more digits later
    history = History(folder, 8 * one, State)
    for frame in range(0, 640, 16):
        history.add(Key("forward", frame, frame + 1, 0), memory(frame))
        assert history.keys[-1].frame == frame
    kept = [key.frame for key in history.keys]
    assert len(kept) <= 8
    assert kept[-1] == 624
    assert max(b - a for a, b in zip([0, *kept], kept, strict=False)) <= 4 * 640 / len(kept)


@given(st.lists(st.integers(0, 999), min_size=1, max_size=30, unique=True))
def test_thinning_takes_what_leaves_the_smallest_gap(frames: list[int]) -> None:
    frames.sort()
    keys = [Key("forward", frame, frame + 1, 0) for frame in frames]
    gone = thinned(keys, keys[-1])
    if len(keys) == 1:
        assert gone is None
        return
    assert gone is not None
    assert gone != keys[-1]

    def gap(key: Key) -> int:
        place = keys.index(key)
        return keys[place + 1].frame - (keys[place - 1].frame if place else 0)

    assert gap(gone) == min(map(gap, keys[:-1]))
