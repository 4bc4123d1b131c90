import pickle
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jaxtyping import Float
from torch import Tensor

from fakes.colour_model import ColourModel, ColourState
from fakes.scenes import scene
from segue.errors import WeightsError
from segue.inference.checkpoint import load_state, save_state


@dataclass(frozen=True, slots=True)
class Part:
    values: Float[Tensor, "rows columns"]
    name: str


@dataclass(frozen=True)
class Other:
    name: str


@dataclass(frozen=True)
class Everything:
    tensor: Tensor
    pair: tuple[int, float]
    row: tuple[Tensor, ...]
    by_id: dict[int, Part]
    by_name: dict[str, tuple[float, ...]]
    either: Part | Other | None
    number: int | float
    flag: bool
    word: str | None
    kind: Literal["a", "b"]
    labels: np.ndarray
    derived: int = field(init=False, default=7)


tensors = st.builds(
    lambda shape, dtype, seed: torch.randint(
        0, 200, shape, generator=torch.Generator().manual_seed(seed)
    ).to(dtype),
    st.lists(st.integers(0, 3), max_size=4),
    st.sampled_from([torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.bool]),
    st.integers(0, 99),
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
floats = st.floats(allow_nan=False)
parts = st.builds(
    lambda seed, name: Part(torch.rand(2, 3, generator=torch.Generator().manual_seed(seed)), name),
    st.integers(0, 99),
    texts,
)
states = st.builds(
    Everything,
    tensor=tensors,
    pair=st.tuples(st.integers(), floats),
    row=st.lists(tensors, max_size=3).map(tuple),
    by_id=st.dictionaries(st.integers(0, 255), parts, max_size=3),
    by_name=st.dictionaries(texts, st.lists(floats, max_size=2).map(tuple), max_size=2),
    either=st.one_of(parts, st.builds(Other, texts), st.none()),
    number=st.one_of(st.integers(), floats),
    flag=st.booleans(),
    word=st.none() | texts,
    kind=st.sampled_from(["a", "b"]),
    labels=st.builds(lambda n: np.arange(n, dtype=np.uint8), st.integers(0, 9)),
)


@given(state=states)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_was_saved_comes_back(state: Everything, tmp_path: Path) -> None:
    save_state(tmp_path / "s", state, {"read": 3, "why": "x"})
    loaded, notes = load_state(tmp_path / "s", Everything)
    assert notes == {"read": 3, "why": "x"}
    assert same(loaded, state)


def same(left: Any, right: Any) -> bool:
    if type(left) is not type(right):
        return False
    if isinstance(left, Tensor):
        return left.dtype == right.dtype and left.shape == right.shape and torch.equal(left, right)
    if isinstance(left, np.ndarray):
        return left.dtype == right.dtype and np.array_equal(left, right)
    if isinstance(left, tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(left[k], right[k]) for k in left)
    if hasattr(left, "__dataclass_fields__"):
        return all(same(getattr(left, n), getattr(right, n)) for n in left.__dataclass_fields__)
    return bool(left == right)


@dataclass(frozen=True)
class One:
    tensor: Tensor


def test_memory_layout_comes_back(tmp_path: Path) -> None:
    image = torch.rand(2, 3, 4, 5).to(memory_format=torch.channels_last)
    for tensor in (image, image.transpose(1, 2), image[:, 1:, ::2], torch.rand(1, 4).expand(3, 4)):
        save_state(tmp_path / "s", One(tensor))
        back = load_state(tmp_path / "s", One)[0].tensor
        assert torch.equal(back, tensor)
        if 0 not in tensor.stride():
            assert back.stride() == tensor.stride()


def test_tensors_that_share_storage_are_no_trouble(tmp_path: Path) -> None:
    whole = torch.rand(4, 4)
    save_state(
        tmp_path / "s",
        tuple_state := Everything(
            whole, (1, 2.0), (whole[1:], whole), {}, {}, None, 1, True, None, "a", np.zeros(2)
        ),
    )
    assert same(load_state(tmp_path / "s", Everything)[0], tuple_state)


def test_a_model_goes_on_as_if_nothing_happened(tmp_path: Path) -> None:
    model = ColourModel(lookahead=1)
    (frame, labels), *rest = scene(6)
    _, state = model.start(frame, labels)
    for frame, _ in rest:
        save_state(tmp_path / "s", state)
        restored, _ = load_state(tmp_path / "s", ColourState)
        prediction, state = model.step(frame, state)
        again, _ = model.step(frame, restored)
        assert np.array_equal(prediction.labels, again.labels)
        assert prediction.scores == again.scores


def test_damage_and_foreign_files_are_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "s"
    save_state(path, One(torch.rand(100)))
    whole = path.read_bytes()
    (tmp_path / "pickled").write_bytes(pickle.dumps({"state": 1}))
    safetensors.torch.save_file({"a": torch.rand(2)}, tmp_path / "weights")
    (tmp_path / "cut").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty").write_bytes(b"")
    for name in ("pickled", "weights", "cut", "empty", "missing"):
        with pytest.raises(WeightsError, match=f"{name} cannot be read as the saved memory of One"):
            load_state(tmp_path / name, One)


def test_the_memory_of_another_model_is_refused(tmp_path: Path) -> None:
    save_state(tmp_path / "s", One(torch.rand(2)))
    with pytest.raises(WeightsError, match="saved memory of ColourState"):
        load_state(tmp_path / "s", ColourState)


def test_what_cannot_be_stored_is_named(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"state\.tensor: a set"):
        save_state(tmp_path / "s", One({1}))  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
