from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from segue.errors import SettingsError, WeightsError
from segue.models.catalog import load_model
from segue.models.ttvos.carrier import carrier_for
from segue.models.ttvos.network import TTVOSNetwork
from segue.nn.weights import save_weights

SIZE_HW = (75, 101)


def gated(threshold: float | None, **reuse: Any) -> Any:
    setting = None if threshold is None else {"threshold": threshold, **reuse}
    return load_model("g-ttvos-lite", settings={"random_weights": True, "reuse": setting})


def video(num_frames: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 255, (*SIZE_HW, 3), np.uint8) for _ in range(num_frames)]


def two_objects() -> np.ndarray:
    labels = np.zeros(SIZE_HW, np.uint8)
    labels[10:40, 10:40] = 2
    labels[50:70, 60:90] = 5
    return labels


def test_without_reuse_a_gated_model_is_the_plain_one_bit_for_bit() -> None:
    frames, labels = video(4), two_objects()
    models = gated(None), gated(1.0), load_model("ttvos-lite", settings={"random_weights": True})
    states = [model.start(frames[0], labels)[1] for model in models]
    for frame in frames[1:]:
        made = [model.step(frame, state) for model, state in zip(models, states, strict=True)]
        states = [state for _, state in made]
        for prediction, state in made[1:]:
            assert np.array_equal(prediction.labels, made[0][0].labels)
            assert torch.equal(state.memory.template, states[0].memory.template)
            assert torch.equal(state.memory.history, states[0].memory.history)
    assert [made[1][0].scores[i].reused for i in (2, 5)] == [False, False]
    assert [made[0][0].scores[i].reused for i in (2, 5)] == [None, None]


def test_the_ends_of_the_dial() -> None:
    frames, labels = video(3), two_objects()
    for threshold, reused in ((0.0, True), (1.0, False)):
        model = gated(threshold)
        _, state = model.start(frames[0], labels)
        for frame in frames[1:]:
            prediction, state = model.step(frame, state)
            assert {s.reused for s in prediction.scores.values()} == {reused}
            assert all(0 <= s.gate <= 1 for s in prediction.scores.values())


def test_a_carried_frame_leaves_the_host_memory_as_it_was() -> None:
    frames, labels = video(2), two_objects()
    model = gated(0.0)
    _, state = model.start(frames[0], labels)
    _, after = model.step(frames[1], state)
    assert after is state


def test_a_copy_shows_the_last_computed_masks() -> None:
    frames, labels = video(4), two_objects()
    model = gated(0.0, path="copy")
    _, state = model.start(frames[0], labels)
    first, state = model.step(frames[1], state)
    second, _ = model.step(frames[2], state)
    assert np.array_equal(first.labels, second.labels)


def test_one_object_is_computed_while_another_is_carried(monkeypatch: pytest.MonkeyPatch) -> None:
    frames, labels = video(2), two_objects()
    model = gated(0.5)
    _, state = model.start(frames[0], labels)
    monkeypatch.setattr(model._carrier, "gate", lambda _: torch.tensor([0.9, 0.1]))
    prediction, after = model.step(frames[1], state)
    assert (prediction.scores[2].reused, prediction.scores[5].reused) == (True, False)
    assert torch.equal(after.memory.history[0], state.memory.history[0])
    assert not torch.equal(after.memory.history[1], state.memory.history[1])
    assert torch.equal(after.carried.last[0], state.carried.last[0])
    assert not torch.equal(after.carried.last[1], state.carried.last[1])


def test_an_object_enters_with_its_own_frame_while_others_are_carried() -> None:
    frames, labels = video(3), two_objects()
    model = gated(0.0)
    _, state = model.start(frames[0], labels)
    late = np.zeros(SIZE_HW, np.uint8)
    late[5:25, 60:95] = 9
    prediction, state = model.step(frames[1], state, late)
    assert (prediction.labels[late == 9] == 9).all()
    assert {i: s.reused for i, s in prediction.scores.items()} == {2: True, 5: True, 9: False}
    assert state.ids == (2, 5, 9)
    alone = gated(0.0).start(frames[1], late)[1]
    for name in ("template", "first_keys", "first_masks", "last_keys"):
        assert torch.equal(getattr(state.memory, name)[2:], getattr(alone.memory, name))
    prediction, _ = model.step(frames[2], state)
    assert prediction.scores.keys() == {2, 5, 9}


@pytest.mark.parametrize(("threshold", "reused"), [(0.0, False), (1.0, False), (None, None)])
def test_a_given_frame_is_not_a_reused_one(threshold: float | None, reused: bool | None) -> None:
    prediction, _ = gated(threshold).start(video(1)[0], two_objects())
    assert {s.reused for s in prediction.scores.values()} == {reused}


def test_an_object_that_is_given_again_begins_anew_and_is_not_reused() -> None:
    frames, labels = video(2), two_objects()
    model = gated(0.0)
    _, state = model.start(frames[0], labels)
    again = np.where(labels == 5, labels, 0).astype(np.uint8)
    prediction, after = model.step(frames[1], state, again)
    assert {i: s.reused for i, s in prediction.scores.items()} == {2: True, 5: False}
    assert after.ids == (2, 5)
    assert torch.equal(after.carried.last[0], state.carried.last[0])
    assert not torch.equal(after.carried.last[1], state.carried.last[1])


def test_void_teaches_neither_object_nor_background() -> None:
    labels = two_objects()
    labels[:8] = 255
    _, state = gated(None).start(video(1)[0], labels)
    assert (state.memory.first_masks[:, :, 0, 2:10] == 0).all()


def test_a_threshold_outside_its_range_is_refused() -> None:
    with pytest.raises(SettingsError, match="threshold"):
        gated(1.5)


@pytest.mark.parametrize("setting", [{"reuse": {"threshold": 0.8}}, {"host": "host.safetensors"}])
def test_a_variant_without_a_gate_refuses_the_settings_of_one(setting: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"ttvos-lite has no reuse gate.*g-ttvos-lite"):
        load_model("ttvos-lite", settings={"random_weights": True, **setting})


def test_a_gate_without_its_host_says_which_weights_it_needs(tmp_path: Path) -> None:
    gate = carrier_for(TTVOSNetwork("ttvos-fast"), "g-ttvos-fast")
    save_weights(gate, tmp_path / "gate", model_name="g-ttvos-fast")
    with pytest.raises(WeightsError, match=r"gate alone.*ttvos-fast.*setting host"):
        load_model("g-ttvos-fast", weights=tmp_path / "gate")


def test_a_gate_refuses_another_host(tmp_path: Path) -> None:
    torch.manual_seed(0)
    host, other = TTVOSNetwork("ttvos-lite"), TTVOSNetwork("ttvos-lite")
    save_weights(host, tmp_path / "host", model_name="ttvos-lite")
    save_weights(other, tmp_path / "other", model_name="ttvos-lite")
    save_weights(carrier_for(host, "g-ttvos-lite"), tmp_path / "gate", model_name="g-ttvos-lite")
    settings = {"host": str(tmp_path / "host")}
    assert load_model("g-ttvos-lite", weights=tmp_path / "gate", settings=settings)
    with pytest.raises(WeightsError, match="gate was trained with other weights of ttvos-lite"):
        load_model(
            "g-ttvos-lite",
            weights=tmp_path / "gate",
            settings={"host": str(tmp_path / "other")},
        )
