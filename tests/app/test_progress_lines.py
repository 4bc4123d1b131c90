"""Progress without a terminal: whole lines, whatever the width."""

import io
import sys

import pytest

from segue.app.cli import output
from segue.app.cli.output import FrameProgress

LONG = (
    "a video whose name alone is longer than the eighty columns that a log is often taken for [x]"
)


class Log(io.StringIO):
    """Remembers each write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def write(self, text: str) -> int:
        self.writes.append(text)
        return super().write(text)


def listen(monkeypatch: pytest.MonkeyPatch) -> Log:
    """What is no terminal, even if the service asks for colours; pytest has a stderr of its own for each phase."""
    made = Log()
    monkeypatch.setattr(sys, "stderr", made)
    monkeypatch.setattr(output, "_SECONDS_BETWEEN_LINES", 0.0)
    for name, value in (("FORCE_COLOR", "1"), ("COLUMNS", "20"), ("TTY_COMPATIBLE", "1")):
        monkeypatch.setenv(name, value)
    return made


def test_each_line_is_written_at_once_and_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    log = listen(monkeypatch)
    with FrameProgress(LONG) as progress:
        for done in (1, 2, 3):
            progress.advance(done, 9)
    assert len(log.writes) == 3
    for number, line in enumerate(log.writes, start=1):
        assert line.startswith(f"{LONG}: {number} of 9 frames")
        assert line.endswith("\n")
        assert line.count("\n") == 1
        assert "\x1b" not in line
    assert log.writes[0] == f"{LONG}: 1 of 9 frames\n"
    assert " fps, " in log.writes[2]
    assert log.writes[2].endswith(" s left\n")


def test_a_source_of_unknown_length_and_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    log = listen(monkeypatch)
    with FrameProgress("two\nlines") as progress:
        progress.advance(1, None, "replaying masks")
    assert log.writes == ["two lines: 1 frame, replaying masks\n"]


def test_lines_come_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    log = listen(monkeypatch)
    monkeypatch.setattr(output, "_SECONDS_BETWEEN_LINES", 60.0)
    with FrameProgress("clip") as progress:
        for done in range(1, 9):
            progress.advance(done, 9)
    assert log.writes == []
