"""The studies of the reuse gate from the command line to the picture, on a tiny dataset with a stand-in model."""

import csv
import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from PIL import Image

from fakes.davis import moving_square, write_davis
from fakes.gates import GateOverride, StillModel
from fakes.trees import write_tree
from segue.app.cli.main import main
from segue.models.reuse.gate import WindowGate
from segue.nn.weights import save_weights
from segue.studies import render
from segue.studies.catalog import STUDIES, find_study
from segue.studies.reuse_gate import left_out, margins, measure
from segue.studies.reuse_gate.clip import read_clips
from segue.studies.reuse_gate.margins import THRESHOLDS, Margins, MarginSettings
from segue.studies.reuse_gate.settings import MeasureSettings
from segue.studies.reuse_gate.studies import FIGURE_9, LEFT_OUT
from segue.studies.setup import set_up
from segue.training.tasks.window_gate import TrainingSettings

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


@pytest.mark.parametrize("quick", [False, True])
def test_rows_of_figure_9_differ_in_the_loss_of_the_gate_alone(davis: Path, quick: bool) -> None:
    setup = set_up(FIGURE_9, davis, quick=quick, overrides=["training_root=/elsewhere"])
    changed = set()
    first, *others = (setup.settings(row) for row in FIGURE_9.rows)
    for settings in others:
        assert isinstance(settings, MarginSettings)
        assert settings.measured == first.measured
        assert settings.measured.data.root == davis.resolve()
        assert isinstance(settings.training, TrainingSettings)
        assert settings.training.data.root == Path("/elsewhere")
        fields = {
            "objective": first.training.objective,
            "expected": first.training.expected,
        }
        assert settings.training.model_copy(update=fields) == first.training
        before = first.training.objective.model_dump()
        now = settings.training.objective.model_dump()
        changed |= {key for key in now if now[key] != before[key]}
    assert changed == {"m1", "m2", "target", "kind"}
    assert (first.training.loop.steps == 60) is quick


class Trained:
    """In the place of a training: an untrained gate."""

    done: ClassVar[list[TrainingSettings]] = []

    def settings(self, values: dict[str, Any]) -> TrainingSettings:
        return TrainingSettings.parse(values)

    def scores(self, settings: TrainingSettings, folder: Path, watch: object) -> dict[str, float]:
        if not folder.exists():
            self.done.append(settings)
            folder.mkdir(parents=True)
            save_weights(WindowGate(), folder / "weights.safetensors", model_name="segue-lite-gate")
        return {"score": 0.5, "gate_error": 0.1, "windowed": 0.6}


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[TrainingSettings]:
    """What was trained."""
    monkeypatch.setattr(Trained, "done", [])
    for study in (margins, left_out):
        monkeypatch.setattr(study, "Training", Trained)
        monkeypatch.setattr(study, "missing_weights", lambda settings: "")
    return Trained.done


def test_figure_9(
    davis: Path, tmp_path: Path, loaded: list[str], trained: list[TrainingSettings]
) -> None:
    table, document = reproduce("figure9", davis, tmp_path, "--quick")
    assert len(trained) == len(FIGURE_9.rows)
    assert len(loaded) == len(FIGURE_9.rows) * len(THRESHOLDS)
    assert all(row["ours"]["reuse at 0.9"] == 60 for row in document["rows"])
    assert "| probability | 0.35 | 0.4 |" in table
    (first, *_) = lines(tmp_path, "figure9")
    shown = document["rows"][0]["ours"]["J&F at 0.9"]
    assert float(first["J&F at 0.9"]) == pytest.approx(shown, abs=1e-3)
    assert colours(tmp_path, "figure9") > 20


def test_a_trained_gate_is_what_is_run(davis: Path) -> None:
    setup = set_up(FIGURE_9, davis, quick=True)
    settings = setup.settings(FIGURE_9.rows[1])
    at = settings.at(0.8, Path("trained"))
    assert at.weights == {"segue-lite-gate": Path("trained")}
    assert at.reuse is not None
    assert at.reuse.threshold == 0.8
    assert Margins().obstacle(settings) == ""


# Sequences left out.


@pytest.fixture(scope="module")
def six(tmp_path_factory: pytest.TempPathFactory) -> Path:
    labels = {name: moving_square(6, start=i) for i, name in enumerate("abcdef")}
    return write_davis(tmp_path_factory.mktemp("six"), labels)


def test_each_sequence_is_run_with_a_gate_that_did_not_learn_from_it(
    six: Path, tmp_path: Path, loaded: list[str], trained: list[TrainingSettings]
) -> None:
    study = "segue-lite-gate"
    words = ["--data", str(six), "--out", str(tmp_path), "--quick", "data.split=val"]
    assert main(["reproduce", study, *words]) == 0
    assert [settings.data.fold for settings in trained] == [0, 1, 2, 3, 4]
    rows = json.loads((tmp_path / f"{study}.json").read_text())["rows"]
    assert all(row["state"] == "complete" for row in rows)
    assert rows[0]["ours"]["reuse"] == 0
    assert all(row["ours"]["reuse"] == 60 for row in rows[1:])
    setup = set_up(LEFT_OUT, six, quick=True, overrides=["data.split=val"])
    for settings in (setup.settings(row) for row in LEFT_OUT.rows):
        seen = [clip.name for measured in settings.measured for clip in read_clips(measured.data)]
        assert sorted(seen) == list("abcdef")
        for number, measured in enumerate(settings.measured):
            assert settings.trainings[number].data.fold == measured.data.first == number
