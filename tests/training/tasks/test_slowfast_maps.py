"""Features that one run keeps are found by the next one, and are those that it would have computed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fakes.davis import moving_square, write_davis
from segue.errors import WriteError
from segue.models.slowfast.build import create_network
from segue.models.slowfast.network import SlowFastNetwork
from segue.models.slowfast.settings import variant
from segue.training.curriculum import Conditions
from segue.training.run import run
from segue.training.tasks import slowfast, slowfast_objective
from segue.training.tasks.slowfast_maps import KeptMaps
from segue.training.tasks.slowfast_objective import FrozenSeer

SIZE = (64, 96)
FROZEN = ("backbone", "rpn")


@pytest.fixture(scope="module")
def network() -> SlowFastNetwork:
    small = {"slow": 1, "fast": 1, "short_side": 64, "long_side": 96}
    return create_network("slowfast-lite", variant("slowfast-lite", small)).eval()


def frames(count: int) -> torch.Tensor:
    pixels = np.random.default_rng(0).integers(0, 255, (count, 3, *SIZE), np.uint8)
    return torch.from_numpy(pixels) / 255


def test_another_run_computes_nothing_that_was_kept(
    tmp_path: Path, network: SlowFastNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    plain = slowfast_objective.features_of
    monkeypatch.setattr(
        slowfast_objective, "features_of", lambda *given: (seen.append(1), plain(*given))[1]
    )
    shown, keys = frames(2), [("a.jpg",), ("b.jpg",)]
    first = FrozenSeer(network, 0, KeptMaps(tmp_path)).see(shown, keys, FROZEN)
    assert len(seen) == 2
    again = FrozenSeer(network, 0, KeptMaps(tmp_path)).see(shown, keys, FROZEN)
    assert len(seen) == 2
    for name, maps in FrozenSeer(network, 0).see(shown, (), FROZEN).items():
        assert torch.equal(first[name], again[name])
        assert torch.allclose(first[name].float(), maps, atol=2e-2)
    # What is drawn comes never again, and what learns changes.
    FrozenSeer(network, 0, KeptMaps(tmp_path)).see(shown, (), FROZEN)
    FrozenSeer(network, 0, KeptMaps(tmp_path)).see(shown, keys, ())
    assert len(list(tmp_path.rglob("*.safetensors"))) == 2


def test_another_backbone_or_size_has_features_of_its_own(
    tmp_path: Path, network: SlowFastNetwork
) -> None:
    shown, keys = frames(1), [("a.jpg",)]
    FrozenSeer(network, 0, KeptMaps(tmp_path)).see(shown, keys, FROZEN)
    other = create_network("slowfast-lite", network.settings.model_copy(update={"seed": 5})).eval()
    larger = network.settings.model_copy(update={"short_side": 96, "long_side": 128})
    for one in (other, create_network("slowfast-lite", larger).eval()):
        FrozenSeer(one, 0, KeptMaps(tmp_path)).see(shown, keys, FROZEN)
    assert len(list(tmp_path.iterdir())) == 3


def test_a_damaged_file_is_made_again(tmp_path: Path, network: SlowFastNetwork) -> None:
    shown, keys = frames(1), [("a.jpg",)]
    first = FrozenSeer(network, 0, KeptMaps(tmp_path)).see(shown, keys, FROZEN)
    (path,) = tmp_path.rglob("*.safetensors")
    path.write_bytes(b"cut off")
    again = FrozenSeer(network, 0, KeptMaps(tmp_path)).see(shown, keys, FROZEN)
    assert all(torch.equal(first[name], maps) for name, maps in again.items())


def test_a_folder_that_is_a_file_is_said(tmp_path: Path, network: SlowFastNetwork) -> None:
    (tmp_path / "maps").write_text("")
    kept = KeptMaps(tmp_path / "maps")
    with pytest.raises(WriteError, match=r"maps"):
        FrozenSeer(network, 0, kept).see(frames(1), [("a.jpg",)], FROZEN)


def test_configurations_share_features_and_nothing_else_changes(tmp_path: Path) -> None:
    film = {"bear": moving_square(5, size_hw=SIZE)}
    root = write_davis(tmp_path / "davis", film, split="train")

    def train(fast: int, name: str) -> Path:
        values: dict[str, Any] = {
            "data": {"footage": [{"root": str(root)}], "drawn": False, "shuffled": True},
            "model": {"slow": 1, "fast": fast, "short_side": 64, "long_side": 96},
            "objective": {"maps": str(tmp_path / "maps"), "proposals": "use"},
            "scenes": {"size_hw": list(SIZE)},
            "loop": {"steps": 1, "batch": 1, "workers": 0, "device": "cpu"},
        }
        run(slowfast.TrainingSettings.parse(values), tmp_path / name)
        return tmp_path / name / "weights.safetensors"

    first = train(5, "wide").read_bytes()
    known = set((tmp_path / "maps").rglob("*.safetensors"))
    assert known
    train(1, "narrow")
    assert set((tmp_path / "maps").rglob("*.safetensors")) == known
    assert train(5, "again").read_bytes() == first


def test_a_frame_is_known_by_its_file(tmp_path: Path) -> None:
    root = write_davis(tmp_path / "davis", {"a": moving_square(3), "b": moving_square(3)}, "train")
    values: dict[str, Any] = {"data": {"footage": [{"root": str(root)}], "drawn": False}}
    data = slowfast.TrainingSettings.parse(values).data
    samples = slowfast.samples_of(data, slowfast.WindowSettings(), 3)
    keys = samples.draw(0, 3, Conditions(size_hw=SIZE))["keys"]
    assert [Path(str(key[0])).name for key in keys] == ["", "00000.jpg", "00001.jpg"]
    assert Path(str(keys[1][0])).parent.name == "b"
