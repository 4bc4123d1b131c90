"""The studies of the reuse gate from the command line to the picture, on a tiny dataset with a stand-in model."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fakes.davis import moving_square, write_davis
from fakes.gates import GateOverride, StillModel
from fakes.trees import write_tree
from segue.app.cli.main import main
from segue.studies import render
from segue.studies.catalog import STUDIES, find_study
from segue.studies.reuse_gate import measure, trained
from segue.studies.reuse_gate.figure_9 import FIGURE_9
from segue.studies.reuse_gate.margins import Margins, MarginSettings
from segue.studies.reuse_gate.settings import MeasureSettings
from segue.studies.reuse_gate.trained import training_of
from segue.studies.reuse_gate.trainings import STEPS
from segue.studies.setup import set_up
from segue.studies.training import Training
from segue.training.tasks.catalog import RunSettings
from segue.training.tasks.frtm import TrainingSettings as FrtmTraining

NAMES = [name for name in STUDIES if name.startswith("reuse-gate")]
ON_DAVIS = ["figure6", "figure7", "figure8", "table1", "table2"]


@pytest.fixture(scope="module")
def davis(tmp_path_factory: pytest.TempPathFactory) -> Path:
    labels = {name: moving_square(6, start=i) for i, name in enumerate("abcd")}
    return write_davis(tmp_path_factory.mktemp("davis"), labels)


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """segue-lite alone is trained, and is the still model; the rows for which it was made."""
    asked: list[str] = []

    def load_host(settings: MeasureSettings, override: GateOverride | None = None) -> StillModel:
        assert settings.reuse
        asked.append(f"{settings.reuse.path} {settings.gate} {settings.reuse.threshold:g}")
        return StillModel(settings.reuse.threshold, override)

    def missing(settings: MeasureSettings) -> str:
        return "" if settings.model == "segue-lite" else f"no trained weights of {settings.model}"

    # Asks git, after each of many rows.
    monkeypatch.setattr(render, "environment", dict)
    monkeypatch.setattr(measure, "load_host", load_host)
    monkeypatch.setattr(measure, "missing_weights", missing)
    monkeypatch.setattr(measure, "fingerprints", lambda settings: {"still": "0"})
    return asked


def reproduce(study: str, data: Path, out: Path, *words: str) -> tuple[str, dict[str, Any]]:
    """The table and everything else."""
    name = f"reuse-gate-{study}"
    assert main(["reproduce", name, "--data", str(data), "--out", str(out), *words]) == 0
    document = json.loads((out / f"{name}.json").read_text())
    return (out / f"{name}.md").read_text(), document


def lines(out: Path, study: str) -> list[dict[str, str]]:
    with (out / f"reuse-gate-{study}.csv").open() as file:
        return list(csv.DictReader(file))


def colours(out: Path, study: str) -> int:
    picture = np.asarray(Image.open(out / f"reuse-gate-{study}.png").convert("RGB"))
    return len(np.unique(picture.reshape(-1, 3), axis=0))


def test_there_is_a_study_for_each_figure_and_table() -> None:
    numbers = [*ON_DAVIS, "figure1", "figure9", "table3"]
    assert sorted(NAMES) == sorted(f"reuse-gate-{number}" for number in numbers)
    assert all(find_study(name).needs_data for name in NAMES)


@pytest.mark.parametrize("study", ["figure6", "table2"])
def test_a_study_from_data_to_picture(
    study: str, davis: Path, tmp_path: Path, loaded: list[str]
) -> None:
    table, document = reproduce(study, davis, tmp_path, "--quick", "--threads", "1")
    assert "Quick: the first 40 frames of every third sequence." in table
    assert f"](reuse-gate-{study}.png)" in table
    assert "(threads: 1); decoding, scoring and writing are not in it" in table
    states = {row["name"]: row["state"] for row in document["rows"]}
    for row in document["rows"]:
        if row["name"].startswith("segue-lite"):
            assert row["state"] == "complete"
            assert row["ours"]["davis2016"] is not None
        if row["name"].startswith("g-"):
            assert row["state"] == "not run"
    assert "| G-FRTM-fast |" in table
    assert "not run |" in table
    assert "- Not run: no trained weights of g-frtm-fast (g-frtm-fast-" in table
    csv_lines = lines(tmp_path, study)
    assert len(csv_lines) == len(states)
    ours = [row["ours"]["davis2016"] for row in document["rows"]]
    for line, value in zip(csv_lines, ours, strict=True):
        assert (line["J&F"] == "") == (value is None)
        assert value is None or float(line["J&F"]) == pytest.approx(value, abs=1e-3)
    assert colours(tmp_path, study) > 20


def test_runs_are_shared_and_kept(davis: Path, tmp_path: Path, loaded: list[str]) -> None:
    reproduce("figure7", davis, tmp_path, "--quick")
    assert len(loaded) == len(set(loaded)) == 8 + 3 + 5
    loaded.clear()
    reproduce("figure8", davis, tmp_path, "--quick")
    assert len(loaded) == 6
    assert all("oracle" in row for row in loaded)


def test_what_was_printed_stands_beside(davis: Path, tmp_path: Path, loaded: list[str]) -> None:
    table, document = reproduce("table1", davis, tmp_path, "--quick")
    rows = {row["name"]: row for row in document["rows"]}
    printed = {"davis2017": 74.3, "davis2016": 82.3, "fps": 28.1}
    assert rows["g-frtm-0.7" if "g-frtm-0.7" in rows else "g-frtm-translate-0.7"]["published"] == (
        printed
    )
    assert rows["published-STM"]["state"] == "complete"
    assert "| STM | - | - | - | 81.80 | - | 89.30 | - | 6.25 | - | - | - | - | - |" in table
    # The still model reuses every second frame up to a threshold of 1.
    assert rows["segue-lite-translate-0.9"]["ours"]["reuse"] == 60
    assert rows["segue-lite-translate-1"]["ours"]["reuse"] == 0
    assert (
        "segue-lite, translate, learned, against computing every frame, by threshold: 0: " in table
    )


def test_whole_sequences_without_quick(davis: Path, tmp_path: Path, loaded: list[str]) -> None:
    """And a second time nothing is run again, with the same result."""
    before = reproduce("figure8", davis, tmp_path)
    assert before[1]["setup"]["quick"] is False
    book = json.loads((tmp_path / "segue-lite-oracle-0.7/sequences.json").read_text())
    assert list(book["sequences"]) == list("abcd")
    loaded.clear()
    assert reproduce("figure8", davis, tmp_path) == before
    assert not loaded


def test_youtube_vos(tmp_path: Path, loaded: list[str]) -> None:
    root = write_tree("youtube-vos-2018", tmp_path / "data", frames=5)
    table, document = reproduce("table3", root, tmp_path / "out", "data.split=valid_truth")
    rows = {row["name"]: row for row in document["rows"]}
    ours = rows["segue-lite-translate-0.9"]["ours"]
    assert ours["G"] == pytest.approx(np.mean([ours[key] for key in list(ours)[1:5]]), abs=1e-2)
    assert rows["g-frtm-fast-translate-0.6"]["published"]["G"] == 60.3
    assert "| PreMVOS | - | - | - | 66.90 | - | 71.40 | - | 56.50 | - | - | - | - | - |" in table
    assert colours(tmp_path / "out", "table3") > 20


def test_figure_1(davis: Path, tmp_path: Path) -> None:
    table, document = reproduce("figure1", davis, tmp_path)
    assert "| successive, by object (1) | 73.30 | 100.00 | 84.61 |" in table
    assert document["drawing"]["counts"] == [0] * 8 + [20, 0]
    assert [float(line["percent"]) for line in lines(tmp_path, "figure1")] == [0] * 8 + [100, 0]
    assert colours(tmp_path, "figure1") > 5


def test_without_data_and_with_other_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reproduce", "reuse-gate-table1"]) == 2
    assert "reuse-gate-table1 needs data. Give a dataset with --data PATH." in (
        capsys.readouterr().err
    )
    root = write_tree("camvid", tmp_path, videos=1)
    assert main(["reproduce", "reuse-gate-table1", "--data", str(root), "--quick"]) == 2
    assert "needs davis2016 or davis2017" in capsys.readouterr().err


# Margins.


def trained_rows(davis: Path, quick: bool = False) -> dict[str, MarginSettings]:
    words = ["training_root=/elsewhere", "weights.g-frtm-lite=/given"]
    setup = set_up(FIGURE_9, davis, quick=quick, overrides=words)
    return {row.name: setup.settings(row) for row in FIGURE_9.rows}


@pytest.mark.parametrize("quick", [False, True])
def test_rows_of_figure_9_differ_in_the_loss_of_the_gate_alone(davis: Path, quick: bool) -> None:
    rows = trained_rows(davis, quick).values()
    for model, steps in (("segue-lite", 60), ("g-frtm-lite", 2)):
        own = [row for row in rows if row.model == model]
        assert all(row.data.root == davis.resolve() for row in own)
        trainings = [training_of(row, row.training) for row in own if row.training]
        first, *others = (training.model_dump(mode="json") for training in trainings)
        assert first["data"]["root"] == "/elsewhere"
        length = first["stages"][0] if first["stages"] else first["loop"]
        assert (length["steps"] == steps) is quick
        changed = set()
        for now in others:
            changed |= differences(first, now)
        loss = "objective" if model == "segue-lite" else "gate_alone"
        allowed = {f"{loss}.{key}" for key in ("m1", "m2", "target", "kind")}
        assert changed == allowed | ({"expected"} if model == "segue-lite" else set())


def differences(one: dict[str, Any], other: dict[str, Any], prefix: str = "") -> set[str]:
    found: set[str] = set()
    for key in one.keys() | other.keys():
        before, now = one.get(key), other.get(key)
        if isinstance(before, dict) and isinstance(now, dict):
            found |= differences(before, now, f"{prefix}{key}.")
        elif before != now:
            found.add(prefix + key)
    return found


def test_gates_inside_frtm_begin_with_the_weights_that_ship(davis: Path) -> None:
    row = trained_rows(davis)["margins-g-frtm-lite-0.7-0.2"]
    assert row.training is not None
    training = training_of(row, row.training)
    assert isinstance(training, FrtmTraining)
    assert training.initial == Path("/given")
    assert training.variant == "g-frtm-lite"
    assert training.gate_alone is not None
    assert training.gate_alone.m1 == 0.7
    assert [stage.steps for stage in training.stages] == [STEPS]


def test_without_footage_to_train_with_rows_are_not_run(davis: Path) -> None:
    """The fake dataset has no split train."""
    settings = MeasureSettings.parse(
        {
            "data": {"layout": "davis2016", "root": str(davis)},
            "model": "segue-lite",
            "training": {
                "name": "gate",
                "config": "segue-lite-gate.toml",
                "gives": "segue-lite-gate",
            },
        }
    )
    assert "no split train in" in measure.Measuring().obstacle(settings)
    given = settings.model_copy(update={"weights": {"segue-lite-gate": Path("gate")}})
    assert measure.Measuring().obstacle(given) == ""


@pytest.fixture
def learned(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Trainings that take no time; where they were made."""
    places: list[Path] = []

    class Trained(Training):
        def scores(self, settings: RunSettings, folder: Path, watch: object) -> dict[str, float]:
            places.append(folder)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "weights.safetensors").touch()
            return {}

    monkeypatch.setattr(trained, "Training", Trained)
    monkeypatch.setattr(
        measure, "missing_weights", lambda settings: "" if settings.training else "no weights"
    )
    return places


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    films = {name: moving_square(4) for name in "ef"}
    return write_davis(tmp_path_factory.mktemp("footage"), films, split="train")


def test_figure_9(
    davis: Path, footage: Path, tmp_path: Path, loaded: list[str], learned: list[Path]
) -> None:
    words = ["--quick", f"training_root={footage}", "data.every=4"]
    table, document = reproduce("figure9", davis, tmp_path, *words)
    assert len(set(learned)) == len(FIGURE_9.rows) == 13
    assert len(loaded) == 7 * 6 + 6 * 5
    assert all(row["ours"]["reuse at 0.9"] == 60 for row in document["rows"])
    assert "| segue-lite | probability | 0.35 | 0.4 |" in table
    assert "| G-FRTM-lite | probability | 0.35 | 0.4 |" in table
    (first, *_, last) = lines(tmp_path, "figure9")
    shown = document["rows"][0]["ours"]["J&F at 0.9"]
    assert float(first["J&F at 0.9"]) == pytest.approx(shown, abs=1e-3)
    assert first["J&F at 0.6"] == "" == last["J&F at 0.98"]
    assert colours(tmp_path, "figure9") > 20


def test_rows_of_table_2_share_a_training(
    davis: Path,
    footage: Path,
    tmp_path: Path,
    loaded: list[str],
    learned: list[Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def load_host(settings: MeasureSettings, override: object = None) -> StillModel:
        own = settings.trained_as or settings.model
        loaded.append(f"{own} {settings.weights.get(own, '')}")
        return StillModel(settings.reuse.threshold if settings.reuse else 1.0)

    monkeypatch.setattr(measure, "load_host", load_host)
    words = ["--quick", f"training_root={footage}", "data.every=4"]
    _, document = reproduce("table2", davis, tmp_path, *words)
    rows = {row["name"]: row for row in document["rows"]}
    complete = [name for name, row in rows.items() if row["state"] == "complete"]
    assert complete == ["frtm-lite-r", "g-frtm-lite-number", "g-frtm-lite-number-0.5"]
    assert [place.name for place in learned] == [
        "frtm-lite-r",
        "g-frtm-lite-number",
        "g-frtm-lite-number",
    ]
    weights = tmp_path / "trained/g-frtm-lite-number/weights.safetensors"
    assert loaded.count(f"g-frtm-lite-number {weights}") == 2
    # Each printed row has the same of the host with weights beside it.
    names = list(rows)
    assert names[names.index("g-frtm-fast-copy-0.5") + 1] == "g-frtm-lite-copy-0.5"


def test_a_trained_gate_is_what_is_run(davis: Path) -> None:
    row = trained_rows(davis, quick=True)["margins-1-0"]
    row = row.model_copy(update={"weights": {"segue-lite-gate": Path("trained")}})
    at = row.at(0.8)
    assert at.weights == {"segue-lite-gate": Path("trained")}
    assert at.reuse is not None
    assert at.reuse.threshold == 0.8
    assert Margins().obstacle(row) == ""
