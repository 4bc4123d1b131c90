"""Table 1, figures 1 to 4, and the number of labels: rows, what was printed of them, how they are drawn."""

from typing import Any

from segue.studies.rvos_curriculum.method import SPREAD
from segue.studies.ssltm.drawing import draw_bars, draw_costs, draw_flicker, draw_lines
from segue.studies.ssltm.measure import NUM_LABELS, RUN_PARAMETERS, Measuring
from segue.studies.ssltm.published import MILLIONS
from segue.studies.ssltm.rows import (
    BUDGET,
    BUDGETS,
    CLEAN_NOTE,
    FULL_NOTE,
    LABELS_NOTE,
    OCR,
    OURS,
    QFCE,
    QUICK,
    QUICK_NOTE,
    RFCE,
    SIZE_NOTE,
    SPREAD_NOTE,
    TIME_NOTE,
    count,
    rival_row,
    scene_row,
)
from segue.studies.study import PARAMETERS, Measure, Row, Study

_LAYOUT = "camvid"
_MEAN_IOU = Measure("mIoU", "mIoU")
_OVER_TIME = (
    Measure("VC8", "VC8"),
    Measure("VC16", "VC16"),
    Measure("TC", "TC"),
    Measure("flips per s", "Flips per s", "number"),
)
_MEASURES = (
    _MEAN_IOU,
    Measure("mIoU" + SPREAD, "Spread of mIoU"),
    Measure("fwIoU", "fwIoU"),
    *_OVER_TIME,
    Measure("ms", "ms", "number"),
)
_NOTES = (LABELS_NOTE, SIZE_NOTE, SPREAD_NOTE, TIME_NOTE)


def _study(
    name: str,
    title: str,
    headings: tuple[str, ...],
    rows: tuple[Row, ...],
    measures: tuple[Measure, ...] = _MEASURES,
    *,
    quick_note: str = "",
    notes: tuple[str, ...] = _NOTES,
    **more: Any,
) -> Study:
    return Study(
        name=f"ssltm-{name}",
        title=f"SSLTM, {title}",
        headings=headings,
        rows=rows,
        measures=measures,
        method=Measuring(),
        layout=_LAYOUT,
        quick={_LAYOUT: QUICK},
        full_note=FULL_NOTE,
        quick_note=f"{QUICK_NOTE}{quick_note}",
        notes=notes,
        **more,
    )


_TOP_DOWN = {"width": 128, "decoder": "top-down"}
_OWN_DECODER = {"width": 64}


def _table_1() -> tuple[Row, ...]:
    def cells(kind: str, label: str, name: str) -> tuple[str, ...]:
        return kind, label, MILLIONS[name]

    return (
        scene_row("ocr", cells("image", "OCRNet", "ocr"), model=OCR),
        scene_row("ssltm", cells("video", "SSLTM", "ssltm")),
        scene_row(
            "ssltm-teacher",
            cells("video", "SSLTM, mean teacher", "ssltm-teacher"),
            learn="teacher",
        ),
        rival_row("tcb", cells("video", "TCB", "tcb"), model=_TOP_DOWN),
        rival_row("etc", cells("video", "ETC", "etc"), model=_TOP_DOWN),
        rival_row("netwarp", cells("video", "NetWarp", "netwarp"), model=_TOP_DOWN),
        rival_row("pspnet", cells("image", "PSPNet", "pspnet"), model=_TOP_DOWN),
        rival_row(
            "deeplabv3plus", cells("image", "DeepLabv3+", "deeplabv3plus"), model=_OWN_DECODER
        ),
        rival_row("upernet", cells("image", "UperNet", "upernet"), model=_OWN_DECODER),
        rival_row(
            "segmenter",
            cells("image", "Segmenter", "segmenter"),
            note="Answers at stride 16; the other rows at stride 4.",
            model=_TOP_DOWN,
        ),
    )


_TABLE_1 = _table_1()

TABLE_1 = _study(
    "table1",
    "table 1: ten networks that learn from few labels",
    ("Kind", "Network", "Parameters, printed"),
    _TABLE_1,
    (
        *_MEASURES,
        Measure(PARAMETERS, "Parameters, paper's size", "count"),
        Measure(RUN_PARAMETERS, "Parameters, as run", "count"),
    ),
    parameters=count,
    notes=(
        *_NOTES,
        "In the lite size all rows have one backbone, at rest, and 3.3 to 4 million parameters. The paper's OCRNet, "
        "PSPNet, ETC, NetWarp, TCB and SSLTM answer at the size of the coarsest map; here all of them decode down to "
        "stride 4, since at stride 32 of a small picture the decoder would decide.",
    ),
    draw=draw_bars(_TABLE_1, ("mIoU",), cell=1),
)

_CENTRES = (1, 3, 5)


def _figure_1() -> tuple[Row, ...]:
    rows = []
    for update in ("mse", "ema"):
        for number in _CENTRES:
            shared = (update, number) == ("mse", 3)
            name = "ssltm" if shared else f"ssltm-{number}-{update}"
            # The network of table 1 has the settings of the variant, by which it is known.
            changed = {} if shared else {"centres": number, "centre_update": update}
            row = scene_row(name, (update.upper(), f"{number}"), model={**OURS, **changed})
            rows.append(Row(row.name, row.cells, row.settings))
    return tuple(rows)


_FIGURE_1 = _figure_1()

FIGURE_1 = _study(
    "figure1",
    "figure 1: centres of a class, and how they learn",
    ("Update", "Centres"),
    _FIGURE_1,
    notes=(*_NOTES, "The figure is printed without numbers: 3 is best, and MSE better than EMA."),
    draw=draw_lines(_FIGURE_1, series=0, place=1, across="centres of a class"),
)

_FIGURE_2 = (
    Row(
        "no-stt",
        ("without STT",),
        scene_row("no-stt", (), model={**OURS, "stt": False}).settings,
    ),
    Row("ssltm", ("with STT",), scene_row("ssltm", ()).settings),
)

FIGURE_2 = _study(
    "figure2",
    "figure 2: with and without the transformer between neighbouring frames",
    ("Network",),
    _FIGURE_2,
    (*_OVER_TIME, _MEAN_IOU, Measure("ms", "ms", "number")),
    base="no-stt",
    draw=draw_flicker("no-stt", "ssltm"),
)

_HOURS = (
    Measure("hours", "Hours of training", "number"),
    Measure("processor hours", "Processor hours", "number"),
    Measure("megabytes", "Pseudo-labels on disk, MB", "number"),
)
_FIGURE_3 = (
    Row("ssltm", ("labels alone",), scene_row("ssltm", ()).settings),
    Row(
        "ssltm-teacher", ("mean teacher",), scene_row("ssltm-teacher", (), learn="teacher").settings
    ),
    Row(
        "ssltm-iterative",
        ("iterative",),
        scene_row("ssltm-iterative", (), learn="iterative").settings,
    ),
)

FIGURE_3 = _study(
    "figure3",
    "figure 3: mean teacher, and iterative pseudo-labels",
    ("Training",),
    _FIGURE_3,
    (_MEAN_IOU, Measure("mIoU" + SPREAD, "Spread of mIoU"), *_HOURS),
    quick_note=(
        " Hours are not comparable here: maps that are on disk already cost nothing, and a teacher's strong views, "
        "which never come again, are the only ones to be computed each time."
    ),
    notes=(
        *_NOTES,
        "Hours: all rounds together, with the writing of pseudo-labels; of a run that was killed, without the steps "
        "that were lost.",
    ),
    draw=draw_costs(_FIGURE_3),
)

_DISTANCES = (0, 10, 20, 30, 40, 50)


def _figure_4() -> tuple[Row, ...]:
    full = "RFCE and GCC"
    rows = [Row("ssltm", (full, "60"), scene_row("ssltm", ()).settings)]
    rows.append(Row("rfce", ("RFCE", "60"), scene_row("rfce", (), model=RFCE).settings))
    rows.append(Row("stt", ("QFCE", "0"), scene_row("stt", (), model=QFCE).settings))
    for distance in _DISTANCES:
        settings = dict(scene_row("ssltm", ()).settings)
        settings["streaming"] = {**settings["streaming"], "distance": distance}
        rows.append(Row(f"ssltm-distance-{distance}", (full, f"{distance}"), settings))
    return tuple(rows)


_FIGURE_4 = _figure_4()

FIGURE_4 = _study(
    "figure4",
    "figure 4: how far away the reference is, and what it shows",
    ("Network", "Distance"),
    _FIGURE_4,
    (
        _MEAN_IOU,
        Measure("mIoU" + SPREAD, "Spread of mIoU"),
        Measure("mIoU clean", "mIoU, clean"),
        Measure("mIoU noisy", "mIoU, noisy"),
        Measure("clean frames", "Clean frames"),
    ),
    notes=(
        *_NOTES,
        CLEAN_NOTE,
        "Rows of one network differ in how it goes through the videos alone; 0 is the frame itself. Distances are "
        "frames of CamVid's val, 15 a second.",
    ),
    draw=draw_lines(
        _FIGURE_4,
        series=0,
        place=1,
        across="frames to the reference",
        bars=("mIoU clean", "mIoU noisy"),
    ),
)


def _labels() -> tuple[Row, ...]:
    kinds: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("ocr", "OCRNet", {"model": OCR}),
        ("ssltm", "SSLTM", {}),
        ("ssltm-teacher", "SSLTM, mean teacher", {"learn": "teacher"}),
    )
    rows = []
    for every in (BUDGET, *(n for n in BUDGETS if n != BUDGET), 1):
        for name, label, settings in kinds:
            if every == 1 and "learn" in settings:
                continue  # nothing is left for a teacher
            said = "all" if every == 1 else f"1 of {every}"
            own = name if every == BUDGET else f"{name}-{'all' if every == 1 else every}"
            row = scene_row(own, (label, said), every=every, **settings)
            rows.append(Row(own, row.cells, row.settings))
    return tuple(rows)


_LABELS = _labels()

LABELS = _study(
    "labels",
    "the number of labels",
    ("Network", "Labels"),
    _LABELS,
    (Measure(NUM_LABELS, "Number of labels", "count"), *_MEASURES),
    notes=(
        "Every so many-th frame of each training video has a label, beginning in the middle of the first so many.",
        SIZE_NOTE,
        "The paper has one label per video of VSPW, and says that with a teacher .13 are missing to all labels.",
        SPREAD_NOTE,
        TIME_NOTE,
    ),
    draw=draw_lines(_LABELS, series=0, place=NUM_LABELS, across="labels"),
)
