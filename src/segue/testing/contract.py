"""What every model of the table promises: ``VideoModel`` and ``SemanticModel`` of ``segue.models.interface``.

A test module of any package runs the whole suite on its own models, which it names with the settings to try them with::

    from segue.testing.contract import *  # every test, and what they need

    CONTRACT = {"toy": {"random_weights": True}}

``WITHOUT_MASKS`` may hold further settings, by model, with which it begins without a mask.

The models have to be in the table, by a line or by an entry point. Needs pytest.
"""

import copy
import dataclasses
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from segue.errors import MaskError, SettingsError, VideoError
from segue.inference.checkpoint import load_state, save_state
from segue.inference.runner import Result, Runner, RunnerMemory
from segue.media.video import ArrayVideo, VideoFrame
from segue.models.catalog import find, load_model
from segue.models.entry import Entry
from segue.models.interface import (
    HidingModel,
    LookaheadModel,
    ReusingModel,
    SemanticModel,
    VideoModel,
    as_semantic,
)
from segue.types import VOID, Frame, Labels, Prediction


@dataclass(frozen=True)
class Tried:
    """A model of the module under test."""

    name: str
    settings: Mapping[str, Any]

    def load(self, **more: Any) -> VideoModel[Any]:
        """The model; untrained weights are the same each time."""
        torch.manual_seed(0)
        return load_model(self.name, settings=self.settings, **more)


def _masked(entry: Entry) -> bool:
    return entry.kind == "objects" and entry.begins_with != "nothing"


_FIXTURES: dict[str, Callable[[Entry], bool]] = {
    "model": _masked,
    "semantic": lambda entry: entry.kind == "classes",
    "finder": lambda entry: entry.begins_with == "either",
    "any_model": lambda entry: True,
}
"""Fixture -> the models that it is about; the first that a test has counts."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test is about each model of ``CONTRACT`` that its fixture is for."""
    for fixture, fits in _FIXTURES.items():
        if fixture in metafunc.fixturenames:
            names = [name for name in metafunc.module.CONTRACT if fits(find(name))]
            metafunc.parametrize("tried", names, ids=names, indirect=True, scope="module")
            return


@pytest.fixture(scope="module")
def tried(request: pytest.FixtureRequest) -> Tried:
    """What a test is about; one after the other, so that each model is loaded once."""
    return Tried(request.param, request.module.CONTRACT[request.param])


@pytest.fixture(scope="module")
def any_model(tried: Tried) -> VideoModel[Any]:
    """A model of any kind."""
    return tried.load()


@pytest.fixture(scope="module")
def model(any_model: VideoModel[Any]) -> VideoModel[Any]:
    """A model that can be given objects."""
    return any_model


@pytest.fixture(scope="module")
def semantic(any_model: VideoModel[Any]) -> SemanticModel[Any]:
    """A model that names classes."""
    return as_semantic(any_model)


@pytest.fixture(scope="module")
def finder(request: pytest.FixtureRequest, tried: Tried) -> VideoModel[Any]:
    """A model that may be given objects, built to find some by itself."""
    more = getattr(request.module, "WITHOUT_MASKS", {}).get(tried.name, {})
    return replace(tried, settings={**tried.settings, **more}).load(without_masks=True)


def causal(model: VideoModel[Any]) -> VideoModel[Any]:
    """The model; the test is skipped for one whose answers come later, which the runner's tests are for."""
    if model.lookahead:
        pytest.skip(f"{model.name} looks ahead")
    return model


def takes_masks(model: VideoModel[Any]) -> bool:
    """Whether objects can be given to it."""
    return _masked(find(model.name))


def has_gate(model: VideoModel[Any]) -> bool:
    """Whether frames may be reused, as it was loaded."""
    return isinstance(model, ReusingModel) and model.reuse is not None


def begin(model: VideoModel[Any], frame: Frame, labels: Labels) -> tuple[Prediction | None, Any]:
    """The first frame, with the labels if the model takes any."""
    prediction, state = model.start(frame, labels if takes_masks(model) else None)
    return prediction, state


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
    """Kind, gate and lookahead are what the entry says."""
    entry = find(any_model.name)
    assert isinstance(any_model, VideoModel)
    assert isinstance(any_model, SemanticModel) == (entry.kind == "classes")
    assert any_model.lookahead == entry.lookahead
    assert isinstance(any_model, LookaheadModel) or not entry.lookahead
    # Some models have a gate only if their settings say so.
    assert entry.gated or not has_gate(any_model)


def test_steps_are_deterministic_and_leave_the_state_alone(any_model: VideoModel[Any]) -> None:
    frames, labels = make_video(4)
    first, state = begin(causal(any_model), frames[0], labels[0])
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
    causal(any_model)
    frames, labels = make_video(3)
    dark = np.zeros_like(frames[0])
    _, begun = begin(any_model, frames[0], labels[0])

    def look(state: Any, *history: Frame) -> Any:
        """Show some frames, then the last one again and its opposite; the state before these two."""
        for frame in history:
            _, state = any_model.step(frame, state)
        same, _ = any_model.step(history[-1], state)
        other, _ = any_model.step(255 - history[-1], state)
        for i, score in same.scores.items():
            changed = other.scores[i]
            if not has_gate(any_model):
                assert score.reused is changed.reused is None
            elif score.reused or changed.reused:
                assert changed.gate != score.gate
                # Untrained gates may say anything, as long as the frame decides; a trained one sees the cut.
                assert any_model.name != "segue-lite" or changed.reused is False
        return state

    look(begun, *frames[1:])
    if has_gate(any_model):
        once = look(begun, dark)
        look(once, dark, frames[1])
        look(once, *[dark] * 11)


def as_frames(images: Sequence[Frame]) -> list[VideoFrame]:
    return list(ArrayVideo(images))


def masks_for(model: VideoModel[Any], index: int, labels: Labels) -> dict[int, Labels]:
    """What the runner is given: a model that takes no masks gets none."""
    return {index: labels} if takes_masks(model) else {}


def through(runner: Runner, frames: Sequence[VideoFrame]) -> list[Result]:
    return [result for frame in frames for result in runner.feed(frame)]


def assert_same(one: Sequence[Result], other: Sequence[Result]) -> None:
    assert [frame.index for frame, _ in one] == [frame.index for frame, _ in other]
    for (_, left), (_, right) in zip(one, other, strict=True):
        assert np.array_equal(left.labels, right.labels)
        assert left.scores == right.scores


@pytest.mark.parametrize("order", [1, -1])
def test_a_video_cut_in_two_gives_the_same_either_way(
    any_model: VideoModel[Any], order: int, tmp_path: Path
) -> None:
    """Also at a smaller working size, with the memory stored between and another runner."""
    images, labels = make_video(4)
    frames = as_frames(images)[::order]
    masks = masks_for(any_model, frames[0].index, labels[frames[0].index])
    size, bound = (70, 101), 80
    whole = Runner(any_model, masks, size, max_side=bound)
    expected = [*through(whole, frames), *whole.finish()]
    assert [frame.index for frame, _ in expected] == [frame.index for frame in frames]
    first = Runner(any_model, masks, size, max_side=bound)
    found = through(first, frames[:2])
    memory = first.memory
    save_state(tmp_path / "state", memory.state)
    read, _ = load_state(tmp_path / "state", any_model.state_type)
    assert equal(read, memory.state)
    second = Runner(any_model, masks, size, max_side=bound)
    waiting = [frame for frame in frames if frame.index in memory.waiting]
    second.recall(RunnerMemory(read, memory.waiting), waiting)
    found += [*through(second, frames[2:]), *second.finish()]
    assert_same(found, expected)


def test_videos_in_two_threads_share_a_model(any_model: VideoModel[Any]) -> None:
    images, labels = make_video(3)
    mirrored = [np.ascontiguousarray(image[:, ::-1]) for image in images]
    shown = [
        (as_frames(images), masks_for(any_model, 0, labels[0])),
        (as_frames(mirrored), masks_for(any_model, 0, np.ascontiguousarray(labels[0][:, ::-1]))),
    ]
    gate = threading.Barrier(2)

    def go(work: tuple[list[VideoFrame], dict[int, Labels]], wait: bool = True) -> list[Result]:
        if wait:
            gate.wait()
        return through(Runner(any_model, work[1], (70, 101)), work[0])

    alone = [go(work, wait=False) for work in shown]
    with ThreadPoolExecutor(2) as pool:
        for expected, found in zip(alone, pool.map(go, shown), strict=True):
            assert_same(found, expected)


@pytest.mark.parametrize("objects", [1, 5])
def test_frames_before_the_first_mask_are_empty_and_any_number_of_objects_follows(
    model: VideoModel[Any], objects: int
) -> None:
    images, _ = make_video(3, (71, 97))
    labels = np.zeros((71, 97), np.uint8)
    for number in range(1, objects + 1):
        labels[5 + 10 * number : 13 + 10 * number, 15 * number : 15 * number + 12] = number
    results = through(Runner(model, {1: labels}, (71, 97)), as_frames(images))
    assert not results[0][1].labels.any()
    assert results[0][1].scores == {}
    assert np.array_equal(results[1][1].labels, labels)
    assert set(results[2][1].scores) == set(range(1, objects + 1))


def test_the_table_tells_what_a_model_begins_with(any_model: VideoModel[Any]) -> None:
    frames, _ = make_video(1)
    entry = find(any_model.name)
    if entry.begins_with == "nothing":
        assert len(through(Runner(any_model, {}, (70, 101)), as_frames(frames))) == (
            0 if any_model.lookahead else 1
        )
        return
    with pytest.raises(MaskError, match="mask"):
        any_model.start(frames[0])
    if entry.begins_with == "masks":
        with pytest.raises(MaskError, match="begins without one: rvos"):
            load_model(any_model.name, without_masks=True)


def test_a_model_that_may_begin_without_masks_finds_objects(finder: VideoModel[Any]) -> None:
    model = finder
    frames, _ = make_video(3)
    one = through(Runner(model, {}, (70, 101)), as_frames(frames))
    assert len(one) == 3
    for _, prediction in one:
        assert set(np.unique(prediction.labels)) <= {0, *prediction.scores}
    assert sorted(one[2][1].scores) == list(range(1, len(one[2][1].scores) + 1))
    assert_same(through(Runner(model, {}, (70, 101)), as_frames(frames)), one)


def test_a_gate_obeys_the_threshold_of_a_step(any_model: VideoModel[Any]) -> None:
    if not isinstance(any_model, ReusingModel) or any_model.reuse is None:
        pytest.skip("no gate")
    frames, labels = make_video(2)
    before = any_model.reuse
    _, state = begin(any_model, frames[0], labels[0])
    said = {}
    for threshold in (0.0, 1.0):
        prediction, _ = any_model.step(frames[1], state, threshold=threshold)
        assert prediction is not None
        said[threshold] = {score.reused for score in prediction.scores.values()}
    assert said == {0.0: {True}, 1.0: {False}}
    assert any_model.reuse == before


def test_hidden_objects_are_away_and_nothing_else_changes(model: VideoModel[Any]) -> None:
    if not isinstance(model, HidingModel):
        pytest.skip("cannot be told that objects are away")
    frames, labels = make_video(3)
    _, state = model.start(frames[0], labels[0])
    _, state = model.step(frames[1], state)
    before = copy.deepcopy(state)
    hidden = model.hidden(state, [2, 99])
    assert equal(before, state)
    assert not equal(hidden, state)
    prediction, _ = model.step(frames[2], hidden)
    assert prediction is not None
    assert prediction.scores.keys() == {1, 2}
    assert prediction.mask(1).any()


@pytest.mark.parametrize("size_hw", [(64, 64), (71, 97), (40, 130)])
def test_any_size(any_model: VideoModel[Any], size_hw: tuple[int, int]) -> None:
    causal(any_model)
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
    causal(model)
    frames, labels = make_video(1)
    labels[0][0, :5] = VOID
    prediction, _ = model.start(frames[0], labels[0])
    assert np.array_equal(prediction.labels, np.where(labels[0] == VOID, 0, labels[0]))
    assert set(prediction.scores) == {1, 2}


def test_an_object_enters_later_and_keeps_its_given_mask(model: VideoModel[Any]) -> None:
    causal(model)
    frames, labels = make_video(3)
    only_first = np.where(labels[0] == 1, 1, 0).astype(np.uint8)
    _, state = model.start(frames[0], only_first)
    late = np.where(labels[1] == 2, 9, 0).astype(np.uint8)
    prediction, state = model.step(frames[1], state, labels=late)
    assert np.array_equal(prediction.mask(9), late == 9)
    prediction, _ = model.step(frames[2], state)
    assert prediction.scores.keys() == {1, 9}


def test_a_correction_overrules_the_prediction(model: VideoModel[Any]) -> None:
    causal(model)
    frames, labels = make_video(2)
    _, state = model.start(frames[0], labels[0])
    corrected = np.zeros_like(labels[1])
    corrected[60:66, 2:9] = 1
    prediction, _ = model.step(frames[1], state, labels=corrected)
    assert np.array_equal(prediction.mask(1), corrected == 1)


def test_an_object_that_fills_the_frame(model: VideoModel[Any]) -> None:
    causal(model)
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
