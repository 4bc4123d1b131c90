"""SlowFast VOS through the command line: a model that looks ahead and takes no mask."""

import json
from pathlib import Path

import numpy as np
import pytest

from fakes.davis import moving_square, write_davis
from segue.app.cli.main import main
from segue.media.label_file import read_label_values

QUICK = ["random_weights=true", "slow=1", "fast=3", "short_side=32", "long_side=64"]
LITE = ["--model", "slowfast-lite", *QUICK]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_davis(tmp_path / "davis", {"one": moving_square(4), "two": moving_square(1)})


def test_a_video_without_a_mask(root: Path, tmp_path: Path) -> None:
    frames, out = root / "JPEGImages/480p/one", tmp_path / "out"
    assert main(["track", str(frames), "--out", str(out), *LITE]) == 0
    masks = sorted((out / "masks").glob("*.png"))
    assert [path.stem for path in masks] == ["00000", "00001", "00002", "00003"]
    assert all(set(np.unique(read_label_values(path))) <= {0, 1} for path in masks)


def test_masks_of_a_data_set_are_not_told(root: Path, tmp_path: Path) -> None:
    words = ["track", "--layout", "davis2016", "--root", str(root), "--out", str(tmp_path / "out")]
    assert main([*words, *LITE]) == 0
    assert len(list((tmp_path / "out/one").glob("*.png"))) == 4
    assert len(list((tmp_path / "out/two").glob("*.png"))) == 1


def test_a_mask_is_refused(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frames, mask = root / "JPEGImages/480p/one", root / "Annotations/480p/one/00000.png"
    words = ["track", str(frames), "--mask", str(mask), "--out", str(tmp_path / "out")]
    assert main([*words, *LITE]) == 2
    assert "finds objects by itself and takes no mask" in capsys.readouterr().err


def test_the_totals_of_the_report(tmp_path: Path) -> None:
    target = tmp_path / "m.json"
    words = ["models", "slowfast", "slow=1", "fast=7", "--size", "40x60", "--json", str(target)]
    assert main([*words, "short_side=32", "long_side=64"]) == 0
    document = json.loads(target.read_text())
    assert document["parameters"]["total"] == 45_618_459
    assert document["parameters"]["trainable"] == 18_225_228
    assert document["lookahead"] == 3
    assert document["macs"]["frame"] > document["macs"]["first_frame"] / 8 > 0


@pytest.mark.parametrize("words", [["slow=2"], ["slow=7", "fast=3"]])
def test_paths_that_cannot_be(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "slowfast", *words]) == 2
    assert "slow" in capsys.readouterr().err
