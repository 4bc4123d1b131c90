"""The SSLTM studies print what the supplement prints, and train what the configs train."""

from pathlib import Path

import pytest

from fakes.trees import write_tree
from segue.errors import SettingsError
from segue.studies.setup import Setup, set_up
from segue.studies.ssltm.rows import count
from segue.studies.ssltm.tables import FIGURE_1, FIGURE_2, FIGURE_3, FIGURE_4, LABELS, TABLE_1
from segue.studies.ssltm.trained import training_of
from segue.studies.study import Study
from segue.training.run import read_settings
from segue.training.tasks.ssltm_footage import budgeted
from segue.training.tasks.ssltm_settings import TrainingSettings

STUDIES = (TABLE_1, FIGURE_1, FIGURE_2, FIGURE_3, FIGURE_4, LABELS)
CONFIGS = Path(__file__).parents[2] / "configs/ssltm"
PRINTED = """
DeepLabv3+ 59.5M 37.48
UperNet 58.1M 39.49
PSPNet 64.1M 38.18
OCRNet 55.5M 39.56
Segmenter 57.8M 39.94
ETC 55.5M 40.82
NetWarp 55.5M 40.22
TCB 55.5M 41.42
SSLTM 59.3M 43.11
SSLTM,mean,teacher 59.3M 44.37
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree("camvid", tmp_path_factory.mktemp("camvid"), frames=9)


def trainings(study: Study, setup: Setup) -> dict[str, TrainingSettings]:
    """By row, of the first seed."""
    rows = {row.name: setup.settings(row) for row in study.rows}
    return {name: training_of(row, row.seeds[0], Path("maps")) for name, row in rows.items()}


def test_table_1_is_as_printed() -> None:
    lines = [line.split() for line in PRINTED.strip().splitlines()]
    printed = {name.replace(",m", ", m").replace(",t", " t"): rest for name, *rest in lines}
    assert len(TABLE_1.rows) == len(printed) == 10
    for row in TABLE_1.rows:
        kind, name, millions = row.cells
        size, mean_iou = printed[name]
        assert row.published == {"mIoU": float(mean_iou)}
        assert millions.replace(" ", "") == size
        video = name in ("ETC", "NetWarp", "TCB") or name.startswith("SSLTM")
        assert kind == ("video" if video else "image")
    first = [row.name for row in TABLE_1.rows[:3]]
    assert first == ["ocr", "ssltm", "ssltm-teacher"]  # a run that is stopped has said the most


def test_parameters_are_those_of_the_paper_size() -> None:
    by_name = {row.name: row for row in TABLE_1.rows}
    assert count(by_name["ssltm-teacher"]) == 59_348_866
    assert count(by_name["ocr"]) == 55_460_226


def test_the_full_trainings_are_those_of_the_configs(tree: Path) -> None:
    found = trainings(TABLE_1, set_up(TABLE_1, tree))
    found |= trainings(FIGURE_3, set_up(FIGURE_3, tree))
    found |= trainings(FIGURE_4, set_up(FIGURE_4, tree))
    found |= trainings(LABELS, set_up(LABELS, tree))
    names = {
        "ocr": "ocr",
        "stt": "stt",
        "rfce": "rfce",
        "ssltm": "gcc",
        "ssltm-teacher": "teacher",
        "ssltm-iterative": "iterative",
        "ssltm-all": "all-labels",
    }
    for row, config in names.items():
        changes = (f"data.root={tree.resolve()}", "loop.device=cpu")
        expected, mine = read_settings(CONFIGS / f"{config}.toml", changes), found[row]
        assert isinstance(expected, TrainingSettings)
        assert budgeted(mine.data).chosen == budgeted(expected.data).chosen
        labels = {"labels": expected.data.labels}
        same = mine.model_copy(update={"data": mine.data.model_copy(update=labels)})
        assert same.model_dump() == expected.model_dump()


def test_quick_rows_differ_in_the_network_alone(tree: Path) -> None:
    found = trainings(TABLE_1, set_up(TABLE_1, tree, quick=True))
    teacher = found.pop("ssltm-teacher")
    objective = found["ssltm"].objective  # what weighs the centres; others have none
    own = {"model": None, "variant": "", "objective": objective}
    same = {one.model_copy(update=own).model_dump_json() for one in found.values()}
    assert len(same) == 1
    assert teacher.learn == "teacher"
    one = found["ocr"]
    assert (one.clips, one.stages, one.data) == (teacher.clips, teacher.stages, teacher.data)
    assert str(one.objective.maps) == str(Path("maps").resolve())
    assert one.data.validation_split is None
    assert one.stages[0].steps == 400
    assert one.centres.start == 80
    assert teacher.teacher.ramp == 40


@pytest.mark.parametrize("quick", [True, False])
def test_rows_of_all_studies_share_their_networks(tree: Path, quick: bool) -> None:
    networks: dict[str, TrainingSettings] = {}
    rows: dict[str, object] = {}
    for study in STUDIES:
        setup = set_up(study, tree, quick=quick)
        for name, training in trainings(study, setup).items():
            (row,) = (row for row in study.rows if row.name == name)
            settings = setup.settings(row)
            assert networks.setdefault(settings.network, training) == training
            assert rows.setdefault(name, settings) == settings
    # Ten of table 1, five more numbers of centres, without STT, iterative, RFCE and QFCE, and eleven of other budgets.
    assert len(networks) == 10 + 5 + 1 + 1 + 2 + 11


def test_labels_are_those_of_the_issue() -> None:
    budgets = {row.settings["labels"]["every"] for row in LABELS.rows}
    assert budgets == {1, 4, 8, 16, 30}
    assert not any(row.published for row in LABELS.rows)


def test_rows_of_figure_4_differ_in_the_distance_alone() -> None:
    rows = [row for row in FIGURE_4.rows if row.settings["network"] == "ssltm"]
    assert [row.cells[1] for row in rows] == ["60", "0", "10", "20", "30", "40", "50"]
    for row in rows[1:]:
        assert row.settings["streaming"]["distance"] == int(row.cells[1])


def test_short_runs_place_their_centres_in_time(tree: Path) -> None:
    setup = set_up(FIGURE_2, tree, quick=True, overrides=["steps=10", "seeds=[3]"])
    for training in trainings(FIGURE_2, setup).values():
        assert training.centres.start == 2
        assert training.loop.seed == 3
    # Before anything is trained, whatever the row whose turn it would be.
    for wrong in ("stepps=10", "model.sttt=true", "training.optimiser.rate=1"):
        with pytest.raises(SettingsError, match="Unknown setting"):
            set_up(FIGURE_2, tree, quick=True, overrides=[wrong])
