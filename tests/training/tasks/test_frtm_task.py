from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from fakes.davis import moving_square, write_davis
from segue.errors import NotFoundError, SettingsError, WeightsError
from segue.models.catalog import load_model
from segue.nn.weights import read_weights, save_weights
from segue.training import journal
from segue.training.curriculum import Conditions
from segue.training.run import read_settings, run
from segue.training.tasks.frtm import FrtmSamples, TrainingSettings, build

SIZE = (64, 96)
CONFIGS = Path(__file__).parents[3] / "configs"


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


@pytest.mark.parametrize("variant", ["frtm-fast", "g-frtm-fast", "frtm-lite", "g-frtm-lite"])
def test_a_run_gives_weights_that_track(root: Path, tmp_path: Path, variant: str) -> None:
    run(settings(root, variant=variant), tmp_path / "run")
    lines = journal.read(tmp_path / "run/metrics.jsonl")
    names = {"cross_entropy"} | ({"delta", "gate"} if variant.startswith("g-") else set())
    assert names <= lines[0].keys()
    assert lines[0]["gradient"] > 0
    weights = tmp_path / "run/weights.safetensors"
    model = load_model(variant, weights=weights, settings={"width": 16})
    assert model.name == variant


def test_a_gate_that_is_trained_alone_begins_with_weights_that_have_one(
    root: Path, tmp_path: Path
) -> None:
    run(settings(root, variant="g-frtm-lite"), tmp_path / "both")
    before = read_weights(tmp_path / "both/weights.safetensors", model_name="g-frtm-lite")
    alone = {
        "variant": "g-frtm-lite",
        "initial": str(tmp_path / "both/weights.safetensors"),
        "gate_alone": {},
        "stages": [{"steps": 2, "frozen": ["backbone", "refiner", "reuse.translator"]}],
        "loop": {"batch": 2, "workers": 0, "device": "cpu"},
    }
    run(settings(root, **alone), tmp_path / "gate")
    after = read_weights(tmp_path / "gate/weights.safetensors", model_name="g-frtm-lite")
    changed = {k for k in before if not torch.equal(before[k], after[k])}
    assert any(k.startswith("reuse.gate.") for k in changed)
    assert not any(k.startswith(("backbone.", "refiner.", "reuse.translator.")) for k in changed)


@pytest.mark.parametrize("variant", ["frtm-lite", "g-frtm-fast"])
def test_a_gate_is_trained_alone_only_where_it_is_shown_masks(root: Path, variant: str) -> None:
    with pytest.raises(SettingsError, match="trained alone"):
        build(settings(root, variant=variant, gate_alone={}))


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
    path = CONFIGS / "g-frtm-fast.toml"
    read = read_settings(path, [f"data.root={root}", "model.random_weights=true"])
    assert isinstance(read, TrainingSettings)
    task = build(read)
    assert task.model_name == "g-frtm-fast"
    assert task.defaults.frozen == ("backbone",)


def config(name: str, root: Path, **changes: Any) -> TrainingSettings:
    """A config of ours in miniature."""
    read = read_settings(CONFIGS / f"{name}.toml", [f"data.root={root}", "data.stills=[]"])
    values = read.model_dump(mode="json")
    values["clips"] |= {"size_hw": SIZE, "run": 2, "scale": [0.9, 1.1]}
    values["targets"] |= {"views": 2, "init_iterations": [2, 2], "filter_iterations": 2}
    # Accelerate allows one precision per process.
    values["loop"] |= {
        "precision": "float32",
        "steps": 2,
        "batch": 2,
        "workers": 0,
        "device": "cpu",
    }
    values["stages"] = ()
    return TrainingSettings.parse({**values, **changes})


def test_the_lite_configs_in_miniature(root: Path, tmp_path: Path) -> None:
    """The gate is trained from the weights of the first run, and goes on where it was stopped."""
    run(config("frtm-lite", root, model={"random_weights": True}), tmp_path / "plain")
    weights = tmp_path / "plain/weights.safetensors"
    gated = config("g-frtm-lite", root, initial=str(weights))
    begun = build(gated).network.state_dict()
    for key, value in read_weights(weights, model_name="frtm-lite").items():
        assert torch.equal(begun[key], value), key
    assert any(key.startswith("reuse.") for key in begun)
    run(gated, tmp_path / "gated")
    lines = journal.read(tmp_path / "gated/metrics.jsonl")
    assert {"cross_entropy", "delta", "gate"} <= lines[-1].keys()
    run(gated, tmp_path / "gated")
    assert len(journal.read(tmp_path / "gated/metrics.jsonl")) == len(lines)
    load_model("g-frtm-lite", weights=tmp_path / "gated/weights.safetensors")


def test_weights_to_begin_with_have_to_fit(root: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="nothing"):
        build(config("g-frtm-lite", root, initial=str(tmp_path / "nothing")))
    other = tmp_path / "other.safetensors"
    save_weights(torch.nn.Conv2d(1, 1, 1), other, model_name="frtm-fast")
    with pytest.raises(WeightsError, match="Expected weights for model 'frtm-lite'"):
        build(config("g-frtm-lite", root, initial=str(other)))


def test_clips_of_stills_as_often_as_asked_for(root: Path, tmp_path: Path) -> None:
    for part in ("JPEGImages", "Annotations"):
        (tmp_path / part).mkdir()
    mask = np.zeros((60, 80), np.uint8)
    mask[15:45, 20:60] = 1
    Image.fromarray(np.full((60, 80, 3), (0, 200, 0), np.uint8)).save(
        tmp_path / "JPEGImages/green.png"
    )
    Image.fromarray(mask).save(tmp_path / "Annotations/green.png")
    data = {"root": str(root), "stills": [str(tmp_path)], "still_share": 0.5}
    samples = build(settings(root, data=data)).samples
    drawn = [samples.draw(0, number, Conditions(size_hw=SIZE)) for number in range(12)]
    green = [bool(np.ptp(d["frames"][0].reshape(-1, 3), axis=0).max() < 60) for d in drawn]
    assert 2 <= sum(green) <= 10


def test_unknown_variants_and_settings_are_named(root: Path) -> None:
    with pytest.raises(SettingsError, match="No FRTM variant 'g-frtm-slow'"):
        build(settings(root, variant="g-frtm-slow"))
    with pytest.raises(SettingsError, match="did you mean 'width'"):
        build(settings(root, model={"widht": 16}))
