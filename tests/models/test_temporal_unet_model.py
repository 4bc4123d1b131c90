"""The temporal U-Net as a streaming model."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from segue.errors import MaskError, SettingsError, VideoError, WeightsError
from segue.inference.checkpoint import load_state, save_state
from segue.models.interface import VideoModel
from segue.models.temporal_unet.build import build, create_network
from segue.models.temporal_unet.model import TemporalUnetModel, TemporalUnetState
from segue.models.temporal_unet.settings import VARIANTS, variant
from segue.nn.weights import save_weights
from segue.types import Frame

QUICK: dict[str, dict[str, Any]] = {
    "temporal-unet": {"size": "small-shallow", "random_weights": True, "backend": "torch"},
    "temporal-unet-lite": {"random_weights": True, "backend": "torch"},
}


def make(name: str, **changes: Any) -> TemporalUnetModel:
    return build(name, settings={**QUICK[name], **changes}, weights=None, device="cpu")


@pytest.fixture(scope="module", params=list(VARIANTS))
def model(request: pytest.FixtureRequest) -> TemporalUnetModel:
    return make(request.param)


def video(length: int, size_hw: tuple[int, int] = (70, 101)) -> list[Frame]:
    """Large patches of colour that move by two pixels per frame."""
    draws = np.random.default_rng(0)
    small = draws.integers(0, 255, (size_hw[0] // 8 + 2, size_hw[1] // 8 + 4, 3), np.uint8)
    scene = small.repeat(8, 0).repeat(8, 1)[: size_hw[0]]
    return [np.ascontiguousarray(scene[:, 2 * t : 2 * t + size_hw[1]]) for t in range(length)]


def same(one: TemporalUnetState, other: TemporalUnetState) -> bool:
    alike = (one.size_hw, one.frames) == (other.size_hw, other.frames)
    pairs = zip(one.hidden, other.hidden, strict=True)
    return alike and all(torch.equal(a, b) for a, b in pairs)


def test_it_is_a_video_model_that_needs_no_labels(model: TemporalUnetModel) -> None:
    assert isinstance(model, VideoModel)
    assert model.lookahead == 0
    prediction, _ = model.start(video(1)[0])
    assert prediction.labels.dtype == np.uint8
    assert prediction.labels.max() < len(model.classes)
    assert list(prediction.scores) == list(range(len(model.classes)))


def test_scores_tell_which_classes_are_there(model: TemporalUnetModel) -> None:
    prediction, _ = model.start(video(1)[0])
    for i, score in prediction.scores.items():
        assert score.absent == (not (prediction.labels == i).any())
        assert 0 <= score.confidence <= 1


def test_steps_are_deterministic_and_leave_the_state_alone(model: TemporalUnetModel) -> None:
    frames = video(3)
    _, state = model.start(frames[0])
    for frame in frames[1:]:
        before = copy.deepcopy(state)
        first, after = model.step(frame, state)
        again, after_again = model.step(frame, state)
        assert same(before, state)
        assert same(after, after_again)
        assert np.array_equal(first.labels, again.labels)
        assert not same(before, after)
        state = after
    assert state.frames == 3


def test_a_video_cut_in_two_gives_the_same(model: TemporalUnetModel, tmp_path: Path) -> None:
    frames = video(4)
    _, state = model.start(frames[0])
    _, state = model.step(frames[1], state)
    save_state(tmp_path / "state", state)
    read, _ = load_state(tmp_path / "state", TemporalUnetState)
    for frame in frames[2:]:
        expected, state = model.step(frame, state)
        found, read = model.step(frame, read)
        assert np.array_equal(found.labels, expected.labels)
        assert same(read, state)


def test_two_videos_share_a_model(model: TemporalUnetModel) -> None:
    frames = video(2)
    mirrored = [np.ascontiguousarray(frame[:, ::-1]) for frame in frames]
    _, alone = model.start(frames[0])
    expected, _ = model.step(frames[1], alone)
    _, one = model.start(frames[0])
    _, other = model.start(mirrored[0])
    model.step(mirrored[1], other)
    found, _ = model.step(frames[1], one)
    assert np.array_equal(found.labels, expected.labels)


@pytest.mark.parametrize("size_hw", [(64, 64), (71, 97), (33, 130), (1, 5)])
@pytest.mark.parametrize(
    ("name", "changes"),
    [("temporal-unet-lite", {}), ("temporal-unet", {"block": "convnext", "size": "small-deep"})],
)
def test_any_size(name: str, changes: dict[str, Any], size_hw: tuple[int, int]) -> None:
    model, frames = make(name, **changes), video(2, size_hw)
    _, state = model.start(frames[0])
    prediction, _ = model.step(frames[1], state)
    assert prediction.labels.shape == size_hw


def test_padding_continues_the_frame_to_the_right_and_below() -> None:
    model = make("temporal-unet")
    frame = video(1, (64, 96))[0]
    frame[:, 93:], frame[61:] = frame[:, 92:93], frame[60:61]
    whole, _ = model.start(frame)
    part, _ = model.start(np.ascontiguousarray(frame[:61, :93]))
    assert np.array_equal(part.labels, whole.labels[:61, :93])


def test_the_drawn_hidden_state_is_the_seeds() -> None:
    def start(**changes: Any) -> TemporalUnetState:
        model = make("temporal-unet", random_weights=True, **changes)
        return model.start(video(1)[0])[1]

    drawn = start(hidden_init="normal")
    assert same(drawn, start(hidden_init="normal"))
    assert not same(drawn, start())


def test_labels_are_refused(model: TemporalUnetModel) -> None:
    frame = video(1)[0]
    labels = np.ones(frame.shape[:2], np.uint8)
    with pytest.raises(MaskError, match="by itself"):
        model.start(frame, labels)
    _, state = model.start(frame)
    with pytest.raises(MaskError, match="frame 1"):
        model.step(frame, state, labels)


def test_frames_of_another_size_are_refused(model: TemporalUnetModel) -> None:
    frame = video(1)[0]
    _, state = model.start(frame)
    with pytest.raises(VideoError, match=r"68x101.*70x101"):
        model.step(frame[:-2], state)


def test_saved_weights_come_back(tmp_path: Path) -> None:
    settings = {"size": "small-shallow", "classes": ("sky", "ground"), "backend": "torch"}
    torch.manual_seed(3)
    network = create_network(variant("temporal-unet", settings))
    save_weights(network, tmp_path / "w.safetensors", model_name="temporal-unet")
    model = build(
        "temporal-unet", settings=settings, weights=tmp_path / "w.safetensors", device="cpu"
    )
    assert model.classes == ("sky", "ground")
    expected = TemporalUnetModel("temporal-unet", network, variant("temporal-unet", settings))
    frame = video(1)[0]
    assert np.array_equal(model.start(frame)[0].labels, expected.start(frame)[0].labels)
    with pytest.raises(WeightsError, match="does not fit"):
        build("temporal-unet", settings={}, weights=tmp_path / "w.safetensors", device="cpu")


def test_random_weights_are_repeatable_and_leave_the_callers_numbers_alone() -> None:
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    one, other = make("temporal-unet"), make("temporal-unet")
    assert torch.equal(torch.rand(1), expected)
    pairs = zip(one.network.parameters(), other.network.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(SettingsError, match="temporal-unet-lite"):
        build("temporal-unet-light", settings={}, weights=None, device="cpu")
    with pytest.raises(SettingsError, match="did you mean 'cell'"):
        build("temporal-unet", settings={"cel": "crnn"}, weights=None, device="cpu")
