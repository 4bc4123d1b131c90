"""Train and score every row of a published table, and write the numbers beside the published ones.

segue reproduce temporal-unet-table3
segue reproduce temporal-unet-table2 --data CAMVID --quick
segue reproduce temporal-unet-table2 --data CITYSCAPES --out runs/table2

Complete rows are not trained again; the same command continues an interrupted run. Settings of all rows can be
overridden: loop.device=cpu. A row that fails is reported, the other rows are still done, and the exit code is 5.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from segue.app.cli.table_help import add_help_table
from segue.app.cli.train import Progress
from segue.errors import InputError
from segue.studies.catalog import STUDIES, find_study

if TYPE_CHECKING:
    from segue.studies.result import Outcome
    from segue.studies.study import Row

_ROW_FAILED = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``segue reproduce``."""
    add = parser.add_argument
    add("study", help="a name from the table below")
    add("overrides", nargs="*", metavar="key.path=value", help="changed settings of all rows")
    add("--data", type=Path, metavar="PATH", help="root of the dataset, if the study needs one")
    add("--layout", metavar="NAME", help="layout of the dataset (default: recognised)")
    add(
        "--rows",
        metavar="NAME",
        action="append",
        default=[],
        help="only rows of this name, or of a pattern ('g-frtm-*'); may be repeated; names are those of the folders",
    )
    add("--quick", action="store_true", help="very short trainings, to check that every row works")
    add("--out", type=Path, metavar="DIR", help="folder of the rows and tables (out/reproduce...)")
    add("--threads", type=int, default=0, help="processor threads (0: all)")
    add_help_table(parser, "studies", lambda: {k: v.summary for k, v in STUDIES.items()})


def run(arguments: argparse.Namespace) -> int:
    """Reproduce, and return the exit code."""
    import torch

    from segue.studies.run import reproduce
    from segue.studies.setup import set_up

    study = find_study(arguments.study)
    setup = None
    if study.needs_data:
        if arguments.data is None:
            raise InputError(f"{study.name} needs data. Give a dataset with --data PATH.")
        setup = set_up(
            study,
            arguments.data,
            layout=arguments.layout,
            quick=arguments.quick,
            overrides=arguments.overrides,
        )
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    usual = Path("out", "reproduce-quick" if arguments.quick else "reproduce")
    out = arguments.out or usual
    result = reproduce(study, setup, out, Rows(), arguments.rows)
    print((out / f"{study.name}.md").read_text(encoding="utf-8"))
    picture = f", {study.name}.png" if result.drawing else ""
    print(f"{out}: {study.name}.md, {study.name}.json{picture}")
    return _ROW_FAILED if result.failed else 0


class Rows:
    """Tells on stderr which row is at work, and how it ended."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)

    def begin(self, row: "Row", number: int, total: int) -> Progress:
        """See ``segue.studies.run.Observer``."""
        self._console.print(f"row {number} of {total}: {row.name}")
        return Progress()

    def end(self, outcome: "Outcome") -> None:
        """See ``segue.studies.run.Observer``."""
        self._console.print(f"{outcome.row.name}: {outcome.error or outcome.state}", markup=False)
