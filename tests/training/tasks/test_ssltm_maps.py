"""Views that come again: the same for every seed, and a frozen trunk looks at each of them once."""

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch

from fakes.trees import write_tree
from segue.errors import SettingsError
from segue.nn.backbones import Backbone
from segue.training import journal
from segue.training.curriculum import Conditions
from segue.training.run import run
from segue.training.tasks.ssltm import build
from segue.training.tasks.ssltm_footage import training_footage
from segue.training.tasks.ssltm_maps import KeptTrunk
from segue.training.tasks.ssltm_samples import ContextSamples
from segue.training.tasks.ssltm_settings import TrainingSettings

SIZE = (32, 64)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree("camvid", tmp_path_factory.mktemp("camvid"), frames=4)


def settings(tree: Path, maps: Path | None = None, **more: Any) -> TrainingSettings:
    return TrainingSettings.parse(
        {
            "variant": "ssltm-lite",
            "imagenet": False,
            "data": {"root": str(tree), "labels": {"every": 2}, "validation_split": None},
            "clips": {
                "length": 3,
                "size_hw": SIZE,
                "crop": 1.0,
                "colour": 0.3,
                "still": 1.0,
                "views": 2,
                "reference": {"nearest": 1, "farthest": 3},
            },
            "objective": {} if maps is None else {"maps": str(maps)},
            "centres": {"start": 1, "frames": 1},
            "loop": {"batch": 2, "workers": 0, "device": "cpu", "checkpoint_every": 2},
            "stages": [{"steps": 4, "frozen": ["trunk"]}],
            **more,
        }
    )


def samples(tree: Path, strong: bool = False) -> ContextSamples:
    chosen = settings(tree)
    footage = training_footage(chosen.data)
    return ContextSamples(
        footage, footage.labelled, chosen.clips, True, chosen.teacher.strong if strong else None
    )


def drawn(found: ContextSamples, seed: int, length: int = 3, count: int = 16) -> dict[str, Any]:
    """By place, the clips of some numbers, in the order of the epochs."""
    conditions = Conditions(clip_length=length, size_hw=SIZE)
    by_place: dict[str, Any] = {}
    for number in range(count):
        sample = found.draw(seed, number, conditions)
        by_place.setdefault(sample["name"], []).append(sample)
    return by_place


def test_views_come_again_for_every_seed(tree: Path) -> None:
    found = samples(tree)
    assert len(found) == 4
    for name, views in drawn(found, 0).items():
        other = drawn(found, 7)[name]
        for key in ("frames", "reference", "labels"):
            assert (views[0][key] == views[2][key]).all()
            assert (views[1][key] == other[3][key]).all()
        assert (views[0]["frames"] != views[1]["frames"]).any()


def test_clips_of_any_length_share_their_frames(tree: Path) -> None:
    found = samples(tree)
    for name, (long, *_) in drawn(found, 0, count=4).items():
        (short,) = drawn(found, 0, length=1, count=4)[name]
        assert short["frames"].shape[0] == 1
        assert (short["frames"][0] == long["frames"][-1]).all()
        assert (short["reference"] == long["reference"]).all()
        assert (short["labels"] == long["labels"]).all()


def test_strong_views_never_come_again(tree: Path) -> None:
    for views in drawn(samples(tree, strong=True), 0).values():
        assert (views[0]["frames"] == views[2]["frames"]).all()
        assert (views[0]["strong_frames"] != views[2]["strong_frames"]).any()


class Counted(Backbone):
    """Counts the frames that it computes."""

    def __init__(self) -> None:
        super().__init__("efficientnet-lite0")
        self.looks = 0

    def forward(self, frames: torch.Tensor) -> Any:
        self.looks += len(frames)
        return super().forward(frames)


@torch.no_grad()
def test_a_trunk_that_rests_looks_once(tmp_path: Path) -> None:
    torch.manual_seed(0)
    trunk = Counted().eval()
    frames = torch.rand(3, 3, *SIZE)
    plain = trunk(frames)
    trunk.looks = 0
    kept = KeptTrunk(tmp_path)
    with kept.standing_in(trunk):
        first = trunk(frames)
        again = trunk(frames.flip(0))
    assert trunk.looks == 3
    for one, other, computed in zip(first, again, plain, strict=True):
        assert torch.equal(one, other.flip(0))
        torch.testing.assert_close(one, computed, atol=2e-3, rtol=2e-3)
    trunk(frames)
    assert trunk.looks == 6  # outside nothing stands in
    vars(trunk)["forward"] = faster = lambda frames: plain
    with KeptTrunk(tmp_path).standing_in(trunk):
        trunk(frames)
    assert trunk.forward is faster
    del vars(trunk)["forward"]
    with KeptTrunk(tmp_path).standing_in(trunk):
        trunk(frames)
    assert trunk.looks == 6
    trunk.body.body.conv_stem.weight.mul_(1.01)
    with KeptTrunk(tmp_path).standing_in(trunk):
        trunk(frames)
    assert trunk.looks == 9  # other weights have maps of their own


class Kill(BaseException):
    """Ends a process at once, as far as the run is concerned."""


def quiet(chosen: TrainingSettings, folder: Path, watch: Any = None) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="None of the")
        run(chosen, folder, watch)


def test_a_killed_run_goes_on_to_the_last_digit(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "draw_curves", lambda *paths: None)
    chosen = settings(tree, tmp_path / "maps", learn="teacher", teacher={"batch": 2})

    def kill(done: int, total: int, values: Any) -> None:
        if done == 3:
            raise Kill

    with pytest.raises(Kill):
        quiet(chosen, tmp_path / "cut", kill)
    quiet(chosen, tmp_path / "cut")
    first = len(list((tmp_path / "maps").rglob("*.safetensors")))
    quiet(chosen, tmp_path / "whole")
    assert len(list((tmp_path / "maps").rglob("*.safetensors"))) == first > 0
    for name in ("weights.safetensors", "checkpoint.safetensors", "metrics.jsonl"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "cut" / name).read_bytes()


def test_maps_need_views_and_a_trunk_that_rests(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"views that come again: set clips\.views"):
        settings(tree, tmp_path, clips={"size_hw": SIZE})
    with pytest.raises(SettingsError, match="a trunk that rests"):
        settings(tree, tmp_path, stages=[{"steps": 4}])
    assert settings(tree, tmp_path).objective.maps == tmp_path


def test_nothing_is_scored_without_a_validation_split(tree: Path, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="None of the")
        task = build(settings(tree))
    assert task.validate is None
    assert not task.scores
