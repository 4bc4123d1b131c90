"""Train segue-lite from a TOML file; a run that was cut off goes on where it was.

Settings of the file can be overridden: segue train configs/segue-lite.toml --out runs/a loop.steps=100
"""

import argparse
import logging
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``segue train``."""
    parser.add_argument("config", type=Path, help="a TOML file, such as configs/segue-lite.toml")
    parser.add_argument("overrides", nargs="*", metavar="key.path=value", help="changed settings")
    parser.add_argument("--out", type=Path, required=True, help="the run's folder")
    parser.add_argument("--threads", type=int, default=0, help="processor threads (0: all)")
    parser.add_argument("--export", type=Path, help="write the averaged weights here at the end")


def run(arguments: argparse.Namespace) -> int:
    """Train, and return the exit code."""
    import torch

    from segue.settings import override, read_toml
    from segue.training.lite import LiteTraining, export, run

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    settings = LiteTraining.parse(override(read_toml(arguments.config), arguments.overrides))
    run(settings, arguments.out)
    if arguments.export:
        export(arguments.out, arguments.export)
    return 0
