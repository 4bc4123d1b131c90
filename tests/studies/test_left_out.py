"""The study of the gate of segue-lite on sequences left out, with a stand-in model and trainings that take no time."""

import json
from pathlib import Path

import pytest

from fakes.davis import moving_square, write_davis
from fakes.gates import GateOverride, StillModel
from segue.app.cli.main import main
from segue.studies import render
from segue.studies.reuse_gate import measure, trained
from segue.studies.reuse_gate.clip import read_clips
from segue.studies.reuse_gate.left_out import LEFT_OUT
from segue.studies.reuse_gate.settings import MeasureSettings
from segue.studies.reuse_gate.trained import training_of
from segue.studies.setup import set_up
from segue.studies.training import Training
from segue.training.tasks.catalog import RunSettings
from segue.training.tasks.window_gate import TrainingSettings

SPLIT = "data.split=val"


@pytest.fixture(scope="module")
def davis(tmp_path_factory: pytest.TempPathFactory) -> Path:
    labels = {name: moving_square(6, start=i) for i, name in enumerate("abcdef")}
    return write_davis(tmp_path_factory.mktemp("davis"), labels)


def test_each_sequence_is_run_with_a_gate_that_did_not_learn_from_it(davis: Path) -> None:
    setup = set_up(LEFT_OUT, davis, quick=False, overrides=[SPLIT])
    for row in LEFT_OUT.rows:
        groups = setup.settings(row).groups
        seen = [[clip.name for clip in read_clips(group.data)] for group in groups]
        assert seen == [["a", "f"], ["b"], ["c"], ["d"], ["e"]]
        for number, group in enumerate(groups):
            if group.training is None:
                assert row.name == "left-out-off"
                continue
            training = training_of(group, group.training)
            assert isinstance(training, TrainingSettings)
            assert training.data.folds == 5
            assert training.data.fold == group.data.first == number


def test_gates_are_trained_once_for_all_rows(
    davis: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places: list[Path] = []
    loaded: list[tuple[str, float]] = []

    class Trained(Training):
        def scores(self, settings: RunSettings, folder: Path, watch: object) -> dict[str, float]:
            places.append(folder)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "weights.safetensors").touch()
            return {}

    def load_host(settings: MeasureSettings, override: GateOverride | None = None) -> StillModel:
        assert settings.reuse
        gate = settings.weights.get("segue-lite-gate")
        loaded.append((gate.parent.name if gate else "", settings.reuse.threshold))
        return StillModel(settings.reuse.threshold, override)

    monkeypatch.setattr(trained, "Training", Trained)
    monkeypatch.setattr(trained, "davis_sequences", lambda root, split: [])
    monkeypatch.setattr(render, "environment", dict)
    monkeypatch.setattr(measure, "load_host", load_host)
    monkeypatch.setattr(measure, "missing_weights", lambda settings: "")
    monkeypatch.setattr(measure, "fingerprints", lambda settings: {"still": "0"})
    words = ["--data", str(davis), "--out", str(tmp_path), "--quick", SPLIT]
    assert main(["reproduce", "segue-lite-gate", *words]) == 0
    gates = [f"segue-lite-gate-without-{group}" for group in range(5)]
    assert sorted({place.name for place in places}) == gates
    assert len(set(places)) == 5
    assert loaded[:5] == [("", 1.0)] * 5
    assert [name for name, _ in loaded[5:10]] == gates
    rows = json.loads((tmp_path / "segue-lite-gate.json").read_text())["rows"]
    assert rows[0]["ours"]["reuse"] == 0
    assert all(row["state"] == "complete" and row["ours"]["reuse"] == 60 for row in rows[1:])
