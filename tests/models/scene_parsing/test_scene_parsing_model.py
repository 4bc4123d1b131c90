"""The streaming model against the network it is made of, its state, and its weights on disk."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from segue.errors import MaskError, VideoError, WeightsError
from segue.models.catalog import load_model
from segue.models.scene_parsing.build import create_network
from segue.models.scene_parsing.model import SceneParsingModel
from segue.models.scene_parsing.objective import flow_back
from segue.models.scene_parsing.settings import variant
from segue.nn.weights import save_weights
from segue.types import Frame

LIGHT: dict[str, Any] = {
    "backbone": "efficientnet-lite0",
    "width": 16,
    "classes": ("a", "b", "c"),
}


def make(name: str, **values: Any) -> SceneParsingModel:
    settings = variant(name, {**LIGHT, **values})
    torch.manual_seed(0)
    network = create_network(settings)
    for key, parameter in network.named_parameters():
        if key.endswith(".before"):
            nn.init.normal_(parameter)
    return SceneParsingModel(name, network.eval(), settings)


def video(num_frames: int, size_hw: tuple[int, int] = (64, 96)) -> list[Frame]:
    rng = np.random.default_rng(0)
    wide = rng.integers(0, 256, (size_hw[0], size_hw[1] + 3 * num_frames, 3), np.uint8)
    return [wide[:, 3 * t : 3 * t + size_hw[1]].copy() for t in range(num_frames)]


@pytest.mark.parametrize("name", ["ocrnet", "segmenter", "netwarp", "tcb"])
@torch.no_grad()
def test_the_model_answers_like_its_network_on_the_clip(name: str) -> None:
    model, frames = make(name), video(2)
    state = model.begin(frames[0])
    for frame in frames:
        logits, state = model.look(frame, state)
    clip = torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2)[None].float() / 255
    expected = model.network(clip, flow=flow_back(clip)).logits[0]
    torch.testing.assert_close(logits, expected, atol=1e-3, rtol=1e-3)


def test_frames_are_padded_and_answered_at_their_own_size() -> None:
    model, frames = make("tcb"), video(2, (70, 101))
    prediction, state = model.start(frames[0])
    prediction, state = model.step(frames[1], state)
    assert prediction.labels.shape == (70, 101)
    assert prediction.labels.max() < 3
    assert set(prediction.scores) == {0, 1, 2}
    assert state.frames == 2


@pytest.mark.parametrize(
    ("name", "remembers"), [("ocrnet", 0), ("upernet", 0), ("netwarp", 2), ("tcb", 3)]
)
def test_the_memory_does_not_grow(name: str, remembers: int) -> None:
    model = make(name, memory=3)
    frames = video(6)
    _, state = model.start(frames[0])
    for frame in frames[1:]:
        _, state = model.step(frame, state)
    memory = state.memory
    assert len(memory.tensors) + len(memory.contexts) == remembers
    assert state.before.shape == ((64, 96, 3) if name == "netwarp" else (0, 0, 3))


def test_a_step_changes_nothing_that_it_was_given() -> None:
    model, frames = make("netwarp"), video(3)
    _, state = model.start(frames[0])
    kept = [tensor.clone() for tensor in state.memory.tensors]
    one, _ = model.step(frames[1], state)
    model.step(frames[2], state)
    again, _ = model.step(frames[1], state)
    assert (one.labels == again.labels).all()
    assert all(map(torch.equal, kept, state.memory.tensors))
    assert dataclasses.is_dataclass(state)


def test_the_last_frame_matters_to_netwarp_only_through_its_memory() -> None:
    model, frames = make("netwarp"), video(2)
    _, state = model.start(frames[0])
    told, _ = model.look(frames[1], state)
    alone, _ = model.look(frames[1], model.begin(frames[1]))
    assert not torch.allclose(told, alone, atol=1e-3)


def test_weights_go_to_disk_and_back(tmp_path: Path) -> None:
    model = make("netwarp")
    path = tmp_path / "weights.safetensors"
    metadata = model.settings.trained_with
    save_weights(model.network, path, model_name="netwarp", metadata=metadata)
    loaded = load_model("netwarp", weights=path, settings=LIGHT)
    frames = video(1)
    assert (loaded.start(frames[0])[0].labels == model.start(frames[0])[0].labels).all()
    with pytest.raises(WeightsError, match="was trained with refinement scaled, expected as-coded"):
        load_model("netwarp", weights=path, settings={**LIGHT, "refinement": "as-coded"})
    with pytest.raises(WeightsError, match="Expected weights for model 'tcb'"):
        load_model("tcb", weights=path, settings=LIGHT)


def test_what_cannot_be_done_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(WeightsError, match="No trained weights ship with ocrnet"):
        load_model("ocrnet", settings=LIGHT)
    with pytest.raises(WeightsError, match="No RAFT weights"):
        make("netwarp", flow="raft")
    make("ocrnet", flow="raft")  # needs no flow, so nothing is missing
    model, frames = make("ocrnet"), video(2)
    _, state = model.start(frames[0])
    with pytest.raises(VideoError, match="Frame 1 is 64x90, the first one 64x96"):
        model.step(frames[1][:, :90], state)
    with pytest.raises(MaskError, match="takes no mask"):
        model.start(frames[0], np.zeros((64, 96), np.uint8))
