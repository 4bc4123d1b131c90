import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.colour_model import ColourModel
from fakes.gated_models import gated_colour
from fakes.scenes import scene
from fakes.shade_model import ShadeModel
from segue.errors import MaskError
from segue.inference.checkpoint import load_state, save_state
from segue.inference.runner import Result, Runner, RunnerMemory
from segue.media.video import ArrayVideo, VideoFrame
from segue.models.interface import LookaheadModel, ReusingModel, SemanticModel
from segue.models.reuse.model import GatedModel
from segue.models.reuse.propagator import FlowPropagator
from segue.nn.reuse.settings import ReuseSettings
from segue.types import Labels, Prediction

PICTURES = scene(9)
FRAMES = list(ArrayVideo([frame for frame, _ in PICTURES]))
TRUTH = [labels for _, labels in PICTURES]
SIZE = TRUTH[0].shape
GIVEN = {1: TRUTH[1], 6: TRUTH[6]}


def go(runner: Runner, frames: Iterable[VideoFrame]) -> list[Result]:
    return [result for frame in frames for result in runner.feed(frame)]


def run(
    model: Any, masks: dict[int, Labels], frames: Sequence[VideoFrame] = FRAMES, **options: Any
) -> list[Result]:
    runner = Runner(model, masks, SIZE, **options)
    return [*go(runner, frames), *runner.finish()]


def same(one: Sequence[Result], other: Sequence[Result]) -> bool:
    return len(one) == len(other) and all(
        f.index == g.index and np.array_equal(p.labels, q.labels) and p.scores == q.scores
        for (f, p), (g, q) in zip(one, other, strict=True)
    )


@pytest.mark.parametrize("lookahead", [1, 3, 20])
def test_a_look_ahead_model_is_told_the_end_and_owes_no_answer(lookahead: int) -> None:
    runner = Runner(ShadeModel(lookahead=lookahead), {}, SIZE)
    answered = [len(runner.feed(frame)) for frame in FRAMES]
    assert answered == [int(number >= lookahead) for number in range(9)]
    assert [frame.index for frame, _ in runner.finish()] == list(range(max(0, 9 - lookahead), 9))
    assert runner.finish() == ()
    assert same(run(ShadeModel(lookahead=lookahead), {}), run(ShadeModel(), {}))


@pytest.mark.parametrize("max_side", [None, 40])
@pytest.mark.parametrize("make", [ColourModel, ShadeModel])
def test_a_stored_memory_loses_no_answer_wherever_it_is_cut(
    make: Any, max_side: int | None, tmp_path: Path
) -> None:
    model, masks = make(lookahead=3), GIVEN if make is ColourModel else {}
    whole = run(model, masks, max_side=max_side)
    for cut in range(10):
        first = Runner(model, masks, SIZE, max_side=max_side)
        before = go(first, FRAMES[:cut])
        memory = first.memory
        if memory.state is not None:
            save_state(tmp_path / "state", memory.state)
            state, _ = load_state(tmp_path / "state", model.state_type)
            memory = RunnerMemory(state, memory.waiting)
        second = Runner(model, masks, SIZE, max_side=max_side)
        second.recall(memory, [FRAMES[index] for index in memory.waiting])
        assert same([*before, *go(second, FRAMES[cut:]), *second.finish()], whole), cut


def test_other_waiting_frames_are_refused() -> None:
    runner = Runner(ShadeModel(lookahead=2), {}, SIZE)
    go(runner, FRAMES[:4])
    assert runner.memory.waiting == (2, 3)
    with pytest.raises(ValueError, match=r"waiting frames \(2, 3\), got \(3,\)"):
        Runner(ShadeModel(lookahead=2), {}, SIZE).recall(runner.memory, FRAMES[3:4])


def test_a_model_that_owes_another_number_of_answers_is_caught() -> None:
    class Silent(ShadeModel):
        def finish(self, state: Any) -> list[Prediction]:
            return []

    with pytest.raises(ValueError, match="zip"):
        run(Silent(lookahead=2), {})


@pytest.mark.parametrize("max_side", [None, 40])
def test_a_given_mask_holds_on_its_frame_whenever_that_is_answered(max_side: int | None) -> None:
    class Stubborn(ColourModel):
        """Says nothing of what it was given."""

        def _answer(self, labels: Labels, state: Any) -> Any:
            return super()._answer(np.zeros_like(labels), state)

    drawn = np.zeros_like(TRUTH[6])
    drawn[3:9, 4:11], drawn[3, 4] = 1, 255
    for frame, prediction in run(Stubborn(lookahead=2), {0: TRUTH[0], 6: drawn}, max_side=max_side):
        if frame.index in (0, 6):
            truth = {0: TRUTH[0], 6: np.where(drawn == 255, 0, drawn)}[frame.index]
            assert np.array_equal(prediction.labels, truth)
            assert not prediction.scores[1].absent
        else:
            assert not prediction.labels.any()


def test_frames_may_come_from_the_last_to_the_first() -> None:
    back = run(ColourModel(), {7: TRUTH[7], 4: TRUTH[4]}, FRAMES[::-1])
    assert [frame.index for frame, _ in back] == list(range(8, -1, -1))
    assert not back[0][1].labels.any()
    turned = [VideoFrame(f.image, 8 - f.index, f.name, f.time) for f in FRAMES[::-1]]
    forth = run(ColourModel(), {1: TRUTH[7], 4: TRUTH[4]}, turned)
    for (_, one), (_, other) in zip(back, forth, strict=True):
        assert np.array_equal(one.labels, other.labels)


def test_a_pass_begins_where_it_is_told_to() -> None:
    results = run(ColourModel(), GIVEN, begins=6)
    assert not any(prediction.labels.any() for _, prediction in results[:6])
    assert same(results[6:], run(ColourModel(), {6: TRUTH[6]})[6:])
    shades = run(ShadeModel(), {}, FRAMES[::-1], begins=5)
    assert [bool(prediction.scores) for _, prediction in shades] == [False] * 3 + [True] * 6


def test_a_pass_that_begins_on_a_frame_that_is_left_out_begins_after_it() -> None:
    results = run(ShadeModel(), {}, [*FRAMES[:3], *FRAMES[4:]], begins=3)
    assert [bool(prediction.scores) for _, prediction in results] == [False] * 3 + [True] * 5


@pytest.mark.parametrize("order", [1, -1])
def test_a_mask_of_a_frame_that_is_left_out_is_refused(order: int) -> None:
    masks = {1: TRUTH[1], 5: TRUTH[5], 7: TRUTH[7]}
    runner = Runner(ColourModel(), masks, SIZE)
    with pytest.raises(MaskError, match="mask for frame 5, but that frame does not decode"):
        go(runner, [*FRAMES[:5], *FRAMES[6:]][::order])


def test_masks_behind_a_recalled_memory_are_not_missed() -> None:
    first = Runner(ColourModel(), GIVEN, SIZE)
    go(first, FRAMES[:4])
    second = Runner(ColourModel(), GIVEN, SIZE)
    second.recall(first.memory)
    assert same(go(second, FRAMES[4:]), run(ColourModel(), GIVEN)[4:])
    second.check_end()


def test_a_model_that_needs_a_mask_says_so() -> None:
    with pytest.raises(MaskError, match="colour carries given objects and finds none by itself"):
        run(ColourModel(), {})


def test_the_threshold_is_handed_to_the_step_and_the_model_stays_as_it_is() -> None:
    model = gated_colour()
    runner = Runner(model, {0: TRUTH[0]}, SIZE)
    go(runner, FRAMES[:1])
    reused = {}
    for threshold in (None, 1.0, 0.0):
        other = Runner(model, {0: TRUTH[0]}, SIZE, threshold=threshold)
        other.recall(runner.memory)
        [(_, prediction)] = other.feed(FRAMES[1])
        reused[threshold] = prediction.scores[1].reused
    assert reused == {None: True, 1.0: False, 0.0: True}
    assert model.reuse == ReuseSettings(threshold=0.75)


@given(lookahead=st.integers(0, 4), cuts=st.sets(st.integers(0, 9)), back=st.booleans())
@settings(max_examples=25, deadline=None)
def test_any_cuts_in_any_direction_change_nothing(
    lookahead: int, cuts: set[int], back: bool
) -> None:
    model, frames = ShadeModel(lookahead=lookahead), FRAMES[::-1] if back else FRAMES
    runner, results = Runner(model, {}, SIZE), []
    for number, frame in enumerate(frames):
        if number in cuts:
            memory, runner = runner.memory, Runner(model, {}, SIZE)
            runner.recall(memory, [FRAMES[index] for index in memory.waiting])
        results += runner.feed(frame)
    assert same([*results, *runner.finish()], run(model, {}, frames))


def test_abilities_are_those_of_the_host() -> None:
    shade, colour = (
        GatedModel(host, FlowPropagator(), ReuseSettings())
        for host in (ShadeModel(), ColourModel())
    )
    assert isinstance(shade, SemanticModel)
    assert not isinstance(colour, SemanticModel)
    for model in (shade, colour):
        assert isinstance(model, ReusingModel)
        assert not isinstance(model, LookaheadModel)


@pytest.mark.parametrize("kind", ["flow", "plain"])
def test_videos_in_two_threads_share_a_model(kind: str) -> None:
    model: Any = ShadeModel()
    if kind == "flow":
        model = GatedModel(model, FlowPropagator(), ReuseSettings(threshold=0.3))
    videos = [FRAMES, [VideoFrame(255 - f.image, f.index, f.name, f.time) for f in FRAMES]]
    alone = [run(model, {}, frames) for frames in videos]
    gate = threading.Barrier(2)

    def pass_again(frames: Sequence[VideoFrame]) -> list[list[Result]]:
        gate.wait()
        return [run(model, {}, frames) for _ in range(5)]

    with ThreadPoolExecutor(2) as pool:
        for expected, found in zip(alone, pool.map(pass_again, videos), strict=True):
            assert all(same(results, expected) for results in found)
