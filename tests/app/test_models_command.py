import json
from pathlib import Path

import pytest

from segue.app.cli.main import main
from segue.models.catalog import MODELS


def test_the_list_has_every_model(capsys) -> None:
    assert main(["models"]) == 0
    printed = capsys.readouterr().out
    for name in MODELS:
        assert name in printed


def test_the_list_as_json(capsys) -> None:
    assert main(["models", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    rows = [(row["name"], row["kind"]) for row in document["models"]]
    assert rows == [(name, entry.kind) for name, entry in MODELS.items()]


def test_one_model_as_json(tmp_path: Path) -> None:
    target = tmp_path / "m.json"
    assert main(["models", "colour", "rate=0.5", "--size", "20x30", "--json", str(target)]) == 0
    document = json.loads(target.read_text())
    assert document["parameters"]["total"] == 8
    assert document["parameters"]["trainable"] == 8
    assert document["settings"]["rate"] == 0.5
    assert document["macs"]["size"] == "20x30"
    assert document["weights"] is None
    assert document["classes"] is None


def test_a_model_of_classes_names_them(tmp_path: Path, capsys) -> None:
    words = ["models", "shade", 'classes=["sky", "sea", "land"]', "--size", "20x30"]
    assert main([*words, "--json", str(tmp_path / "m.json")]) == 0
    document = json.loads((tmp_path / "m.json").read_text())
    assert document["kind"] == "classes"
    assert document["classes"] == ["sky", "sea", "land"]
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert "names the class of every pixel (segue label)" in printed
    assert "sky, sea, land" in printed
    assert "one object" not in printed


def test_a_model_without_weights_can_be_counted(tmp_path: Path) -> None:
    target = tmp_path / "m.json"
    words = ["models", "frtm-fast", "--size", "64x96", "--json", str(target)]
    assert main(words) == 0
    parameters = json.loads(target.read_text())["parameters"]
    # The published sizes: decoder with ResNet-18, target model with 96 channels.
    assert parameters["by_part"]["refiner"] == 1_226_129
    assert parameters["per_object"] == 25_440


def test_weights_come_with_their_card(tmp_path: Path, capsys) -> None:
    (tmp_path / "w.safetensors").write_bytes(b"12345")
    (tmp_path / "w.md").write_text("trained on squares")
    weights = str(tmp_path / "w.safetensors")
    assert main(["models", "colour", "--size", "8x8", "--weights", weights]) == 0
    assert "trained on squares" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["colur"], "Did you mean 'colour'"),
        (["colour", "frtm"], "one model at most, got colour, frtm"),
        (["frtm-fast", "randm_weights=true"], "did you mean 'random_weights'"),
    ],
)
def test_bad_input(capsys, words: list[str], sentence: str) -> None:
    assert main(["models", *words]) == 2
    assert sentence in capsys.readouterr().err


def test_a_size_that_is_none(capsys) -> None:
    with pytest.raises(SystemExit):
        main(["models", "colour", "--size", "480"])
    assert "expected HEIGHTxWIDTH such as 480x854, got '480'" in capsys.readouterr().err
