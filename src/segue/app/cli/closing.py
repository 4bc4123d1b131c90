"""What is said about a finished run: its files, its pace, and objects that were lost."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segue.inference.find.found import Found, FoundObject
    from segue.inference.places import Places

_SPANS = 4
"""Spans of absence that are shown of an object; ``run.json`` has all."""
_OBJECTS = 8
"""Objects that are shown."""


def plural(number: int, noun: str) -> str:
    """A number and its noun: ``1 object``, ``2 objects``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def sentence(record: Mapping[str, Any], out: Path) -> str:
    """One line for a person about a finished run."""
    timings = record["timings"]
    speed = f" in {timings['total_s']:.1f} s ({timings['fps']:.1f} fps)" if timings["fps"] else ""
    return f"{plural(record['frames'], 'frame')}{speed} -> {out}"


def found_lines(found: "Found") -> list[str]:
    """What was found, one line per object."""
    return [object_line(item, len(found.looks)) for item in found.objects]


def object_line(item: "FoundObject", looks: int) -> str:
    """An object that was found.

    Args:
        item: The object.
        looks: Frames that were looked at.
    """
    return (
        f"object {item.object_id}: score {item.score:.2f}, seen on {len(item.sightings)} of {plural(looks, 'frame')}, "
        f"surest on frame {item.best.name}"
    )


def empty_line(names: Sequence[str]) -> list[str]:
    """In which sequences nothing was found, as one line at most."""
    if not names:
        return []
    return [
        f"nothing found in {plural(len(names), 'sequence')}, whose masks are empty: {', '.join(names)}"
    ]


def result_lines(places: "Places") -> list[str]:
    """Where the results are, one line each."""
    paths = [places.labels, places.overlay, *places.files, places.record]
    return [f"  {path}" for path in paths if path.exists()]


def lost_lines(record: Mapping[str, Any]) -> list[str]:
    """Objects that were lost, one line each, with the frame to look at."""
    lost = record.get("lost") or {}
    lines = [f"object {number}: {_absences(spans)}" for number, spans in lost.items()]
    if len(lines) > _OBJECTS:
        lines[_OBJECTS:] = [f"{plural(len(lines) - _OBJECTS, 'more object')} absent, see run.json"]
    return lines


def lost_summary(records: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Of a data set: how many objects were lost, as one line at most."""
    counts = {name: len(record.get("lost") or {}) for name, record in records.items()}
    some = [name for name, count in counts.items() if count]
    if not some:
        return []
    objects, sequences = plural(sum(counts.values()), "object"), plural(len(some), "sequence")
    return [f"{objects} absent on some frames, in {sequences}: see {some[0]} and run.json"]


def pace_lines(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """What ``--fps`` came to in some finished runs, as one line; none without it."""
    paces = [record["pace"] for record in records if record.get("pace")]
    frames: dict[str, int] = {}
    seconds = 0.0
    for pace in paces:
        for level in pace["levels"]:
            height, width = level["size_hw"]
            gate = "" if level["reuse"] is None else f" with reuse {level['reuse']:g}"
            name = f"{width}x{height}{gate}"
            frames[name] = frames.get(name, 0) + level["frames"]
        if pace["reached_fps"]:
            seconds += sum(level["frames"] for level in pace["levels"]) / pace["reached_fps"]
    total = sum(frames.values())
    if not total or not seconds:
        return []
    asked, reached = paces[0]["asked_fps"], total / seconds
    held = "held" if reached >= 0.99 * asked else "not held"
    shares = ", ".join(f"{100 * n / total:.0f} % at {name}" for name, n in frames.items() if n)
    return [f"{asked:g} fps {held}, {reached:.1f} reached; frames: {shares}"]


def _absences(spans: list[dict[str, Any]]) -> str:
    several = len(spans) > 1 or spans[0]["frames"] > 1
    shown = ", ".join(_span(span) for span in spans[:_SPANS])
    more = f" and {len(spans) - _SPANS} more times" if len(spans) > _SPANS else ""
    end = "" if spans[-1]["found_again"] else ", until the end"
    return f"absent on frame{'s' if several else ''} {shown}{more}{end}, see {spans[0]['first']}"


def _span(span: Mapping[str, Any]) -> str:
    first, last = span["first"], span["last"]
    return str(first) if first == last else f"{first}-{last}"
