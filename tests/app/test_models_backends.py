"""``segue models --check`` and ``--calibrate``."""

import json
from pathlib import Path

import pytest
import torch

from fakes.scenes import write_frames
from segue.app.cli.main import main
from segue.models.temporal_unet.build import create_network
from segue.models.temporal_unet.settings import variant
from segue.nn.weights import save_weights

SMALL = ("size=small-shallow", "block=vanilla", "cell=crnn")
TRACKED = ("segue-lite", "--calibrate")


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


def models(*words: str) -> int:
    return main(["models", "temporal-unet", *SMALL, "--weights", "w.safetensors", *words])


def test_calibrated_then_checked(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert models("--check", "--data", "frames", "--json", "before.json") == 0
    printed = capsys.readouterr().out
    assert "openvino int8: int8 needs the ranges" in printed
    assert models("--calibrate", "frames", "--frames", "3") == 0
    assert "from 3 frames -> w.int8.safetensors" in capsys.readouterr().out
    assert models("--check", "--data", "frames", "--threads", "1", "--json") == 0
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
        (("--check",), "Name the model: segue models NAME --check"),
        (("shade", "--check"), "shade computes with torch only"),
        (("shade", "--calibrate", "frames"), "No trained weights ship with shade"),
        (
            (*TRACKED, "frames"),
            "frames is no data set with masks, which segue-lite has to be given",
        ),
        (("segue-lite", "--check", "--calibrate", "frames"), "two commands"),
        (("segue-lite", "--check", "--frames", "0"), "--frames takes a whole number from 1"),
        (("segue-lite", "--check", "--data", "nowhere"), "nowhere"),
    ],
)
def test_bad_input(
    place: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    assert main(["models", *words]) == 2
    assert sentence in capsys.readouterr().err
