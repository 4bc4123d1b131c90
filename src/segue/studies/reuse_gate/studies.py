"""The studies: rows, what was published of them, and how they are drawn."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from segue.studies.reuse_gate import published
from segue.studies.reuse_gate.drawing import (
    REUSED,
    SPEED,
    Draw,
    draw_groups,
    draw_histogram,
    draw_points,
)
from segue.studies.reuse_gate.measure import Measuring
from segue.studies.reuse_gate.overlap import Overlapping
from segue.studies.reuse_gate.trainings import NARROW, NUMBER, SMALL, STEPS, UNLIMITED, short
from segue.studies.study import Measure, Row, Study

LITE = "segue-lite"
_FAST = "g-frtm-fast"
LABELS = {
    "g-frtm": "G-FRTM",
    _FAST: "G-FRTM-fast",
    SMALL: "G-FRTM-lite",
    "g-ttvos": "G-TTVOS",
    "g-ttvos-lite": "G-TTVOS-lite",
}
_DIAL = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0)
"""Thresholds of segue-lite, whose gate says which share of a computed mask's quality that of a window has."""
_COPY_DIAL = (0.5, 0.8, 0.9, 0.95, 0.98)
_FUSION_DIAL = (0.5, 0.8, 0.9)
"""From its second threshold on, 0.95, it is copy."""
_ORACLE_DIAL = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
_PRINTED_DIAL = (0.1, 0.5, 0.7, 1.0)
"""Those of table 2."""
_SMALL_DIAL = (0.1, 0.5, 0.7, 0.8, 0.9, 1.0)
"""The same and some between, for the host of the paper that has weights here."""
_HEADINGS = ("Model", "Path", "Gate", "Threshold")

_FPS = Measure("fps", "FPS", "number")
_REUSE = Measure("reuse", "Reuse rate")
_DAVIS = (
    Measure("davis2017", "J&F DAVIS-17"),
    Measure("davis2016", "J&F DAVIS-16"),
    _FPS,
    _REUSE,
    Measure("computed_ms", "ms of a computed frame", "number"),
    Measure("reused_ms", "ms of a reused frame", "number"),
)

QUICK = {"data": {"every": 3, "frames": 40}}
_QUICK_NOTE = (
    "Quick: the first 40 frames of every third sequence. It shows that every row runs; the numbers are not those of "
    "the dataset."
)
_FULL_NOTE = "Whole sequences; masks are scored by the dataset's own protocol."
_SPEED_NOTE = (
    "Published speeds are those of the authors' graphics card with a network for such cards; ours are those of a "
    "processor. Compare gains within a column, not numbers across columns."
)


def _number(threshold: float) -> str:
    return f"{threshold:g}"


def _row(
    model: str,
    threshold: float,
    path: str = "translate",
    gate: str = "learned",
    printed: Mapping[str, float] | None = None,
) -> Row:
    """A gated model at one threshold; the same run in every study."""
    kind = path if gate == "learned" else gate
    return Row(
        f"{model}-{kind}-{_number(threshold)}",
        (LABELS.get(model, model), path, gate, _number(threshold)),
        {
            "model": model,
            "options": UNLIMITED if model == SMALL else {},
            "reuse": {"threshold": threshold, "path": path},
            "gate": gate,
        },
        printed or {},
    )


def _small_default() -> Row:
    """G-FRTM-lite as it comes."""
    row = _row(SMALL, 0.9)
    settings = {**row.settings, "options": {"reuse": {"longest": 2}}}
    cells = (LABELS[SMALL], "translate", "learned", "0.9, two in a row at most")
    return replace(row, name=f"{SMALL}-default", cells=cells, settings=settings)


def _rows(model: str, thresholds: Iterable[float], path: str = "translate") -> list[Row]:
    return [_row(model, threshold, path) for threshold in thresholds]


def _printed_alone(name: str, printed: Mapping[str, float]) -> Row:
    return Row(f"published-{name}", (name, "-", "-", "-"), {}, printed)


def _table_1() -> list[Row]:
    """Ours, and the published ones, on the same row where both are there."""
    gated = dict(published.GATED)
    rows = _rows(LITE, _DIAL)
    for model in LABELS:
        thresholds = {*_PRINTED_DIAL, *(t for m, t in gated if m == model)}
        if model == SMALL:
            rows.append(_ungated("frtm-lite", "FRTM-lite", "frtm-lite", {}, {}))
            rows.append(_small_default())
            thresholds = {*_SMALL_DIAL}
        for threshold in sorted(thresholds):
            rows.append(_row(model, threshold, printed=gated.get((model, threshold))))
    return [*(_printed_alone(name, line) for name, line in published.OTHERS.items()), *rows]


def _ungated(
    name: str,
    label: str,
    model: str,
    options: Mapping[str, Any],
    printed: Mapping[str, float],
    **more: Any,
) -> Row:
    settings = {"model": model, "options": options, "reuse": None, "trained_as": name, **more}
    return Row(name, (label, "-", "-", "-"), settings, printed, quick=short(more))


def _number_of_gates(model: str, threshold: float, printed: Mapping[str, float]) -> Row:
    settings: dict[str, Any] = {
        "model": model,
        "trained_as": f"{model}-number",
        "reuse": {"threshold": threshold},
    }
    if model == SMALL:
        settings |= {"training": NUMBER, "options": UNLIMITED}
    name = f"{model}-number" + ("" if threshold == 1 else f"-{_number(threshold)}")
    cells = (f"{LABELS[model]}, number of gates", "translate", "learned", _number(threshold))
    return Row(name, cells, settings, printed, quick=short(settings))


def _narrow() -> Row:
    """Fewer channels can begin with nobody's weights, so this row is trained for longer."""
    training = {
        "name": "frtm-lite-r",
        "config": "frtm-lite.toml",
        "gives": "frtm-lite-r",
        "changes": {
            "model": NARROW,
            "data": {"stills": [], "still_share": 0.0},
            "loop": {"steps": 3 * STEPS, "average": 0.99},
        },
    }
    return _ungated("frtm-lite-r", "FRTM-liteR", "frtm-lite", NARROW, {}, training=training)


def _table_2() -> list[Row]:
    rows = [
        _ungated("frtm-fast", "FRTM-fast*", "frtm-fast", {}, published.FAST),
        _ungated("frtm-lite", "FRTM-lite", "frtm-lite", {}, {}),
        _ungated("frtm-fast-r", "FRTM-fastR", "frtm-fast", {"width": 32}, published.FAST_REDUCED),
        _narrow(),
        _number_of_gates(_FAST, 1.0, published.NUMBER_OF_GATES),
        _number_of_gates(SMALL, 1.0, {}),
        _number_of_gates(SMALL, 0.5, {}),
    ]
    return [*rows, *_printed_by_path(), *_lite_by_path()]


def _printed_by_path() -> list[Row]:
    """Each printed row, and under it the same with the host that has weights here."""
    pairs = (
        (_row(_FAST, threshold, path, printed=printed), _row(SMALL, threshold, path))
        for (path, threshold), printed in published.ABLATIONS.items()
    )
    return [row for pair in pairs for row in pair]


def _lite_by_path() -> list[Row]:
    """Computing every frame, thus no path at all, is a row of ``translate`` alone."""
    fusion, copy = (_rows(LITE, *kind) for kind in ((_FUSION_DIAL, "fusion"), (_COPY_DIAL, "copy")))
    return [*_rows(LITE, _DIAL), *fusion, *copy]


def _figure_7() -> list[Row]:
    return [*_lite_by_path(), *_printed_by_path()]


def _figure_8() -> list[Row]:
    rows = _rows(LITE, _DIAL)
    rows += [_row(LITE, threshold, gate="oracle") for threshold in _ORACLE_DIAL]
    rows += _rows(LITE, _COPY_DIAL, "copy")
    for threshold in sorted(_PRINTED_DIAL, reverse=True):
        printed = published.ABLATIONS["translate", threshold]
        rows.append(_row(_FAST, threshold, printed=printed))
    rows += [_row(_FAST, threshold, gate="oracle") for threshold in _PRINTED_DIAL]
    rows += _rows(SMALL, _SMALL_DIAL)
    rows += [_row(SMALL, threshold, gate="oracle") for threshold in _PRINTED_DIAL]
    return rows


def _on_davis(
    number: str, title: str, rows: Sequence[Row], draw: Draw, notes: Sequence[str]
) -> Study:
    return Study(
        name=f"reuse-gate-{number}",
        title=f"Reuse gate, {title}",
        headings=_HEADINGS,
        rows=tuple(rows),
        measures=_DAVIS,
        method=Measuring(),
        layout="davis2016",
        more_layouts=("davis2017",),
        quick={"davis2016": QUICK, "davis2017": QUICK},
        full_note=_FULL_NOTE,
        quick_note=_QUICK_NOTE,
        notes=tuple(notes),
        draw=draw,
    )


_TABLE_1, _TABLE_2, _FIGURE_7, _FIGURE_8 = _table_1(), _table_2(), _figure_7(), _figure_8()
_COPY_NOTE = (
    "With segue-lite the gate judges what was seen through the window, so copy and fusion look through it, too, before "
    "they decide: they cost as much as translate."
)

TABLE_1 = _on_davis(
    "table1",
    "table 1: the gate on several hosts",
    _TABLE_1,
    draw_points(_TABLE_1, _HEADINGS, SPEED),
    (_SPEED_NOTE,),
)

FIGURE_6 = _on_davis(
    "figure6",
    "figure 6: speed against J&F",
    _TABLE_1,
    draw_points(_TABLE_1, _HEADINGS, SPEED),
    (_SPEED_NOTE, "Published points are those of table 1; the figure has more, without numbers."),
)

TABLE_2 = _on_davis(
    "table2",
    "table 2: ablations",
    _TABLE_2,
    draw_points(_TABLE_2, _HEADINGS, SPEED),
    (
        _SPEED_NOTE,
        _COPY_NOTE,
        "For the same models the paper prints 69.6 on DAVIS-17 and 37.8 FPS here, 69.9 and 37.6 in table 1.",
    ),
)

FIGURE_7 = _on_davis(
    "figure7",
    "figure 7: the cheap path against copying the last mask",
    _FIGURE_7,
    draw_points(_FIGURE_7, _HEADINGS, SPEED),
    (_SPEED_NOTE, _COPY_NOTE),
)

FIGURE_8 = _on_davis(
    "figure8",
    "figure 8: the learned gate against one that knows the truth",
    _FIGURE_8,
    draw_points(_FIGURE_8, _HEADINGS, REUSED),
    (
        "The oracle says the IoU of an object's true masks on this frame and on its last computed one. A threshold "
        "means something else to each gate: compare at equal reuse.",
        _SPEED_NOTE,
    ),
)

FIGURE_1 = Study(
    name="reuse-gate-figure1",
    title="Reuse gate, figure 1: IoU of successive true masks",
    headings=("Masks",),
    rows=(
        Row(
            "successive-masks",
            ("successive, by object",),
            {},
            {"similar": published.SIMILAR},
            "The published share is that of DAVIS-17.",
        ),
    ),
    measures=(
        Measure("similar", "IoU above 0.7"),
        Measure("mean", "Mean IoU"),
    ),
    method=Overlapping(),
    layout="davis2017",
    more_layouts=("davis2016", "youtube-vos-2018", "youtube-vos-2019"),
    quick=dict.fromkeys(("davis2017", "davis2016", "youtube-vos-2018", "youtube-vos-2019"), QUICK),
    full_note="All annotated frames of the split.",
    quick_note="Quick: the first 40 frames of every third sequence.",
    notes=("Frames of YouTube-VOS are annotated five apart, those of DAVIS one after the other.",),
    draw=draw_histogram,
)

_GROUPS = ("G", "J_seen", "J_unseen", "F_seen", "F_unseen")


def _table_3() -> list[Row]:
    rows = [_printed_alone(name, line) for name, line in published.YOUTUBE.items()]
    for threshold, printed in published.YOUTUBE_GATED.items():
        rows.append(_row(_FAST, threshold, printed=printed))
    return [*rows, *_rows(LITE, (1.0, 0.95, 0.9, 0.8))]


_TABLE_3 = _table_3()

TABLE_3 = Study(
    name="reuse-gate-table3",
    title="Reuse gate, table 3: YouTube-VOS",
    headings=_HEADINGS,
    rows=tuple(_TABLE_3),
    measures=(*(Measure(key, key.replace("_", " ")) for key in _GROUPS), _FPS, _REUSE),
    method=Measuring(),
    layout="youtube-vos-2018",
    more_layouts=("youtube-vos-2019",),
    quick={"youtube-vos-2018": QUICK, "youtube-vos-2019": QUICK},
    full_note=_FULL_NOTE,
    quick_note=_QUICK_NOTE,
    notes=(
        "The masks of the split valid are not public: name a split with all masks (data.split=train). The published "
        "rows are those of the official server on valid.",
        "Frames are those of the split, mostly every fifth of the video.",
    ),
    draw=draw_groups(_TABLE_3, _HEADINGS, _GROUPS),
)
