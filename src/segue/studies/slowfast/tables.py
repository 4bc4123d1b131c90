"""Tables 1 and 2, the 36 runs, and the learning rates: rows, what was printed of them, how they are drawn."""

from typing import Any

from segue.models.slowfast.settings import CONFIGURATIONS
from segue.studies.rvos_curriculum.method import SPREAD
from segue.studies.slowfast import published
from segue.studies.slowfast.drawing import draw_bars, draw_configurations
from segue.studies.slowfast.measure import BEFORE, TRAINED_PARAMETERS, Measuring
from segue.studies.slowfast.rows import (
    DETECTOR,
    DETECTOR_NOTE,
    LITE,
    PROTOCOL_NOTE,
    QUICK_NOTE,
    RATE,
    SPREAD_NOTE,
    TIME_NOTE,
    count,
    paths,
)
from segue.studies.study import PARAMETERS, Measure, Row, Study, Values

_OFFICIAL = Measure("J&F", "J&F")
_ALL = Measure("J&F all", "J&F, all frames")
_MS = Measure("ms", "ms", "number")
_TUNING = Measure("tuning_seconds", "Fine-tuning, s", "number")
_LAYOUT = "davis2016"
_PARTS = {
    "none": "nothing",
    "module": "module",
    "backbone-and-module": "backbone, proposals and module",
}
"""Parts that rest in fine-tuning, and what the tables call them."""
_OTHER_PARTS = {**_PARTS, "backbone": "backbone (ours)"}


def _study(
    name: str,
    title: str,
    headings: tuple[str, ...],
    rows: tuple[Row, ...],
    measures: tuple[Measure, ...],
    quick: Values,
    **more: Any,
) -> Study:
    return Study(
        name=f"slowfast-{name}",
        title=f"SlowFast VOS, {title}",
        headings=headings,
        rows=rows,
        measures=measures,
        method=Measuring(),
        layout=_LAYOUT,
        quick={_LAYOUT: quick},
        **more,
    )


def _table_1() -> tuple[Row, ...]:
    detector = Row(DETECTOR, ("no module", "-", "-"), {"module": False})
    rows = [detector]
    for name in CONFIGURATIONS:
        printed = {
            "J&F all": published.UNSUPERVISED[name],
            PARAMETERS: published.PARAMETERS[name],
            "seconds": published.SECONDS[name],
        }
        rows.append(Row(f"slowfast-{name}", (name, *name.split("-")), {**paths(name)}, printed))
    return tuple(rows)


_TABLE_1 = _table_1()

TABLE_1 = _study(
    "table1",
    "table 1: without a mask, five configurations",
    ("Configuration", "Slow", "Fast"),
    _TABLE_1,
    (
        _OFFICIAL,
        Measure("J&F" + SPREAD, "Spread of J&F", "percent"),
        _ALL,
        Measure(PARAMETERS, "Parameters", "count"),
        Measure(TRAINED_PARAMETERS, "Parameters, as run", "count"),
        Measure("seconds", "Evaluation, s", "number"),
        _MS,
    ),
    LITE,
    parameters=count,
    full_note="The second stage of the report: 20 epochs of whole sequences in order; the weights of the last step.",
    quick_note=QUICK_NOTE,
    notes=(
        PROTOCOL_NOTE,
        DETECTOR_NOTE,
        SPREAD_NOTE,
        TIME_NOTE,
        "The draft leaves parameters and time blank; they are of the final report. The report keeps the best of 20 "
        "epochs on the sequences that it reports; here nothing is chosen.",
    ),
    draw=draw_configurations(_TABLE_1),
)


def _table_2() -> tuple[Row, ...]:
    rows = []
    for name in CONFIGURATIONS:
        scale = published.SCALES[name]
        settings = {**paths(name), "finetune": {"freeze": "module", "scale": scale}}
        printed = {
            "J&F all": published.FINETUNED[name],
            "J&F all" + BEFORE: published.UNSUPERVISED[name],
        }
        rows.append(
            Row(f"slowfast-{name}-tuned", (name, "module", f"{scale:g}"), settings, printed)
        )
    for freeze in ("none", "backbone-and-module", "backbone"):
        settings = {**paths("3-7"), "finetune": {"freeze": freeze, "scale": 0.25}}
        rows.append(
            Row(f"slowfast-3-7-tuned-{freeze}", ("3-7", _OTHER_PARTS[freeze], "0.25"), settings)
        )
    return tuple(rows)


_TABLE_2 = _table_2()
_QUICK_STEPS = 100
"""After 30 every network is worse than before: it has begun to forget, and has not learned the object yet."""
_SEARCH_STEPS = 30

TABLE_2 = _study(
    "table2",
    "table 2: fine-tuned to each sequence by its first mask",
    ("Configuration", "At rest", "Scale"),
    _TABLE_2,
    (
        Measure("J&F" + BEFORE, "J&F before"),
        _OFFICIAL,
        Measure("J&F all" + BEFORE, "J&F before, all frames"),
        _ALL,
        _TUNING,
        _MS,
    ),
    {**LITE, "data": {"every": 5}, "finetune": {"steps": _QUICK_STEPS}},
    full_note="Each network learns each sequence for 1000 steps of two windows, as in the report.",
    quick_note=f"{QUICK_NOTE} Then {_QUICK_STEPS} steps of fine-tuning on every fifth sequence.",
    notes=(
        PROTOCOL_NOTE,
        DETECTOR_NOTE,
        "Before: the same network on the same sequences without fine-tuning.",
        "Fine-tuning, s: mean of the sequences, of those that were interrupted only what came after.",
    ),
    draw=draw_configurations(_TABLE_2),
)


def _search() -> tuple[Row, ...]:
    rows = []
    for freeze, label in _PARTS.items():
        for scale in (0.25, 0.4):
            for rate in published.RATES:
                tuning = {"freeze": freeze, "scale": scale, "learning_rate": rate, "steps": 500}
                chosen = freeze == "module" and scale == 0.25 and rate == published.RATES[0]
                rows.append(
                    Row(
                        f"search-{freeze}-{scale:g}-{rate:g}",
                        (label, f"{scale:g}", f"{rate:g}"),
                        {
                            **paths("3-7"),
                            "data": {"sequences": ["breakdance", "bmx-trees"]},
                            "finetune": tuning,
                        },
                        note="The choice of the report." if chosen else "",
                    )
                )
    return tuple(rows)


_SEARCH = _search()

SEARCH = _study(
    "search",
    "search: parts at rest, scale and learning rate of fine-tuning, 36 runs",
    ("At rest", "Scale", "Learning rate"),
    _SEARCH,
    (_OFFICIAL, _ALL, _TUNING),
    {
        **LITE,
        **paths("3-3"),
        "data": {"sequences": [], "every": 5, "frames": 30},
        "finetune": {"steps": _SEARCH_STEPS},
    },
    full_note=(
        "18 settings on two sequences, 500 steps of two windows each (5 epochs of the released code), with the "
        "configuration 3-7; slow=1 fast=1 searches for another, in a folder of its own."
    ),
    quick_note=(
        f"{QUICK_NOTE} 3-3 in the place of 3-7. Then {_SEARCH_STEPS} steps of fine-tuning on every fifth sequence, of "
        "which the first 30 frames are scored; its rates are of AdamW, too. So few steps do not rank settings that "
        "differ little."
    ),
    notes=(
        PROTOCOL_NOTE,
        DETECTOR_NOTE,
        "The report prints no numbers of its search but the best setting. Its two sequences are of the split that it "
        "reports.",
    ),
    draw=draw_bars(_SEARCH, ("J&F",), " "),
)


def _rates() -> tuple[Row, ...]:
    """The rate of the full version and that of the small one share their network with table 1."""
    rows = []
    chosen = published.RATES[0]
    for rate in published.RATES:
        name = f"slowfast-3-3-rate-{rate:g}"
        settings = {
            **paths("3-3"),
            "learning_rate": rate,
            "network": "" if rate == chosen else name,
        }
        printed = {"J&F all": published.UNSUPERVISED["3-3"]} if rate == chosen else {}
        quick = {"learning_rate": rate, "network": "" if rate == RATE else name}
        cells = ("backbone and proposals", f"{rate:g}")
        rows.append(Row(name, cells, settings, printed, quick=quick))
    name = "slowfast-3-3-nothing-at-rest"
    settings = {**paths("3-3"), "learning_rate": chosen, "network": name, "frozen": []}
    # Ours: in the small version the trunk learns more slowly, as in its first stage.
    quick = {"training": {"optimiser": {"factors": {"backbone.body": 0.1}}}}
    rows.append(Row(name, ("nothing", "the chosen one"), settings, quick=quick))
    return tuple(rows)


_RATES = _rates()

LEARNING_RATES = _study(
    "learning-rates",
    "learning rates of the second stage, and what is at rest in it",
    ("At rest", "Learning rate"),
    _RATES,
    (_OFFICIAL, Measure("J&F" + SPREAD, "Spread of J&F"), _ALL),
    LITE,
    full_note="The second stage of the report with 3-3: 20 epochs; the weights of the last step.",
    quick_note=f"{QUICK_NOTE} Where nothing is at rest, the trunk learns at a tenth of the rate.",
    notes=(
        PROTOCOL_NOTE,
        DETECTOR_NOTE,
        SPREAD_NOTE,
        "The report studied three learning rates and chose 1e-3, and a backbone at rest, as learning it brought little "
        "and cost much time; it prints neither the other numbers nor the configuration. Here it is 3-3.",
    ),
    draw=draw_bars(_RATES, ("J&F", "J&F all"), ", "),
)
