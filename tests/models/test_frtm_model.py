"""FRTM end to end on small frames, with a random backbone.

A decoder without training says nothing, so most tests put a stand-in in its place that merely
enlarges the scores of the target model; what is tracked is then tracked by the fitted filters.
"""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from segue.errors import MaskError, NotFoundError, VideoError, WeightsError
from segue.models.frtm.build import build
from segue.models.frtm.model import FrtmModel, FrtmState
from segue.models.frtm.network import FrtmNetwork
from segue.models.frtm.settings import variant
from segue.nn.weights import save_weights
from segue.types import VOID, Frame, Labels

QUICK: dict[str, Any] = {
    "random_weights": True,
    "channels": 16,
    "init_iterations": (5, 5, 5),
    "update_every": 2,
    "augmentation": {"samples": 3},
}
SIZE = (129, 161)


class EnlargedScores(FrtmNetwork):
    """Scores straight to probabilities."""

    def finish(self, reduced: Any, scores: Tensor, refined: Any, size: tuple[int, int]) -> Tensor:
        return torch.sigmoid(20 * (F.interpolate(scores, size, mode="bilinear")[:, 0] - 0.5))


@pytest.fixture(scope="module")
def network() -> EnlargedScores:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return EnlargedScores("resnet18", pretrained=False).eval()


def tracker(network: FrtmNetwork, **changes: Any) -> FrtmModel:
    return FrtmModel("frtm-fast", network, variant("frtm-fast", {**QUICK, **changes}))


@pytest.fixture(scope="module")
def model(network: EnlargedScores) -> FrtmModel:
    return tracker(network)


def video(length: int) -> list[tuple[Frame, Labels]]:
    """A red (3) and a blue (7) box that move over grey noise."""
    noise = np.random.default_rng(0).integers(110, 140, (*SIZE, 3), np.uint8)
    result = []
    for t in range(length):
        frame, labels = noise.copy(), np.zeros(SIZE, np.uint8)
        for i, colour, top, left in ((3, (250, 10, 10), 8, 8 + 6 * t), (7, (10, 10, 250), 76, 100)):
            frame[top : top + 44, left - t : left - t + 44] = colour
            labels[top : top + 44, left - t : left - t + 44] = i
        result.append((frame, labels))
    return result


def same(one: Any, other: Any) -> bool:
    if isinstance(one, Tensor):
        return torch.equal(one, other)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if hasattr(one, "__dict__"):
        return same(vars(one), vars(other))
    return bool(one == other)


def iou(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


def test_the_target_models_follow_the_objects(model: FrtmModel) -> None:
    frames = video(7)
    _, state = model.start(*frames[0])
    for frame, _ in frames[1:]:
        prediction, state = model.step(frame, state)
    labels = frames[-1][1]
    for i in (3, 7):
        assert iou(prediction.mask(i), labels == i) > 0.6
        assert not prediction.scores[i].absent
        assert prediction.scores[i].confidence > 0.5
    assert state.frames == 7
    assert [state.objects[i].calls for i in (3, 7)] == [6, 6]
    assert len(state.objects[3].memory.samples) == 3 + 6


def test_a_step_leaves_its_state_as_it_was(model: FrtmModel) -> None:
    frames = video(3)
    _, state = model.start(*frames[0])
    _, state = model.step(frames[1][0], state)  # the next step is one with an update
    before = copy.deepcopy(state)
    assert same(state, before)
    _, after = model.step(frames[2][0], state)
    assert same(state, before)
    assert not torch.equal(after.objects[3].model.filter, state.objects[3].model.filter)
    model.step(frames[2][0], state, frames[2][1])
    assert same(state, before)


@pytest.mark.parametrize("cut", [1, 2, 4])
def test_a_video_cut_in_two_gives_the_same(network: EnlargedScores, cut: int) -> None:
    frames = video(6)

    def run(model: FrtmModel, state: FrtmState, part: list[Any]) -> tuple[list[Any], FrtmState]:
        found = []
        for frame, _ in part:
            prediction, state = model.step(frame, state)
            found.append(prediction.labels)
        return found, state

    first = tracker(network)
    whole, end = run(first, first.start(*frames[0])[1], frames[1:])
    head, state = run(first, first.start(*frames[0])[1], frames[1:cut])
    # Another model and a copy of the state, as after a restart.
    tail, end_again = run(tracker(network), copy.deepcopy(state), frames[cut:])
    assert all(np.array_equal(a, b) for a, b in zip(whole, head + tail, strict=True))
    assert same(end, end_again)


def test_the_seed_decides_and_global_random_numbers_are_left_alone(network: EnlargedScores) -> None:
    frame, labels = video(1)[0]
    torch.manual_seed(5)
    before = torch.get_rng_state()
    _, one = tracker(network).start(frame, labels)
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(6)
    _, again = tracker(network).start(frame, labels)
    _, other = tracker(network, seed=1).start(frame, labels)
    assert same(one, again)
    assert not torch.equal(one.objects[3].model.filter, other.objects[3].model.filter)


def test_an_object_is_fitted_alike_whoever_else_is_there(model: FrtmModel) -> None:
    frame, labels = video(1)[0]
    _, both = model.start(frame, labels)
    _, alone = model.start(frame, np.where(labels == 7, 7, 0).astype(np.uint8))
    assert same(both.objects[7], alone.objects[7])


def test_a_late_object_overrides_the_others(model: FrtmModel) -> None:
    frames = video(4)
    frame, labels = frames[0]
    _, state = model.start(frame, np.where(labels == 3, 3, 0).astype(np.uint8))
    late = np.zeros(SIZE, np.uint8)
    late[20:64, 8:30] = 7  # on top of object 3, and elsewhere
    prediction, state = model.step(frames[1][0], state, late)
    assert np.array_equal(prediction.mask(7), late == 7)
    assert prediction.scores[7].confidence == 1.0
    assert prediction.mask(3).any()
    assert list(state.objects) == [3, 7]
    assert state.objects[7].calls == 0
    latest = state.objects[3].memory.samples[state.objects[3].memory.latest]
    assert latest.labels[torch.from_numpy(late == 7)].max() == 0


class AlwaysSure(FrtmNetwork):
    """Every object everywhere, with probability 1."""

    def finish(self, reduced: Any, scores: Tensor, refined: Any, size: tuple[int, int]) -> Tensor:
        return torch.ones(1, *size)


def test_given_masks_win_against_certainty() -> None:
    model = tracker(AlwaysSure("resnet18", pretrained=False).eval())
    frame, labels = video(1)[0]
    _, state = model.start(frame, np.where(labels == 3, 3, 0).astype(np.uint8))
    late = np.where(labels == 7, 7, 0).astype(np.uint8)
    prediction, _ = model.step(frame, state, late)
    assert np.array_equal(prediction.labels, np.where(late == 7, 7, 3))


def test_a_correction_is_taken_over_and_remembered(model: FrtmModel) -> None:
    frames = video(3)
    _, state = model.start(*frames[0])
    given = np.zeros(SIZE, np.uint8)
    given[60:90, 60:90] = 3
    given[:4] = VOID
    prediction, after = model.step(frames[1][0], state, given)
    assert np.array_equal(prediction.mask(3)[4:], given[4:] == 3)
    assert prediction.mask(7).any()
    assert prediction.labels.max() < VOID
    memory = after.objects[3].memory
    sample = memory.samples[memory.latest]
    assert torch.equal(sample.labels[4:], torch.from_numpy(given[4:] == 3).float())
    assert (sample.pixel_weights[:4] == 0).all()
    assert not torch.equal(after.objects[3].model.filter, state.objects[3].model.filter)
    assert torch.equal(after.objects[7].model.filter, state.objects[7].model.filter)


def test_an_absent_object_is_said_to_be_so_and_not_learned_from(model: FrtmModel) -> None:
    frame, labels = video(1)[0]
    _, state = model.start(frame, labels)
    empty = np.full_like(frame, 125)
    prediction, after = model.step(empty, state)
    for i in (3, 7):
        assert prediction.scores[i].absent
        assert prediction.scores[i].confidence > 0.5
        assert after.objects[i].memory is state.objects[i].memory
        assert after.objects[i].calls == 1


def test_the_memory_gets_the_soft_merged_map(model: FrtmModel) -> None:
    frames = video(2)
    _, state = model.start(*frames[0])
    prediction, state = model.step(frames[1][0], state)
    labels = [state.objects[i].memory.samples[-1].labels for i in (3, 7)]
    assert torch.equal(labels[0] > 0.5, torch.from_numpy(prediction.mask(3)))
    assert ((labels[0] > 0) & (labels[0] < 1)).any()
    assert float(torch.minimum(*labels).max()) == 0


@pytest.mark.parametrize("size", [(65, 97), (33, 64), (1, 40)])
def test_odd_sizes_through_the_whole_network(size: tuple[int, int]) -> None:
    model = build("frtm-fast", settings=QUICK, weights=None, device="cpu")
    frame = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    frame.setflags(write=False)
    labels = np.zeros(size, np.uint8)
    labels[: size[0] // 2 + 1, 10:30] = 1
    prediction, state = model.start(frame, labels)
    assert np.array_equal(prediction.labels, labels)
    prediction, _ = model.step(frame[:, ::-1], state)
    assert prediction.labels.shape == size


def test_wrong_sizes_and_empty_masks_are_refused(model: FrtmModel) -> None:
    frame, labels = video(1)[0]
    with pytest.raises(MaskError, match="no object"):
        model.start(frame, np.full(SIZE, VOID, np.uint8))
    with pytest.raises(MaskError, match="128x161"):
        model.start(frame, labels[1:])
    _, state = model.start(frame, labels)
    with pytest.raises(VideoError, match="129x160"):
        model.step(frame[:, 1:], state)
    with pytest.raises(MaskError, match="129x160"):
        model.step(frame, state, labels[:, 1:])


def test_weights_go_through_a_file(tmp_path: Path) -> None:
    model = build("frtm-fast", settings=QUICK, weights=None, device="cpu")
    with torch.no_grad():
        model.network.refiner.head.at_full.bias.fill_(4.5)
    path = tmp_path / "w.safetensors"
    save_weights(model.network, path, model_name="frtm-fast")
    again = build("frtm-fast", settings={}, weights=path, device="cpu")
    own, loaded = model.network.state_dict(), again.network.state_dict()
    assert own.keys() == loaded.keys()
    assert all(torch.equal(own[key], loaded[key]) for key in own)
    with pytest.raises(WeightsError, match="'frtm-fast'"):
        build("frtm", settings={}, weights=path, device="cpu")


def test_a_file_without_backbone_asks_for_imagenet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = build("frtm-fast", settings=QUICK, weights=None, device="cpu")
    path = tmp_path / "decoder.safetensors"
    holder = torch.nn.Module()
    holder.refiner = model.network.refiner
    save_weights(holder, path, model_name="frtm-fast")
    asked = []
    monkeypatch.setattr(
        "segue.models.frtm.backbone.ResNet",
        lambda name, pretrained: asked.append(pretrained) or model.network.backbone,
    )
    again = build("frtm-fast", settings={}, weights=path, device="cpu")
    assert asked == [True]
    assert torch.equal(
        again.network.refiner.head.at_full.weight, model.network.refiner.head.at_full.weight
    )


def test_a_model_without_weights_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"Give a \.safetensors file"):
        build("frtm", settings={}, weights=None, device="cpu")
    with pytest.raises(NotFoundError, match="nowhere"):
        build("frtm", settings={}, weights=tmp_path / "nowhere", device="cpu")
