"""The task ``ssltm`` with a tiny network: what is learned, what is kept, what is said of bad input."""

import json
import signal
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from fakes import forked, killed_ssltm
from fakes.tiny_scenes import TINY
from fakes.trees import write_tree
from segue.errors import DivergedError, InputError, NotFoundError, SettingsError, WriteError
from segue.media.label_file import read_label_values
from segue.media.png import write_png
from segue.training import journal
from segue.training.batches import stack
from segue.training.cost import Cost
from segue.training.run import read_settings, run
from segue.training.tasks import pseudo_labels
from segue.training.tasks.scene_networks import SCENE_NETWORKS
from segue.training.tasks.ssltm import build
from segue.training.tasks.ssltm_rounds import spent
from segue.training.tasks.ssltm_settings import TrainingSettings

CONFIGS = Path(__file__).parents[3] / "configs"
RUNS = [CONFIGS / "ssltm-lite.toml", *sorted((CONFIGS / "ssltm").glob("*.toml"))]


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SCENE_NETWORKS, "tiny", TINY)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree("camvid", tmp_path_factory.mktemp("camvid"), frames=6)


def settings(tree: Path, **changes: Any) -> TrainingSettings:
    """Of a run of six steps on one of three labels; dotted keys change it."""
    values: dict[str, Any] = {
        "variant": "tiny",
        "imagenet": False,
        "data": {"root": str(tree), "labels": {"every": 3}},
        "clips": {"length": 2, "size_hw": [16, 24], "reference": {"nearest": 2, "farthest": 4}},
        "centres": {"start": 2, "frames": 4, "cells": 50, "patience": 3},
        "teacher": {"threshold": 0.1, "ramp": 3, "decay": 0.9},
        "iterative": {"threshold": 0.1},
        "loop": {"steps": 6, "batch": 2, "workers": 0, "device": "cpu", "validate_every": 0, "checkpoint_every": 2},
        "optimiser": {"learning_rate": 0.01},
    }  # fmt: skip
    for path, value in changes.items():
        *parents, key = path.split("__")
        table = values
        for parent in parents:
            table = table.setdefault(parent, {})
        table[key] = value
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return TrainingSettings.parse(values)


def quiet(chosen: TrainingSettings, folder: Path, watch: Any = None) -> None:
    """Train; the tiny tree shows few classes, which is warned of."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="None of the")
        run(chosen, folder, watch)


def task_of(chosen: TrainingSettings) -> Any:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="None of the")
        return build(chosen)


class Kill(BaseException):
    """Ends a process at once, as far as the run is concerned."""


def killed_after(step: int, call: int = 1) -> Any:
    """A watch that ends the run after a step, the first or a later time that the step is done."""
    seen = []

    def watch(done: int, total: int, values: Mapping[str, float]) -> None:
        seen.append(done)
        if seen.count(step) == call and done == step:
            raise Kill

    return watch


def same(one: Path, other: Path, *names: str) -> bool:
    return all((one / name).read_bytes() == (other / name).read_bytes() for name in names)


RESULTS = ("weights.safetensors", "checkpoint.safetensors", "metrics.jsonl", "labels.json")


@pytest.mark.parametrize(
    ("learn", "update", "steps"),
    [("supervised", "mse", (1, 2, 3)), ("supervised", "ema", (3,)), ("teacher", "mse", (2, 5))],
)
def test_a_killed_run_goes_on_to_the_last_digit(
    tree: Path, tmp_path: Path, learn: str, update: str, steps: tuple[int, ...]
) -> None:
    """Before, at and after the start of the centres, between checkpoints and at them."""
    chosen = settings(tree, learn=learn, model__centre_update=update)
    quiet(chosen, tmp_path / "whole")
    for step in steps:
        with pytest.raises(Kill):
            quiet(chosen, tmp_path / f"cut{step}", killed_after(step))
        quiet(chosen, tmp_path / f"cut{step}")
        assert same(tmp_path / "whole", tmp_path / f"cut{step}", *RESULTS)


def test_an_iterative_run_goes_on_from_any_phase(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = settings(tree, learn="iterative")
    quiet(chosen, tmp_path / "whole")
    with pytest.raises(Kill):
        quiet(chosen, tmp_path / "cut", killed_after(3))
    written = 0
    write = pseudo_labels.write_png

    def cut(path: Path, values: np.ndarray) -> None:
        nonlocal written
        written += 1
        if written == 3:
            raise Kill
        write(path, values)

    monkeypatch.setattr(pseudo_labels, "write_png", cut)
    with pytest.raises(Kill):
        quiet(chosen, tmp_path / "cut")
    monkeypatch.setattr(pseudo_labels, "write_png", write)
    assert len(list((tmp_path / "cut/pseudo").rglob("*.png"))) == 2
    with pytest.raises(Kill):
        quiet(chosen, tmp_path / "cut", killed_after(3))
    quiet(chosen, tmp_path / "cut")
    assert same(tmp_path / "whole", tmp_path / "cut", *RESULTS, "first/weights.safetensors")
    pngs = [p.relative_to(tmp_path / "whole") for p in (tmp_path / "whole/pseudo").rglob("*.png")]
    assert len(pngs) == 8  # two videos of six frames, two labels each
    assert same(tmp_path / "whole", tmp_path / "cut", *map(str, pngs))
    cost = spent(tmp_path / "cut")
    assert cost.pseudo_bytes == sum((tmp_path / "cut" / p).stat().st_size for p in pngs)
    rounds = Cost.read(tmp_path / "cut"), Cost.read(tmp_path / "cut/first")
    assert cost.hours >= sum(one.seconds for one in rounds) / 3600 > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("learn", "kills"),
    [
        ("teacher", [("step", 2), ("step", 5)]),
        ("iterative", [("step", 3), ("label", 2), ("step", 5)]),
    ],
)
def test_kill_9_in_any_phase(
    tree: Path, tmp_path: Path, learn: str, kills: list[tuple[str, int]]
) -> None:
    """The start of the centres, a teacher, both rounds and between two pseudo-labels."""

    def start(folder: str, *kill: object) -> int | None:
        return forked.run(killed_ssltm.train, tree, tmp_path / folder, learn, *kill).returncode

    assert start("whole") == 0
    for kill in kills:
        assert start("cut", *kill) == -signal.SIGKILL
    assert start("cut") == 0
    assert same(tmp_path / "whole", tmp_path / "cut", *RESULTS)


def test_pseudo_labels_say_what_the_first_network_is_sure_of(tree: Path, tmp_path: Path) -> None:
    quiet(settings(tree, learn="iterative", iterative__threshold=1.0), tmp_path)
    for path in (tmp_path / "pseudo").rglob("*.png"):
        values = read_label_values(path)
        assert values.shape == (32, 48)  # of the frames
        assert np.isin(values, [*range(11), 255]).all()
        assert (values == 255).mean() > 0.9  # hardly anything is as sure as that
    quiet(settings(tree, learn="iterative"), tmp_path / "b")
    unsure = [(read_label_values(p) == 255).mean() for p in (tmp_path / "b/pseudo").rglob("*.png")]
    assert np.mean(unsure) < 0.5


def test_labels_of_other_weights_are_written_anew(tree: Path, tmp_path: Path) -> None:
    chosen = settings(tree, learn="iterative")
    quiet(chosen, tmp_path / "a")
    path = next((tmp_path / "a/pseudo").rglob("*.png"))
    before = path.read_bytes()
    write_png(path, np.full(read_label_values(path).shape, 3, np.uint8))
    document = json.loads((tmp_path / "a/pseudo/labels.json").read_text())
    (tmp_path / "a/pseudo/labels.json").write_text(json.dumps({**document, "weights": "other"}))
    quiet(chosen, tmp_path / "a")
    assert path.read_bytes() == before


def test_a_full_disk_loses_nothing(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = settings(tree, learn="iterative")
    written = 0

    def full(path: Path, values: np.ndarray) -> None:
        nonlocal written
        written += 1
        if written > 2:
            raise WriteError(f"Could not write {path}: No space left on device. Free space.")
        write_png(path, values)

    monkeypatch.setattr(pseudo_labels, "write_png", full)
    with pytest.raises(WriteError, match="No space left"):
        quiet(chosen, tmp_path / "cut")
    monkeypatch.setattr(pseudo_labels, "write_png", write_png)
    assert (tmp_path / "cut/first/weights.safetensors").is_file()
    assert len(list((tmp_path / "cut/pseudo").rglob("*.png"))) == 2
    quiet(chosen, tmp_path / "cut")
    quiet(chosen, tmp_path / "whole")
    assert same(tmp_path / "whole", tmp_path / "cut", *RESULTS)


def test_the_list_of_labels_and_what_the_journal_holds(tree: Path, tmp_path: Path) -> None:
    quiet(settings(tree, learn="teacher", loop__validate_every=1), tmp_path)
    listed = json.loads((tmp_path / "labels.json").read_text())
    assert listed["budget"]["every"] == 3
    assert listed["num_labels"] == sum(map(len, listed["labels"].values())) == 4
    lines = journal.read(tmp_path / "metrics.jsonl")
    steps = [line for line in lines if "total" in line]
    assert all({"cross_entropy", "auxiliary", "teacher"} <= line.keys() for line in steps)
    assert ["centres" in line for line in steps] == [False] * 2 + [True] * 4
    assert steps[1]["centres_placed"] > 0
    assert 0 < steps[-1]["confident"] <= 1
    scores = lines[-1]["validation"]
    assert 0 <= scores["miou"] <= 1
    assert again(tmp_path, tree)


def again(folder: Path, tree: Path) -> bool:
    """The same command does nothing more, and its settings are read back from the folder."""
    before = (folder / "weights.safetensors").read_bytes()
    quiet(read_settings(folder), folder)
    return (folder / "weights.safetensors").read_bytes() == before


def test_the_teacher_is_shipped_and_learns_from_no_gradient(tree: Path, tmp_path: Path) -> None:
    chosen = settings(tree, learn="teacher")
    quiet(chosen, tmp_path)
    shipped = load_file(tmp_path / "weights.safetensors")
    kept = load_file(tmp_path / "checkpoint.safetensors")
    student = kept["network/head.weight"]
    assert torch.equal(shipped["head.weight"], kept["kept/teacher/network.head.weight"])
    assert not torch.equal(shipped["head.weight"], student)
    assert shipped.keys() == task_of(chosen).network.state_dict().keys()
    assert shipped["centres.known"].any()


def test_samples_of_both_streams(tree: Path) -> None:
    task = task_of(settings(tree, learn="teacher"))
    stream = task.streams["unlabelled"]
    assert (len(task.samples), len(stream.samples)) == (4, 8)
    drawn = [stream.samples.draw(0, n, task.defaults) for n in range(8)]
    labelled = {task.samples.draw(0, n, task.defaults)["name"] for n in range(4)}
    assert not labelled & {one["name"] for one in drawn}
    assert len({one["name"] for one in drawn}) == 8
    batch = stack(drawn[:2])
    assert batch["frames"].shape == batch["strong_frames"].shape == (2, 2, 16, 24, 3)
    assert batch["reference"].shape == batch["strong_reference"].shape == (2, 16, 24, 3)
    assert (batch["frames"] != batch["strong_frames"]).any()
    assert "labels" not in batch


def test_without_a_reference_none_is_prepared(tree: Path) -> None:
    task = task_of(settings(tree, learn="teacher", model__reference="self"))
    assert "reference" not in task.samples.draw(0, 0, task.defaults)
    sample = task.streams["unlabelled"].samples.draw(0, 0, task.defaults)
    assert not {"reference", "strong_reference"} & sample.keys()


@pytest.mark.parametrize("changes", [{}, {"teacher__targets": "soft"}, {"teacher__cutmix": 0.0}])
def test_the_loss_of_unlabelled_clips_counts_all_pixels(
    tree: Path, changes: dict[str, object]
) -> None:
    """A teacher that is sure of nothing teaches nothing; the ramp begins low."""
    task = task_of(settings(tree, learn="teacher", **changes))
    batch = stack([task.samples.draw(0, n, task.defaults) for n in range(2)])
    samples = task.streams["unlabelled"].samples
    batch["unlabelled"] = stack([samples.draw(0, n, task.defaults) for n in range(2)])
    torch.manual_seed(0)
    early = task.objective(batch, task.defaults)["teacher"]
    task.kept["teacher"].steps.fill_(1000)
    torch.manual_seed(0)
    late = task.objective(batch, task.defaults)["teacher"]
    assert early.item() == pytest.approx(late.item() * np.exp(-5), rel=1e-4)
    late.backward()
    assert task.network.head.weight.grad.abs().sum() > 0
    if "teacher__targets" not in changes:
        task.objective._teaching = task.objective._teaching.model_copy(update={"threshold": 1.0})
        assert task.objective(batch, task.defaults)["teacher"].item() == 0
        assert task.objective.confident == 0


def test_cutmix_mixes_what_is_said_as_what_is_shown(tree: Path) -> None:
    task = task_of(settings(tree, learn="teacher"))
    samples = task.streams["unlabelled"].samples
    batch = stack([samples.draw(0, n, task.defaults) for n in range(2)])
    teacher = task.kept["teacher"]
    torch.manual_seed(0)
    mixed = task.objective._views(batch, teacher)
    task.objective._teaching = task.objective._teaching.model_copy(update={"cutmix": 0.0})
    plain = task.objective._views(batch, teacher)
    moved = (mixed.frames != plain.frames).any(2)
    assert 0.15 < moved[0, 0].float().mean() < 0.6
    other = plain.probabilities.roll(1, 0)
    inside = moved[:, 0, None].expand_as(other)
    assert torch.equal(mixed.probabilities[inside], other[inside])
    assert (moved[:, 0] == moved[:, 1]).float().mean() > 0.98  # one box for all frames


def test_a_class_without_any_label_is_said(tree: Path) -> None:
    said = r"None of the 4 labels that count shows .*bicyclist.*: the network cannot learn"
    with pytest.warns(UserWarning, match=said):
        build(settings(tree))


def test_a_teacher_without_unlabelled_data(tree: Path) -> None:
    with pytest.raises(InputError, match=r"nothing to teach: all 12 frames have labels that"):
        task_of(settings(tree, learn="teacher", data__labels={}))
    more = {"layout": "camvid", "root": str(tree), "split": "val"}
    task = task_of(settings(tree, learn="teacher", data__labels={}, data__unlabelled=more))
    assert len(task.streams["unlabelled"].samples) == 12


def test_an_iterative_run_without_unlabelled_data(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing to label: all 12 frames have labels"):
        quiet(settings(tree, learn="iterative", data__labels={}), tmp_path)


def test_a_budget_that_leaves_nothing(tree: Path, tmp_path: Path) -> None:
    chosen = settings(tree, data__labels={"every": 40})
    with pytest.raises(InputError, match=r"every = 40\) leaves no label"):
        quiet(chosen, tmp_path)


def test_unlabelled_frames_of_another_size(tree: Path, tmp_path: Path) -> None:
    other = write_tree("camvid", tmp_path / "other", frames=3, size_hw=(40, 30))
    more = {"layout": "camvid", "root": str(other)}
    chosen = settings(tree, learn="teacher", data__labels={}, data__unlabelled=more, loop__steps=3)
    quiet(chosen, tmp_path / "run")
    assert (tmp_path / "run/weights.safetensors").is_file()


def test_a_teacher_that_is_no_number_ends_the_run_and_keeps_the_checkpoint(
    tree: Path, tmp_path: Path
) -> None:
    chosen = settings(tree, learn="teacher")
    task = task_of(chosen)
    samples = task.streams["unlabelled"].samples
    batch = stack([task.samples.draw(0, n, task.defaults) for n in range(2)])
    batch["unlabelled"] = stack([samples.draw(0, n, task.defaults) for n in range(2)])
    with torch.no_grad():
        task.kept["teacher"].network.head.weight.fill_(float("nan"))
    with pytest.raises(DivergedError, match=r"The teacher's answer to \S+, \S+ is not a number"):
        task.objective(batch, task.defaults)


def test_centres_that_would_never_begin(tree: Path) -> None:
    with pytest.raises(SettingsError, match="begin after step 6, and the run ends after step 6"):
        task_of(settings(tree, centres__start=6))
    task_of(settings(tree, centres__start=6, model__centres=0))


def test_more_centres_than_there_are_samples(tree: Path, tmp_path: Path) -> None:
    quiet(settings(tree, model__centres=500, centres__frames=1), tmp_path)
    known = load_file(tmp_path / "weights.safetensors")["centres.known"]
    assert known.any()
    assert not known.all()


def test_videos_with_one_frame(tmp_path: Path) -> None:
    tree = write_tree("camvid", tmp_path / "data", frames=1)
    quiet(settings(tree, data__labels={"per_video": 1}, loop__steps=3), tmp_path / "run")
    assert (tmp_path / "run/weights.safetensors").is_file()


def test_other_refusals(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"size_hw = \[16, 22\]: this network needs multiples of 4"):  # fmt: skip
        task_of(settings(tree, clips__size_hw=[16, 22]))
    with pytest.raises(SettingsError, match="names 2 classes, the labels of camvid have 11"):
        task_of(settings(tree, model__classes=["a", "b"]))
    with pytest.raises(NotFoundError, match=r"No video 'x' in the split 'train'"):
        task_of(settings(tree, data__videos=["x"]))
    with pytest.raises(SettingsError, match=r"No network of scenes 'tinny'. Did you mean 'tiny'"):
        settings(tree, variant="tinny")
    with pytest.raises(SettingsError, match=r"nknown setting 'widht'"):
        settings(tree, variant="ssltm-lite", model__widht=3)


def test_centres_may_begin_at_another_size(tree: Path) -> None:
    with pytest.raises(SettingsError, match=r"centres\.size_hw = \[30, 48\]: .*multiples of 4"):
        task_of(settings(tree, centres__size_hw=[30, 48]))
    sizes = []
    for size in (None, [32, 48]):
        task = task_of(settings(tree, centres__size_hw=size))
        sizes.append(len(task.after_step.gathering.features(task.network, 11)[0]))
    assert sizes[1] > sizes[0] > 0  # larger frames have more cells of a class


def test_only_some_videos(tree: Path) -> None:
    names = [s.name for s in task_of(settings(tree)).samples.footage.sequences]
    left_out = {"data__validation_split": "train", "data__validation_videos": names[1:]}
    task = task_of(settings(tree, data__videos=names[:1], **left_out))
    assert [s.name for s in task.samples.footage.sequences] == names[:1]
    assert [s.name for s in task.validate._footage.sequences] == names[1:]


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.stem)
def test_every_config_is_a_run(path: Path) -> None:
    read = read_settings(path)
    assert isinstance(read, TrainingSettings)
    assert read.clips.still == 1.0  # CamVid's frames are a second apart


LITE = {"backbone": "efficientnet-lite0", "width": 32}
NETWORKS = [
    ("ssltm-lite", {"width": 32, "keys": 16, "blend": 0.0}, {"cross_entropy", "auxiliary"}),
    *(
        pytest.param(name, LITE, {"cross_entropy", *more}, marks=pytest.mark.slow)
        for name, more in [
            ("pspnet", ["auxiliary"]),
            ("ocrnet", ["auxiliary"]),
            ("upernet", []),
            ("deeplabv3plus", ["auxiliary"]),
            ("segmenter", []),
            ("etc", ["auxiliary", "motion"]),
            ("netwarp", ["auxiliary"]),
            ("tcb", ["auxiliary"]),
        ]
    ),
]


@pytest.mark.parametrize(("variant", "model", "names"), NETWORKS)
def test_every_network_of_the_table_learns_and_is_scored(
    tree: Path, variant: str, model: dict[str, Any], names: set[str]
) -> None:
    chosen = settings(tree, variant=variant, model=model, clips__size_hw=[64, 64], clips__length=2)
    task = task_of(chosen)
    batch = stack([task.samples.draw(0, n, task.defaults) for n in range(2)])
    losses = task.objective(batch, task.defaults)
    assert losses.keys() == names
    torch.stack(list(losses.values())).sum().backward()
    assert any(p.grad is not None and p.grad.any() for p in task.network.trunk.parameters())
    task.network.eval()
    assert 0 <= task.validate()["miou"] <= 1


def test_centres_begin_move_and_reach_the_weights(tree: Path, tmp_path: Path) -> None:
    model = {"width": 32, "keys": 16, "centres": 2, "blend": 0.0}
    chosen = settings(tree, variant="ssltm-lite", learn="teacher", model=model, clips__size_hw=[32, 32])  # fmt: skip
    quiet(chosen, tmp_path)
    held = load_file(tmp_path / "weights.safetensors")
    present = held["centres.known"].any(1)
    assert present.any()
    assert not held["centres.points"][~held["centres.known"]].any()
    assert held["centres.points"][present].abs().sum() > 0
