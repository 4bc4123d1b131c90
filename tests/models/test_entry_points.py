"""Models of other packages: a folder and one line give a command-line choice, help, a list row and the suite."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes import forked, toy_package
from fakes.scenes import write_frames
from fakes.toy_package import write_package, write_toy
from segue.app.cli.main import main
from segue.errors import SettingsError
from segue.media.masks import write_mask
from segue.models import catalog
from segue.models.catalog import MODELS, find, names


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path, as packages are installed in."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    catalog.outside.cache_clear()
    yield folder
    catalog.outside.cache_clear()
    for name in [n for n in sys.modules if n.startswith("segue_toy")]:
        del sys.modules[name]


def test_a_model_of_another_package_is_listed_described_and_tracks(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_toy(site)
    assert "toy" in names("objects")
    assert main(["models"]) == 0
    assert "a toy of another package" in capsys.readouterr().out
    assert main(["models", "toy", "--size", "20x30"]) == 0
    assert "parameters     not told by the model" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["track", "--help"])
    assert "toy" in capsys.readouterr().out
    truth = write_frames(tmp_path / "frames", 3)
    write_mask(tmp_path / "first.png", truth[0])
    words = ["--mask", str(tmp_path / "first.png"), "--out", str(tmp_path / "out")]
    assert main(["track", str(tmp_path / "frames"), *words, "--model", "toy"]) == 0
    last = np.asarray(Image.open(tmp_path / "out/masks/00002.png"))
    assert np.array_equal(last, truth[0])
    assert json.loads((tmp_path / "out/run.json").read_text())["model"] == "toy"


def test_a_model_that_looks_ahead_and_needs_no_mask(site: Path, tmp_path: Path) -> None:
    write_toy(site)
    (tmp_path / "frames").mkdir()
    shown = np.zeros((5, 20, 40, 3), np.uint8)
    for index, frame in enumerate(shown):
        frame[5:12, 7 * index : 7 * index + 7] = 250
        Image.fromarray(frame).save(tmp_path / f"frames/{index:05}.png")
    words = ["track", str(tmp_path / "frames"), "--model", "toy-ahead"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0
    for index, frame in enumerate(shown):
        found = np.asarray(Image.open(tmp_path / f"out/masks/{index:05}.png"))
        assert np.array_equal(found, frame[..., 0] == 250), "each answer is about its own frame"


def test_the_contract_suite_runs_on_both(site: Path) -> None:
    write_toy(site)
    done = forked.run(toy_package.test, site)
    assert done.returncode == 0, done.stdout
    assert "failed" not in done.stdout
    assert int(done.stdout.split(" passed")[0].split()[-1]) >= 20


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("segue_toy_gone:TOY", "ModuleNotFoundError: No module named 'segue_toy_gone'"),
        ("json:dumps", "TypeError"),
        ("json:__name__", "expected a segue.models.entry.Entry"),
    ],
)
def test_a_broken_one_is_a_sentence_and_breaks_no_other(
    site: Path, capsys: pytest.CaptureFixture[str], place: str, reason: str
) -> None:
    write_toy(site)
    write_package(site, {"broken": place}, name="segue-broken")
    assert find("toy").summary == "a toy of another package"
    with pytest.raises(SettingsError, match="Model 'broken' of the package segue-broken") as caught:
        find("broken")
    assert reason in str(caught.value)
    assert "broken" not in names("objects")
    assert main(["models"]) == 0
    assert "segue-broken cannot be used" in capsys.readouterr().out


def test_a_name_of_ours_stays_ours(site: Path) -> None:
    write_toy(site)
    write_package(site, {"frtm": "segue_toy:TOY"}, name="segue-other")
    assert find("frtm") is MODELS["frtm"]
    said = catalog.outside().problems["frtm"]
    assert "given by Segue and by segue-other. Segue's own is used." in said


def test_a_name_of_two_packages_is_nobodys(site: Path) -> None:
    write_toy(site)
    write_package(site, {"toy": "segue_toy:TOY"}, name="segue-other")
    with pytest.raises(
        SettingsError, match=r"given by segue-other and by segue-toy\. None of them"
    ):
        find("toy")
