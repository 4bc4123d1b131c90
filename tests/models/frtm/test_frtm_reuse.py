"""G-FRTM: which path each object takes, what is carried over, and what is left alone.

The stand-in decoder enlarges the scores that it is given, so that what is carried over can be seen.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from segue.errors import SettingsError, WeightsError
from segue.models.frtm.build import build
from segue.models.frtm.model import FrtmModel, FrtmState
from segue.models.frtm.network import FrtmNetwork
from segue.models.frtm.reuse import GateFunction
from segue.models.frtm.settings import variant
from segue.nn.weights import describe, save_weights
from segue.types import Frame, Labels, Prediction

QUICK: dict[str, Any] = {
    "channels": 16,
    "init_iterations": (5, 5, 5),
    "update_every": 2,
    "augmentation": {"samples": 2},
}
SIZE = (97, 121)


class EnlargedScores(FrtmNetwork):
    """Scores straight to probabilities."""

    def finish(self, reduced: Any, scores: Tensor, refined: Any, size: tuple[int, int]) -> Tensor:
        return torch.sigmoid(20 * (F.interpolate(scores, size, mode="bilinear")[:, 0] - 0.5))


@pytest.fixture(scope="module")
def network() -> EnlargedScores:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return EnlargedScores("resnet18", pretrained=False, gated=True).eval()


def tracker(
    network: FrtmNetwork, gate: GateFunction | None = None, name: str = "g-frtm-fast", **reuse: Any
) -> FrtmModel:
    changes = {**QUICK, "reuse": {"threshold": 0.5, **reuse}} if name.startswith("g-") else QUICK
    return FrtmModel(name, network, variant(name, changes), gate=gate)


def video(length: int) -> list[tuple[Frame, Labels]]:
    """A red (3) and a blue (7) box that move over grey noise."""
    noise = np.random.default_rng(0).integers(110, 140, (*SIZE, 3), np.uint8)
    result = []
    for t in range(length):
        frame, labels = noise.copy(), np.zeros(SIZE, np.uint8)
        for i, colour, top, left in (
            (3, (250, 10, 10), 8, 8 + 5 * t),
            (7, (10, 10, 250), 56, 70 - 5 * t),
        ):
            frame[top : top + 36, left : left + 36] = colour
            labels[top : top + 36, left : left + 36] = i
        result.append((frame, labels))
    return result


def run(
    model: FrtmModel, frames: list[tuple[Frame, Labels]]
) -> tuple[list[Prediction], list[FrtmState]]:
    prediction, state = model.start(*frames[0])
    predictions, states = [prediction], [state]
    for frame, _ in frames[1:]:
        prediction, state = model.step(frame, state)
        predictions.append(prediction)
        states.append(state)
    return predictions, states


def counted(network: FrtmNetwork) -> Counter[str]:
    """How often each part of a network runs from now on."""
    runs: Counter[str] = Counter()
    reducers = network.refiner.reducers
    parts = {f"reduce{s}": reducers[s] for s in ("4", "32")}
    parts |= {name: getattr(network.backbone.body, name) for name in ("layer2", "layer3")}
    for name, part in parts.items():
        part.register_forward_hook(lambda *_, name=name: runs.update([name]))
    return runs


def fresh(network: FrtmNetwork) -> EnlargedScores:
    copy = EnlargedScores("resnet18", pretrained=False, gated=True).eval()
    copy.load_state_dict(network.state_dict())
    return copy


def test_the_parts_of_the_gate_on_resnet18(network: FrtmNetwork) -> None:
    parts = describe(network.reuse or torch.nn.Module())["by_part"]
    assert parts == {"matching": 80_320, "gate": 9_554, "delta": 577, "translator": 392_928}


def same_target(one: FrtmState, other: FrtmState) -> bool:
    return one.objects.keys() == other.objects.keys() and all(
        torch.equal(a.model.filter, b.model.filter)
        and a.calls == b.calls
        and len(a.memory.samples) == len(b.memory.samples)
        for a, b in zip(one.objects.values(), other.objects.values(), strict=True)
    )


def test_at_threshold_one_and_without_a_gate_it_is_the_plain_model(network: FrtmNetwork) -> None:
    frames = video(5)
    plain, plain_states = run(tracker(network, name="frtm-fast"), frames)
    sure, states = run(tracker(network, lambda *_: 1.0, threshold=1), frames)
    settings = variant("g-frtm-fast", {**QUICK, "reuse": None})
    without, _ = run(FrtmModel("g-frtm-fast", network, settings), frames)
    for one, other, third in zip(plain, sure, without, strict=True):
        assert np.array_equal(one.labels, other.labels)
        assert {i: s.confidence for i, s in one.scores.items()} == {
            i: s.confidence for i, s in other.scores.items()
        }
        assert np.array_equal(one.labels, third.labels)
        assert one.scores == third.scores
    assert all(map(same_target, plain_states, states))
    assert plain[-1].scores[3].reused is None
    assert plain[-1].scores[3].gate is None
    assert sure[-1].scores[3].reused is False
    assert sure[-1].scores[3].gate == 1.0
    assert not plain_states[-1].carried


def test_the_whole_network_at_threshold_one_is_the_plain_one() -> None:
    frames = video(3)
    settings = {**QUICK, "random_weights": True}
    plain = build("frtm-fast", settings=settings, weights=None, device="cpu")
    gated = build(
        "g-frtm-fast",
        settings={**settings, "reuse": {"threshold": 1}},
        weights=None,
        device="cpu",
    )
    for one, other in zip(run(plain, frames)[0], run(gated, frames)[0], strict=True):
        assert np.array_equal(one.labels, other.labels)
        assert [s.confidence for s in one.scores.values()] == [
            s.confidence for s in other.scores.values()
        ]


@pytest.mark.parametrize("path", ["translate", "copy", "fusion"])
def test_at_threshold_zero_everything_is_reused(network: FrtmNetwork, path: str) -> None:
    predictions, states = run(tracker(network, lambda *_: 0.0, threshold=0, path=path), video(4))
    for prediction in predictions[1:]:
        assert all(score.reused for score in prediction.scores.values())
    assert same_target(states[0], states[-1])
    for i in (3, 7):
        first, last = states[0].carried[i], states[-1].carried[i]
        assert last.scores is first.scores
        assert last.refined is first.refined
        assert last.template is first.template


def test_errors_do_not_add_up(network: FrtmNetwork) -> None:
    frames = video(4)
    model = tracker(network, lambda *_: 1.0)
    _, state = model.start(*frames[0])
    at_once, _ = model.step(frames[3][0], state)
    for frame, _ in frames[1:3]:
        _, state = model.step(frame, state)
    after_others, _ = model.step(frames[3][0], state)
    assert np.array_equal(at_once.labels, after_others.labels)


def test_a_gate_decides_per_object_and_frame_and_what_is_shared_runs_once(
    network: FrtmNetwork,
) -> None:
    frames = video(5)
    asked: list[tuple[int, int]] = []

    def gate(object_id: int, frame: int) -> float:
        asked.append((object_id, frame))
        return {1: 0.0, 2: 1.0, 3: float(object_id == 3), 4: 0.5}[frame]

    own = fresh(network)
    model = tracker(own, gate)
    _, state = model.start(*frames[0])
    reused, work = [], []
    runs = counted(own)
    for frame, _ in frames[1:]:
        runs.clear()
        prediction, state = model.step(frame, state)
        reused.append(tuple(bool(score.reused) for score in prediction.scores.values()))
        work.append(dict(runs))
    assert asked == [(i, t) for t in (1, 2, 3, 4) for i in (3, 7)]
    assert reused == [(False, False), (True, True), (True, False), (False, False)]
    # Two computed objects share the backbone; without any, its deep part and the deep reducers rest.
    once = {"layer2": 1, "layer3": 1, "reduce4": 1, "reduce32": 1}
    assert work == [once, {"layer2": 1, "reduce4": 1}, once, once]
    # Only computed frames are counted, and remembered.
    assert [state.objects[i].calls for i in (3, 7)] == [2, 3]
    assert [len(state.objects[i].memory.samples) for i in (3, 7)] == [2 + 2, 2 + 3]


def test_copies_need_no_decoder_at_all(network: FrtmNetwork) -> None:
    frames = video(3)
    own = fresh(network)
    model = tracker(own, lambda *_: 1.0, path="copy")
    _, state = model.start(*frames[0])
    runs = counted(own)
    for frame, _ in frames[1:]:
        prediction, state = model.step(frame, state)
        assert np.array_equal(prediction.labels, frames[0][1])
    assert runs == {"layer2": 2}


def test_a_copy_is_of_the_last_mask_whether_computed_or_not(network: FrtmNetwork) -> None:
    frames = video(5)
    gates = {1: 0.0, 2: 0.6, 3: 0.9, 4: 0.9}
    model = tracker(network, lambda _, t: gates[t], path="fusion", copy_threshold=0.8)
    predictions, _ = run(model, frames)
    assert [p.scores[3].reused for p in predictions] == [False, False, True, True, True]
    assert np.array_equal(predictions[2].labels, predictions[3].labels)
    assert np.array_equal(predictions[2].labels, predictions[4].labels)
    assert not np.array_equal(predictions[1].labels, predictions[2].labels)


def test_the_delta_is_added_to_the_last_computed_score(network: FrtmNetwork) -> None:
    frames = video(3)
    own = fresh(network)
    assert own.reuse is not None
    with torch.no_grad():
        own.reuse.delta.convolution.weight.zero_()
        own.reuse.delta.convolution.bias.zero_()  # type: ignore[union-attr]
    gates = {1: 0.0, 2: 1.0}
    predictions, _ = run(tracker(own, lambda _, t: gates[t]), frames)
    assert np.array_equal(predictions[1].labels, predictions[2].labels)
    with torch.no_grad():
        own.reuse.delta.convolution.bias.fill_(-9)  # type: ignore[union-attr]
    predictions, _ = run(tracker(own, lambda _, t: gates[t]), frames)
    assert predictions[1].labels.any()
    assert not predictions[2].labels.any()
    assert predictions[2].scores[3].absent


def test_an_object_enters_while_another_is_reused(network: FrtmNetwork) -> None:
    frames = video(4)
    only = [(frame, np.where(labels == 3, 3, 0).astype(np.uint8)) for frame, labels in frames]
    model = tracker(network, lambda *_: 1.0)
    _, state = model.start(*only[0])
    _, state = model.step(only[1][0], state)
    late = np.where(frames[2][1] == 7, 7, 0).astype(np.uint8)
    prediction, state = model.step(frames[2][0], state, late)
    assert np.array_equal(prediction.mask(7), late == 7)
    assert (prediction.scores[3].reused, prediction.scores[7].reused) == (True, False)
    assert prediction.scores[7].gate is None
    assert list(state.carried) == [3, 7]
    prediction, after = model.step(frames[3][0], state)
    assert prediction.scores[3].reused
    assert prediction.scores[7].reused
    assert after.objects[7].calls == 0


def test_a_given_mask_is_computed_learned_from_and_carried_on(network: FrtmNetwork) -> None:
    frames = video(3)
    model = tracker(network, lambda *_: 1.0, path="copy")
    _, state = model.start(*frames[0])
    corrected = np.zeros(SIZE, np.uint8)
    corrected[50:90, 4:40] = 3
    prediction, after = model.step(frames[1][0], state, corrected)
    assert (prediction.scores[3].reused, prediction.scores[3].gate) == (False, None)
    assert prediction.scores[7].reused
    assert not torch.equal(after.objects[3].model.filter, state.objects[3].model.filter)
    cells = F.interpolate(torch.from_numpy(corrected == 3).float()[None, None], (7, 8))
    assert torch.equal(after.carried[3].scores, cells)
    prediction, _ = model.step(frames[2][0], after)
    assert np.array_equal(prediction.mask(3), corrected == 3)


def test_the_learned_gate_is_asked_if_none_is_given(network: FrtmNetwork) -> None:
    own = fresh(network)
    assert own.reuse is not None
    frames = video(2)
    # Untrained, it says about 13 %.
    for threshold, reused in ((0.05, True), (0.3, False)):
        prediction = run(tracker(own, threshold=threshold), frames)[0][1]
        assert prediction.scores[3].gate == pytest.approx(0.13, abs=0.06)
        assert prediction.scores[3].reused is reused


def test_what_does_not_fit_is_refused(network: FrtmNetwork, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"reuse\.threshold"):
        variant("g-frtm", {"reuse": {"threshold": 1.2}})
    with pytest.raises(SettingsError, match="Set reuse"):
        tracker(network, lambda *_: 1.0, name="frtm-fast")
    plain = EnlargedScores("resnet18", pretrained=False)
    with pytest.raises(SettingsError, match="no reuse gate"):
        tracker(plain)
    path = tmp_path / "w.safetensors"
    save_weights(network, path, model_name="g-frtm-fast")
    with pytest.raises(WeightsError, match=r"'g-frtm'; .* for model 'g-frtm-fast'"):
        build("g-frtm", settings={}, weights=path, device="cpu")
    with pytest.raises(WeightsError, match=r"'frtm-fast'; .* for model 'g-frtm-fast'"):
        build("frtm-fast", settings={}, weights=path, device="cpu")
    build("g-frtm-fast", settings={}, weights=path, device="cpu")


def test_fewer_channels_in_the_decoder() -> None:
    full, reduced = (
        build(name, settings={**QUICK, "random_weights": True}, weights=None, device="cpu")
        for name in ("frtm-fast", "frtm-fast-r")
    )
    sizes = [describe(model.network.refiner)["total"] for model in (full, reduced)]
    assert sizes[1] < sizes[0] / 3
    assert run(reduced, video(2))[0][1].labels.shape == SIZE


def test_so_many_frames_in_a_row_at_most(network: EnlargedScores) -> None:
    model = tracker(network, lambda object_id, frame: 1.0 if object_id == 3 else 0.0, longest=2)
    predictions, _ = run(model, video(7))
    assert [p.scores[3].reused for p in predictions] == [
        False,
        True,
        True,
        False,
        True,
        True,
        False,
    ]
    assert not any(p.scores[7].reused for p in predictions)
    assert predictions[3].scores[3].gate == 1.0


def test_another_threshold_keeps_the_limit_of_the_lite_one() -> None:
    reuse = variant("g-frtm-lite", {"reuse": {"threshold": 0.5}}).reuse
    assert reuse is not None
    assert (reuse.threshold, reuse.longest) == (0.5, 2)
    assert variant("g-frtm").reuse.longest is None  # type: ignore[union-attr]
