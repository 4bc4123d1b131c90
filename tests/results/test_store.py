"""The store: any order, the last write wins, and what a killed process leaves is whole or known."""

import gc
import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue.errors import OutputError
from segue.results.record_table import RecordTable, to_json
from segue.results.records import FrameRecord, ObjectRecord
from segue.results.store import FolderStore, MemoryStore, Store
from segue.types import Labels


def record(index: int, edit: int = 0) -> FrameRecord:
    item = ObjectRecord(1 / 3, False, 7, (1, 2, 3, 4), (0.1, 1 / 7), None, True, "cat")
    return FrameRecord(index, f"f{index}", Fraction(index, 3), {2: item}, "forward", "end", edit)


def labels(value: int) -> Labels:
    found = np.zeros((6, 7), np.uint8)
    found[value % 6] = value
    return found


OPEN: list[FolderStore] = []


def folder_store(path: Path) -> FolderStore:
    (path / "masks").mkdir(parents=True, exist_ok=True)
    OPEN.append(FolderStore(path / "masks", path / "journal.jsonl"))
    return OPEN[-1]


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    while OPEN:
        OPEN.pop().close()


@pytest.fixture(params=["memory", "folder"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return MemoryStore() if request.param == "memory" else folder_store(tmp_path)


def test_frames_come_in_any_order_and_the_last_write_wins(store: Store) -> None:
    for value, index in enumerate((5, 1, 3, 1), start=1):
        store.put(record(index, value), labels(value))
    assert sorted(store.records) == [1, 3, 5]
    assert store.records[1] == record(1, 4)
    assert np.array_equal(store.labels(store.records[1]), labels(4))
    assert np.array_equal(store.labels(store.records[5]), labels(1))
    store.drop(5)
    assert sorted(store.records) == [1, 3]
    store.note_end(9, frozenset({4}))
    store.note_end(None, frozenset({7}))
    assert (store.end, store.gaps) == (9, {4, 7})


writes = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5)), max_size=12)


@given(writes, st.booleans())
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_store_that_is_opened_again_says_the_same(
    tmp_path_factory: pytest.TempPathFactory, made: list[tuple[int, int]], compact: bool
) -> None:
    path = tmp_path_factory.mktemp("store")
    store = folder_store(path)
    for index, value in made:
        store.put(record(index, value), labels(value))
    store.note_end(6, frozenset({2}))
    if compact:
        store.compact()
        store.put(record(0, 5), labels(5))
    store.close()
    again = folder_store(path)
    assert again.records == store.records
    assert (again.end, again.gaps, again.names) == (store.end, store.gaps, store.names)
    assert again.missing() == []


@pytest.mark.parametrize("lost", range(1, 12))
def test_half_a_line_at_the_end_is_cut(tmp_path: Path, lost: int) -> None:
    store = folder_store(tmp_path)
    store.put(record(0), labels(1))
    store.put(record(1), labels(1))
    store.close()
    journal = tmp_path / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-lost])
    again = folder_store(tmp_path)
    # The frame was begun, so it is known as ours, and known to be not whole.
    assert list(again.records) == [0]
    assert again.names == {"f0", "f1"}
    again.put(record(1), labels(2))
    again.close()
    assert list(folder_store(tmp_path).records) == [0, 1]


def test_a_frame_that_was_begun_again_is_not_the_old_one(tmp_path: Path) -> None:
    store = folder_store(tmp_path)
    store.put(record(0), labels(1))
    store._begin(0, "f0")
    store.close()
    assert not folder_store(tmp_path).records


@pytest.mark.parametrize("damage", ["gone", "cut", "spoilt"])
def test_lost_label_maps_are_found(tmp_path: Path, damage: str) -> None:
    store = folder_store(tmp_path)
    store.put(record(0), labels(1))
    path = tmp_path / "masks/f0.png"
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(content[: len(content) // 2] if damage == "cut" else bytes(len(content)))
    assert (store.missing() == [record(0)]) == (damage != "spoilt")
    with pytest.raises(OutputError, match="gone or damaged"):
        store.labels(record(0))


def test_a_journal_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_text(json.dumps([1, 2]) + "\n")
    with pytest.raises(OutputError, match="damaged"):
        folder_store(tmp_path)


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=30))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_records_on_disk_are_those_of_a_dict(
    tmp_path_factory: pytest.TempPathFactory, made: list[tuple[int, bool]]
) -> None:
    path = tmp_path_factory.mktemp("table") / "journal"
    expected: dict[int, FrameRecord] = {}
    path.write_bytes(b"")
    table = RecordTable(path, {})
    for edit, (index, keep) in enumerate(made):
        place = path.stat().st_size
        with path.open("ab") as file:
            file.write(json.dumps(to_json(record(index, edit), 7)).encode() + b"\n")
        if keep:
            table.note(index, place)
            expected[index] = record(index, edit)
        else:
            table.forget(index)
            expected.pop(index, None)
        assert (index in table) == keep
    assert list(table) == sorted(expected)
    assert len(table) == len(expected)
    assert table == expected
    table.close()
    assert table == expected, "also after the file was let go"
    assert 99 not in table


def num_records() -> int:
    gc.collect()
    return sum(type(one) is FrameRecord for one in gc.get_objects())


def test_records_do_not_stay_in_memory(tmp_path: Path) -> None:
    """A stream may run for days."""
    store, before = folder_store(tmp_path), num_records()
    for index in range(50):
        store.put(record(index), labels(1))
    assert num_records() == before
    assert len(store.records) == 50


def test_a_session_may_be_read_after_it_was_closed(tmp_path: Path) -> None:
    store = folder_store(tmp_path)
    store.put(record(3), labels(1))
    store.compact()
    store.close()
    assert store.records[3] == record(3)
