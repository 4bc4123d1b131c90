"""SSLTM as a streaming model."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from segue.errors import MaskError, SettingsError, VideoError, WeightsError
from segue.inference.checkpoint import load_state, save_state
from segue.models.interface import TellingModel
from segue.models.ssltm.build import build, create_network
from segue.models.ssltm.model import SsltmModel, SsltmState
from segue.models.ssltm.network import Ssltm
from segue.models.ssltm.settings import variant
from segue.nn.backends.catalog import create_backend
from segue.nn.weights import save_weights
from segue.types import Frame

SIZE = (64, 96)
PLAIN: dict[str, Any] = {"blend": 0.0, "notice": False}
"""Without what is not the paper's."""


@cache
def network(**changes: Any) -> Ssltm:
    """Untrained, but with centres that have begun, and sure of something."""
    torch.manual_seed(0)
    made = create_network(variant("ssltm-lite", changes)).eval()
    made.decoder.head.weight.data *= 50
    if made.centres is not None:
        made.centres.begin([torch.rand(5, 128) for _ in range(11)])
    return made


def make(**changes: Any) -> SsltmModel:
    built = {k: v for k, v in changes.items() if k in ("stt", "centres", "window")}
    return SsltmModel("ssltm-lite", network(**built), variant("ssltm-lite", changes))


def video(length: int, size_hw: tuple[int, int] = SIZE) -> list[Frame]:
    """Smooth patches of colour that move by two pixels per frame."""
    draws = np.random.default_rng(0)
    small = draws.integers(0, 255, (size_hw[0] // 8 + 2, size_hw[1] // 8 + 2 * length, 3), np.uint8)
    scene = small.repeat(8, 0).repeat(8, 1)[: size_hw[0]]
    return [np.ascontiguousarray(scene[:, 2 * t : 2 * t + size_hw[1]]) for t in range(length)]


def as_tensor(frames: list[Frame]) -> Tensor:
    return torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2).float() / 255


def stream(model: SsltmModel, frames: list[Frame]) -> tuple[list[Tensor], SsltmState]:
    """Logits of every frame, and the memory after the last one."""
    state, logits = model.begin(frames[0]), []
    for frame in frames:
        told, state = model.look(frame, state)
        logits.append(told)
    return logits, state


def close(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one, other, rtol=1e-3, atol=1e-3 * float(other.abs().max()))


@pytest.mark.parametrize(
    ("changes", "reference_of_4"),
    [
        ({"reference": "distance", "distance": 3}, 1),
        ({"reference": "distance", "distance": 60}, 0),
        ({"reference": "first"}, 0),
        ({"reference": "self"}, None),
        ({"distance": 0}, None),
        ({"distance": 3, "frames": 3, "spacing": 2, "window": (3, 2, 4)}, 1),
        ({"distance": 2, "stt": False}, 2),
    ],
)
def test_streaming_gives_what_a_clip_gives(
    changes: dict[str, Any], reference_of_4: int | None
) -> None:
    model, frames = make(**PLAIN, **changes), video(5)
    logits, _ = stream(model, frames)
    clip = as_tensor(frames)
    spacing = model.settings.spacing
    near = clip[4 % spacing :: spacing][None]
    far = None if reference_of_4 is None else clip[reference_of_4][None]
    with torch.no_grad():
        expected = model.network(near, far).logits[0]
    assert close(logits[4], expected)


def test_one_frame_at_a_time_without_reference_is_the_image_model_bit_for_bit() -> None:
    model, frames = make(**PLAIN, frames=1, reference="self"), video(3)
    state = model.begin(frames[0])
    for frame in frames:
        alone, _ = model.start(frame)
        prediction, state = model.step(frame, state)
        assert np.array_equal(prediction.labels, alone.labels)
        assert prediction.scores == alone.scores
    logits, _ = stream(model, frames)
    for frame, found in zip(frames, logits, strict=True):
        again, _ = model.look(frame, model.begin(frame))
        assert torch.equal(found, again)


def test_the_memory_does_not_grow_with_the_video() -> None:
    model = make(distance=4)
    sizes = []
    _, state = model.start(video(1)[0])
    for frame in video(12)[1:]:
        _, state = model.step(frame, state)
        sizes.append((len(state.near), len(state.references.contexts), len(state.blended)))
    assert max(sizes) == (1, 5, 2)
    assert sizes[-1] == sizes[-2]


def test_frames_that_the_flow_explains_are_trusted_and_a_cut_is_not() -> None:
    model, frames = make(), video(4)
    _, state = stream(model, frames)
    assert state.references.ages == (3, 2, 1, 0)
    cut = np.random.default_rng(5).integers(0, 255, frames[0].shape, np.uint8)
    found, after = model.look(cut, state)
    # The frame before counts as far enough away to refer to, and nothing of it is blended in.
    assert after.references.ages == (60, 0)
    nothing = replace(state, blended=tuple(torch.zeros_like(b) for b in state.blended))
    expected, _ = model.look(cut, nothing)
    assert torch.equal(found, expected)
    unaware, _ = make(notice=False).look(cut, state)
    assert not close(unaware, found)


def test_features_behind_a_cut_are_not_looked_at() -> None:
    model, frames = make(blend=0.0, reference="self"), video(2)
    _, state = stream(model, frames)
    cut = np.random.default_rng(5).integers(0, 255, frames[0].shape, np.uint8)
    found, _ = model.look(cut, state)
    alone, _ = model.look(cut, model.begin(cut))
    assert close(found, alone)


@pytest.mark.parametrize("length", [1, 2])
@pytest.mark.parametrize("reference", ["distance", "first", "self"])
def test_videos_shorter_than_all_that_is_remembered(length: int, reference: str) -> None:
    model = make(frames=3, spacing=3, window=(3, 2, 4), reference=reference)
    _, state = model.start(video(1)[0])
    for frame in video(length)[1:]:
        prediction, state = model.step(frame, state)
        assert prediction.labels.shape == SIZE
    assert state.frames == length


@pytest.mark.parametrize("size_hw", [(1, 5), (33, 130)])
def test_any_size(size_hw: tuple[int, int]) -> None:
    model, frames = make(), video(2, size_hw)
    _, state = model.start(frames[0])
    prediction, _ = model.step(frames[1], state)
    assert prediction.labels.shape == size_hw
    assert list(prediction.scores) == list(range(11))


def test_a_video_cut_in_two_gives_the_same(tmp_path: Path) -> None:
    model, frames = make(), video(5)
    _, state = stream(model, frames[:3])
    save_state(tmp_path / "state", state)
    read, _ = load_state(tmp_path / "state", SsltmState)
    for frame in frames[3:]:
        expected, state = model.step(frame, state)
        found, read = model.step(frame, read)
        assert np.array_equal(found.labels, expected.labels)
        assert found.scores == expected.scores
    assert (read.trusted, read.references.ages) == (state.trusted, state.references.ages)


def test_backends_agree_and_go_on_from_each_others_memory() -> None:
    settings = variant("ssltm-lite")
    openvino = create_backend("openvino", "cpu")
    one, other = make(), SsltmModel("ssltm-lite", network(), settings, openvino)
    frames = video(4)
    _, state = one.start(frames[0])
    _, after = other.start(frames[0])
    for frame in frames[1:]:
        state, after = after, state
        expected, state = one.step(frame, state)
        found, after = other.step(frame, after)
        assert (expected.labels == found.labels).mean() > 0.99
        assert close(after.near[-1], state.near[-1])
        assert close(after.references.contexts[-1], state.references.contexts[-1])


def test_what_it_says_is_what_validation_sees() -> None:
    for changes in ({}, PLAIN):
        model, frames = make(**changes), video(2)
        logits, _ = stream(model, frames)
        state = model.begin(frames[0])
        for frame, told in zip(frames, logits, strict=True):
            prediction, state = model.step(frame, state)
            assert (told.argmax(0).numpy() == prediction.labels).mean() > 0.99


def test_it_tells_the_probabilities_that_it_remembers() -> None:
    model = make()
    assert isinstance(model, TellingModel)
    _, state = model.start(video(1)[0])
    found = model.probabilities(state)
    assert found is not None
    assert found.shape == (1, 11, SIZE[0] // 2, SIZE[1] // 2)
    assert torch.allclose(found.sum(1), torch.ones(1), atol=1e-4)
    plain = make(**PLAIN)
    assert plain.probabilities(plain.start(video(1)[0])[1]) is None


def test_labels_and_frames_of_another_size_are_refused() -> None:
    model, frame = make(), video(1)[0]
    _, state = model.start(frame)
    with pytest.raises(MaskError, match="by itself"):
        model.step(frame, state, np.ones(SIZE, np.uint8))
    with pytest.raises(VideoError, match="62x96"):
        model.step(frame[:-2], state)


def test_saved_weights_come_back_with_their_centres(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(network(), path, model_name="ssltm-lite", half=True)
    model = build("ssltm-lite", settings={"backend": "torch"}, weights=path, device="cpu")
    assert isinstance(model, SsltmModel)
    assert model.network.centres is not None
    assert model.network.centres.begun
    frame = video(1)[0]
    found, expected = model.start(frame)[0], make().start(frame)[0]
    assert (found.labels == expected.labels).mean() > 0.95
    with pytest.raises(WeightsError, match="does not fit"):
        build("ssltm-lite", settings={"centres": 5}, weights=path, device="cpu")


def test_names_and_settings_are_checked() -> None:
    with pytest.raises(SettingsError, match="ssltm-lite"):
        build("ssltm-light", settings={}, weights=None, device="cpu")
    with pytest.raises(SettingsError, match="reference"):
        build("ssltm", settings={"reference": "last"}, weights=None, device="cpu")


def test_random_weights_are_repeatable_and_gates_fit() -> None:
    changes = {"random_weights": True, "backend": "torch", "reuse": {"threshold": 0.5}}
    frame = video(1)[0]
    one, other = (
        build("ssltm-lite", settings=changes, weights=None, device="cpu") for _ in range(2)
    )
    assert np.array_equal(one.start(frame)[0].labels, other.start(frame)[0].labels)
