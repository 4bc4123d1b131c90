from pathlib import Path
from typing import Any

import pytest

from fakes.davis import moving_square, write_davis
from fakes.trees import write_tree
from segue.errors import InputError, SettingsError
from segue.models.catalog import load_model
from segue.training import journal
from segue.training.run import plan_of, read_settings, run
from segue.training.tasks import rvos

LOOP = {"batch": 2, "workers": 0, "device": "cpu", "validate_every": 0}
CLIPS = {"size_hw": [64, 96], "length": 3, "zoom": [0.9, 1.1]}


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    films = {name: moving_square(8, size_hw=(64, 96)) for name in ("goat", "bear")}
    return write_davis(tmp_path_factory.mktemp("davis"), films, split="train")


def settings(root: Path, **tables: Any) -> rvos.TrainingSettings:
    values: dict[str, Any] = {
        "data": {"root": str(root)},
        "model": {"name": "rvos-lite", "reference": True, "imagenet": False},
        "clips": CLIPS,
        "loop": LOOP,
        "stages": [{"steps": 1}],
    }
    for name, table in tables.items():
        values[name] = table if isinstance(table, list) else {**values.get(name, {}), **table}
    return rvos.TrainingSettings.parse(values)


def test_a_curriculum_is_followed_and_the_weights_load(tmp_path: Path, footage: Path) -> None:
    stages = [
        {"steps": 1, "feed_prediction": 0.0, "frozen": ["encoder.backbone"], "frame_stride": 2},
        {"steps": 1, "feed_prediction": 1.0, "clip_length": 2, "size_hw": [32, 64], "frozen": []},
    ]
    stages[1] |= {"reset_optimiser": True, "feed_draw": "batch"}
    data = {"held_out": ["bear"]}
    run(settings(footage, stages=stages, data=data, objective={"cross_entropy": 1.0}), tmp_path)
    lines = journal.read(tmp_path / "metrics.jsonl")
    assert {"iou", "cross_entropy"} <= lines[0].keys()
    assert lines[0]["gradient"] > 0
    assert 0 <= lines[-1]["validation"]["iou"] <= 1
    model = load_model("rvos-lite", weights=tmp_path / "weights.safetensors")
    assert model.name == "rvos-lite"


@pytest.mark.parametrize("shot", ["one", "zero"])
def test_the_network_of_the_paper_on_tracks(tmp_path: Path, shot: str) -> None:
    root = write_tree("kitti-mots", tmp_path / "data")
    split = next(root.glob("*.seqmap")).stem
    trained = settings(
        root,
        data={"layout": "kitti-mots", "split": split, "classes": [1, 2]},
        model={"name": "rvos-34", "reference": False, "shot": shot, "slots": 4},
        clips={"size_hw": [37, 95]},
        loop={"batch": 1},
        optimiser={"name": "adam", "factors": {"encoder.backbone": 1e-3}},
    )
    run(trained, tmp_path / "run")
    line = journal.read(tmp_path / "run/metrics.jsonl")[0]
    assert 0 < line["iou"] <= 1
    assert line["gradient"] > 0


def test_what_cannot_be(footage: Path) -> None:
    with pytest.raises(SettingsError, match="reference = true is for rvos-lite"):
        settings(footage, model={"name": "rvos-34"})
    with pytest.raises(SettingsError, match=r"data\.held_out names lion"):
        rvos.build(settings(footage, data={"held_out": ["lion"]}))
    with pytest.raises(InputError, match="nothing to learn from"):
        rvos.build(settings(footage, data={"held_out": ["bear", "goat"]}))
    both = settings(footage, loop={"steps": 5}, stages=[{"epochs": 40}])
    with pytest.raises(SettingsError, match="two lengths"):
        plan_of(both).curriculum(rvos.build(both))


def test_the_config_of_the_light_variant_is_read() -> None:
    found: Any = read_settings(Path(__file__).parents[3] / "configs/rvos-lite.toml")
    assert found.model.reference
    assert found.stages[0].feed_prediction.end == 1
