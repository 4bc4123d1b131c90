"""The SlowFast studies print what the report prints, train what it trained, and share what they can."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file

from fakes.davis import moving_square, write_davis
from fakes.tuning import write_slowfast
from segue.errors import SettingsError
from segue.models.slowfast.build import load_network
from segue.studies.run import reproduce
from segue.studies.setup import Setup, set_up
from segue.studies.slowfast.settings import RowSettings
from segue.studies.slowfast.tables import LEARNING_RATES, SEARCH, TABLE_1, TABLE_2
from segue.studies.slowfast.trained import learn, second_stage
from segue.studies.study import PARAMETERS, Row, Study
from segue.training import journal
from segue.training.finetune import slowfast
from segue.training.finetune.catalog import find_tuner
from segue.training.loop import Watch
from segue.training.tasks.slowfast import TrainingSettings

STUDIES = (TABLE_1, TABLE_2, SEARCH, LEARNING_RATES)
SIZE = (64, 96)
PRINTED = """
1-1 64.5 74.7 45,421,851 477
3-3 67.9 74.7 46,398,747 544
7-7 67.3 75.5 48,407,835 853
1-7 65.5 74.1 45,618,459 528
3-7 67.6 75.8 46,570,779 584
"""


@pytest.fixture(scope="module")
def davis(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("davis")
    write_davis(root, {"ant": moving_square(4, size_hw=SIZE)}, split="train")
    return write_davis(root, {"bee": moving_square(4, size_hw=SIZE)}, split="val")


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_slowfast(tmp_path_factory.mktemp("first") / "first.safetensors", module=False)


class Silent:
    """Notes the rows, and whether anything was trained."""

    def __init__(self) -> None:
        self.steps = 0

    def begin(self, row: Row, number: int, total: int) -> Watch:
        def watch(done: int, total: int, values: object) -> None:
            self.steps += 1

        return watch

    def end(self, outcome: Any) -> None:
        assert not outcome.error


def quick(study: Study, davis: Path, *overrides: str) -> Setup:
    return set_up(study, davis, quick=True, overrides=overrides)


def trainings(study: Study, setup: Setup) -> dict[str, TrainingSettings]:
    """By row, of its first seed."""
    rows = {row.name: setup.settings(row) for row in study.rows}
    return {
        name: second_stage(row, row.seeds[0], Path("detector"), Path("maps"))
        for name, row in rows.items()
        if row.module
    }


# What was printed.


def test_tables_are_as_printed() -> None:
    lines = [line.replace(",", "").split() for line in PRINTED.strip().splitlines()]
    plain, tuned = TABLE_1.rows[1:], TABLE_2.rows
    for row, after, (name, before, best, count, seconds) in zip(plain, tuned, lines, strict=False):
        assert row.cells[0] == after.cells[0] == name
        assert row.published == {
            "J&F all": float(before),
            PARAMETERS: int(count),
            "seconds": float(seconds),
        }
        assert after.published == {"J&F all": float(best), "J&F all before": float(before)}
    assert all(not row.published for row in (TABLE_1.rows[0], *TABLE_2.rows[5:]))


def test_parameters_come_out_exactly() -> None:
    assert TABLE_1.parameters
    counts = [TABLE_1.parameters(row) for row in TABLE_1.rows]
    assert counts[1:] == [row.published[PARAMETERS] for row in TABLE_1.rows[1:]]
    assert counts[0] == 43_922_395


def test_the_search_is_18_settings_on_two_sequences() -> None:
    tried = {(*row.cells,) for row in SEARCH.rows}
    assert len(tried) == 18
    assert {row.settings["data"]["sequences"][1] for row in SEARCH.rows} == {"bmx-trees"}
    (chosen,) = (row for row in SEARCH.rows if row.note)
    assert chosen.cells == ("module", "0.25", "0.001")
    parts = find_tuner("slowfast").parts
    for row in (*SEARCH.rows, *TABLE_2.rows):
        assert row.settings["finetune"]["freeze"] in parts
        find_tuner("slowfast").defaults.changed(row.settings["finetune"])


# Trainings.


def test_the_full_training_is_the_published_one(davis: Path) -> None:
    setup = set_up(TABLE_1, davis)
    found = trainings(TABLE_1, setup)
    assert [(t.model.slow, t.model.fast) for t in found.values()] == [
        (1, 1),
        (3, 3),
        (7, 7),
        (1, 7),
        (3, 7),
    ]
    for one in found.values():
        assert one.model.name == "slowfast"
        assert one.stages[0].epochs == 20
        assert one.stages[0].frozen == ("backbone", "rpn")
        assert (one.optimiser.name, one.optimiser.learning_rate, one.loop.seed) == ("sgd", 1e-3, 63)
        assert one.objective.maps is None
        assert one.data.footage[0].layout == "davis2017"


def test_quick_rows_differ_in_their_configuration_alone(davis: Path) -> None:
    found = list(trainings(TABLE_1, quick(TABLE_1, davis)).values())
    same = {one.model_copy(update={"model": None}).model_dump_json() for one in found}
    assert len(same) == 1
    assert {one.model.name for one in found} == {"slowfast-lite"}
    assert {str(one.objective.maps) for one in found} == {"maps"}
    assert {one.stages[0].steps for one in found} == {250}


def test_rows_of_all_studies_share_their_networks(davis: Path) -> None:
    for whole in (False, True):
        networks: dict[str, str] = {}
        for study in STUDIES:
            if whole and study is SEARCH:
                setup = set_up(study, davis, overrides=["data.sequences=[]"])
            else:
                setup = set_up(study, davis, quick=not whole)
            for name, training in trainings(study, setup).items():
                (row,) = (row for row in study.rows if row.name == name)
                network = setup.settings(row).network_name
                assert networks.setdefault(network, training.model_dump_json()) == (
                    training.model_dump_json()
                )
        assert len(networks) == 5 + 3  # five configurations; two more rates, and nothing at rest


def test_the_learning_rates_are_studied(davis: Path) -> None:
    for whole in (False, True):
        found = trainings(LEARNING_RATES, set_up(LEARNING_RATES, davis, quick=not whole))
        rates = [one.optimiser.learning_rate for one in found.values()]
        assert rates == [1e-3, 5e-4, 1e-4, 1e-3 if whole else 5e-4]
        (*_, last) = found.values()
        assert last.stages[0].frozen == ()
        assert last.objective.maps is None


def small(study: Study, davis: Path, detector: Path, *overrides: str) -> Setup:
    """A setting that trains in seconds."""
    sides = [
        f"options.{side}_side={pixels}"
        for side, pixels in zip(("short", "long"), SIZE, strict=True)
    ]
    return quick(
        study,
        davis,
        f"detector={detector}",
        "steps=1",
        "training.loop.workers=0",
        'options.backend="torch"',
        *sides,
        *overrides,
    )


@pytest.fixture
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = dict(zip(("short_side", "long_side"), SIZE, strict=True))
    monkeypatch.setattr(slowfast, "load_network", lambda n, s, p: load_network(n, sizes, p))
    monkeypatch.setattr(journal, "draw_curves", lambda *paths: None)


def rows_of(study: Study, *names: str) -> Study:
    return replace(study, rows=tuple(row for row in study.rows if row.name in names))


@pytest.mark.usefixtures("_small")
def test_trained_scored_and_drawn_and_then_fine_tuned(
    davis: Path, detector: Path, tmp_path: Path
) -> None:
    first = rows_of(TABLE_1, "slowfast-detector", "slowfast-1-1")
    watch = Silent()
    setup = small(first, davis, detector)
    result = reproduce(first, setup, tmp_path, watch)
    assert result.complete
    assert watch.steps == 1
    for outcome in result.outcomes:
        assert 0 <= outcome.scores["J&F all"] <= 1
    text = (tmp_path / "slowfast-table1.md").read_text()
    assert "| 1-1 | 1 | 1 |" in text
    assert "Parameters: 1 of 1 are the published ones exactly." in text
    assert "![masks](slowfast-table1-masks.png)" in text
    for name in ("slowfast-table1.png", "slowfast-table1-masks.png"):
        assert np.asarray(Image.open(tmp_path / name)).std() > 1
    kept = tmp_path / "trained/detector.safetensors"
    given, found = load_file(detector), load_file(kept)
    assert given.keys() == found.keys()
    assert not any(key.startswith("slowfast.") for key in found)

    again = Silent()
    reproduce(first, setup, tmp_path, again)
    assert not again.steps

    second = rows_of(TABLE_2, "slowfast-1-1-tuned")
    settings = ("finetune.steps=1", "finetune.batch=1", "finetune.views=2")
    third = Silent()
    tuned = reproduce(second, small(second, davis, detector, *settings), tmp_path, third)
    assert third.steps == 1  # the network of table 1 is there
    (outcome,) = tuned.outcomes
    assert outcome.scores["J&F before"] == pytest.approx(result.outcomes[1].scores["J&F"])
    assert outcome.scores["tuning_seconds"] > 0
    assert "J&F before" in (tmp_path / "slowfast-table2.md").read_text()


def row_settings(study: Study, setup: Setup, name: str) -> RowSettings:
    (row,) = (row for row in study.rows if row.name == name)
    settings = setup.settings(row)
    assert isinstance(settings, RowSettings)
    return settings


@pytest.mark.usefixtures("_small")
def test_all_networks_begin_with_one_detector(davis: Path, detector: Path, tmp_path: Path) -> None:
    """A file with a module counts as its detector; another detector is refused in the same folder."""
    whole = write_slowfast(tmp_path / "whole.safetensors")
    rows, name = tmp_path / "rows", "slowfast-detector"
    given = row_settings(TABLE_1, small(TABLE_1, davis, whole), name)
    path = learn(given, 0, rows, lambda *_: None)
    assert set(load_file(path)) == set(load_file(detector))
    with safe_open(path, "pt") as file:
        assert file.metadata()["module"] == "false"
    assert learn(given, 0, rows, lambda *_: None) == path
    other = row_settings(TABLE_1, small(TABLE_1, davis, detector), name)
    with pytest.raises(SettingsError, match=r"began with another detector .* Give another folder"):
        learn(other, 0, rows, lambda *_: None)


@pytest.mark.usefixtures("_small")
def test_the_detector_is_trained_if_asked(davis: Path, tmp_path: Path) -> None:
    setup = quick(
        TABLE_1,
        davis,
        "train_detector=true",
        f"options.short_side={SIZE[0]}",
        f"options.long_side={SIZE[1]}",
        'first_stage.stages=[{steps=1, frozen=["backbone.body"]}]',
        "first_stage.loop={workers=0, batch=1}",
        f"first_stage.scenes.size_hw={list(SIZE)}",
    )
    given = row_settings(TABLE_1, setup, "slowfast-detector")
    steps: list[int] = []
    path = learn(given, 0, tmp_path, lambda done, *_: steps.append(done))
    assert steps == [1]
    trained = load_file(tmp_path / "trained/first-stage/weights.safetensors")
    assert {k: v.sum() for k, v in trained.items()} == {
        k: v.sum() for k, v in load_file(path).items()
    }
    assert learn(given, 0, tmp_path, lambda done, *_: steps.append(done)) == path
    assert steps == [1]
