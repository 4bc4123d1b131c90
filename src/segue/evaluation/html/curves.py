"""Values over time, one plot per sequence, drawn in units of the data: x is the frame, y the value."""

import json
import math
from collections.abc import Mapping, Sequence

from segue.evaluation.html.markup import Markup, tag
from segue.evaluation.interface import Scored


def plot(scored: Scored, anchor: str, marks: Mapping[int, str]) -> Markup:
    """The curves of one sequence; values under the pointer are shown by ``page.js``.

    Args:
        scored: A sequence with curves.
        anchor: Its place in the page.
        marks: Addresses of the pictures of single frames, by the place of the frame.
    """
    last = max(1, len(scored.frame_names) - 1)
    lines = [
        tag("path", d=_path(values), class_=f"line line-{number % 4}")
        for number, values in enumerate(scored.curves.values())
    ]
    drawing = tag("svg", *lines, viewBox=f"0 0 {last} 1", preserveAspectRatio="none", role="img")
    dots = [_mark(scored, frame, last, link) for frame, link in marks.items()]
    area = tag(
        "div",
        drawing,
        tag("i", class_="cursor", hidden=True),
        tag("output"),
        *dots,
        class_="plot",
        data_frames=json.dumps(scored.frame_names),
        data_curves=json.dumps({name: _stored(v) for name, v in scored.curves.items()}),
    )
    return tag("figure", _caption(scored), area, id=anchor)


def _caption(scored: Scored) -> Markup:
    keys = [
        tag("span", name, class_=f"key key-{number % 4}")
        for number, name in enumerate(scored.curves)
    ]
    return tag("figcaption", tag("b", scored.sequence), *keys)


def _mark(scored: Scored, frame: int, last: int, link: str) -> Markup:
    place = f"left:{100 * frame / last:.2f}%;top:{100 * _height(scored.frame_scores[frame]):.1f}%"
    return tag("a", href=link, class_="mark", style=place, title=scored.frame_names[frame])


def _path(values: Sequence[float]) -> str:
    """Lines between neighbours; a gap where there is no value, a dot for a value that stands alone."""
    words: list[str] = []
    before = math.nan
    for time, value in enumerate(values):
        if not math.isnan(value):
            started = not math.isnan(before)
            words.append(f"{'L' if started else 'M'}{time} {_height(value):.3f}")
            words.append("" if started else "h0")
        before = value
    return "".join(words)


def _height(value: float) -> float:
    """Distance from the upper edge; values beyond 0..1 stay on the edge."""
    return 1 - min(1.0, max(0.0, value))


def _stored(values: Sequence[float]) -> list[float | None]:
    return [None if math.isnan(value) else round(value, 3) for value in values]
