from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes.davis import moving_square, write_davis
from segue.errors import SettingsError
from segue.models.catalog import load_model
from segue.training import journal
from segue.training.curriculum import Conditions
from segue.training.run import read_settings, run
from segue.training.tasks.frtm import FrtmSamples, TrainingSettings, build

SIZE = (64, 96)
CONFIG = Path(__file__).parents[3] / "configs/g-frtm-fast.toml"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    films = {name: moving_square(8, size_hw=SIZE) for name in ("goat", "bear")}
    return write_davis(tmp_path_factory.mktemp("davis"), films, split="train")


def settings(root: Path, **changes: Any) -> TrainingSettings:
    return TrainingSettings.parse(
        {
            "model": {"random_weights": True, "width": 16},
            "data": {"root": str(root)},
            "clips": {"size_hw": SIZE, "run": 3, "scale": [0.9, 1.1]},
            "targets": {"views": 2, "init_iterations": [2, 2], "filter_iterations": 2},
            "loop": {"steps": 2, "batch": 2, "workers": 0, "device": "cpu"},
            **changes,
        }
    )


@pytest.mark.parametrize("variant", ["frtm-fast", "g-frtm-fast"])
def test_a_run_gives_weights_that_track(root: Path, tmp_path: Path, variant: str) -> None:
    run(settings(root, variant=variant), tmp_path / "run")
    lines = journal.read(tmp_path / "run/metrics.jsonl")
    names = {"cross_entropy"} | ({"delta", "gate"} if variant.startswith("g-") else set())
    assert names <= lines[0].keys()
    assert lines[0]["gradient"] > 0
    weights = tmp_path / "run/weights.safetensors"
    model = load_model(variant, weights=weights, settings={"width": 16})
    assert model.name == variant


def test_frames_stay_in_time_order_unless_they_are_to_be_shuffled(root: Path) -> None:
    in_time, shuffled = (build(settings(root, order=o)).samples for o in ("time", "shuffled"))
    assert isinstance(in_time, FrtmSamples)
    conditions = Conditions(size_hw=SIZE)
    moved = 0
    for number in range(4):
        one, other = (s.draw(0, number, conditions) for s in (in_time, shuffled))
        assert one["views"].shape == (2, *SIZE, 3)
        assert np.array_equal(one["views"][0], one["frames"][0])
        assert np.array_equal(one["view_masks"][0], one["masks"][0])
        assert np.array_equal(one["frames"][0], other["frames"][0])
        key = [frame.tobytes() for frame in one["frames"]]
        assert sorted(key) == sorted(frame.tobytes() for frame in other["frames"])
        places = [key.index(frame.tobytes()) for frame in other["frames"]]
        assert np.array_equal(one["masks"][places], other["masks"])
        moved += places != list(range(4))
    assert moved
    assert in_time.draw(0, 24, conditions)["epoch"] == 24 / len(in_time)


def test_the_config_that_is_given(root: Path) -> None:
    read = read_settings(CONFIG, [f"data.root={root}", "model.random_weights=true"])
    assert isinstance(read, TrainingSettings)
    task = build(read)
    assert task.model_name == "g-frtm-fast"
    assert task.defaults.frozen == ("backbone",)


def test_unknown_variants_and_settings_are_named(root: Path) -> None:
    with pytest.raises(SettingsError, match="No FRTM variant 'g-frtm-slow'"):
        build(settings(root, variant="g-frtm-slow"))
    with pytest.raises(SettingsError, match="did you mean 'width'"):
        build(settings(root, model={"widht": 16}))
