import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes.colour_model import ColourModel, ColourState
from fakes.gated_models import DoubtingPropagator
from fakes.scenes import SIZE_HW, scene
from segue.errors import SettingsError
from segue.inference.job import Job
from segue.inference.pace.pacing import Level, Pacer, levels
from segue.inference.places import TRACKS, Places
from segue.inference.tasks.track import TrackTask
from segue.media.resize import Resizer
from segue.media.video import ArrayVideo
from segue.models.interface import ScalingModel
from segue.models.reuse.model import GatedModel, WindowedModel
from segue.nn.reuse.settings import ReuseSettings

MASK = scene(6)[5][1]
HALF = (19, 26)


class Clock:
    """Time goes on when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class AnySize(ColourModel):
    """Knows objects by colour, so any size will do; takes ``seconds`` of a clock for a frame of full size."""

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__()
        self.clock = Clock()
        self.seconds = seconds
        self.sizes: list[tuple[int, int]] = []

    def bounded(self, max_side: int | None) -> "AnySize":
        return self

    def resized(self, state: ColourState, working_hw: tuple[int, int]) -> ColourState:
        return replace(state, note="{}x{}".format(*working_hw))

    def step(self, frame, state, labels=None):
        full = frame.shape[:2]
        size = tuple(map(int, state.note.split("x"))) if state.note else full
        self.sizes.append(size)
        self.clock.now += self.seconds * size[0] * size[1] / (SIZE_HW[0] * SIZE_HW[1])
        view = Resizer(full, size)
        given = None if labels is None else view.shrink_labels(labels)
        prediction, after = super().step(view.shrink(frame), state, given)
        labels = view.restore(prediction.labels)
        return replace(prediction, labels=labels), replace(after, note=state.note)


class Enlarging(AnySize):
    """Works on frames twice as high and wide, as segue-lite does on small videos."""

    def working_hw(self, size_hw: tuple[int, int]) -> tuple[int, int]:
        return 2 * size_hw[0], 2 * size_hw[1]

    def start(self, frame, labels=None):
        prediction, state = super().start(frame, labels)
        return prediction, self.resized(state, self.working_hw(frame.shape[:2]))


def gated(host: ColourModel, threshold: float = 0.9) -> GatedModel:
    kind = WindowedModel if isinstance(host, ScalingModel) else GatedModel
    return kind(host, DoubtingPropagator(), ReuseSettings(threshold=threshold))


def pass_frames(pacer: Pacer, clock: Clock, seconds: float, number: int) -> list[bool]:
    resized = []
    for _ in range(number):
        clock.now += seconds
        resized.append(pacer.frame())
    return resized


def test_what_gives_way_is_what_the_model_has() -> None:
    both = levels(gated(AnySize()), SIZE_HW)
    assert both[0] == Level(0.9, SIZE_HW)
    assert both[-1] == Level(0.5, HALF)
    assert [level.threshold for level in both] == sorted((x.threshold for x in both), reverse=True)
    assert {level.size_hw for level in levels(gated(ColourModel()), SIZE_HW)} == {SIZE_HW}
    sizes = levels(AnySize(), SIZE_HW)
    assert [level.threshold for level in sizes] == [None] * 3
    assert sizes[-1].size_hw == HALF


def test_a_threshold_is_never_raised() -> None:
    assert {level.threshold for level in levels(gated(AnySize(), 0.3), SIZE_HW)} == {0.3}


def test_no_level_is_so_small_that_an_object_vanishes() -> None:
    thin = np.zeros(SIZE_HW, np.uint8)
    thin[10, 12:30] = 7
    sizes = {level.size_hw for level in levels(AnySize(), SIZE_HW, [MASK, thin])}
    assert SIZE_HW in sizes
    assert HALF not in sizes


def test_a_model_with_nothing_to_trade_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"colour has no reuse gate.* smaller max_side"):
        Pacer(ColourModel(), 25.0, SIZE_HW, {0: MASK})


def test_the_level_goes_down_and_the_model_stays_as_it_is() -> None:
    clock, model = Clock(), gated(AnySize())
    pacer = Pacer(model, 10.0, SIZE_HW, {0: MASK}, clock)
    pacer.begin()
    assert not any(pass_frames(pacer, clock, 0.05, 40))
    assert pacer.level == Level(0.9, SIZE_HW)
    assert sum(pass_frames(pacer, clock, 0.105, 48)) == 2
    assert pacer.level == Level(0.5, HALF)
    assert model.reuse.threshold == 0.9
    report = pacer.report()
    assert report["asked_fps"] == 10
    assert report["reached_fps"] == pytest.approx(88 / (2 + 48 * 0.105), abs=0.01)
    counts = [level.pop("frames") for level in report["levels"]]
    assert sum(counts) == 88
    assert counts[0] > 40
    assert report["levels"][0] == {"reuse": 0.9, "size_hw": [38, 53]}
    json.dumps(report)


def test_a_pace_that_cannot_be_held_is_said_once() -> None:
    clock = Clock()
    pacer = Pacer(gated(ColourModel()), 50.0, SIZE_HW, {0: MASK}, clock)
    pacer.begin()
    with pytest.warns(RuntimeWarning, match="50 frames per second cannot be held") as said:
        pass_frames(pacer, clock, 0.3, 300)
    assert len(said) == 1
    assert pacer.number == 2


def job(out: Path, num_frames: int, fps: float, clock: Clock) -> Job:
    pictures = scene(num_frames)
    return Job(
        video=ArrayVideo([frame for frame, _ in pictures]),
        task=TrackTask({0: pictures[0][1], 5: MASK}, overlay=False),
        places=Places.for_video(out, TRACKS),
        identity={},
        fps=fps,
        checkpoint_seconds=0.0,
        clock=clock,
    )


def test_a_job_shrinks_frames_and_writes_masks_of_full_size(tmp_path: Path) -> None:
    model = AnySize(seconds=0.03)
    record = job(tmp_path, 60, 50.0, model.clock).run(model, "new")
    assert model.sizes[0] == SIZE_HW
    assert set(model.sizes) == {SIZE_HW, (28, 40)}
    assert sum(level["frames"] for level in record["pace"]["levels"]) == 59
    for index, (_, truth) in enumerate(scene(60)):
        labels = np.asarray(Image.open(tmp_path / f"masks/{index:05d}.png"))
        assert labels.shape == SIZE_HW
        assert (labels == truth).mean() > 0.9, index


def test_a_job_counts_from_the_size_that_the_model_works_at(tmp_path: Path) -> None:
    class Busy(Enlarging):
        def step(self, frame, state, labels=None):
            self.seconds = 0.1 if 10 <= len(self.sizes) < 30 else 0.006
            return super().step(frame, state, labels)

    model, twice = Busy(), (76, 106)
    record = job(tmp_path, 130, 8.0, model.clock).run(model, "new")
    assert list(dict.fromkeys(model.sizes)) == [twice, (57, 80), SIZE_HW]
    assert model.sizes[-1] == twice  # not the size of the video
    levels = record["pace"]["levels"]
    assert [level["size_hw"] for level in levels] == [[76, 106], [57, 80], [38, 53]]
    assert [level["frames"] for level in levels] == [
        model.sizes.count(size) for size in (twice, (57, 80), SIZE_HW)
    ]


def test_an_interrupted_job_goes_on_at_its_level(tmp_path: Path) -> None:
    class Ear:
        def advance(self, done: int, total: int | None, note: str = "") -> None:
            if done == 40:
                raise KeyboardInterrupt

    model = AnySize(seconds=0.03)
    with pytest.raises(KeyboardInterrupt):
        job(tmp_path, 60, 50.0, model.clock).run(model, "new", Ear())
    model = AnySize(seconds=0.03)
    record = job(tmp_path, 60, 50.0, model.clock).run(model, "resume")
    assert record["frames"] == 60
    assert model.sizes[0] != SIZE_HW


def test_a_gated_model_computes_the_first_frame_of_another_size() -> None:
    pictures = scene(5)
    model = gated(AnySize(), threshold=0.1)
    _, state = model.start(*pictures[0])
    prediction, state = model.step(pictures[1][0], state)
    assert prediction.scores[1].reused
    state = model.resized(state, HALF)
    prediction, state = model.step(pictures[2][0], state)
    assert model.host.sizes[-1] == HALF
    assert prediction.labels.shape == SIZE_HW
    assert not prediction.scores[1].reused
    prediction, _ = model.step(pictures[3][0], state)
    assert prediction.scores[1].reused
    assert not hasattr(gated(ColourModel()), "resized")
