"""What the pages of benchmarks are made of: Markdown tables, and where numbers come from."""

from typing import Any


def table(head: list[str], rows: list[list[Any]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def origin(record: dict[str, Any]) -> str:
    """Where numbers come from, in one line."""
    return f"{record['machine']}; {record['threads']} threads; torch {record['versions']['torch']}."
