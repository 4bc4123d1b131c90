"""Where objects were lost: spans of frames on which a tracked object has no pixel."""

import json
from collections.abc import Iterable
from typing import Any


def lost_objects(lines: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """The spans of absence of each object that is absent somewhere, for ``run.json``.

    Args:
        lines: What ``TrackLog`` wrote of every frame, in order.

    Returns:
        Object id -> spans with the names of the ``first`` and ``last`` frame, the number of ``frames``, and whether
        the object is found again after the span.
    """
    spans: dict[str, list[dict[str, Any]]] = {}
    absent: set[str] = set()
    for line in lines:
        frame = json.loads(line)
        now = {number for number, row in frame["objects"].items() if row["absent"]}
        for number in now:
            _extend(spans.setdefault(number, []), frame["name"], goes_on=number in absent)
        for number in absent - now:
            spans[number][-1]["found_again"] = True
        absent = now
    return dict(sorted(spans.items(), key=lambda item: int(item[0])))


def _extend(spans: list[dict[str, Any]], name: str, goes_on: bool) -> None:
    if not goes_on:
        spans.append({"first": name, "last": name, "frames": 0, "found_again": False})
    spans[-1]["last"] = name
    spans[-1]["frames"] += 1
