"""Score predicted masks against true ones.

PREDICTIONS holds <sequence>/<frame>.png; TRUTH is a DAVIS root or a folder built the same way.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from segue.app.cli.output import STDOUT, add_json_argument, check_json_target, write_document

if TYPE_CHECKING:
    from segue.evaluation.report import Report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``segue evaluate``."""
    parser.add_argument("predictions", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--protocol", default="davis2016", help="how to score (davis2016)")
    parser.add_argument("--split", default="val", help="which list of a dataset root (val)")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes (1)")
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Evaluate, and return the exit code."""
    from segue.evaluation.run import evaluate

    check_json_target(arguments.json)
    report = evaluate(
        arguments.predictions,
        arguments.truth,
        arguments.protocol,
        arguments.split,
        arguments.workers,
    )
    if arguments.json:
        write_document(report.to_json(), arguments.json)
    if arguments.json != STDOUT:
        show(report)
    return 0


def show(report: "Report") -> None:
    """The table on standard output, and what was missing on standard error."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from segue.evaluation.report import COLUMNS

    rows = report.sequences
    table = Table(title=report.protocol, box=SIMPLE_HEAD)
    table.add_column("sequence", no_wrap=True, min_width=max(map(len, rows)))
    for column in COLUMNS:
        table.add_column(column.replace("_", " "), justify="right")
    for name, row in rows.items():
        table.add_row(name, *(f"{row[column]:.1f}" for column in COLUMNS))
    table.add_section()
    table.add_row("mean", *(f"{report.mean[column]:.1f}" for column in COLUMNS))
    # Names are printed as they are: brackets in them are no markup.
    console = Console(markup=False)
    # Nothing is cut off either: into a file, rich would squeeze long names into 80 characters.
    needed = console.measure(table, options=console.options.update(width=1000)).minimum
    console.width = max(console.width, needed)
    console.print(table)
    notes = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)
    for name, count in report.missing_frames.items():
        notes.print(f"{name}: {count} frames without a prediction, scored as empty masks")
    if report.extra_sequences:
        notes.print(f"not in the truth, left out: {', '.join(report.extra_sequences)}")
