"""Score predicted masks against true masks.

PREDICTIONS is the folder that a model wrote, mostly <sequence>/<frame>.png. TRUTH is the root of a dataset,
or a folder with the same structure as PREDICTIONS.

segue evaluate out/davis DAVIS --protocol davis2017 --html report.html
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from segue.app.cli.output import STDOUT, add_json_argument, check_json_target, write_document
from segue.app.cli.table_help import add_help_table
from segue.app.cli.targets import check_target
from segue.evaluation.catalog import PROTOCOLS, find_protocol

if TYPE_CHECKING:
    from segue.evaluation.report import Report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``segue evaluate``."""
    add_help_table(
        parser, "protocols", lambda: {name: find_protocol(name).summary for name in PROTOCOLS}
    )
    parser.add_argument("predictions", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument(
        "--protocol",
        default="davis2016",
        metavar="NAME",
        help="how to score (davis2016); see below",
    )
    parser.add_argument("--split", help="part of a dataset root (the protocol's own, mostly val)")
    parser.add_argument("--workers", type=_workers, default=1, metavar="N", help="processes (1)")
    parser.add_argument(
        "--strict", action="store_true", help="make every problem in the files an error"
    )
    add_json_argument(parser)
    parser.add_argument(
        "--csv", type=Path, metavar="FILE.csv", help="every number, one per line, for data frames"
    )
    parser.add_argument(
        "--html", type=Path, metavar="FILE.html", help="a page with curves and the worst frames"
    )


def run(arguments: argparse.Namespace) -> int:
    """Evaluate, and return the exit code."""
    _check_targets(arguments)
    from segue.app.cli.problems import say_problems
    from segue.evaluation.run import evaluate_gathered

    rules = find_protocol(arguments.protocol)
    gathered = rules.gather(arguments.predictions, arguments.truth, arguments.split)
    report = evaluate_gathered(
        arguments.protocol,
        rules,
        gathered,
        workers=arguments.workers,
        strict=arguments.strict,
    )
    if arguments.json != STDOUT:
        show(report)
    say_problems(report.problems, "; --json and --html list them")
    if arguments.csv:
        from segue.evaluation.report_csv import to_csv
        from segue.files import write_bytes

        write_bytes(arguments.csv, to_csv(report).encode())
    if arguments.html:
        from segue.evaluation.html.page import Heading, html_report
        from segue.files import write_bytes

        heading = Heading(str(arguments.predictions), str(arguments.truth), arguments.split)
        page = html_report(report, rules, gathered.cases, heading)
        write_bytes(arguments.html, page.encode())
    if arguments.json:
        write_document(report.to_json(), arguments.json)
    return 0


def show(report: "Report") -> None:
    """The tables on standard output, each with its notes."""
    from rich.console import Console

    from segue.app.cli.tables import screen_table

    # Names are printed as they are: brackets in them are no markup.
    console = Console(markup=False, highlight=False)
    terminal = console.width
    for place, table in enumerate(report.tables):
        title = f"{report.protocol}, by {table.title}" if place == 0 else f"by {table.title}"
        drawn = screen_table(table, title, terminal)
        needed = console.measure(drawn, options=console.options.update(width=10_000)).minimum
        console.width = max(terminal, needed)
        console.print(drawn)
        for note in table.notes:
            console.print(note, soft_wrap=True)


def _check_targets(arguments: argparse.Namespace) -> None:
    check_json_target(arguments.json)
    if arguments.json not in (None, STDOUT):
        check_target("--json", Path(arguments.json), ".json")
    check_target("--csv", arguments.csv, ".csv")
    check_target("--html", arguments.html, ".html")


def _workers(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1 worker, got {text!r}")
    return int(text)
