import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from segue.app.cli.main import main
from segue.app.model_sizes import SIZE_HW, measure_sizes, shipped_sizes
from segue.models.catalog import MODELS
from segue.nn.weights import shipped_weights

QUICK = ("segue-lite", "ttvos-mobile", "rvos-lite", "temporal-unet-lite", "segue-click")
SHIPPED = [name for name, entry in MODELS.items() if not entry.build.startswith("fakes.")]


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


def test_a_model_of_clicks_has_operations_of_looks_and_clicks(capsys) -> None:
    assert main(["models", "segue-click", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    counts = document["parameters"]
    assert counts["total"] == sum(counts["by_part"].values())
    assert counts["trainable"] == counts["total"] - counts["by_part"]["backbone"]
    assert document["macs"]["look"] > 3 * document["macs"]["click"] > 0
    assert main(["models", "segue-click"]) == 0
    printed = capsys.readouterr().out
    assert "makes masks of single frames from clicks (segue mask)" in printed
    assert "a click" in printed
    assert "begins with" not in printed
    assert "# segue-click" in printed


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


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in SHIPPED]
)
def test_the_file_of_sizes_holds_what_the_models_are(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If this fails after a change of a model: python benchmarks/model_sizes.py."""
    # Sizes do not depend on random weights, and to draw them takes seconds.
    for draw in ("uniform_", "normal_", "erfinv_"):
        monkeypatch.setattr(torch.Tensor, draw, lambda self, *_, **__: self.zero_())
    settings = {} if ships(name) else MODELS[name].unweighted
    measured = measure_sizes(name, weights=None, settings=settings, size_hw=SIZE_HW)
    assert shipped_sizes(name) == json.loads(json.dumps(measured))


def ships(name: str) -> bool:
    return (Path(main.__code__.co_filename).parents[2] / f"weights/{name}.safetensors").is_file()


def test_a_shipped_model_is_described_without_torch() -> None:
    code = (
        "import sys; from segue.app.cli.main import main; main(['models', 'segue-lite']);"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "parameters     " in done.stdout


def test_other_sizes_settings_and_weights_are_counted_anew(tmp_path: Path) -> None:
    target = tmp_path / "m.json"
    shipped = shipped_sizes("rvos-lite")
    assert shipped
    weights = shipped_weights("rvos-lite")
    for words in (["--size", "120x214"], ["seed=3"], ["--weights", str(weights)]):
        assert main(["models", "rvos-lite", *words, "--json", str(target)]) == 0
        document = json.loads(target.read_text())
        assert document["parameters"] == shipped["parameters"]
        assert (document["macs"] == shipped["macs"]) == (words[0] != "--size")
        assert (document["settings"] == shipped["settings"]) == (words[0] != "seed=3")
