"""Tables of a report for a terminal."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest

from rich.box import SIMPLE_HEAD
from rich.console import JustifyMethod
from rich.table import Table as ScreenTable

from segue.evaluation.interface import Table
from segue.evaluation.report import shown

_FOLD_FROM = 12
"""Rows from which a narrow table is set in blocks side by side."""
_BETWEEN = 3
"""Blanks between two columns."""

_Row = tuple[str, ...]


def screen_table(table: Table, title: str, width: int) -> ScreenTable:
    """A table with its summary as last line; a long narrow one in blocks side by side.

    Args:
        table: What to show.
        title: Above it.
        width: Characters in a line. A table that needs more is wider: no cell is ever cut.
    """
    headings = (table.title, *(column.name.replace("_", " ") for column in table.columns))
    rows = [(name, *_values(table, row)) for name, row in table.rows.items()]
    summary = [("all", *_values(table, table.summary))] if table.summary else []
    widths = [max(map(len, cells)) for cells in zip(headings, *rows, *summary, strict=True)]
    blocks = _blocks(rows, width // (sum(widths) + _BETWEEN * len(widths)))
    drawn = ScreenTable(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for _ in blocks:
        for place, heading in enumerate(headings):
            justify: JustifyMethod = "right" if place else "left"
            drawn.add_column(heading, justify=justify, no_wrap=True, min_width=widths[place])
    for line in zip_longest(*blocks, fillvalue=("",) * len(headings)):
        drawn.add_row(*(cell for part in line for cell in part))
    if summary:
        drawn.add_section()
        drawn.add_row(*summary[0])
    return drawn


def _blocks(rows: Sequence[_Row], fit: int) -> list[Sequence[_Row]]:
    """The rows in as many blocks as fit a line, to be read from the top down."""
    count = max(1, fit) if len(rows) >= _FOLD_FROM else 1
    length = max(1, -(-len(rows) // count))
    return [rows[begin : begin + length] for begin in range(0, len(rows), length)] or [[]]


def _values(table: Table, row: Mapping[str, float | int | None]) -> _Row:
    return tuple(shown(row.get(column.name), column) for column in table.columns)
