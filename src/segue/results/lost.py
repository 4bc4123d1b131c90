"""Where objects were lost: spans of frames on which a tracked object has no pixel."""

from collections.abc import Iterable
from typing import Any

from segue.results.records import FrameRecord


def lost_objects(records: Iterable[FrameRecord]) -> dict[str, list[dict[str, Any]]]:
    """The spans of absence of each object that is absent somewhere, for ``run.json``.

    Args:
        records: Of every frame, in order.

    Returns:
        Object id -> spans with the names of the ``first`` and ``last`` frame, the number of ``frames``, and whether
        the object is found again after the span.
    """
    spans: dict[int, list[dict[str, Any]]] = {}
    absent: set[int] = set()
    for record in records:
        now = {number for number, one in record.objects.items() if one.absent}
        for number in now:
            _extend(spans.setdefault(number, []), record.name, goes_on=number in absent)
        for number in absent - now:
            spans[number][-1]["found_again"] = True
        absent = now
    return {str(number): spans[number] for number in sorted(spans)}


def _extend(spans: list[dict[str, Any]], name: str, goes_on: bool) -> None:
    if not goes_on:
        spans.append({"first": name, "last": name, "frames": 0, "found_again": False})
    spans[-1]["last"] = name
    spans[-1]["frames"] += 1
