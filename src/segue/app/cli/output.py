"""What the commands share: the progress on stderr, and the one JSON document."""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from segue.app.cli.closing import plural
from segue.errors import InputError
from segue.files import write_json

STDOUT = "-"
_SECONDS_BETWEEN_LINES = 10.0


def add_json_argument(parser: argparse.ArgumentParser) -> None:
    """``--json``: alone prints to stdout, with a file name writes there."""
    parser.add_argument(
        "--json",
        nargs="?",
        const=STDOUT,
        metavar="FILE.json",
        help="one JSON document on stdout, or in a file",
    )


def check_json_target(target: str | None) -> None:
    """Refuse ``--json clip.mp4``, which would take the video for the file to write.

    Raises:
        InputError: The value does not end in ``.json``.
    """
    if target not in (None, STDOUT) and Path(str(target)).suffix.lower() != ".json":
        raise InputError(
            f"--json takes a file name that ends in .json, got {target!r}. Put --json last to print "
            "the document."
        )


def write_document(document: Any, target: str) -> None:
    """Print or store the document that ``--json`` asks for.

    Raises:
        WriteError: The file cannot be written.
    """
    if target == STDOUT:
        print(json.dumps(document, indent=2))
    else:
        write_json(Path(target), document)


class FrameProgress:
    """Frames, frames per second and time left on stderr: a bar on a terminal, else a line now and then.

    Without a terminal a line is written at once and whole, however long, so that it stays one line in a log. The rate
    counts only frames that were really computed, not those that a resumed run takes from disk.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._begin: tuple[float, int] | None = None
        self._said = time.monotonic()
        if _on_terminal():
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
            )
            self._task = self._bar.add_task(escape(title), total=None, rate="")

    def __enter__(self) -> "FrameProgress":
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the bar as it stands."""
        if self._bar:
            self._bar.stop()

    def begin(self, title: str) -> None:
        """A new video under a new title."""
        self._title, self._begin = title, None
        if self._bar:
            self._bar.reset(self._task, description=escape(title), total=None, rate="")

    def advance(self, done: int, total: int | None, note: str = "") -> None:
        """See ``segue.inference.progress.Progress``."""
        now = time.monotonic()
        if note or self._begin is None:
            self._begin = (now, done)
        since, first = self._begin
        # The first frame learns the objects and says nothing about the speed of the rest.
        fps = (done - first) / (now - since) if now > since else 0.0
        rate = note or (f"{fps:.1f} fps" if done > first else "")
        if self._bar:
            shown = max(total, done) if total else None
            self._bar.update(self._task, completed=done, total=shown, rate=rate)
        elif now - self._said >= _SECONDS_BETWEEN_LINES:
            self._said = now
            left = f"{(total - done) / fps:.0f} s left" if total and fps and total > done else ""
            place = f"{done} of {total} frames" if total else plural(done, "frame")
            parts = ", ".join(filter(None, (place, rate, left)))
            # One write of a whole line: lines of several programs in one log do not mix.
            sys.stderr.write(f"{' '.join(self._title.split())}: {parts}\n")
            sys.stderr.flush()


def _on_terminal() -> bool:
    """Whether a bar can be drawn; not where a log only asks for colours, as CI services do."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
