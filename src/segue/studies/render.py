"""The table of a study, beside the published one if there is one, as Markdown and as JSON."""

from collections.abc import Iterator, Sequence
from typing import Any

from segue.inference.environment import environment
from segue.studies.result import Outcome, Result
from segue.studies.setup import Setup
from segue.studies.study import Measure

_NONE = "-"


def to_json(result: Result) -> dict[str, Any]:
    """Everything, with plain types; percent as the published table prints them."""
    study = result.study
    return {
        "study": study.name,
        "title": study.title,
        "setup": result.setup and _setup(result.setup),
        "measures": [{"key": m.key, "heading": m.heading, "unit": m.unit} for m in study.measures],
        "rows": [_row(outcome, result) for outcome in result.outcomes],
        "notes": list(_notes(result)),
        "drawing": result.drawing and dict(result.drawing.document),
        "environment": environment(),
    }


def _setup(setup: Setup) -> dict[str, Any]:
    return {
        "quick": setup.quick,
        "layout": setup.layout,
        "root": setup.root.name,
        "overrides": list(setup.overrides),
    }


def _row(outcome: Outcome, result: Result) -> dict[str, Any]:
    return {
        "name": outcome.row.name,
        "cells": dict(zip(result.study.headings, outcome.row.cells, strict=True)),
        "state": outcome.state,
        "error": outcome.error,
        "published": dict(outcome.row.published),
        "ours": {measure.key: _ours(outcome, measure) for measure in result.study.measures},
        "change": {m.key: _change(outcome, m, result) for m in result.study.measures},
        "note": outcome.row.note,
    }


def _ours(outcome: Outcome, measure: Measure) -> float | int | None:
    """In the unit of the table; ``None`` for a row that is not complete."""
    value = outcome.scores.get(measure.key)
    if value is None:
        return None
    if measure.unit == "count":
        return round(value)
    return round(100 * value if measure.unit == "percent" else value, 3)


def _change(outcome: Outcome, measure: Measure, result: Result) -> float | None:
    """Against the row that the others are compared with, in the unit of the table."""
    base = next((o for o in result.outcomes if o.row.name == result.study.base), outcome)
    ours, before = _ours(outcome, measure), _ours(base, measure)
    if base is outcome or ours is None or before is None:
        return None
    return round(ours - before, 3)


def to_markdown(result: Result) -> str:
    """The table, and what has to be known about it."""
    study = result.study
    headings = [*study.headings, *(_heading(m, who, result) for m, who in _columns(result))]
    numbers = len(headings) - len(study.headings)
    lines = [
        f"# {study.title}\n",
        *(f"{paragraph}\n" for paragraph in _conditions(result)),
        _line(headings),
        _line(["---"] * len(study.headings) + ["---:"] * numbers),
        *(_line(_cells(outcome, result)) for outcome in result.outcomes),
        "",
        *(f"({number}) {note}\n" for number, note in enumerate(_row_notes(result), start=1)),
        *(f"- {note}" for note in _notes(result)),
    ]
    lines += [f"- {sentence}" for sentence in _not_run(result)]
    lines += [f"\n**{item.row.name} failed:** {item.error}" for item in result.failed]
    if result.drawing:
        lines.append(f"\n![{study.title}]({study.name}.png)")
    return "\n".join(lines) + "\n"


def _columns(result: Result) -> Iterator[tuple[Measure, str]]:
    """Measures, twice where the published table prints them."""
    for measure in result.study.measures:
        if any(measure.key in outcome.row.published for outcome in result.outcomes):
            yield measure, "published"
        yield measure, "ours"


def _heading(measure: Measure, who: str, result: Result) -> str:
    """Where nothing was published, all numbers are ours."""
    published = any(outcome.row.published for outcome in result.outcomes)
    return f"{measure.heading}, {who}" if published else measure.heading


def _cells(outcome: Outcome, result: Result) -> Iterator[str]:
    notes = _row_notes(result)
    *cells, last = outcome.row.cells
    yield from cells
    note = outcome.row.note
    yield f"{last} ({notes.index(note) + 1})" if note else last
    for measure, who in _columns(result):
        published = who == "published"
        value = outcome.row.published.get(measure.key) if published else _ours(outcome, measure)
        told = outcome.state in ("failed", "not run") and not published
        absent = outcome.state if told else _NONE
        change = None if published else _change(outcome, measure, result)
        compared = "" if change is None else f" ({_shown(change, measure, '+')})"
        yield absent if value is None else _shown(value, measure) + compared


def _shown(value: float | int, measure: Measure, sign: str = "") -> str:
    return f"{value:{sign},.0f}" if measure.unit == "count" else f"{value:{sign}.2f}"


def _row_notes(result: Result) -> list[str]:
    return [outcome.row.note for outcome in result.outcomes if outcome.row.note]


def _conditions(result: Result) -> Iterator[str]:
    """What the numbers were made from."""
    setup = result.setup
    if setup is None:
        return
    note = result.study.quick_note if setup.quick else result.study.full_note
    yield f"{note} Data: {setup.layout} layout, `{setup.root.name}`."
    if setup.overrides:
        changed = ", ".join(f"`{assignment}`" for assignment in setup.overrides)
        yield f"Settings were changed: {changed}. The numbers are not those of the published settings."


def _notes(result: Result) -> Iterator[str]:
    """What can be said at once about counts, about the picture, and about all rows."""
    for measure in result.study.measures:
        if measure.unit == "count":
            pairs = [
                (o.row.published[measure.key], o.scores.get(measure.key))
                for o in result.outcomes
                if measure.key in o.row.published
            ]
            equal = sum(published == ours for published, ours in pairs)
            if pairs:
                yield f"{measure.heading}: {equal} of {len(pairs)} are the published ones exactly."
    if result.drawing:
        yield from result.drawing.notes
    yield from result.study.notes


def _not_run(result: Result) -> Iterator[str]:
    """A sentence per reason."""
    names: dict[str, list[str]] = {}
    for outcome in result.outcomes:
        if outcome.state == "not run":
            names.setdefault(outcome.error, []).append(outcome.row.name)
    for reason, rows in names.items():
        yield f"Not run: {reason} ({', '.join(rows)})."


def _line(cells: Sequence[str] | Iterator[str]) -> str:
    return f"| {' | '.join(cells)} |"
