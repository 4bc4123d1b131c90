"""Score predicted masks against true ones.

PREDICTIONS holds <sequence>/<frame>.png; TRUTH is a DAVIS root or a folder built the same way.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segue.evaluation.report import Report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``segue evaluate``."""
    parser.add_argument("predictions", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--protocol", default="davis2016", help="how to score (davis2016)")
    parser.add_argument("--split", default="val", help="which list of a dataset root (val)")
    parser.add_argument(
        "--json",
        metavar="FILE",
        help="write the scores to FILE; - prints them instead of the table",
    )
    parser.add_argument("--workers", type=int, default=1, help="processes (1)")


def run(arguments: argparse.Namespace) -> int:
    """Evaluate, and return the exit code."""
    from segue.evaluation.run import evaluate
    from segue.inference.atomic import write_json

    report = evaluate(
        arguments.predictions,
        arguments.truth,
        arguments.protocol,
        arguments.split,
        arguments.workers,
    )
    if arguments.json == "-":
        sys.stdout.write(json.dumps(report.to_json(), indent=2) + "\n")
        return 0
    if arguments.json:
        write_json(Path(arguments.json), report.to_json())
    show(report)
    return 0


def show(report: "Report") -> None:
    """The table on standard output, and what was missing on standard error."""
    from rich.console import Console
    from rich.table import Table

    from segue.evaluation.report import COLUMNS

    table = Table("sequence", title=report.protocol)
    for column in COLUMNS:
        table.add_column(column.replace("_", " "), justify="right")
    for name, row in report.sequences.items():
        table.add_row(name, *(f"{row[column]:.1f}" for column in COLUMNS))
    table.add_section()
    table.add_row("mean", *(f"{report.mean[column]:.1f}" for column in COLUMNS))
    Console().print(table)
    notes = Console(stderr=True)
    for name, count in report.missing_frames.items():
        notes.print(f"{name}: {count} frames without a prediction, scored as empty masks")
    if report.extra_sequences:
        notes.print(f"not in the truth, left out: {', '.join(report.extra_sequences)}")
