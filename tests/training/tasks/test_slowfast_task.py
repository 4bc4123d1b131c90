from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from fakes.davis import moving_square, write_davis
from segue.errors import SettingsError
from segue.models.slowfast.build import create_network
from segue.models.slowfast.network import SlowFastNetwork
from segue.models.slowfast.settings import variant
from segue.training import journal
from segue.training.curriculum import Conditions
from segue.training.run import read_settings, run
from segue.training.tasks import slowfast
from segue.training.tasks.slowfast_objective import (
    FrozenSeer,
    ObjectiveSettings,
    SlowFastObjective,
    target_of,
)

CONFIGS = Path(__file__).parents[3] / "configs"
SIZE = (64, 96)
LOSSES = {"classifier", "box_reg", "mask", "objectness", "rpn_box_reg"}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    films = {name: moving_square(5, size_hw=SIZE) for name in ("goat", "bear")}
    return write_davis(tmp_path_factory.mktemp("davis"), films, split="train")


@pytest.fixture(scope="module")
def network() -> SlowFastNetwork:
    small = {"slow": 1, "fast": 3, "short_side": 64, "long_side": 96}
    found = create_network("slowfast-lite", variant("slowfast-lite", small)).train()
    found.backbone.requires_grad_(False).eval()
    return found


def settings(root: Path, **tables: Any) -> slowfast.TrainingSettings:
    values: dict[str, Any] = {
        "data": {"footage": [{"root": str(root)}]},
        "model": {"module": False, "short_side": 64, "long_side": 96},
        "scenes": {"size_hw": list(SIZE)},
        "loop": {"steps": 1, "batch": 1, "workers": 0, "device": "cpu", "checkpoint_every": 1},
    }
    for name, table in tables.items():
        values[name] = table if isinstance(table, list) else {**values.get(name, {}), **table}
    return slowfast.TrainingSettings.parse(values)


def said_by(path: Path) -> dict[str, str]:
    with safe_open(path, "pt") as file:
        return dict(file.metadata())


def test_the_detector_and_then_the_module(tmp_path: Path, root: Path) -> None:
    run(settings(root, loop={"batch": 2}), tmp_path / "one")
    line = journal.read(tmp_path / "one/metrics.jsonl")[0]
    assert line.keys() >= LOSSES
    assert line["gradient"] > 0
    detector = tmp_path / "one/weights.safetensors"
    assert said_by(detector)["module"] == "false"
    model = {"module": True, "slow": 1, "fast": 3, "initial": str(detector)}
    second = settings(
        root,
        model=model,
        objective={"proposals": "use"},
        validation={"root": str(root), "split": "train", "sequences": ["goat"], "every": 4},
    )
    run(second, tmp_path / "two")
    lines = journal.read(tmp_path / "two/metrics.jsonl")
    assert LOSSES & lines[0].keys() == {"classifier", "box_reg", "mask"}
    scores = lines[-1]["validation"]
    assert list(scores) == ["j_and_f", "j", "f"]
    assert all(0 <= value <= 1 for value in scores.values())
    whole = tmp_path / "two/weights.safetensors"
    assert said_by(whole)["fast"] == "3"
    before, after = load_file(detector), load_file(whole)
    assert {k.split(".")[0] for k in after.keys() - before.keys()} == {"slowfast"}
    moved = {k for k, value in before.items() if not torch.equal(value, after[k])}
    assert {k.split(".")[0] for k in moved} == {"roi_heads"}
    assert after["slowfast.gain"].any()


def test_a_cut_run_over_whole_sequences_goes_on_to_the_last_digit(
    tmp_path: Path, root: Path
) -> None:
    given = settings(
        root,
        data={"drawn": False, "flip": 0.5},
        model={"module": True, "slow": 1, "fast": 3},
        objective={"cached": 4},
        loop={"steps": 3, "accumulate": 2, "gather": "sum"},
        optimiser={"name": "sgd", "learning_rate": 1e-3},
    )

    def stop(step: int, total: int, values: object) -> None:
        if step == 2:
            raise KeyboardInterrupt

    run(given, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(given, tmp_path / "cut", stop)
    run(given, tmp_path / "cut")
    for name in ("metrics.jsonl", "checkpoint.safetensors"):
        whole = (tmp_path / "whole" / name).read_bytes()
        assert whole == (tmp_path / "cut" / name).read_bytes()
    assert journal.read(tmp_path / "whole/metrics.jsonl")[0].keys() >= LOSSES


def test_whole_sequences_come_in_order_or_shuffled(root: Path) -> None:
    data = {"drawn": False}
    ordered, shuffled = (
        slowfast.build(settings(root, data={**data, "shuffled": wild})).samples
        for wild in (False, True)
    )
    conditions = Conditions(size_hw=SIZE)
    names = [ordered.draw(0, number, conditions)["name"] for number in range(11)]
    assert names == [*(f"goat {k}" for k in range(5)), *(f"bear {k}" for k in range(5)), "goat 0"]
    wild = [shuffled.draw(0, number, conditions)["name"] for number in range(10)]
    assert sorted(wild) == sorted(names[:10])
    assert wild != names[:10]


def test_a_picture_that_cannot_be_read_stops_nothing(tmp_path: Path) -> None:
    root = write_davis(tmp_path / "davis", {"goat": moving_square(4, size_hw=SIZE)}, split="train")
    (root / "JPEGImages/480p/goat/00001.jpg").write_bytes(b"no picture")
    given = settings(root, data={"drawn": False}, loop={"steps": 3})
    with pytest.warns(UserWarning, match=r"\.") as said:
        run(given, tmp_path / "run")
    sentences = [str(one.message) for one in said]
    assert "00001.jpg is not a whole image" in sentences[0]
    assert "1 files could not be read" in sentences[1]
    assert (tmp_path / "run/unreadable.json").is_file()


def window(*, first: int = 0) -> dict[str, Any]:
    """A batch of one window, whose frames are numbered."""
    rng = np.random.default_rng(3)
    film = rng.integers(0, 255, (6, *SIZE, 3), np.uint8)
    indices = range(first, first + 3)
    inside = [0 <= i < 6 for i in indices]
    frames = np.stack([film[max(i, 0)] * np.uint8(i >= 0) for i in indices])
    labels = np.zeros(SIZE, np.uint8)
    labels[10:40, 20:70] = 1
    return {
        "frames": torch.from_numpy(frames)[None],
        "labels": torch.from_numpy(labels)[None],
        "inside": torch.tensor(inside)[None],
        "keys": [tuple((0, i, False, *SIZE) for i in indices)],
    }


def test_frames_that_come_again_are_computed_once(network: SlowFastNetwork) -> None:
    seen: list[int] = []
    handle = network.backbone.register_forward_hook(lambda *_: seen.append(0))
    seer = FrozenSeer(network, capacity=4)
    batch = window()
    frames = batch["frames"][0].permute(0, 3, 1, 2) / 255
    keys = batch["keys"][0]
    first = seer.see(frames[:2], keys[:2], ("backbone",))
    second = seer.see(frames, keys, ("backbone",))
    handle.remove()
    assert len(seen) == 3  # by a copy, which was hooked as well
    assert len(seer._kept) == 3
    for name, maps in network.see(frames).items():
        assert torch.equal(first[name], second[name][:2])
        assert torch.allclose(second[name], maps, atol=1e-3)
    assert not any(maps.requires_grad for maps in second.values())
    # A pyramid that learns over a trunk that does not gives the same.
    half = seer.see(frames, keys, ("backbone.body",))
    assert all(torch.allclose(half[name], maps, atol=1e-3) for name, maps in second.items())
    # What learns is neither copied nor kept.
    assert seer.see(frames, keys, ())["0"].shape == second["0"].shape
    assert not seer._kept


def test_outside_of_the_video_features_are_zero(
    network: SlowFastNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}

    def losses(maps: dict[str, Tensor], targets: list[Any], size_hw: tuple[int, int]) -> Any:
        given.update(maps=maps, targets=targets, size_hw=size_hw)
        return {"loss_mask": maps["0"].sum()}

    monkeypatch.setattr(network, "losses", losses)
    objective = SlowFastObjective(network, ObjectiveSettings())
    found = objective(window(first=-1), Conditions(frozen=("backbone", "rpn")))
    assert list(found) == ["mask"]
    assert given["size_hw"] == SIZE
    for maps in given["maps"].values():
        assert maps.shape[:2] == (1, 3)
        assert not maps[:, 0].any()
        assert maps[:, 1:].any()
    assert given["targets"][0]["boxes"].tolist() == [[20, 10, 70, 40]]


def test_a_frozen_proposal_network_is_in_the_mode_that_is_asked_for(
    network: SlowFastNetwork,
) -> None:
    names = {}
    for mode in ("training", "use"):
        objective = SlowFastObjective(network, ObjectiveSettings(proposals=mode, rois=8))
        names[mode] = set(objective(window(), Conditions(frozen=("backbone", "rpn"))))
    assert names["training"] - names["use"] == {"objectness", "rpn_box_reg"}
    assert network.roi_heads.fg_bg_sampler.batch_size_per_image == 8


def test_targets_are_what_torchvision_takes() -> None:
    labels = torch.zeros(9, 12, dtype=torch.uint8)
    labels[2:5, 3:9], labels[6:8, 0:2] = 2, 7
    target = target_of(labels)
    assert target["boxes"].tolist() == [[3, 2, 9, 5], [0, 6, 2, 8]]
    assert target["labels"].tolist() == [1, 1]
    assert target["masks"].shape == (2, 9, 12)
    assert target_of(torch.zeros(9, 12, dtype=torch.uint8))["boxes"].shape == (0, 4)


def test_what_cannot_be(root: Path) -> None:
    with pytest.raises(SettingsError, match=r"give one \[\[data\.footage\]\]"):
        slowfast.build(settings(root, data={"drawn": False, "footage": []}))
    with pytest.raises(SettingsError, match=r"data\.held_out names lion"):
        slowfast.build(settings(root, data={"held_out": ["lion"]}))
    scored = {"root": str(root), "split": "train", "sequences": ["lion"]}
    with pytest.raises(SettingsError, match=r"validation\.sequences names lion"):
        slowfast.build(settings(root, validation=scored))
    with pytest.raises(SettingsError, match="odd number of frames"):
        settings(root, model={"module": True, "fast": 4})


@pytest.mark.parametrize("path", ["slowfast-detector-lite", "slowfast-lite"])
def test_the_light_configs_are_read(path: str) -> None:
    found: Any = read_settings(CONFIGS / f"{path}.toml")
    assert found.model.residual
    assert found.model.norm == "per-level"
    assert found.data.drawn


@pytest.mark.parametrize("path", ["detector", "unsupervised"])
def test_the_configs_of_the_paper_are_read(path: str) -> None:
    found: Any = read_settings(CONFIGS / f"slowfast/{path}.toml")
    assert not found.model.residual
    assert found.model.norm == "shared"
    assert found.model.short_side == 800
    assert not found.data.drawn
    assert found.loop.batch * found.loop.accumulate == 2
