"""Train a model as a TOML file says; the same command continues an interrupted run.

CONFIG may also be the folder of an earlier run. Alone it continues this run; with another --out it starts a new run
with the same settings. Settings can be overridden: segue train configs/segue-lite.toml --out runs/a loop.steps=100
Several processes: torchrun --nproc-per-node 2 -m segue.app.cli.main train CONFIG --out DIR
"""

import argparse
import os
import time
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from segue.errors import InputError

_SECONDS_BETWEEN_LINES = 10.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``segue train``."""
    parser.add_argument("config", type=Path, help="a TOML file, or the folder of an earlier run")
    parser.add_argument("overrides", nargs="*", metavar="key.path=value", help="changed settings")
    parser.add_argument("--out", type=Path, metavar="DIR", help="the run's folder")
    parser.add_argument("--threads", type=int, default=0, help="processor threads (0: all)")
    parser.add_argument(
        "--dry-run", action="store_true", help="check everything, draw DIR/plan.png and stop"
    )


def run(arguments: argparse.Namespace) -> int:
    """Train, and return the exit code."""
    import torch

    from segue.training.run import plan_of, read_settings, run
    from segue.training.tasks.catalog import find_task

    out = arguments.out or (arguments.config if arguments.config.is_dir() else None)
    if out is None:
        raise InputError("Where to? Give the run's folder with --out DIR.")
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    settings = read_settings(arguments.config, arguments.overrides)
    if not arguments.dry_run:
        run(settings, out, Progress())
        print(f"{out}: weights.safetensors, metrics.jsonl, curves.png")
        return 0
    from segue.training.drawing import draw_plan

    plan = plan_of(settings)
    curriculum = plan.curriculum(find_task(settings.task).build(settings))
    out.mkdir(parents=True, exist_ok=True)
    draw_plan(plan, curriculum, out / "plan.png")
    print(f"{out / 'plan.png'}: {len(curriculum.stages)} stages, {curriculum.num_steps} steps")
    return 0


class Progress:
    """Steps, speed, losses and time left on stderr, now and then; the leading process only."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._said = time.monotonic()
        self._first: tuple[int, float] | None = None
        self._leads = os.environ.get("RANK", "0") == "0"

    def __call__(self, done: int, total: int, values: Mapping[str, float]) -> None:
        """See ``segue.training.loop.Watch``."""
        now = time.monotonic()
        if self._first is None:
            self._first = done, now
        first, since = self._first
        often = 1.0 if self._console.is_terminal else _SECONDS_BETWEEN_LINES
        if not self._leads or done == first or (now - self._said < often and done < total):
            return
        self._said = now
        rate = (done - first) / (now - since)
        left = time.strftime("%H:%M:%S", time.gmtime((total - done) / rate))
        self._console.print(
            f"step {done} of {total}, {rate:.2f} steps/s, {left} left, loss {values['total']:.4f}, "
            f"waiting for samples {100 * values['waiting']:.0f} %",
            end="\r" if self._console.is_terminal and done < total else "\n",
        )
