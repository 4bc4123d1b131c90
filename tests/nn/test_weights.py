"""Weights files: whole, foreign, damaged; counting parameters."""

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from segue.errors import NotFoundError, WeightsError, WriteError
from segue.nn.weights import (
    describe,
    load_weights,
    read_weights,
    save_weights,
    shipped_weights,
)


def network(width: int = 4) -> nn.Module:
    module = nn.Module()
    module.first, module.second = nn.Linear(3, width), nn.Linear(width, 2)
    return module


@pytest.fixture
def saved(tmp_path: Path) -> tuple[nn.Module, Path]:
    module, path = network(), tmp_path / "a.safetensors"
    save_weights(module, path, model_name="thing", metadata={"data": "none"})
    return module, path


def test_round_trip(saved: tuple[nn.Module, Path]) -> None:
    module, path = saved
    other = network()
    load_weights(other, path, model_name="thing")
    assert all(
        torch.equal(a, b) for a, b in zip(module.parameters(), other.parameters(), strict=True)
    )
    with safe_open(path, framework="pt") as file:
        assert file.metadata() == {"segue_model": "thing", "data": "none"}
    assert [p.name for p in path.parent.iterdir()] == ["a.safetensors"]


def test_half_the_bits_are_read_back_into_what_the_module_has(tmp_path: Path) -> None:
    module, path = nn.BatchNorm1d(400), tmp_path / "half.safetensors"
    nn.init.uniform_(module.weight)
    save_weights(module, tmp_path / "full.safetensors", model_name="toy")
    save_weights(module, path, model_name="toy", half=True)
    other = nn.BatchNorm1d(400)
    load_weights(other, path, model_name="toy")
    assert other.weight.dtype == torch.float32
    torch.testing.assert_close(other.weight, module.weight, atol=1e-3, rtol=1e-3)
    assert other.num_batches_tracked.dtype == module.num_batches_tracked.dtype
    assert path.stat().st_size < 0.7 * (tmp_path / "full.safetensors").stat().st_size


def test_a_file_for_another_model_is_refused(saved: tuple[nn.Module, Path], tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"'other'.*'thing'"):
        read_weights(saved[1], model_name="other")
    foreign = tmp_path / "foreign.safetensors"
    save_file({"first.weight": torch.zeros(1)}, foreign)
    with pytest.raises(WeightsError, match="segue_model"):
        read_weights(foreign, model_name="thing")


@pytest.mark.parametrize("keep", [0, 5, 60, -4])
def test_a_damaged_file_is_refused(saved: tuple[nn.Module, Path], keep: int) -> None:
    _, path = saved
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(WeightsError, match="not a readable safetensors"):
        load_weights(network(), path, model_name="thing")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="nowhere"):
        read_weights(tmp_path / "nowhere.safetensors", model_name="thing")


def test_weights_that_do_not_fit_change_nothing(saved: tuple[nn.Module, Path]) -> None:
    module = network(width=5)
    before = [p.clone() for p in module.parameters()]
    with pytest.raises(WeightsError, match=r"first.weight is \(4, 3\), expected \(5, 3\)"):
        load_weights(module, saved[1], model_name="thing", strict=False)
    assert all(torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True))


def test_parts_may_be_missing_only_if_allowed(tmp_path: Path) -> None:
    path, part = tmp_path / "part.safetensors", nn.Module()
    part.second = nn.Linear(4, 2)
    save_weights(part, path, model_name="thing")
    with pytest.raises(WeightsError, match=r"missing: first.bias, first.weight"):
        load_weights(network(), path, model_name="thing")
    for options in ({"strict": False}, {"optional": ("first.",)}):
        module = network()
        load_weights(module, path, model_name="thing", **options)  # type: ignore[arg-type]
        assert torch.equal(module.second.weight, part.second.weight)  # type: ignore[union-attr]
    with pytest.raises(WeightsError, match="missing"):
        load_weights(network(), path, model_name="thing", optional=("second.",))


def test_unknown_tensors_are_refused(tmp_path: Path) -> None:
    path, module = tmp_path / "more.safetensors", network()
    module.third = nn.Linear(1, 1)
    save_weights(module, path, model_name="thing")
    with pytest.raises(WeightsError, match=r"unknown: third.bias, third.weight"):
        load_weights(network(), path, model_name="thing", strict=False)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="absent"):
        save_weights(network(), tmp_path / "absent" / "a.safetensors", model_name="thing")


def test_models_without_shipped_weights_say_so() -> None:
    with pytest.raises(WeightsError, match=r"Give a \.safetensors file"):
        shipped_weights("no-such-model")


def test_describe() -> None:
    module = network()
    module.first.requires_grad_(False)  # type: ignore[union-attr]
    assert describe(module) == {
        "total": 26,
        "trainable": 10,
        "by_part": {"first": 16, "second": 10},
    }


def test_what_the_file_was_trained_with_is_compared(tmp_path: Path) -> None:
    network, path = nn.Linear(2, 2), tmp_path / "w.safetensors"
    save_weights(network, path, model_name="line", metadata={"classes": "cat, dog"})
    load_weights(network, path, model_name="line", expected={"classes": "cat, dog"})
    load_weights(network, path, model_name="line", expected={"colours": "red"})
    with pytest.raises(WeightsError, match="trained with classes cat, dog, expected cat, cow"):
        load_weights(network, path, model_name="line", expected={"classes": "cat, cow"})


def test_equal_weights_are_equal_files(tmp_path: Path) -> None:
    network = nn.Linear(2, 2)
    metadata = {name: name for name in "zyxwvutsrq"}
    for number in range(4):
        save_weights(network, tmp_path / str(number), model_name="line", metadata=metadata)
    assert len({(tmp_path / str(number)).read_bytes() for number in range(4)}) == 1
