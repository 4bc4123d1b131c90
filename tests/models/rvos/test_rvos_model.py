from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from segue.errors import MaskError, SettingsError, WeightsError
from segue.models.catalog import load_model
from segue.models.rvos.build import metadata
from segue.models.rvos.model import RVOSModel
from segue.models.rvos.network import RVOSNetwork
from segue.models.rvos.settings import NetworkSettings
from segue.nn.weights import save_weights

SIZE_HW = (75, 101)


def load(name: str = "rvos-34", **settings: Any) -> RVOSModel:
    plain = {"random_weights": True, "backend": "torch", "size_hw": None}
    model = load_model(name, settings={**plain, **settings})
    assert isinstance(model, RVOSModel)
    return model


def with_bias(model: RVOSModel, bias: float) -> RVOSModel:
    """The same model, but every object is everywhere (high), or nowhere (low)."""
    torch.nn.init.constant_(model.network.decoder.head.bias, bias)
    return RVOSModel(model.name, model.network, model.settings)


def video(num_frames: int, size_hw: tuple[int, int] = SIZE_HW) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 255, (*size_hw, 3), np.uint8) for _ in range(num_frames)]


def objects(*ids: int, size_hw: tuple[int, int] = SIZE_HW) -> np.ndarray:
    labels = np.zeros(size_hw, np.uint8)
    for place, i in enumerate(ids):
        row, column = divmod(place, 6)
        labels[2 + 24 * row : 24 + 24 * row, 2 + 16 * column : 16 + 16 * column] = i
    return labels


@pytest.mark.parametrize("size_hw", [(90, 150), (150, 90)])
def test_the_longer_side_of_the_network_lies_along_that_of_the_frame(
    size_hw: tuple[int, int],
) -> None:
    model = load("rvos-lite", size_hw=(64, 96))
    frames = video(2, size_hw)
    _, state = model.start(frames[0], objects(1, size_hw=size_hw))
    prediction, state = model.step(frames[1], state)
    assert prediction.labels.shape == size_hw
    rows, columns = state.memory.previous.shape[-2:]
    assert (rows > columns) == (size_hw[0] > size_hw[1])


@pytest.mark.parametrize("name", ["rvos-34", "rvos-lite"])
@pytest.mark.parametrize("size_hw", [(370, 1224), (374, 1238)])
def test_sizes_of_kitti(name: str, size_hw: tuple[int, int]) -> None:
    model = load(name, size_hw=(72, 238))
    frames = video(2, size_hw)
    _, state = model.start(frames[0], objects(1, 2, size_hw=size_hw))
    prediction, _ = model.step(frames[1], state)
    assert prediction.labels.shape == size_hw


def test_ids_may_skip_and_many_objects_fit() -> None:
    ids = (3, 4, 9, 17, 40, 41, 99, 120, 200, 201, 253, 254)
    model = load("rvos-lite")
    _, state = model.start(video(1)[0], objects(*ids))
    prediction, _ = model.step(video(1)[0], state)
    assert tuple(prediction.scores) == ids


def test_the_given_mask_is_fed_twice() -> None:
    for name in ("rvos-34", "rvos-lite"):
        model = load(name)
        _, state = model.start(video(1)[0], objects(1))
        mask = torch.from_numpy(objects(1) > 0)[None].float()
        assert torch.equal(state.memory.previous, model.network.small(mask))
        _, after = model.step(video(1)[0], state)
        assert not torch.equal(after.memory.previous, state.memory.previous)


def test_an_object_does_not_see_those_behind_it() -> None:
    """So empty slots, which the released code decodes too, change nothing."""
    model = load("rvos-lite")
    frames = video(2)
    alone = model.step(frames[1], model.start(frames[0], objects(1))[1])[1]
    both = model.step(frames[1], model.start(frames[0], objects(1, 2))[1])[1]
    assert torch.allclose(alone.memory.previous[0], both.memory.previous[0], atol=1e-5)


def test_a_late_object_has_a_reference_of_its_own() -> None:
    model = load("rvos-lite")
    frames = video(3)
    _, state = model.start(frames[0], objects(1))
    late = np.where(objects(1, 7) == 7, 7, 0).astype(np.uint8)
    _, state = model.step(frames[1], state, late)
    fresh = model.start(frames[1], late)[1]
    assert state.ids == (1, 7)
    assert torch.equal(state.memory.reference.keys[1:], fresh.memory.reference.keys)
    assert torch.equal(state.memory.reference.masks[1:], fresh.memory.reference.masks)
    assert torch.equal(state.memory.previous[1:], fresh.memory.previous)
    assert len(state.memory.last_keys) == 1


class TestReleased:
    def test_a_late_object_is_shown_as_predicted(self) -> None:
        frames, late = video(2), np.where(objects(1, 7) == 7, 7, 0).astype(np.uint8)
        shown = {}
        for later in ("given", "predicted"):
            model = with_bias(load(later=later), 1.0)
            _, state = model.start(frames[0], objects(1))
            shown[later] = model.step(frames[1], state, late)[0].mask(7)
        assert np.array_equal(shown["given"], late == 7)
        assert not np.array_equal(shown["predicted"], late == 7)

    @pytest.mark.parametrize("merging", ["surest", "area-stability"])
    def test_an_object_that_was_predicted_empty_is_lost(self, merging: str) -> None:
        frames = video(3)
        model = load(when_empty="drop", merging=merging)
        _, state = model.start(frames[0], objects(1, 2))
        model = with_bias(model, -9.0)
        prediction, state = model.step(frames[1], state)
        assert (state.ids, state.lost) == ((), (1, 2))
        prediction, state = model.step(frames[2], state, objects(1))
        assert all(score.absent for score in prediction.scores.values())
        assert set(prediction.scores) == {1, 2}

    def test_ten_objects(self) -> None:
        model = load(most_objects=10)
        model.start(video(1)[0], objects(*range(1, 11)))
        with pytest.raises(MaskError, match="11 objects at once, expected at most 10"):
            model.start(video(1)[0], objects(*range(1, 12)))


class TestZeroShot:
    def test_slots_get_the_ids_that_fit(self) -> None:
        model = load(shot="zero", slots=4)
        frames = video(2)
        prediction, state = model.start(frames[0], objects(5, 9))
        assert np.array_equal(prediction.labels, objects(5, 9))
        assert sorted(i for i in state.ids if i) == [5, 9]
        assert len(state.ids) == 4
        prediction, state = model.step(frames[1], state, objects(5, 9, 11))
        assert set(prediction.scores) == {5, 9, 11}

    def test_it_finds_objects_without_masks(self) -> None:
        model = with_bias(load(shot="zero", slots=3), 1.0)
        frames = video(2)
        prediction, state = model.start(frames[0])
        found = sorted(i for i in state.ids if i)
        assert found == list(range(1, len(found) + 1))
        assert found
        assert model.step(frames[1], state)[0].scores.keys() == prediction.scores.keys()
        with pytest.raises(MaskError, match=r"carries given objects. Give a mask.* shot = .zero."):
            load().start(frames[0])

    def test_more_objects_than_slots(self) -> None:
        model = load(shot="zero", slots=2)
        with pytest.raises(MaskError, match="3 new objects, but 2 of the 2 slots"):
            model.start(video(1)[0], objects(1, 2, 3))


def test_weights_know_what_they_were_trained_for(tmp_path: Path) -> None:
    lite = NetworkSettings(reference=True)
    path = tmp_path / "lite.safetensors"
    save_weights(
        RVOSNetwork("rvos-lite", lite), path, model_name="rvos-lite", metadata=metadata(lite)
    )
    assert load_model("rvos-lite", weights=path).name == "rvos-lite"
    with pytest.raises(WeightsError, match="trained with reference true, expected false"):
        load_model("rvos-lite", weights=path, settings={"reference": False})


def test_only_the_light_variant_has_a_reference() -> None:
    assert load("rvos-lite").settings.reference
    assert not load("rvos-lite", shot="zero").settings.reference
    for name, settings in (("rvos-34", {}), ("rvos-lite", {"shot": "zero"})):
        with pytest.raises(SettingsError, match="reference = true is for rvos-lite"):
            load(name, reference=True, **settings)
