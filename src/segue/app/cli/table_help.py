"""Help that ends with a table of names and what they are."""

import argparse
from collections.abc import Callable, Mapping


def add_help_table(
    parser: argparse.ArgumentParser, title: str, rows: Callable[[], Mapping[str, str]]
) -> None:
    """Let the parser's help end with a table.

    Args:
        parser: Its formatter is replaced; what it says else stays as it is.
        title: Above the table.
        rows: Half a line by name; called only when help is printed, so it may import what it describes.
    """
    last = parser.epilog or ""

    class TableHelp(argparse.RawDescriptionHelpFormatter):
        def add_text(self, text: str | None) -> None:
            super().add_text(text)
            if text is last:
                super().add_text(_table(title, rows()))

    parser.epilog = last
    parser.formatter_class = TableHelp


def _table(title: str, rows: Mapping[str, str]) -> str:
    width = max(map(len, rows))
    return f"{title}:\n" + "".join(f"  {name:{width}}  {text}\n" for name, text in rows.items())
