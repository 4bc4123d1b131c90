"""Tables of a report as HTML; a click on a heading sorts (``page.js``)."""

from collections.abc import Mapping

from segue.evaluation.html.markup import Markup, join, tag
from segue.evaluation.interface import Column, Table
from segue.evaluation.report import shown, stored


def summary_tiles(table: Table) -> Markup:
    """The dataset's numbers, large."""
    tiles = [
        tag("div", tag("dt", column.name), tag("dd", shown(table.summary.get(column.name), column)))
        for column in table.columns
    ]
    return tag("dl", *tiles, class_="tiles")


def data_table(table: Table, links: Mapping[str, str]) -> Markup:
    """A table with its summary below and its notes under it.

    Args:
        table: What to show.
        links: Addresses by the name of a row.
    """
    headings = [_heading(table.title, first=True), *(_heading(c.name) for c in table.columns)]
    body = [_row(table, name, row, links.get(name)) for name, row in table.rows.items()]
    foot = tag("tfoot", _row(table, "all", table.summary, None)) if table.summary else Markup("")
    grid = tag("table", tag("thead", tag("tr", *headings)), tag("tbody", *body), foot)
    notes = [tag("p", note, class_="note") for note in table.notes]
    return join([tag("div", grid, class_="scroll"), *notes])


def _heading(name: str, *, first: bool = False) -> Markup:
    return tag(
        "th", tag("button", name, type="button"), scope="col", class_="name" if first else None
    )


def _row(
    table: Table, name: str, row: Mapping[str, float | int | None], link: str | None
) -> Markup:
    label = tag("a", name, href=link) if link else name
    cells = [_cell(row.get(column.name), column) for column in table.columns]
    return tag("tr", tag("th", label, scope="row"), *cells)


def _cell(value: float | int | None, column: Column) -> Markup:
    # Sorting goes by the stored value: what is shown ties too often.
    return tag("td", shown(value, column), data_value=stored(value, column))
