from pathlib import Path

import pytest

from fakes.davis import moving_square, write_davis
from segue.models.catalog import load_model
from segue.training import journal
from segue.training.run import read_settings, run
from segue.training.tasks import ttvos, ttvos_gate

LOOP = {"batch": 2, "workers": 0, "device": "cpu"}
CLIPS = {"size_hw": [64, 96], "scale": [0.9, 1.1]}
PYRAMID = ["trunk.backbone", "trunk.pyramid.lateral"]


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    films = {name: moving_square(8, size_hw=(64, 96)) for name in ("goat", "bear")}
    return write_davis(tmp_path / "davis", films, split="train")


def test_host_and_gate_are_trained_one_after_the_other(tmp_path: Path, footage: Path) -> None:
    host = ttvos.TrainingSettings.parse(
        {
            "task": "ttvos",
            "data": {"root": str(footage)},
            "clips": CLIPS,
            "loop": LOOP,
            "stages": [{"steps": 2, "clip_length": 4, "frame_stride": 1, "frozen": PYRAMID}],
        }
    )
    run(host, tmp_path / "host")
    weights = tmp_path / "host/weights.safetensors"
    lines = journal.read(tmp_path / "host/metrics.jsonl")
    assert {"mask", "consistency", "template", "iou"} <= lines[0].keys()
    assert lines[0]["gradient"] > 0
    assert load_model("ttvos-lite", weights=weights).name == "ttvos-lite"

    gate = ttvos_gate.TrainingSettings.parse(
        {
            "task": "ttvos-gate",
            "data": {"root": str(footage)},
            "model": {"host": str(weights)},
            "clips": CLIPS,
            "loop": LOOP,
            "stages": [{"steps": 2, "clip_length": 3, "frame_stride": 1}],
        }
    )
    run(gate, tmp_path / "gate")
    lines = journal.read(tmp_path / "gate/metrics.jsonl")
    assert {"mask", "iou", "gate"} <= lines[0].keys()
    assert lines[0]["gradient"] > 0
    model = load_model(
        "g-ttvos-lite",
        weights=tmp_path / "gate/weights.safetensors",
        settings={"host": str(weights)},
    )
    assert model.name == "g-ttvos-lite"


@pytest.mark.parametrize("name", ["ttvos-lite", "g-ttvos-lite"])
def test_the_configs_are_read(name: str) -> None:
    path = Path(__file__).parents[2] / f"configs/{name}.toml"
    assert read_settings(path).stages
