"""Studies are what was printed, and the runner trains each row once, goes on, and lets no row harm another."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fakes.trees import write_tree
from segue.data.catalog import find_layout
from segue.data.label_clips import LabelFootage
from segue.errors import InputError, NotFoundError, SettingsError
from segue.metrics.confusion import confusion
from segue.models.temporal_unet.build import create_network
from segue.models.temporal_unet.model import TemporalUnetModel
from segue.studies.catalog import STUDIES, find_study
from segue.studies.result import Outcome
from segue.studies.run import reproduce
from segue.studies.setup import Setup, merge, set_up
from segue.studies.study import PARAMETERS, Drawing, Measure, Row, Study
from segue.studies.temporal_unet import FIGURE_3, TABLE_2, TABLE_3
from segue.studies.temporal_unet_switches import SWITCHES
from segue.training import journal
from segue.training.curriculum import Ramp
from segue.training.loop import Watch
from segue.training.tasks.catalog import TASKS, RunSettings, TaskEntry
from segue.training.tasks.temporal_unet_settings import TrainingSettings, label_table
from segue.training.tasks.temporal_unet_validation import Validation

PRINTED_TABLE_2 = """
Base     | Vanilla  | Original      | -    | 1,958,996 | 46.40 | 87.36
Base     | Vanilla  | Small shallow | -    | 125,732   | 36.72 | 84.45
Base     | Vanilla  | Small deep    | -    | 507,940   | 41.17 | 86.83
Temporal | Vanilla  | Small shallow | cRNN | 222,724   | 37.39 | 84.60
Temporal | Vanilla  | Small shallow | cGRU | 416,372   | 37.06 | 84.24
Temporal | ResNet   | Small shallow | cGRU | 423,556   | 40.74 | 86.43
Temporal | ResNet   | Small shallow | cRNN | 229,908   | 37.19 | 84.96
Temporal | ResNet   | Small deep    | cRNN | 760,420   | 40.02 | 85.03
Temporal | ConvNeXt | Small deep    | cGRU | 1,544,020 | 39.00 | 86.31
Temporal | ResNet   | Small deep    | cGRU | 1,707,460 | 42.43 | 87.48
"""


class Watcher:
    """Notes which steps of which rows are trained; may interrupt after so many of them."""

    def __init__(self, patience: int = 1000) -> None:
        self.steps: dict[str, list[int]] = {}
        self.ended: list[tuple[str, str]] = []
        self._patience = patience

    def begin(self, row: Row, number: int, total: int) -> Watch:
        steps = self.steps[row.name] = []

        def watch(done: int, total: int, values: object) -> None:
            steps.append(done)
            if sum(map(len, self.steps.values())) == self._patience:
                raise KeyboardInterrupt

        return watch

    def end(self, outcome: Outcome) -> None:
        self.ended.append((outcome.row.name, outcome.state))


# What was printed.


def test_table_2_is_as_printed() -> None:
    rows = [row for row in TABLE_2.rows if "Not a row of its own" not in row.note]
    assert len(rows) == len(TABLE_2.rows) - 1
    lines = [
        [cell.strip() for cell in line.split("|")] for line in PRINTED_TABLE_2.split("\n")[1:-1]
    ]
    for row, (*cells, count, miou, accuracy) in zip(rows, lines, strict=True):
        assert list(row.cells) == cells
        assert row.published == {
            "parameters": int(count.replace(",", "")),
            "miou_smoothed": float(miou),
            "pixel_accuracy": float(accuracy),
        }


def test_a_row_whose_network_has_another_size_than_printed_says_so() -> None:
    for row in TABLE_2.rows:
        count = TABLE_2.parameters(row)
        assert count == row.published[PARAMETERS] or f"{count:,}" in row.note


def test_table_3_comes_out_exactly_without_data(tmp_path: Path) -> None:
    result = reproduce(TABLE_3, None, tmp_path, Watcher())
    assert result.complete
    assert len(result.outcomes) == 19
    for outcome in result.outcomes:
        assert outcome.scores[PARAMETERS] == outcome.row.published[PARAMETERS]
    text = (tmp_path / "temporal-unet-table3.md").read_text()
    assert "| ConvNeXt cGRU | Original | 6,030,612 | 6,030,612 |" in text
    assert "19 of 19 are the published ones exactly" in text


def test_the_rows_of_figure_3_are_rows_of_table_2() -> None:
    assert [row.name for row in FIGURE_3.rows] == [
        "vanilla-original-frame",
        "resnet-small-deep-cgru",
    ]
    assert all(row in TABLE_2.rows for row in FIGURE_3.rows)


@pytest.mark.parametrize("name", STUDIES)
def test_rows_have_folders_and_cells_of_their_own(name: str) -> None:
    study = find_study(name)
    assert study.name == name
    assert len({row.name for row in study.rows}) == len(study.rows)
    assert all(len(row.cells) == len(study.headings) for row in study.rows)


# Settings.


@pytest.fixture(scope="module")
def cityscapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree("cityscapes", tmp_path_factory.mktemp("city"), videos=1, size_hw=(16, 32))


@pytest.fixture(scope="module")
def camvid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree("camvid", tmp_path_factory.mktemp("camvid"), videos=1)


def of_row(setup: Setup, name: str, study: Study = TABLE_2) -> TrainingSettings:
    (row,) = (row for row in study.rows if row.name == name)
    settings = setup.settings(row)
    assert isinstance(settings, TrainingSettings)
    return settings


@pytest.mark.parametrize(
    ("name", "clip", "validation_clip", "batch", "accumulate"),
    [("resnet-small-deep-cgru", 5, 12, 1, 16), ("vanilla-original-frame", 1, 1, 4, 4)],
)
def test_the_published_settings(
    cityscapes: Path, name: str, clip: int, validation_clip: int, batch: int, accumulate: int
) -> None:
    settings = of_row(set_up(TABLE_2, cityscapes), name)
    assert (settings.clips.length, settings.validation.clip_length) == (clip, validation_clip)
    assert (settings.loop.batch, settings.loop.accumulate) == (batch, accumulate)
    assert (settings.loop.epochs, settings.loop.precision) == (100, "float32")
    assert (settings.optimiser.name, settings.optimiser.learning_rate) == ("adam", 3e-4)
    assert (settings.optimiser.weight_decay, settings.optimiser.clip_norm) == (0, 0)
    assert (settings.schedule.name, settings.schedule.patience) == ("plateau", 10)
    assert (settings.clips.flip, settings.clips.crop) == (0.5, 0.4)
    assert settings.clips.size_hw == (512, 1024)
    assert settings.clips.position == settings.validation.position == "uniform"
    assert settings.validation.resize
    assert settings.objective.supervise == "labelled"
    assert settings.data.void_class
    assert len(settings.model.classes) == 20
    assert settings.data.root == cityscapes.resolve()


def test_quick_changes_lengths_and_sizes_only(cityscapes: Path, camvid: Path) -> None:
    for root in (cityscapes, camvid):
        quick = set_up(TABLE_2, root, quick=True, overrides=["loop.seed=7"])
        temporal, alone = (
            of_row(quick, name) for name in ("vanilla-small-shallow-crnn", "vanilla-original-frame")
        )
        assert (temporal.clips.length, temporal.validation.clip_length) == (5, 12)
        assert (alone.clips.length, alone.validation.clip_length) == (1, 1)
        assert temporal.loop.steps == alone.loop.steps == 120
        assert temporal.loop.seed == 7
        assert temporal.data.void_class
        assert temporal.clips.flip == 0.5


def test_data_that_do_not_fit_are_told(tmp_path: Path, cityscapes: Path, camvid: Path) -> None:
    with pytest.raises(InputError, match=r"needs cityscapes; .* looks like camvid") as caught:
        set_up(TABLE_2, camvid)
    assert caught.value.option == "Or add --quick."
    with pytest.raises(SettingsError, match=r"needs cityscapes, got camvid"):
        set_up(TABLE_2, camvid, layout="camvid")
    with pytest.raises(InputError, match=r"looks like camvid, you said cityscapes"):
        set_up(TABLE_2, camvid, layout="cityscapes", quick=True)
    with pytest.raises(InputError, match=r"camvid or cityscapes; .* looks like no dataset"):
        set_up(TABLE_2, tmp_path, quick=True)
    with pytest.raises(NotFoundError, match=r"No folder .*nowhere"):
        set_up(TABLE_2, tmp_path / "nowhere")
    with pytest.raises(SettingsError, match=r"Unknown setting 'loop.stps'"):
        set_up(TABLE_2, camvid, quick=True, overrides=["loop.stps=3"])


def test_cityscapes_without_the_frames_around_the_annotated_ones(tmp_path: Path) -> None:
    root = write_tree("cityscapes", tmp_path, videos=1, size_hw=(16, 32))
    (root / "leftImg8bit_sequence/val").rename(tmp_path / "elsewhere")
    for quick in (False, True):
        with pytest.raises(
            NotFoundError, match=r"No .*sequence.val, .*leftImg8bit_sequence_trainvaltest.zip"
        ):
            set_up(TABLE_2, root, quick=quick)


SWITCHED = {
    "switch-seed": {"loop.seed"},
    "switch-skipping": {"loop.length", "stages"},
    "switch-smoothness": {"objective.smoothness"},
    "switch-warped-smoothness": {"objective.warped_smoothness"},
    "switch-mixup": {"objective.mixup"},
    "switch-scratch": {"imagenet"},
    "switch-larger": {"clips.size_hw"},
}


def flat(settings: TrainingSettings) -> dict[str, object]:
    """Values by their dotted names; the two ways to give a run's length are one."""
    values = settings.model_dump()
    loop = values["loop"]
    loop["length"] = loop.pop("steps"), loop.pop("epochs")
    sections = {k: v for k, v in values.items() if isinstance(v, dict)}
    alone = {k: v for k, v in values.items() if k not in sections}
    return alone | {f"{k}.{name}": v for k, below in sections.items() for name, v in below.items()}


@pytest.mark.parametrize("quick", [False, True])
def test_every_switch_changes_one_thing_of_the_base(
    cityscapes: Path, camvid: Path, quick: bool
) -> None:
    setup = set_up(SWITCHES, camvid if quick else cityscapes, quick=quick)
    base, *others = (row.name for row in SWITCHES.rows)
    assert base == SWITCHES.base
    before = flat(of_row(setup, base, SWITCHES))
    assert {name: changed(before, setup, name) for name in others} == SWITCHED


def changed(before: dict[str, object], setup: Setup, name: str) -> set[str]:
    now = flat(of_row(setup, name, SWITCHES))
    return {key for key in now if now[key] != before[key]}


@pytest.mark.parametrize("quick", [False, True])
def test_frame_skipping_takes_as_long_as_the_base(
    cityscapes: Path, camvid: Path, quick: bool
) -> None:
    setup = set_up(SWITCHES, camvid if quick else cityscapes, quick=quick)
    base, skipping = (of_row(setup, name, SWITCHES) for name in ("switch-none", "switch-skipping"))
    (stage,) = skipping.stages
    assert (stage.steps, stage.epochs) == (base.loop.steps, base.loop.epochs)
    assert isinstance(stage.frame_stride, Ramp)
    assert (stage.frame_stride.start, stage.frame_stride.end) == (1, 4)


def test_larger_frames_are_twice_as_high_and_wide(cityscapes: Path, camvid: Path) -> None:
    for root, quick in ((cityscapes, False), (camvid, True)):
        setup = set_up(SWITCHES, root, quick=quick)
        base, larger = (
            of_row(setup, name, SWITCHES).clips.size_hw for name in ("switch-none", "switch-larger")
        )
        assert larger == (2 * base[0], 2 * base[1])


def test_another_length_is_refused_before_anything_is_trained(camvid: Path) -> None:
    with pytest.raises(SettingsError, match=r"switch-skipping has a length of its own"):
        set_up(SWITCHES, camvid, quick=True, overrides=["loop.steps=3"])


nested = st.recursive(st.integers(), lambda inner: st.dictionaries(st.sampled_from("abc"), inner))
tables = st.dictionaries(st.sampled_from("abc"), nested)


@given(tables, tables, tables)
def test_merging_is_associative_where_shapes_agree_and_last_wins(a: dict, b: dict, c: dict) -> None:
    assert merge(a, {}) == a
    assert merge({}, a) == a
    assert merge(a, a) == a
    for key, value in b.items():
        if not isinstance(value, dict):
            assert merge(a, b)[key] == value
    before = json.dumps(a)
    merge(merge(a, b), c)
    assert json.dumps(a) == before


# Numbers.


def test_the_printed_and_the_official_numbers(
    camvid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Void is a class of the network; officially its pixels do not count, and to say void is a miss."""
    settings = TrainingSettings.parse(
        {
            "data": {"root": str(camvid), "void_class": True},
            "model": {"size": "small-shallow"},
            "validation": {"clip_length": 1},
        }
    )
    table = label_table(settings.data)
    table[3] = void = 11  # the road of the tree is void here, so that there is some
    footage = LabelFootage(find_layout("camvid").sequences(camvid, "val"), table)

    def look(_: object, frame: np.ndarray, state: object) -> tuple[torch.Tensor, object]:
        rng = np.random.default_rng(int(frame.sum()))
        return torch.from_numpy(rng.random((12, *frame.shape[:2]), np.float32)), state

    monkeypatch.setattr(TemporalUnetModel, "look", look)
    scores = Validation(create_network(settings.model), settings, footage)()
    pairs = []
    for place in footage.labelled:
        frame, truth = footage.read(*place)
        pairs.append((look(None, frame, None)[0].argmax(0).numpy(), truth))
    predicted, truth = (np.stack(side).reshape(-1, 48) for side in zip(*pairs, strict=True))
    assert {void} < set(truth.ravel().tolist())
    official = confusion(predicted, np.where(truth == void, 255, truth), void)
    assert official.counts[:-1, -1].any()
    assert scores["miou_without_void"] == official.mean_iou
    assert scores["class_accuracy_without_void"] == official.class_accuracy
    assert scores["pixel_accuracy"] == pytest.approx((truth == predicted).mean())
    by_class = [(truth == k, predicted == k) for k in range(12)]
    ious = [(a & b).sum() / ((a | b).sum() + 1e-6) for a, b in by_class]
    assert scores["miou_smoothed"] == pytest.approx(np.mean(ious))
    assert scores["mean_binary_accuracy"] == pytest.approx(np.mean([a == b for a, b in by_class]))


# The runner, with a network that learns one number.


TOY = Study(
    name="toy",
    title="A toy",
    headings=("Kind", "Name"),
    rows=tuple(
        Row(name, ("toy", name.upper()), {}, {"score": 50.0, PARAMETERS: 1}, note)
        for name, note in (("a", ""), ("b", "An error in print."), ("c", ""))
    ),
    measures=(
        Measure(PARAMETERS, "Parameters", "count"),
        Measure("score", "Score"),
        Measure("value", "Value"),
    ),
    parameters=lambda row: 1,
    config="toy.toml",
    full_note="As published.",
    notes=("A note.",),
)
SETUP = Setup(
    layout="none",
    root=Path("data"),
    quick=False,
    published={
        "task": "toy",
        "loop": {"steps": 4, "batch": 1, "workers": 0, "checkpoint_every": 1, "device": "cpu"},
        "optimiser": {"name": "sgd", "learning_rate": 1, "momentum": 0},
    },
    changes={},
)


def toy(**faults: str) -> Study:
    """The toy with rows that fail."""
    rows = (replace(row, settings={"fault": faults.get(row.name, "")}) for row in TOY.rows)
    return replace(TOY, rows=tuple(rows))


@pytest.fixture
def _toy_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TASKS, "toy", TaskEntry("fakes.toy_task", "for tests"))
    # Pictures of curves take longer than everything else here.
    monkeypatch.setattr(journal, "draw_curves", lambda *_: None)


pytestmark = pytest.mark.usefixtures("_toy_task")


def test_every_row_is_trained_once_and_its_best_validation_reported(tmp_path: Path) -> None:
    first, again = Watcher(), Watcher()
    result = reproduce(toy(), SETUP, tmp_path, first)
    assert result.complete
    assert first.steps == {key: [1, 2, 3, 4] for key in "abc"}
    assert first.ended == [(name, "complete") for name in "abc"]
    for outcome in result.outcomes:
        assert outcome.scores == {PARAMETERS: 1, "score": 1.0, "value": 0.02}
    tables = [(tmp_path / f"toy.{kind}").read_bytes() for kind in ("md", "json")]
    assert reproduce(toy(), SETUP, tmp_path, again) == result
    assert again.steps == {key: [] for key in "abc"}
    assert [(tmp_path / f"toy.{kind}").read_bytes() for kind in ("md", "json")] == tables


def test_the_table_as_people_read_it(tmp_path: Path) -> None:
    reproduce(toy(), SETUP, tmp_path, Watcher())
    assert (
        (tmp_path / "toy.md").read_text()
        == """\
# A toy

As published. Data: none layout, `data`.

| Kind | Name | Parameters, published | Parameters, ours | Score, published | Score, ours | Value, ours |
| --- | --- | ---: | ---: | ---: | ---: | ---: |
| toy | A | 1 | 1 | 50.00 | 100.00 | 2.00 |
| toy | B (1) | 1 | 1 | 50.00 | 100.00 | 2.00 |
| toy | C | 1 | 1 | 50.00 | 100.00 | 2.00 |

(1) An error in print.

- Parameters: 3 of 3 are the published ones exactly.
- A note.
"""
    )
    document = json.loads((tmp_path / "toy.json").read_text())
    assert document["setup"] == {"quick": False, "layout": "none", "root": "data", "overrides": []}
    assert document["rows"][1] == {
        "name": "b",
        "cells": {"Kind": "toy", "Name": "B"},
        "state": "complete",
        "error": "",
        "published": {"score": 50.0, "parameters": 1},
        "ours": {"parameters": 1, "score": 100.0, "value": 2.0},
        "change": {"parameters": None, "score": None, "value": None},
        "note": "An error in print.",
    }


def test_what_was_never_printed_is_compared_with_a_row_of_the_table(tmp_path: Path) -> None:
    """A quarter of the rate only gets the toy to 1, and 2 scores best."""
    study = replace(
        TOY,
        rows=(
            Row("plain", ("toy", "PLAIN"), {}),
            Row("slow", ("toy", "SLOW"), {"optimiser": {"learning_rate": 0.25}}),
            Row("broken", ("toy", "BROKEN"), {"fault": "memory"}),
        ),
        measures=(Measure("score", "Score"), Measure("value", "Value", "number")),
        base="plain",
    )
    reproduce(study, SETUP, tmp_path, Watcher())
    text = (tmp_path / "toy.md").read_text()
    assert "| Kind | Name | Score | Value |" in text
    assert "| toy | PLAIN | 100.00 | 0.02 |" in text
    assert "| toy | SLOW | 90.00 (-10.00) | 0.01 (-0.01) |" in text
    assert "| toy | BROKEN | failed | failed |" in text
    rows = json.loads((tmp_path / "toy.json").read_text())["rows"]
    nothing = {"score": None, "value": None}
    assert [row["change"] for row in rows] == [nothing, {"score": -10, "value": -0.01}, nothing]


def test_what_a_row_changes_in_the_small_version_alone() -> None:
    row = Row("a", ("toy", "A"), {"fault": "memory"}, quick={"loop": {"steps": 2}, "fault": ""})
    small = replace(SETUP, quick=True, changes={"loop": {"steps": 3}})
    assert SETUP.settings(row).loop.steps == 4
    assert small.settings(row).loop.steps == 2
    assert small.settings(replace(row, quick={})).loop.steps == 3
    last = replace(small, overrides=("loop.steps=1",))
    assert last.settings(row).loop.steps == 1


def test_an_interrupted_study_goes_on_where_it_was(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        reproduce(toy(), SETUP, tmp_path / "cut", Watcher(patience=6))
    told = (tmp_path / "cut/toy.md").read_text()
    assert "| toy | A | 1 | 1 | 50.00 | 100.00 | 2.00 |" in told
    assert "| toy | B (1) | 1 | 1 | 50.00 | - | - |" in told
    later = Watcher()
    cut = reproduce(toy(), SETUP, tmp_path / "cut", later)
    assert later.steps == {"a": [], "b": [3, 4], "c": [1, 2, 3, 4]}
    assert cut == reproduce(toy(), SETUP, tmp_path / "whole", Watcher())


def test_only_some_rows(tmp_path: Path) -> None:
    watcher = Watcher()
    some = reproduce(toy(), SETUP, tmp_path, watcher, ["[ab]"])
    assert watcher.steps == {"a": [1, 2, 3, 4], "b": [1, 2, 3, 4]}
    assert [o.state for o in some.outcomes] == ["complete", "complete", "not run"]
    assert "not asked for" in (tmp_path / "toy.md").read_text()
    later = Watcher()
    assert reproduce(toy(), SETUP, tmp_path, later) == reproduce(
        toy(), SETUP, tmp_path / "whole", Watcher()
    )
    assert later.steps == {"a": [], "b": [], "c": [1, 2, 3, 4]}
    with pytest.raises(SettingsError, match=r"toy has no row 'd'. Its rows: a, b, c"):
        reproduce(toy(), SETUP, tmp_path, Watcher(), ["a", "d"])


@pytest.mark.parametrize(
    ("fault", "said"),
    [("diverges", "The loss is -?inf|nan"), ("memory", "CUDA out of memory. Tried")],
)
def test_a_row_that_fails_leaves_the_others_alone(tmp_path: Path, fault: str, said: str) -> None:
    watcher = Watcher()
    result = reproduce(toy(b=fault), SETUP, tmp_path, watcher)
    assert watcher.ended == [("a", "complete"), ("b", "failed"), ("c", "complete")]
    (failed,) = result.failed
    assert re.search(said, failed.error)
    text = (tmp_path / "toy.md").read_text()
    assert "| toy | B (1) | 1 | 1 | 50.00 | failed | failed |" in text
    assert f"**b failed:** {failed.error}" in text
    again = Watcher()
    reproduce(toy(b=fault), SETUP, tmp_path, again)
    assert again.ended == watcher.ended
    assert again.steps == {"a": [], "b": [], "c": []}


def test_a_damaged_checkpoint_is_the_fault_of_its_row(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        reproduce(toy(), SETUP, tmp_path, Watcher(patience=6))
    (tmp_path / "b/checkpoint.safetensors").write_bytes(b"half")
    result = reproduce(toy(), SETUP, tmp_path, Watcher())
    assert [outcome.state for outcome in result.outcomes] == ["complete", "failed", "complete"]
    assert "Remove it to start again" in result.failed[0].error


def test_a_folder_of_other_settings_is_refused_and_left_alone(tmp_path: Path) -> None:
    reproduce(toy(), SETUP, tmp_path, Watcher())
    table = (tmp_path / "toy.md").read_bytes()
    other = replace(SETUP, overrides=("optimiser.learning_rate=2",))
    with pytest.raises(SettingsError, match=r"optimiser.learning_rate was 1.0, now 2.0"):
        reproduce(toy(), other, tmp_path, Watcher())
    assert (tmp_path / "toy.md").read_bytes() == table
    fewer_processes = replace(SETUP, overrides=("loop.checkpoint_every=2",))
    watcher = Watcher()
    assert reproduce(toy(), fewer_processes, tmp_path, watcher).complete
    assert watcher.steps == {key: [] for key in "abc"}


def test_overrides_are_told_with_the_numbers(tmp_path: Path) -> None:
    reproduce(toy(), replace(SETUP, overrides=("loop.steps=2",)), tmp_path, Watcher())
    assert "Settings were changed: `loop.steps=2`." in (tmp_path / "toy.md").read_text()


def test_a_picture_is_drawn_when_every_row_is_there(tmp_path: Path) -> None:
    drawn: list[list[str]] = []

    def draw(settings: dict[str, RunSettings], folder: Path, picture: Path) -> Drawing:
        drawn.append(
            [name for name in settings if (folder / name / "weights.safetensors").is_file()]
        )
        assert picture == folder / "toy.png"
        return Drawing({"seen": 3}, ("What it shows.",))

    reproduce(replace(toy(c="memory"), draw=draw), SETUP, tmp_path / "a", Watcher())
    assert not drawn
    reproduce(replace(toy(), draw=draw), SETUP, tmp_path / "b", Watcher())
    assert drawn == [["a", "b", "c"]]
    text = (tmp_path / "b/toy.md").read_text()
    assert "- What it shows." in text
    assert "](toy.png)" in text
    assert json.loads((tmp_path / "b/toy.json").read_text())["drawing"] == {"seen": 3}
