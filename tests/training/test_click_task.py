import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from segue.data.simulated_clicks import depth
from segue.media.masks import write_mask
from segue.models.click.build import load_click_model
from segue.models.click.prompt import Prompt
from segue.training import journal
from segue.training.run import run
from segue.training.tasks.click import TrainingSettings
from segue.training.tasks.click_objective import ObjectiveSettings, _begin
from segue.types import Click


def write_stills(root: Path, number: int = 3) -> Path:
    for name in ("JPEGImages", "Annotations"):
        (root / name).mkdir(parents=True)
    for i in range(number):
        picture, labels = np.full((80, 90, 3), 60, np.uint8), np.zeros((80, 90), np.uint8)
        picture[20:60, 20 + i : 60] = 200
        labels[20:60, 20 + i : 60] = 1
        cv2.imwrite(str(root / f"JPEGImages/{i}.png"), picture)
        write_mask(root / f"Annotations/{i}.png", labels)
    return root


def make_settings(root: Path, **more: object) -> TrainingSettings:
    return TrainingSettings.parse(
        {
            "task": "segue-click",
            "data": [{"root": str(root)}],
            "scenes": {"size_hw": [64, 64]},
            "objective": {"rounds": 2},
            "loop": {"steps": 2, "batch": 1, "workers": 0, "device": "cpu"},
            **more,
        }
    )


def test_a_run_gives_weights_that_answer_clicks(tmp_path: Path) -> None:
    root = write_stills(tmp_path / "stills")
    run(make_settings(root), tmp_path / "run")
    lines = journal.read(tmp_path / "run/metrics.jsonl")
    assert {"cross_entropy", "iou", "gradient"} <= lines[0].keys()
    assert lines[0]["gradient"] > 0
    weights = tmp_path / "run/weights.safetensors"
    model = load_click_model(weights=weights, settings={"backend": "torch", "side": 64})
    frame = np.zeros((50, 60, 3), np.uint8)
    assert model.mask(frame, Prompt((Click(20, 20),))).mask[20, 20]
    run(make_settings(root, start=str(weights)), tmp_path / "further")
    assert journal.read(tmp_path / "further/metrics.jsonl")


def test_a_picture_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    root = write_stills(tmp_path / "stills")
    for path in (root / "JPEGImages/1.png", root / "Annotations/2.png"):
        path.write_bytes(path.read_bytes()[:60])
    loop = {"steps": 4, "batch": 2, "workers": 0, "device": "cpu"}
    with pytest.warns(UserWarning, match="is not a|could not be read") as said:
        run(make_settings(root, loop=loop), tmp_path / "run")
    counts = json.loads((tmp_path / "run/unreadable.json").read_text())
    assert [Path(text.split(" ")[0]).name for text in sorted(counts)] == ["2.png", "1.png"]
    named = [str(one.message) for one in said]
    assert sum("1.png is not a whole image" in text for text in named) == 1
    assert f"2 files could not be read, and {sum(counts.values())} samples" in named[-1]


def test_users_begin_within_the_object() -> None:
    truth = np.zeros((64, 64), bool)
    truth[10:50, 20:40] = True
    settings, kinds = ObjectiveSettings(), set()
    for seed in range(60):
        user = _begin(truth, settings, np.random.default_rng(seed))
        kinds.add((bool(user.points), any(user.box), user.previous.any()))
        for x, y, sign in user.points:
            if not user.previous.any():
                assert truth[int(y), int(x)] == (sign > 0)
    assert (True, False, False) in kinds
    assert (False, True, False) in kinds
    assert (True, False, True) in kinds


def test_the_first_click_is_well_inside() -> None:
    truth = np.zeros((64, 64), bool)
    truth[10:50, 20:40] = True
    only = ObjectiveSettings(stroke=0, box=0, mask=0, more_clicks=0)
    for seed in range(20):
        ((x, y, _),) = _begin(truth, only, np.random.default_rng(seed)).points
        assert depth(truth)[int(y), int(x)] > 5
