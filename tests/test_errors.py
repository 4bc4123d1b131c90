"""Messages of the library are for callers from Python: an option of the command line stands in ``option=``."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import segue
from segue.errors import SegueError, WriteError

ROOT = Path(segue.__file__).parent
OPTION = re.compile(r"(?<![\w-])--[a-z]")
LIBRARY = [p for p in sorted(ROOT.rglob("*.py")) if "app" not in p.relative_to(ROOT).parts]


def messages(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of the message of every error that is raised."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            for argument in node.exc.args:
                parts = (n.value for n in ast.walk(argument) if isinstance(n, ast.Constant))
                yield node.lineno, "".join(part for part in parts if isinstance(part, str))


def test_messages_name_no_option() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in LIBRARY
        for line, text in messages(ast.parse(path.read_text(encoding="utf-8")))
        if OPTION.search(text)
    ]
    assert not found, "\n".join(found)


def test_the_scan_sees_options() -> None:
    source = "raise E(f'{x} is wrong. '\n 'Pass --fit.', option='Pass --fit.')"
    assert [bool(OPTION.search(text)) for _, text in messages(ast.parse(source))] == [True]
    other = "raise E('That is --- wrong.', option='Pass --fit.')"
    assert [bool(OPTION.search(text)) for _, text in messages(ast.parse(other))] == [False]


def test_the_option_is_kept_beside_the_message() -> None:
    with pytest.raises(SegueError) as caught:
        raise WriteError("The disk is full.", option="Pass --out DIR.")
    assert str(caught.value) == "The disk is full."
    assert caught.value.option == "Pass --out DIR."
