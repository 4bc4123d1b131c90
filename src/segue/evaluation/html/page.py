"""The page: numbers, curves, the worst frames in pictures, and what was odd, in one file that works offline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segue import __version__
from segue.evaluation.html.curves import plot
from segue.evaluation.html.markup import Markup, join, tag
from segue.evaluation.html.pictures import ERROR_COLOURS, data_address, views
from segue.evaluation.html.tables import data_table, summary_tiles
from segue.evaluation.interface import EvaluationProtocol
from segue.evaluation.report import Report
from segue.evaluation.worst import WorstFrame, worst_frames
from segue.problems import Problem, count_by_kind

_SAFETY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
"""Content security policy: a browser loads nothing from anywhere."""
_OPEN_ROWS = 40
"""Longer tables by object or class start folded."""
_LISTED_PROBLEMS = 500


@dataclass(frozen=True, slots=True)
class Heading:
    """What was compared, as it was given."""

    predictions: str
    truth: str
    split: str | None = None


def html_report(
    report: Report,
    rules: EvaluationProtocol,
    cases: Sequence[Any],
    heading: Heading,
    *,
    num_worst: int = 12,
) -> str:
    """One HTML document; the same report gives the same text.

    Only the files of the worst frames are read again.

    Args:
        report: What to show.
        rules: The protocol of the report.
        cases: The cases that were scored, in the order of the report.
        heading: For the top of the page.
        num_worst: Frames to show in pictures, at most three of a sequence.

    Raises:
        MaskError: A file of a worst frame cannot be read any more.
    """
    worst = worst_frames(report.scored, num_worst)
    sections = [
        _head_section(report, rules, heading),
        *_table_sections(report),
        _worst_section(report, rules, cases, worst),
        _curve_section(report, worst),
        _problem_section(report.problems),
    ]
    title = f"{report.protocol}: {heading.predictions}"
    head = [
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_SAFETY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", _asset("page.css")),
    ]
    body = tag("body", tag("main", *sections), tag("script", _asset("page.js")))
    return f"<!doctype html>\n{tag('html', tag('head', *head), body, lang='en')}\n"


def _asset(name: str) -> Markup:
    return Markup(Path(__file__).with_name(name).read_text(encoding="utf-8"))


def _head_section(report: Report, rules: EvaluationProtocol, heading: Heading) -> Markup:
    facts = {
        "predictions": heading.predictions,
        "truth": heading.truth,
        "split": heading.split or "the protocol's own",
        "sequences": str(len(report.sequences)),
        "scored frames": str(report.num_frames),
        "problems": str(len(report.problems)),
        "segue": __version__,
    }
    entries = [tag("div", tag("dt", name), tag("dd", value)) for name, value in facts.items()]
    return tag(
        "header",
        tag("h1", report.protocol),
        tag("p", rules.summary),
        summary_tiles(report.tables[0]),
        tag("dl", *entries, class_="facts"),
    )


def _table_sections(report: Report) -> list[Markup]:
    links = {
        item.sequence: _curve_anchor(place, "#")
        for place, item in enumerate(report.scored)
        if item.curves
    }
    first, *others = report.tables
    sections = [tag("section", tag("h2", f"By {first.title}"), data_table(first, links))]
    for table in others:
        title = tag("summary", tag("h2", f"By {table.title}"))
        fold = tag("details", title, data_table(table, {}), open=len(table.rows) <= _OPEN_ROWS)
        sections.append(tag("section", fold))
    return sections


def _worst_section(
    report: Report, rules: EvaluationProtocol, cases: Sequence[Any], worst: Sequence[WorstFrame]
) -> Markup:
    if not worst:
        return Markup("")
    legend = [
        tag("span", tag("i", style=f"background:rgb{colour}"), kind)
        for kind, colour in ERROR_COLOURS.items()
    ]
    cards = []
    for rank, item in enumerate(worst):
        scored = report.scored[item.case]
        name = scored.frame_names[item.frame]
        pictures = views(rules.picture(cases[item.case], name))
        caption = tag(
            "figcaption",
            tag("b", f"{scored.sequence} / {name}"),
            tag("span", f"score {item.score:.3f}"),
        )
        images = [_image(kind, data_address(view)) for kind, view in pictures.items()]
        cards.append(
            tag("figure", caption, tag("div", *images, class_="views"), id=_worst_anchor(rank))
        )
    return tag("section", tag("h2", "Worst frames"), tag("p", *legend, class_="legend"), *cards)


def _image(kind: str, address: str) -> Markup:
    return tag("div", tag("img", src=address, alt=kind), tag("span", kind))


def _curve_section(report: Report, worst: Sequence[WorstFrame]) -> Markup:
    plots = [
        plot(item, _curve_anchor(place), _marks(place, worst))
        for place, item in enumerate(report.scored)
        if item.curves
    ]
    if not plots:
        return Markup("")
    return tag("section", tag("h2", "Over time"), tag("div", *plots, class_="plots"))


def _marks(place: int, worst: Sequence[WorstFrame]) -> Mapping[int, str]:
    return {
        item.frame: _worst_anchor(rank, "#")
        for rank, item in enumerate(worst)
        if item.case == place
    }


def _problem_section(problems: Sequence[Problem]) -> Markup:
    if not problems:
        return Markup("")
    kinds = ", ".join(f"{count} {kind}" for kind, count in count_by_kind(problems).items())
    items = [tag("li", str(problem)) for problem in problems[:_LISTED_PROBLEMS]]
    rest = len(problems) - len(items)
    more = tag("p", f"And {rest} more, in the JSON report.") if rest else Markup("")
    title = tag("summary", tag("h2", f"Problems ({len(problems)})"), tag("p", kinds))
    return tag("section", tag("details", title, join([tag("ul", *items), more])))


def _curve_anchor(place: int, prefix: str = "") -> str:
    return f"{prefix}sequence-{place}"


def _worst_anchor(rank: int, prefix: str = "") -> str:
    return f"{prefix}worst-{rank}"
