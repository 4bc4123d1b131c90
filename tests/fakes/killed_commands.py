"""Commands that are killed or interrupted in the middle of their work, each in a process of its own."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from fakes.colour_model import ColourModel
from segue.app.cli.main import main
from segue.models.catalog import MODELS, Entry
from segue.results import recorded


def convert(name: str, *more: str) -> None:
    """``segue convert out``; the process dies while the 5th label map is read."""
    left = 5
    read = recorded.read_label_values

    def dying(path: Path) -> Any:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return read(path)

    recorded.read_label_values = dying
    main(["convert", "out", "--to", name, *more])


def track(*words: str) -> None:
    """``segue track`` with the colour model; Ctrl-C is pressed on its 6th step."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in background jobs
    MODELS["colour"] = Entry("fakes.colour_model:build", "")
    step = ColourModel.step

    def once(self: ColourModel, frame: Any, state: Any, labels: Any = None) -> Any:
        if state.steps == 6:
            os.kill(os.getpid(), signal.SIGINT)
        return step(self, frame, state, labels)

    ColourModel.step = once  # type: ignore[method-assign]
    sys.exit(main(["track", *words]))
