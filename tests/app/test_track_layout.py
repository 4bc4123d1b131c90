from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes.trees import remove, write_tree
from segue.app.cli.main import main


def track(root: Path, layout: str, split: str, out: Path) -> int:
    place = ["--layout", layout, "--root", str(root), "--split", split, "--out", str(out)]
    return main(["track", *place, "--model", "colour"])


def values(folder: Path) -> dict[str, list[int]]:
    paths = sorted(folder.glob("*.png"))
    return {path.stem: np.unique(np.asarray(Image.open(path))).tolist() for path in paths}


@pytest.mark.parametrize("split", ["valid", "valid_truth"])
def test_objects_enter_where_the_metadata_says(tmp_path: Path, split: str) -> None:
    root = write_tree("youtube-vos-2018", tmp_path / "data")
    assert track(root, "youtube-vos-2018", split, tmp_path / "out") == 0
    both = [0, 1, 2]
    expected = {"00000": [0, 1], "00005": [0, 1], "00010": both, "00015": both}
    assert values(tmp_path / "out/objects_02") == expected


def test_masks_of_late_objects_say_nothing_about_earlier_ones(tmp_path: Path) -> None:
    root = write_tree("youtube-vos-2018", tmp_path / "data")
    path = root / "valid/Annotations/objects_02/00010.png"
    labels = np.array(Image.open(path))
    labels[0, :5] = 1
    Image.fromarray(labels).save(path)
    assert track(root, "youtube-vos-2018", "valid", tmp_path / "out") == 0
    tracked = np.asarray(Image.open(tmp_path / "out/objects_02/00010.png"))
    assert not tracked[0, :5].any()
    assert set(np.unique(tracked)) == {0, 1, 2}


def test_a_start_without_its_mask_is_refused(tmp_path: Path, capsys) -> None:
    root = write_tree("youtube-vos-2018", tmp_path / "data")
    remove(root / "valid/Annotations/objects_03/00010.png")
    assert track(root, "youtube-vos-2018", "valid", tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert "Sequence 'objects_03' has no mask for its frame" in error
    assert "00010.jpg" in error


def test_objects_of_davis_2017_keep_their_ids(tmp_path: Path) -> None:
    root = write_tree("davis2017", tmp_path / "data")
    assert track(root, "davis2017", "val", tmp_path / "out") == 0
    assert values(tmp_path / "out/objects_02") == {f"{t:05}": [0, 1] for t in range(4)}


def test_masks_without_frames_cannot_be_tracked(tmp_path: Path, capsys) -> None:
    root = write_tree("folder", tmp_path / "data") / "Annotations"
    assert track(root, "folder", "all", tmp_path / "out") == 2
    assert "objects_00 holds no images" in capsys.readouterr().err


@pytest.mark.parametrize("layout", ["camvid", "cityscapes"])
def test_masks_that_hold_no_objects_to_follow_are_refused(
    tmp_path: Path, layout: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_tree(layout, tmp_path / "data")
    words = ["--layout", layout, "--root", str(root), "--out", str(tmp_path / "out")]
    assert main(["track", *words, "--model", "colour"]) == 2
    assert f"The masks of {layout} hold " in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_split_is_that_of_the_layout_unless_named(tmp_path: Path) -> None:
    root = write_tree("youtube-vos-2018", tmp_path / "data")
    words = ["--layout", "youtube-vos-2018", "--root", str(root), "--out", str(tmp_path / "out")]
    assert main(["track", *words, "--model", "colour"]) == 0
    assert (tmp_path / "out/objects_02").is_dir()
