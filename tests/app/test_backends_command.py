"""``segue backends check`` and ``calibrate``."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from fakes.scenes import write_frames
from fakes.trees import write_tree
from segue.app.cli.main import main
from segue.app.clips import Footage
from segue.models.temporal_unet.build import create_network
from segue.models.temporal_unet.settings import variant
from segue.nn.weights import save_weights

SMALL = ("size=small-shallow", "block=vanilla", "cell=crnn")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of frames, and weights of a small network."""
    monkeypatch.chdir(tmp_path)
    write_frames(Path("frames"), 4)
    torch.manual_seed(0)
    settings = {key: value for key, _, value in (word.partition("=") for word in SMALL)}
    network = create_network(variant("temporal-unet", settings))
    save_weights(network, Path("w.safetensors"), model_name="temporal-unet")
    return tmp_path


def backends(action: str, *words: str) -> int:
    model = ["temporal-unet", *SMALL, "--weights", "w.safetensors"]
    return main(["backends", action, *model, *words])


def test_calibrated_then_checked(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert backends("check", "--data", "frames", "--json", "before.json") == 0
    printed = capsys.readouterr().out
    assert "openvino int8: int8 needs the ranges" in printed
    assert backends("calibrate", "--data", "frames", "--frames", "3") == 0
    assert "from 3 frames -> w.int8.safetensors" in capsys.readouterr().out
    assert backends("check", "--data", "frames", "--threads", "1", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["threads"] == 1
    rows = {f"{row['backend']} {row['precision']}": row for row in document["variants"]}
    assert list(rows) == ["torch float32", "openvino float32", "openvino int8"]
    assert all(row["problem"] is None for row in rows.values())
    assert rows["openvino float32"]["mean_iou"] > 0.99
    assert rows["openvino int8"]["scores"] is None
    assert json.loads(Path("before.json").read_text())["variants"][2]["frame_ms"] is None


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("check", "shade", "colour"), "Give one model, got shade, colour"),
        (("check", "a=1"), "Give one model, got none"),
        (("check", "segue-light"), "Did you mean 'segue-lite'"),
        (("check", "shade"), "shade computes with torch only"),
        (("calibrate", "shade", "--data", "frames"), "No trained weights ship with shade"),
        (
            ("calibrate", "segue-lite", "--data", "frames"),
            "frames is no data set with masks, which segue-lite has to be given",
        ),
        (("check", "segue-lite", "--data", "nowhere"), "nowhere"),
    ],
)
def test_bad_input(
    place: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    assert main(["backends", *words]) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("backends", "check", "segue-lite", "--frames", "0"), "expected a whole number from 1"),
        (("models", "segue-lite", "--check"), "segue backends check NAME"),
        (("models", "segue-lite", "--calibrate", "DAVIS"), "segue backends calibrate NAME"),
    ],
)
def test_words_that_do_not_parse(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(list(words))
    assert sentence in capsys.readouterr().err


def test_objects_are_given_as_the_data_set_says(tmp_path: Path) -> None:
    root = write_tree("youtube-vos-2018", tmp_path / "data")
    footage = Footage(folder=root, layout="youtube-vos-2018", split="valid", num_frames=2)
    clip = footage.clips("colour")["objects_02"]
    assert [np.unique(labels).tolist() for labels in clip.masks.values()] == [[0, 1], [0, 2]]
    assert len(list(clip.frames())) == 2
    assert not footage.clips("shade")["objects_02"].masks
