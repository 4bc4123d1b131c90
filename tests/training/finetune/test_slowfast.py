"""What only SlowFast VOS does when it learns one video: windows, statistics, and the recipe of the report."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

import segue
from fakes.tuning import masks, picture, video, write_slowfast
from segue.errors import InputError, SettingsError
from segue.models.slowfast.build import load_network
from segue.training.finetune import slowfast
from segue.training.finetune.catalog import TUNERS
from segue.training.finetune.footage import Footage, read_objects
from segue.training.finetune.run import Tuned
from segue.training.finetune.slowfast import places_around
from segue.training.finetune.slowfast_settings import SlowFastFinetuneSettings
from segue.training.tasks.slowfast_objective import target_of

SMALL = {"short_side": 64, "long_side": 96}


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slowfast, "load_network", lambda n, s, p: load_network(n, SMALL, p))


@pytest.fixture(scope="module")
def begin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_slowfast(tmp_path_factory.mktemp("slowfast") / "first.safetensors")


@pytest.fixture
def tune(tmp_path: Path, begin: Path) -> Callable[..., Tuned]:
    def run(name: str = "tuned.safetensors", **options: Any) -> Tuned:
        settings = {"steps": 1, "batch": 1, "views": 2, **options.pop("settings", {})}
        given = {"masks": masks(0), "weights": begin, **options}
        return segue.finetune(
            video(), out=tmp_path / name, model="slowfast-lite", settings=settings, **given
        )

    return run


def footage(*indices: int, reach: int = 1, num_frames: int = 6, every: int = 1) -> Footage:
    opened = segue.open_video(video(num_frames), every=every)
    return read_objects(opened, masks(*indices), reach=reach)


def changed(before: Path, after: Path) -> set[str]:
    old, new = load_file(before), load_file(after)
    assert old.keys() == new.keys()
    return {key for key, value in old.items() if not torch.equal(value, new[key])}


def test_neighbours_are_kept_and_count() -> None:
    alone, near = footage(0, 3, reach=0), footage(0, 3)
    assert sorted(near.around) == [1, 2, 4]
    assert near.fingerprint() != alone.fingerprint()
    assert np.array_equal(near.frame_at(2), picture(2)[0])
    assert near.frame_at(5) is None
    assert sorted(footage(0, every=2).around) == [2]


@pytest.mark.parametrize(
    ("index", "num_frames", "border", "expected"),
    [
        (0, 6, "zeros", (None, None, None, 0, 1, 2, 3)),
        (0, 6, "mirror", (3, 2, 1, 0, 1, 2, 3)),
        (3, 7, "mirror", (0, 1, 2, 3, 4, 5, 6)),
        (5, 6, "zeros", (2, 3, 4, 5, None, None, None)),
        (5, 6, "mirror", (2, 3, 4, 5, 4, 3, 2)),
        (0, 1, "zeros", (None, None, None, 0, None, None, None)),
        (0, 1, "mirror", (0,) * 7),
    ],
)
def test_the_window_around_a_mask(
    index: int, num_frames: int, border: Any, expected: tuple[int | None, ...]
) -> None:
    seen = footage(index, reach=3, num_frames=num_frames)
    assert places_around(seen, index, 7, border) == expected


def test_one_view_for_all_frames_and_few_views_in_all(begin: Path) -> None:
    settings = SlowFastFinetuneSettings().changed({"views": 2, "colour": 0.0, "scale": 0.4})
    task = slowfast.build_lite(footage(0), settings, begin)
    drawn = [task.samples.draw(0, number, task.defaults) for number in range(4)]
    for one, again in zip(drawn, drawn[2:], strict=False):
        assert np.array_equal(one["frames"], again["frames"])
        assert one["keys"] == again["keys"]
    assert drawn[0]["keys"] != drawn[1]["keys"]
    for one in drawn:
        assert one["inside"].tolist() == [False, True, True]
        red = (one["frames"][1, ..., 0].astype(int) - one["frames"][1, ..., 1]) > 100
        union, both = red | (one["labels"] == 1), red & (one["labels"] == 1)
        assert both.sum() / union.sum() > 0.9, "the mask lies on the middle frame"
        view, place = one["keys"][2]
        expected = view.shown(picture(place)[0], one["labels"].shape)
        assert np.array_equal(one["frames"][2], expected), "a neighbour has the same view"


MODULE_STATISTICS = {"running_mean", "running_var"}


@pytest.mark.parametrize(("statistics", "moves"), [("kept", False), ("drifting", True)])
def test_a_frozen_module_keeps_its_weights_and_its_statistics_as_asked(
    tune: Callable[..., Tuned], begin: Path, statistics: str, moves: bool
) -> None:
    tuned = tune(settings={"freeze": "module", "statistics": statistics})
    keys = changed(begin, tuned.path)
    module = {key for key in keys if key.startswith("slowfast.")}
    assert any(key.startswith("backbone.body") for key in keys), "the trunk learns through it"
    assert bool(module) == moves
    assert {key.rpartition(".")[2] for key in module} <= MODULE_STATISTICS


@pytest.mark.parametrize(
    ("freeze", "learns"),
    [
        ("backbone-and-module", {"roi_heads"}),
        ("backbone", {"roi_heads", "rpn", "slowfast"}),
    ],
)
def test_what_learns(
    tune: Callable[..., Tuned], begin: Path, freeze: str, learns: set[str]
) -> None:
    tuned = tune(settings={"freeze": freeze})
    assert {key.partition(".")[0] for key in changed(begin, tuned.path)} == learns


def test_an_interruption_changes_no_byte(tune: Callable[..., Tuned]) -> None:
    settings = {"steps": 3}
    whole = tune("whole.safetensors", settings=settings)
    assert not tune("cut.safetensors", settings=settings, stop=lambda: True).complete
    on = tune("cut.safetensors", settings=settings, mode="resume")
    assert on.path.read_bytes() == whole.path.read_bytes()


def test_tuned_weights_know_their_configuration_and_answer_with_the_union(
    tune: Callable[..., Tuned],
) -> None:
    tuned = tune(masks={(0, 1): picture(0)[1], (0, 2): picture(4)[1] * (picture(0)[1] == 0)})
    with safe_open(tuned.path, "pt") as file:
        assert (file.metadata()["slow"], file.metadata()["fast"]) == ("1", "3")
    model = segue.load_model("slowfast-lite", weights=tuned.path, settings=SMALL)
    answers = list(segue.track(model, video(3)))
    assert len(answers) == 3
    for _, prediction in answers:
        assert set(np.unique(prediction.labels)) <= {0, 1}
    with pytest.raises(Exception, match="trained with fast 3, expected 7"):
        segue.load_model("slowfast-lite", weights=tuned.path, settings={"fast": 7})


def test_several_objects_are_instances_of_one_class(begin: Path) -> None:
    both = {(0, 1): picture(0)[1], (0, 7): picture(5)[1] * (picture(0)[1] == 0)}
    seen = read_objects(segue.open_video(video()), both, reach=1)
    plain = {"flip": 0.0, "rotation": 0.0, "scale": 0.0}
    task = slowfast.build_lite(seen, SlowFastFinetuneSettings().changed(plain), begin)
    labels = task.samples.draw(0, 0, task.defaults)["labels"]
    target: dict[str, Tensor] = target_of(torch.from_numpy(labels))
    assert len(target["boxes"]) == 2
    assert target["labels"].tolist() == [1, 1]


def test_a_detector_without_the_module_has_none_to_freeze(
    tune: Callable[..., Tuned], tmp_path: Path
) -> None:
    detector = write_slowfast(tmp_path / "detector.safetensors", module=False)
    tuned = tune(weights=detector, settings={"freeze": "backbone-and-module"})
    assert {key.partition(".")[0] for key in changed(detector, tuned.path)} == {"roi_heads"}


def test_an_object_that_the_network_cannot_see(tune: Callable[..., Tuned]) -> None:
    dot = np.zeros((64, 96), np.uint8)
    dot[5:7, 5:7] = 1
    with pytest.raises(InputError, match="96x64 pixels, of which the masked objects have 4"):
        tune(masks={(0, 1): dot})


def test_the_recipe_of_the_report() -> None:
    report = SlowFastFinetuneSettings().changed({"recipe": "report", "steps": 10})
    assert (report.freeze, report.statistics, report.border) == ("module", "drifting", "mirror")
    assert (report.scale, report.rotation, report.flip, report.steps) == (0.25, 30.0, 0.5, 10)
    plan = report.plan(("slowfast",))
    assert (plan.loop.batch, plan.loop.accumulate, plan.loop.gather) == (1, 2, "sum")
    assert (plan.loop.average, plan.schedule.name, plan.schedule.warmup) == (0.0, "constant", 0)
    assert (plan.optimiser.name, plan.optimiser.learning_rate) == ("sgd", 1e-3)
    assert TUNERS["slowfast"].defaults.changed({}) == report.changed({"steps": 1000})
    assert report.changed({"recipe": "ours"}) == SlowFastFinetuneSettings()
    with pytest.raises(SettingsError, match="recipe"):
        report.changed({"recipe": "theirs"})


def test_the_recipe_of_the_report_runs(tune: Callable[..., Tuned], begin: Path) -> None:
    tuned = tune(settings={"recipe": "report", "steps": 1, "views": 0})
    assert any(key.startswith("rpn.") for key in changed(begin, tuned.path))
