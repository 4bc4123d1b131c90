"""Check predictions and pack them into the archive for an evaluation server.

If the server would refuse the predictions, the problems are reported and nothing is written. Without --out
the predictions are only checked.

segue pack davis2017 out/test-dev --data DAVIS --out submission.zip
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from segue.app.cli.table_help import add_help_table
from segue.app.cli.targets import check_target
from segue.errors import InputError
from segue.evaluation.packing.catalog import PACKERS, find_packer

if TYPE_CHECKING:
    from segue.evaluation.packing.interface import Packer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``segue pack``."""
    add_help_table(
        parser, "benchmarks", lambda: {name: find_packer(name).summary for name in PACKERS}
    )
    parser.add_argument("benchmark", metavar="BENCHMARK", help="see below")
    parser.add_argument("predictions", type=Path)
    parser.add_argument("--out", type=Path, metavar="FILE.zip", help="the archive to write")
    parser.add_argument(
        "--data",
        type=Path,
        metavar="ROOT",
        help="the dataset, which says which frames the server wants",
    )
    parser.add_argument("--split", help="part of the dataset (the one the server scores)")
    parser.add_argument(
        "--from-train-ids", action="store_true", help="cityscapes: convert train ids to label ids"
    )


def run(arguments: argparse.Namespace) -> int:
    """Check and pack, and return the exit code."""
    check_target("--out", arguments.out, ".zip")
    packer = _packer(arguments.benchmark, arguments.from_train_ids)
    from segue.app.cli.problems import say_problems
    from segue.evaluation.packing.archive import write_archive

    submission = packer.prepare(arguments.predictions, arguments.data, arguments.split)
    say_problems(submission.problems)
    if submission.fatal:
        written = f"{arguments.out} was not written" if arguments.out else "not fit for upload"
        raise InputError(f"The server would refuse {len(submission.fatal)} of these; {written}.")
    count = f"{len(submission.members)} files"
    if not arguments.out:
        print(f"{count} are fit for upload; --out FILE.zip packs them")
        return 0
    write_archive(arguments.out, submission.members)
    print(f"{arguments.out}: {count}, {arguments.out.stat().st_size / 1e6:.1f} MB")
    return 0


def _packer(benchmark: str, from_train_ids: bool) -> "Packer":
    if from_train_ids and benchmark != "cityscapes":
        raise InputError(f"--from-train-ids is for cityscapes, not for {benchmark}. Leave it out.")
    return find_packer(f"{benchmark}-train-ids" if from_train_ids else benchmark)
