"""A report as one long table, a value per line: what data frames and plotting tools read best."""

import csv
import io

from segue.evaluation.report import Report, stored

ALL = "(all)"
"""The row of a table's summary."""


def to_csv(report: Report) -> str:
    """Lines of ``protocol,table,row,column,unit,value`` under a header.

    The summary of a table is its row ``(all)``. A value that does not exist is empty. Numbers have the decimals
    of ``Report.to_json``.
    """
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(("protocol", "table", "row", "column", "unit", "value"))
    for table in report.tables:
        rows = [*table.rows.items(), *([(ALL, table.summary)] if table.summary else [])]
        for name, row in rows:
            for column in table.columns:
                value = stored(row.get(column.name), column)
                lines.writerow(
                    (report.protocol, table.title, name, column.name, column.unit, value)
                )
    return text.getvalue()
