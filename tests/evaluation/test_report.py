import json

import pytest

from segue.evaluation.interface import Column, Scored, Table
from segue.evaluation.report import Report, shown, stored
from segue.problems import Problem

TABLE = Table(
    "sequence",
    (Column("J"), Column("error", "ratio"), Column("frames", "count")),
    {"bear": {"J": 12.34567, "error": 0.1234567, "frames": 7.0}, "goat": {"J": None}},
    {"J": 12.34567},
    ("One sequence has no truth.",),
)


def report(**changes: object) -> Report:
    values: dict[str, object] = {
        "protocol": "davis2016",
        "tables": (TABLE,),
        "scored": (Scored("bear", None, 7), Scored("goat", None, 5)),
    }
    return Report(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("unit", "value", "text", "number"),
    [
        ("percent", 12.34567, "12.3", 12.346),
        ("percent", -5.06, "-5.1", -5.06),
        ("ratio", 0.1234567, "0.123", 0.123457),
        ("count", 7.0, "7", 7),
        ("count", None, "-", None),
    ],
)
def test_decimals(unit: str, value: float | None, text: str, number: float | None) -> None:
    column = Column("x", unit)  # type: ignore[arg-type]
    assert shown(value, column) == text
    assert stored(value, column) == number
    assert type(stored(value, column)) is type(number)


def test_json_has_every_number_and_none_for_those_that_do_not_exist() -> None:
    document = json.loads(json.dumps(report().to_json(), allow_nan=False))
    table = document["tables"]["sequence"]
    assert table["rows"]["bear"] == {"J": 12.346, "error": 0.123457, "frames": 7}
    assert table["rows"]["goat"] == {"J": None, "error": None, "frames": None}
    assert document["summary"] == table["summary"] == {"J": 12.346, "error": None, "frames": None}
    assert table["notes"] == ["One sequence has no truth."]
    assert document["num_frames"] == 12


def test_problems_are_counted_by_kind_and_missing_frames_by_sequence() -> None:
    problems = (
        Problem("missing-frame", "bear", "00001", "It counts as empty."),
        Problem("missing-frame", "bear", "00002", "It counts as empty."),
        Problem("extra-sequence", "zebra", "", "It is left out."),
    )
    found = report(problems=problems)
    assert found.missing_frames == {"bear": 2}
    document = found.to_json()
    assert document["problem_counts"] == {"missing-frame": 2, "extra-sequence": 1}
    assert document["problems"][2] == {
        "kind": "extra-sequence",
        "sequence": "zebra",
        "frame": "",
        "message": "It is left out.",
    }
