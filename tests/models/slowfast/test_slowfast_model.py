"""SlowFast VOS as a streaming model: what it says is what the network says of whole windows of frames."""

import copy
from typing import Any

import numpy as np
import pytest
import torch

from segue.errors import MaskError, VideoError
from segue.inference.checkpoint import load_state, save_state
from segue.models.interface import LookaheadModel, Proposer
from segue.models.slowfast.build import create_network
from segue.models.slowfast.model import SlowFastModel, mirrored
from segue.models.slowfast.module import LevelNorm, SlowFast
from segue.models.slowfast.network import Instances, Maps, SlowFastNetwork
from segue.models.slowfast.settings import variant
from segue.testing.contract import equal
from segue.types import Frame, Prediction

SIZE_HW = (32, 64)


def network(**settings: Any) -> SlowFastNetwork:
    """An untrained network whose norms and gains have all done something."""
    small = {"short_side": 32, "long_side": 64, **settings}
    made = create_network("slowfast-lite", variant("slowfast-lite", small))
    drawn = torch.Generator().manual_seed(1)
    for part in made.modules():
        if isinstance(part, LevelNorm):
            part.running_mean.normal_(0, 0.1, generator=drawn)
            part.running_var.uniform_(0.5, 1.5, generator=drawn)
            part.weight.data.uniform_(0.5, 1.5, generator=drawn)
            part.bias.data.normal_(0, 0.1, generator=drawn)
        if isinstance(part, SlowFast) and part.gain is not None:
            part.gain.data.normal_(generator=drawn)
    return made.eval()


def make(**settings: Any) -> SlowFastModel:
    made = network(**settings)
    return SlowFastModel("slowfast-lite", made, made.settings)


def video(length: int) -> list[Frame]:
    drawn = np.random.default_rng(length)
    return [drawn.integers(0, 256, (*SIZE_HW, 3), np.uint8) for _ in range(length)]


def through(model: SlowFastModel, frames: list[Frame]) -> list[Prediction]:
    prediction, state = model.start(frames[0])
    found = [prediction]
    for frame in frames[1:]:
        prediction, state = model.step(frame, state)
        found.append(prediction)
    assert found[: model.lookahead] == [None] * min(model.lookahead, len(frames))
    return [p for p in found if p is not None] + list(model.finish(state))


def of_windows(model: SlowFastModel, frames: list[Frame]) -> list[Instances]:
    """What the network says of each frame, with its window cut out of the video by hand."""
    pixels = torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        maps = model.network.see(pixels)
        around = range(-model.lookahead, model.lookahead + 1)
        windows = [_window(model, maps, [t + d for d in around]) for t in range(len(frames))]
        return [model.network.detect(window, SIZE_HW)[0] for window in windows]


def _window(model: SlowFastModel, maps: Maps, indices: list[int]) -> Maps:
    length = len(maps["0"])

    def one(level: torch.Tensor, index: int) -> torch.Tensor:
        if 0 <= index < length:
            return level[index]
        mirror = model.settings.border == "mirror"
        return level[mirrored(index, length)] if mirror else torch.zeros_like(level[0])

    return {n: torch.stack([one(m, i) for i in indices])[None] for n, m in maps.items()}


@pytest.mark.parametrize("length", [1, 2, 9])
@pytest.mark.parametrize("border", ["zeros", "mirror"])
@pytest.mark.parametrize(("slow", "fast"), [(1, 1), (3, 3), (3, 7), (5, 9)])
def test_a_stream_says_what_windows_say(
    slow: int, fast: int, border: str, length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in videos that are shorter than the window."""
    model, frames = make(slow=slow, fast=fast, border=border), video(length)
    assert model.lookahead == fast // 2
    found: list[Instances] = []
    detect = model._fast.detect

    def noted(*words: Any) -> Instances:
        found.append(detect(*words))
        return found[-1]

    monkeypatch.setattr(model._fast, "detect", noted)
    assert len(through(model, frames)) == length
    for one, expected in zip(found, of_windows(model, frames), strict=True):
        assert torch.allclose(one.scores, expected.scores, atol=1e-4)
        assert torch.allclose(one.boxes_xyxy, expected.boxes_xyxy, atol=1e-2)
        assert torch.allclose(one.masks, expected.masks, atol=1e-3)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (9, [3, 2, 1, 0, 1, 2, 3]),
        (3, [1, 2, 1, 0, 1, 2, 1]),
        (2, [1, 0, 1, 0, 1, 0, 1]),
        (1, [0, 0, 0, 0, 0, 0, 0]),
    ],
)
def test_the_mirrored_window_of_the_first_frame(count: int, expected: list[int]) -> None:
    assert [mirrored(i, count) for i in range(-3, 4)] == expected
    assert [count - 1 - mirrored(count - 1 - i, count) for i in range(-3, 4)] == expected


@pytest.mark.parametrize("border", ["zeros", "mirror"])
def test_memory_is_a_value_of_constant_size(border: str, tmp_path: Any) -> None:
    model, frames = make(slow=1, fast=3, border=border), video(8)
    _, state = model.start(frames[0])
    sizes = []
    for number, frame in enumerate(frames[1:]):
        before = copy.deepcopy(state)
        prediction, after = model.step(frame, state)
        again, after_again = model.step(frame, state)
        assert equal(state, before)
        assert equal(after, after_again)
        assert prediction is not None
        assert np.array_equal(prediction.labels, again.labels)
        save_state(tmp_path / str(number), after)
        read, _ = load_state(tmp_path / str(number), model.state_type)
        assert equal(read, after)
        sizes.append((tmp_path / str(number)).stat().st_size)
        state = read
    assert max(sizes) - min(sizes) < 100
    one, other = (model.finish(state) for _ in range(2))
    assert len(one) == 1
    assert np.array_equal(one[0].labels, other[0].labels)


def test_all_instances_together_are_one_object() -> None:
    frames = video(3)
    together, apart = (
        through(make(slow=1, fast=3, answer=answer), frames) for answer in ("union", "instances")
    )
    for one, other in zip(together, apart, strict=True):
        assert list(one.scores) == [1]
        assert one.scores[1].absent == (not one.labels.any())
        assert 0 <= one.scores[1].confidence <= 1
        assert np.array_equal(one.labels > 0, other.labels > 0)
        assert one.labels.max() <= 1
        soft = one.probabilities
        assert soft is not None
        assert np.array_equal(soft[1] > 0.5, one.labels == 1)
        assert list(other.scores) == list(range(1, len(other.scores) + 1))
        sure = [score.confidence for score in other.scores.values()]
        assert sure == sorted(sure, reverse=True)
        for number, score in other.scores.items():
            left, top, right, bottom = score.box_xyxy or (0, 0, 0, 0)
            assert 0 <= left < right <= SIZE_HW[1]
            assert 0 <= top < bottom <= SIZE_HW[0]
            assert score.absent == (not (other.labels == number).any())
    assert any(len(one.scores) > 1 for one in apart)


def test_nothing_found_is_an_empty_frame() -> None:
    for answer, scores in (("union", [1]), ("instances", [])):
        (found,) = through(make(slow=1, fast=1, score=0.999, answer=answer), video(1))
        assert not found.labels.any()
        assert list(found.scores) == scores
        assert all(score.absent for score in found.scores.values())


def test_instances_of_a_frame_without_a_stream() -> None:
    model, frames = make(slow=3, fast=7), video(9)
    expected = of_windows(model, frames)
    assert model.reach == (3, 3)
    for index in (0, 1, 4, 8):
        window = [frames[i] if 0 <= i < 9 else None for i in range(index - 3, index + 4)]
        found = model.instances(window)
        assert torch.allclose(found.scores, expected[index].scores, atol=1e-4)
        assert torch.allclose(found.boxes_xyxy, expected[index].boxes_xyxy, atol=1e-2)
    assert isinstance(model, Proposer)
    proposed = model.propose(window)
    assert proposed.masks.shape == (len(found.scores), *SIZE_HW)
    assert np.array_equal(proposed.scores, found.scores.numpy())
    assert np.array_equal(proposed.masks, (found.pasted(SIZE_HW) >= 0.5).numpy())


def test_masks_are_refused_and_so_is_another_size() -> None:
    model, frames = make(slow=1, fast=3), video(2)
    assert isinstance(model, LookaheadModel)
    mask = np.ones(SIZE_HW, np.uint8)
    with pytest.raises(MaskError, match="finds objects by itself and takes no mask"):
        model.start(frames[0], mask)
    _, state = model.start(frames[0])
    with pytest.raises(MaskError, match="came with frame 1"):
        model.step(frames[1], state, mask)
    with pytest.raises(VideoError, match="30x64, the video started with 32x64"):
        model.step(frames[1][:30], state)


@pytest.mark.parametrize("size_hw", [(1, 1), (3, 200), (200, 3), (33, 31)])
def test_frames_of_any_size(size_hw: tuple[int, int]) -> None:
    model = make(slow=1, fast=1)
    (found,) = through(model, [np.full((*size_hw, 3), 90, np.uint8)])
    assert found.labels.shape == size_hw
