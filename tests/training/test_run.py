from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fakes.trees import write_tree
from segue.errors import OutputError, SettingsError, TrainingError, WeightsError
from segue.training import journal
from segue.training.run import run
from segue.training.tasks.temporal_unet_settings import TrainingSettings


@pytest.fixture(autouse=True)
def _no_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "draw_curves", lambda *paths: None)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree("camvid", tmp_path_factory.mktemp("camvid"))


def settings(tree: Path, **tables: Mapping[str, Any] | list[Any] | str) -> TrainingSettings:
    values: dict[str, Any] = {
        "model": {"size": "small-shallow", "block": "vanilla", "cell": "none"},
        "data": {"root": str(tree)},
        "clips": {"length": 1, "size_hw": [16, 24]},
        "loop": {"batch": 1, "workers": 0, "device": "cpu", "validate_every": 0},
        "stages": [{"steps": 1}],
    }
    for name, table in tables.items():
        values[name] = {**values.get(name, {}), **table} if isinstance(table, Mapping) else table
    return TrainingSettings.parse(values)


def test_what_changed_is_named(tree: Path, tmp_path: Path) -> None:
    run(settings(tree), tmp_path)
    changed = settings(tree, stages=[{"steps": 1, "frozen": ["encoder"]}], loop={"seed": 3})
    with pytest.raises(
        SettingsError,
        match=r"loop\.seed was 0, now 3; stages\.0\.frozen was None, now \['encoder'\]\. Give",
    ):
        run(changed, tmp_path)
    run(settings(tree, loop={"checkpoint_every": 7}), tmp_path)
    run(settings(tree, model={"backend": "torch"}), tmp_path)


def test_settings_that_stopped_a_run_before_it_began_may_change(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="which this task does not use"):
        run(settings(tree, stages=[{"steps": 1, "feed_prediction": 1.0}]), tmp_path)
    run(settings(tree), tmp_path)
    assert (tmp_path / "weights.safetensors").is_file()


def test_a_file_is_no_folder(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "run").touch()
    with pytest.raises(OutputError, match=r"Cannot use .*run as the folder of a run: File exists"):
        run(settings(tree), tmp_path / "run")


@pytest.mark.parametrize(
    ("tables", "sentence"),
    [
        ({"data": {"layout": "kitti"}}, r"Setting 'data\.layout' = 'kitti'.*'camvid'"),
        ({"data": "camvid"}, r"Setting 'data' = 'camvid'"),
        ({"variant": "temporal-unett"}, r"Setting 'variant'.*Did you mean 'temporal-unet'\?"),
        ({"loop": {"bacth": 1}}, r"Unknown setting 'loop\.bacth'; did you mean 'batch'\?"),
        ({"loop": {"batch": 0}}, r"Setting 'loop\.batch' = 0"),
        ({"stages": [{}]}, "never ends"),
    ],
)
def test_settings_that_cannot_be(tree: Path, tables: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        settings(tree, **tables)


def test_clips_have_a_size_that_the_network_takes(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError, match=r"clips\.size_hw = \[15, 24\].* of 4, such as \[16, 24"
    ):
        run(settings(tree, clips={"size_hw": [15, 24]}), tmp_path)
    with pytest.raises(SettingsError, match=r"stages\.0\.size_hw = \[1, 8\].* such as \[4, 8\]"):
        run(settings(tree, stages=[{"steps": 1, "size_hw": [1, 8]}]), tmp_path)


def test_a_label_that_is_no_class_is_refused(tmp_path: Path) -> None:
    tree = write_tree("camvid", tmp_path / "camvid")
    for path in (tree / "trainannot").iterdir():
        labels = np.array(Image.open(path))
        labels[1, 2] = 77
        Image.fromarray(labels).save(path)
    with pytest.raises(
        TrainingError, match=r"trainannot/.*\.png holds the label 77, expected 0 to 11"
    ):
        run(settings(tree, loop={"workers": 1}), tmp_path / "run")


def test_weights_of_another_list_of_classes_are_refused(tree: Path, tmp_path: Path) -> None:
    run(settings(tree), tmp_path / "a")
    begin = str(tmp_path / "a/weights.safetensors")
    with pytest.raises(WeightsError, match=r"trained with classes sky, .* expected sky, .* void"):
        run(settings(tree, begin=begin, data={"void_class": True}), tmp_path / "b")
