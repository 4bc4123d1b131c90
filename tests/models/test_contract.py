"""What every model of the table promises: ``VideoModel`` and ``SemanticModel`` of ``segue.models.interface``."""

import copy
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from segue.errors import MaskError, SettingsError, VideoError
from segue.inference.checkpoint import load_state, save_state
from segue.models.catalog import MODELS, load_model, names
from segue.models.interface import SemanticModel, VideoModel, as_semantic
from segue.types import VOID, Frame, Labels, Prediction

# Models without shipped weights are tried with random ones, and short optimisations.
QUICK = {
    "random_weights": True,
    "init_iterations": (1, 1),
    "filter_iterations": 1,
    "update_iterations": 1,
    "update_every": 2,
    "augmentation": {"samples": 2},
}
SETTINGS: dict[str, dict[str, Any]] = {
    "segue-lite": {"update_every": 2},
    "frtm": QUICK,
    "frtm-fast": QUICK,
    "g-frtm": QUICK,
    "g-frtm-fast": {**QUICK, "reuse": {"threshold": 0.0}},
    "g-ttvos": {"random_weights": True, "reuse": {"threshold": 0.0}},
    # Computed by torch: OpenVINO would compile the large networks for every size (rvos-lite is, in the same way).
    **{
        name: {"random_weights": True, "backend": "torch"}
        for name in ("rvos", "rvos-50", "rvos-34")
    },
    "temporal-unet": {"random_weights": True, "size": "small-shallow"},
    "temporal-unet-lite": {"random_weights": True},
}
"""Where they differ from the table's own way to build a model without weights."""


def load(name: str) -> VideoModel[Any]:
    torch.manual_seed(0)
    return load_model(name, settings=SETTINGS.get(name, MODELS[name].unweighted))


@pytest.fixture(scope="module", params=list(MODELS))
def any_model(request: pytest.FixtureRequest) -> VideoModel[Any]:
    return load(request.param)


@pytest.fixture(scope="module", params=names("objects"))
def model(request: pytest.FixtureRequest) -> VideoModel[Any]:
    return load(request.param)


@pytest.fixture(scope="module", params=names("classes"))
def semantic(request: pytest.FixtureRequest) -> SemanticModel[Any]:
    return as_semantic(load(request.param))


def begin(model: VideoModel[Any], frame: Frame, labels: Labels) -> tuple[Prediction, Any]:
    """The first frame, with the labels if the model takes any."""
    if isinstance(model, SemanticModel):
        return model.start(frame)
    return model.start(frame, labels)


def make_video(num_frames: int, size_hw: tuple[int, int] = (70, 101)) -> tuple[Any, Any]:
    """A bright and a dark square that move over noise, and their labels."""
    height, width = size_hw
    background = np.random.default_rng(0).integers(90, 160, (height, width, 3), np.uint8)
    frames, labels = [], []
    for t in range(num_frames):
        frame, label = background.copy(), np.zeros(size_hw, np.uint8)
        for i, (colour, top, left) in enumerate(
            (((250, 30, 30), 10, 8 + 3 * t), ((10, 20, 90), 38, 60 - 2 * t)), start=1
        ):
            frame[top : top + 24, left : left + 24] = colour
            label[top : top + 24, left : left + 24] = i
        frames.append(frame)
        labels.append(label)
    return frames, labels


def equal(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other)
    if dataclasses.is_dataclass(one):
        names = [f.name for f in dataclasses.fields(one)]
        return all(equal(getattr(one, n), getattr(other, n)) for n in names)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[k], other[k]) for k in one)
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other)


def test_the_table_tells_what_a_model_does(any_model: VideoModel[Any]) -> None:
    assert isinstance(any_model, VideoModel)
    assert isinstance(any_model, SemanticModel) == (MODELS[any_model.name].kind == "classes")


def test_steps_are_deterministic_and_leave_the_state_alone(any_model: VideoModel[Any]) -> None:
    frames, labels = make_video(4)
    first, state = begin(any_model, frames[0], labels[0])
    known = first.scores.keys()
    for frame in frames[1:]:
        before = copy.deepcopy(state)
        first, after = any_model.step(frame, state)
        again, after_again = any_model.step(frame, state)
        assert equal(before, state)
        assert equal(after, after_again)
        assert np.array_equal(first.labels, again.labels)
        assert first.labels.shape == frame.shape[:2]
        assert first.scores.keys() == known
        assert all(0 <= s.confidence <= 1 for s in first.scores.values())
        assert all(s.absent == (not (first.labels == i).any()) for i, s in first.scores.items())
        state = after


def test_a_gate_must_see_the_frame(any_model: VideoModel[Any]) -> None:
    """Whatever happened before: what a gate says of an object is never a countdown."""
    frames, labels = make_video(4)
    dark = np.zeros_like(frames[0])
    for history in (frames[1:3], [dark], [dark, dark, frames[1]], [dark] * 12):
        _, state = begin(any_model, frames[0], labels[0])
        for frame in history:
            _, state = any_model.step(frame, state)
        same, _ = any_model.step(history[-1], state)
        other, _ = any_model.step(255 - history[-1], state)
        for i, score in same.scores.items():
            changed = other.scores[i]
            if score.reused or changed.reused:
                assert changed.gate != score.gate
                # Untrained gates may say anything, as long as the frame decides; a trained one sees the cut.
                assert any_model.name != "segue-lite" or changed.reused is False


def test_two_videos_share_a_model(any_model: VideoModel[Any]) -> None:
    frames, labels = make_video(3)
    mirrored = [np.ascontiguousarray(f[:, ::-1]) for f in frames]
    _, alone = begin(any_model, frames[0], labels[0])
    alone_prediction, _ = any_model.step(frames[1], alone)
    _, one = begin(any_model, frames[0], labels[0])
    _, other = begin(any_model, mirrored[0], np.ascontiguousarray(labels[0][:, ::-1]))
    any_model.step(mirrored[1], other)
    prediction, _ = any_model.step(frames[1], one)
    assert np.array_equal(prediction.labels, alone_prediction.labels)


def test_a_video_cut_in_two_gives_the_same(any_model: VideoModel[Any], tmp_path: Path) -> None:
    frames, labels = make_video(4)
    _, state = begin(any_model, frames[0], labels[0])
    _, state = any_model.step(frames[1], state)
    save_state(tmp_path / "state", state)
    read, _ = load_state(tmp_path / "state", any_model.state_type)
    assert equal(read, state)
    for frame in frames[2:]:
        expected, state = any_model.step(frame, state)
        found, read = any_model.step(frame, read)
        assert np.array_equal(found.labels, expected.labels)
        assert equal(read, state)


@pytest.mark.parametrize("size_hw", [(64, 64), (71, 97), (40, 130)])
def test_any_size(any_model: VideoModel[Any], size_hw: tuple[int, int]) -> None:
    frames, labels = make_video(2, (80, 140))
    frames = [np.ascontiguousarray(f[: size_hw[0], : size_hw[1]]) for f in frames]
    labels = [np.ascontiguousarray(m[: size_hw[0], : size_hw[1]]) for m in labels]
    _, state = begin(any_model, frames[0], labels[0])
    prediction, _ = any_model.step(frames[1], state)
    assert prediction.labels.shape == size_hw


def test_a_frame_of_another_size_is_refused(any_model: VideoModel[Any]) -> None:
    frames, labels = make_video(2)
    _, state = begin(any_model, frames[0], labels[0])
    with pytest.raises(VideoError, match="70x101"):
        any_model.step(frames[1][:-2], state)


def test_the_first_prediction_is_the_given_mask(model: VideoModel[Any]) -> None:
    frames, labels = make_video(1)
    labels[0][0, :5] = VOID
    prediction, _ = model.start(frames[0], labels[0])
    assert np.array_equal(prediction.labels, np.where(labels[0] == VOID, 0, labels[0]))
    assert set(prediction.scores) == {1, 2}


def test_an_object_enters_later_and_keeps_its_given_mask(model: VideoModel[Any]) -> None:
    frames, labels = make_video(3)
    only_first = np.where(labels[0] == 1, 1, 0).astype(np.uint8)
    _, state = model.start(frames[0], only_first)
    late = np.where(labels[1] == 2, 9, 0).astype(np.uint8)
    prediction, state = model.step(frames[1], state, labels=late)
    assert np.array_equal(prediction.mask(9), late == 9)
    prediction, _ = model.step(frames[2], state)
    assert prediction.scores.keys() == {1, 9}


def test_a_correction_overrules_the_prediction(model: VideoModel[Any]) -> None:
    frames, labels = make_video(2)
    _, state = model.start(frames[0], labels[0])
    corrected = np.zeros_like(labels[1])
    corrected[60:66, 2:9] = 1
    prediction, _ = model.step(frames[1], state, labels=corrected)
    assert np.array_equal(prediction.mask(1), corrected == 1)


def test_an_object_that_fills_the_frame(model: VideoModel[Any]) -> None:
    frames, _ = make_video(2)
    everything = np.ones(frames[0].shape[:2], np.uint8)
    _, state = model.start(frames[0], everything)
    prediction, state = model.step(frames[1], state)
    assert np.isfinite(prediction.scores[1].confidence)


def test_bad_labels_are_refused(model: VideoModel[Any]) -> None:
    frames, labels = make_video(1)
    with pytest.raises(MaskError, match="no object"):
        model.start(frames[0], np.zeros_like(labels[0]))
    with pytest.raises(MaskError, match="70x101"):
        model.start(frames[0], labels[0][:-1])


def test_a_model_of_objects_names_no_classes(model: VideoModel[Any]) -> None:
    with pytest.raises(SettingsError, match=f"{model.name} follows given objects"):
        as_semantic(model)


def test_every_pixel_has_one_of_the_classes(semantic: SemanticModel[Any]) -> None:
    frames, _ = make_video(1)
    prediction, _ = semantic.start(frames[0])
    assert prediction.labels.shape == frames[0].shape[:2]
    assert prediction.labels.max() < len(semantic.classes)
    assert list(prediction.scores) == list(range(len(semantic.classes)))


def test_a_model_of_classes_takes_no_labels(semantic: SemanticModel[Any]) -> None:
    frames, labels = make_video(2)
    with pytest.raises(MaskError, match="takes no mask"):
        semantic.start(frames[0], labels[0])
    _, state = semantic.start(frames[0])
    with pytest.raises(MaskError, match="takes no mask"):
        semantic.step(frames[1], state, labels[1])
