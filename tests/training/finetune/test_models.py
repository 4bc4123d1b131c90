"""Every model of the table: its task learns, freezes what it names, and gives weights that load."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import segue
from fakes.tuning import masks, picture, video, write_slowfast
from segue.errors import WeightsError
from segue.models.rvos.settings import variant
from segue.models.slowfast.build import load_network
from segue.nn.weights import shipped_weights
from segue.training.finetune import rvos, slowfast
from segue.training.finetune.catalog import TUNERS, Tuner
from segue.training.finetune.learning import clip_size


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """rvos-lite has a size of its own, which takes seconds."""
    monkeypatch.setattr(
        rvos, "variant", lambda name, values: variant(name, {**values, "size_hw": (64, 96)})
    )
    monkeypatch.setattr(rvos, "_LENGTH", 2)
    small = {"short_side": 64, "long_side": 96}
    monkeypatch.setattr(slowfast, "load_network", lambda n, s, p: load_network(n, small, p))


LEARNED = [name for name in TUNERS if name != "slowfast"]
"""The large one has the code of the small one, and 46 million parameters."""


@pytest.fixture(scope="module")
def begin(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Weights to begin with; those of SlowFast VOS are untrained, as every network was once."""

    @cache
    def path_of(name: str) -> Path:
        if not name.startswith("slowfast"):
            return shipped_weights(name)
        return write_slowfast(tmp_path_factory.mktemp(name) / "first.safetensors", name=name)

    return path_of


def given(tuner: Tuner) -> dict[Any, np.ndarray]:
    return {k: picture(k)[1] for k in (0, 3)} if tuner.classes else dict(masks(0, 3))


@pytest.mark.parametrize("name", LEARNED)
def test_a_step_changes_what_is_not_frozen_and_the_weights_load(
    name: str, begin: Callable[[str], Path], tmp_path: Path
) -> None:
    tuner = TUNERS[name]
    settings = {"steps": 1, "batch": 1, "freeze": "backbone"}
    tuned = segue.finetune(
        video(),
        given(tuner),
        model=name,
        weights=begin(name),
        out=tmp_path / "tuned.safetensors",
        settings=settings,
    )
    before, after = load_file(begin(name)), load_file(tuned.path)
    assert before.keys() == after.keys()
    changed = {k for k, v in after.items() if not torch.equal(v.float(), before[k].float())}
    assert changed
    assert not any(key.startswith(tuner.frozen("backbone")) for key in changed)
    assert not any("running" in key or "num_batches" in key for key in changed), "statistics stay"
    assert segue.load_model(name, weights=tuned.path).name == name
    other = next(one for one in LEARNED if one != name)
    with pytest.raises(WeightsError, match=f"Expected weights for model '{other}'.*'{name}'"):
        segue.load_model(other, weights=tuned.path)


def test_statistics_may_drift(tmp_path: Path) -> None:
    settings = {"steps": 1, "batch": 1, "statistics": "drifting"}
    tuned = segue.finetune(
        video(), masks(0, 3), out=tmp_path / "tuned.safetensors", settings=settings
    )
    before, after = load_file(shipped_weights("segue-lite")), load_file(tuned.path)
    running = [key for key in after if "running_mean" in key and not key.startswith("backbone")]
    assert running
    assert all(not torch.equal(after[key], before[key].float()) for key in running)


@pytest.mark.parametrize("name", TUNERS)
def test_parts_exist(name: str, begin: Callable[[str], Path]) -> None:
    tuner, keys = TUNERS[name], load_file(begin(name)).keys()
    assert tuner.parts["none"] == ()
    for parts in tuner.parts.values():
        assert all(any(key.startswith(f"{part}.") for key in keys) for part in parts)
    assert tuner.defaults.freeze in tuner.parts


@pytest.mark.parametrize(
    ("frame_hw", "expected"),
    [
        ((480, 854), (288, 512)),
        ((240, 160), (256, 160)),
        ((20, 20), (64, 64)),
        ((64, 96), (64, 96)),
    ],
)
def test_clips_have_the_shape_of_the_frame(
    frame_hw: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert clip_size(frame_hw, 320 * 448) == expected
