import csv
import io
import re

from segue.evaluation.interface import Column, Table
from segue.evaluation.report import Report
from segue.evaluation.report_csv import to_csv

NAME = 'a, "quoted"\nname'
TABLES = (
    Table(
        "sequence",
        (Column("J"), Column("frames", "count")),
        {NAME: {"J": 71.23456, "frames": 5}, "bear": {"J": None, "frames": 3}},
        {"J": 71.23456},
    ),
    Table("class", (Column("IoU", "ratio"),), {"car": {"IoU": 0.5}}),
)


def read() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(to_csv(Report("davis2017", TABLES, ())))))


def test_one_value_per_line_whatever_the_names() -> None:
    lines = read()
    assert len(lines) == 2 * 2 + 2 + 1
    assert lines[0] == {
        "protocol": "davis2017",
        "table": "sequence",
        "row": NAME,
        "column": "J",
        "unit": "percent",
        "value": "71.235",
    }
    assert lines[-1]["table"] == "class"
    assert float(lines[-1]["value"]) == 0.5


def test_the_summary_is_a_row_of_its_own() -> None:
    summary = [line for line in read() if line["row"] == "(all)"]
    assert [(line["table"], line["column"], line["value"]) for line in summary] == [
        ("sequence", "J", "71.235"),
        ("sequence", "frames", ""),
    ]


def test_what_does_not_exist_is_empty_and_counts_are_integers() -> None:
    values = {(line["row"], line["column"]): line["value"] for line in read()}
    assert values["bear", "J"] == ""
    assert re.fullmatch(r"\d+", values["bear", "frames"])
