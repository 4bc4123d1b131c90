import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from fakes.trees import write_tree
from segue.errors import InputError, MaskError, NotFoundError, SettingsError
from segue.models.temporal_unet.model import TemporalUnetModel
from segue.training import journal
from segue.training.batches import stack
from segue.training.curriculum import Conditions
from segue.training.run import plan_of, read_settings, run
from segue.training.tasks.temporal_unet import build
from segue.training.tasks.temporal_unet_settings import (
    TrainingSettings,
    ValidationSettings,
    label_table,
)
from segue.training.tasks.temporal_unet_validation import passages


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree("camvid", tmp_path_factory.mktemp("camvid"), frames=6)


def settings(tree: Path, **changes: object) -> TrainingSettings:
    values = {
        "model": {"size": "small-shallow", "block": "vanilla", "cell": "crnn"},
        "data": {"root": str(tree)},
        "clips": {"length": 3, "size_hw": [16, 24], "crop": 0.5},
        "loop": {"steps": 2, "batch": 2, "workers": 0, "device": "cpu"},
    }
    for path, value in changes.items():
        section, _, key = path.partition("__")
        table = values.setdefault(section, {})
        values[section] = {**table, key: value} if key else value
    return TrainingSettings.parse(values)


def test_a_run_from_a_file_and_again_from_its_folder(tree: Path, tmp_path: Path) -> None:
    config = tmp_path / "run.toml"
    config.write_text(
        f"""
        task = "temporal-unet"
        model = {{ size = "small-shallow", block = "vanilla", cell = "cgru" }}
        data = {{ root = "{tree}" }}
        clips = {{ length = 3, size_hw = [16, 24] }}
        loop = {{ steps = 3, batch = 1, workers = 0, device = "cpu" }}
        """
    )
    run(read_settings(config, ["loop.steps=2"]), tmp_path / "a")
    run(read_settings(tmp_path / "a"), tmp_path / "b")
    lines = journal.read(tmp_path / "a/metrics.jsonl")
    assert {"cross_entropy", "learning_rate"} <= lines[0].keys()
    assert 0 <= lines[-1]["validation"]["miou"] <= 1
    for name in ("metrics.jsonl", "weights.safetensors", "run.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert json.loads((tmp_path / "a/run.json").read_text())["settings"]["loop"]["steps"] == 2
    with pytest.raises(SettingsError, match=r"loop\.steps was 2, now 3"):
        run(read_settings(config), tmp_path / "a")


def test_classes_come_from_the_data(tree: Path) -> None:
    assert len(settings(tree).model.classes) == 11
    with_void = settings(tree, data__void_class=True)
    assert with_void.model.classes[-1] == "void"
    assert label_table(with_void.data)[[0, 10, 11, 77]].tolist() == [0, 10, 11, 11]
    assert label_table(settings(tree).data)[[0, 10, 11, 77]].tolist() == [0, 10, 255, 255]
    wrong = settings(tree, model__classes=["a", "b"])
    with pytest.raises(SettingsError, match="names 2 classes, the labels of camvid have 11"):
        build(wrong)


def test_an_epoch_shows_every_labelled_frame_once(tree: Path) -> None:
    samples = build(settings(tree)).samples
    conditions = Conditions(clip_length=2, size_hw=(16, 24))
    epochs = [
        [samples.draw(0, epoch * len(samples) + i, conditions)["name"] for i in range(len(samples))]
        for epoch in range(2)
    ]
    assert sorted(epochs[0]) == sorted(epochs[1]) == sorted(set(epochs[0]))
    assert epochs[0] != epochs[1]
    one, again = (samples.draw(0, 3, conditions) for _ in range(2))
    assert (one["frames"] == again["frames"]).all()
    assert one["frames"].shape == (2, 16, 24, 3)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, {"cross_entropy"}),
        ({"objective__smoothness": 0.1}, {"cross_entropy", "smoothness"}),
        ({"objective__warped_smoothness": 0.1}, {"cross_entropy", "warped_smoothness"}),
        ({"objective__mixup": 0.4, "clips__position": 1}, {"cross_entropy"}),
        ({"objective__supervise": "all", "objective__balance": 0.5}, {"cross_entropy"}),
    ],
)
def test_every_objective_teaches_every_part(
    tree: Path, changes: dict[str, object], names: set[str]
) -> None:
    task = build(settings(tree, **changes))
    conditions = task.defaults
    samples = [task.samples.draw(0, number, conditions) for number in range(2)]
    losses = task.objective(stack(samples), conditions)
    assert losses.keys() == names
    torch.stack(list(losses.values())).sum().backward()
    missing = [n for n, p in task.network.named_parameters() if p.grad is None]
    # A clip whose labelled frame is the first one gives the hidden-state weights nothing to learn.
    assert not [name for name in missing if "from_hidden" not in name]


def test_mixup_needs_labels_at_one_place(tree: Path) -> None:
    with pytest.raises(SettingsError, match=r"^Mixup blends labelled frames"):
        settings(tree, objective__mixup=0.4)


def test_what_a_validation_streams(tree: Path) -> None:
    footage = build(settings(tree)).samples.footage
    whole = list(passages(footage, ValidationSettings()))
    assert [p.frames for p in whole] == [range(6)] * len(footage.sequences)
    assert all(p.scored == frozenset(range(6)) for p in whole)
    clips = list(passages(footage, ValidationSettings(clip_length=4)))
    assert len(clips) == len(footage)
    assert {len(p.frames) for p in clips} <= {1, 2, 3, 4}
    assert all(p.scored == {p.frames[-1]} for p in clips)
    assert clips == list(passages(footage, ValidationSettings(clip_length=4)))
    fixed = list(passages(footage, ValidationSettings(clip_length=4, position=2)))
    assert {len(p.frames) for p in fixed} == {1, 2, 3}


def test_validation_counts_what_the_model_says(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that answers with the truth of the frame has an mIoU of 1; of the frame before, less."""
    task = build(settings(tree))
    footage = task.validate._footage
    truth = {footage.read(n, i)[0].tobytes(): footage.read(n, i)[1] for n, i in footage.labelled}

    def begin(self: TemporalUnetModel, frame: np.ndarray) -> list[np.ndarray]:
        return [truth[frame.tobytes()]]

    def look(
        self: TemporalUnetModel, frame: np.ndarray, state: list[np.ndarray]
    ) -> tuple[torch.Tensor, list[np.ndarray]]:
        now = truth[frame.tobytes()]
        seen = state[0] if delayed else now
        shown = torch.from_numpy(np.where(seen == 255, 0, seen))
        logits = 4.0 * F.one_hot(shown.long(), len(self.classes)).permute(2, 0, 1)
        return logits, [now]

    monkeypatch.setattr(TemporalUnetModel, "begin", begin)
    monkeypatch.setattr(TemporalUnetModel, "look", look)
    delayed = False
    scores = task.validate()
    assert scores["miou"] == 1
    sure = np.exp(4) / (np.exp(4) + 10)
    assert scores["loss"] == pytest.approx(-np.log(sure), abs=1e-5)
    assert tuple(task.scores) == ("miou", "pixel_accuracy", "loss")
    assert set(task.scores) <= scores.keys()
    delayed = True
    worse = task.validate()
    assert 0 < worse["miou"] < 1
    assert worse["loss"] > scores["loss"]


def test_the_plan_follows_the_file(tree: Path) -> None:
    values = settings(
        tree,
        stages=[{"steps": 2, "clip_length": 2}, {"steps": 2, "frame_stride": 2}],
        loop__steps=None,
    )
    task = build(values)
    curriculum = plan_of(values).curriculum(task)
    assert [curriculum.at(step).clip_length for step in range(4)] == [2, 2, 2, 2]
    assert [curriculum.at(step).frame_stride for step in range(4)] == [1, 1, 2, 2]


def test_bad_files_are_one_sentence(tree: Path, tmp_path: Path) -> None:
    config = tmp_path / "run.toml"
    config.write_text("clips = 3\n")
    with pytest.raises(SettingsError, match="does not say what to train"):
        read_settings(config)
    config.write_text('task = "temporal-uent"\n')
    with pytest.raises(SettingsError, match="Did you mean 'temporal-unet'"):
        read_settings(config)
    with pytest.raises(NotFoundError, match="not the folder of a run"):
        read_settings(tmp_path)
    with pytest.raises(NotFoundError, match="No settings file"):
        read_settings(tmp_path / "none.toml")
    with pytest.raises((NotFoundError, InputError)):
        build(settings(tree, data__root=str(tmp_path)))
    broken = write_tree("camvid", tmp_path / "broken")
    mask = next((broken / "trainannot").glob("*.png"))
    mask.write_bytes(mask.read_bytes()[:60])
    with pytest.raises(MaskError, match=mask.name):
        build(settings(broken, data__in_memory=True))
