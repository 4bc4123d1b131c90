from fractions import Fraction

from segue.results.lost import lost_objects
from segue.results.records import FrameRecord, ObjectRecord


def records(*absent: set[int]) -> list[FrameRecord]:
    def one(number: int, gone: set[int]) -> ObjectRecord:
        return ObjectRecord(0.9, number in gone, 0 if number in gone else 5)

    return [
        FrameRecord(i, f"{i:05d}", Fraction(i), {n: one(n, gone) for n in (2, 10)})
        for i, gone in enumerate(absent)
    ]


def test_spans_of_absence() -> None:
    told = lost_objects(records(set(), {10}, {10, 2}, {2}, {10}))
    assert told == {
        "2": [{"first": "00002", "last": "00003", "frames": 2, "found_again": True}],
        "10": [
            {"first": "00001", "last": "00002", "frames": 2, "found_again": True},
            {"first": "00004", "last": "00004", "frames": 1, "found_again": False},
        ],
    }
    assert list(told) == ["2", "10"], "by number, not by text"


def test_nothing_is_lost_where_all_are_there() -> None:
    assert lost_objects(records(set(), set())) == {}
    assert lost_objects([]) == {}
