import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes.trees import remove, write_tree
from segue.app.cli.main import main
from segue.data.catalog import find_layout
from segue.models.catalog import MODELS, Entry


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


def found(root: Path, layout: str, out: Path, *words: str) -> int:
    place = ["--layout", layout, "--root", str(root), "--out", str(out), "--looks", "3"]
    return main(["track", *place, "--model", "colour", "--find", "--finder", "bright", *words])


@pytest.fixture
def bright(monkeypatch: pytest.MonkeyPatch) -> None:
    """A finder that takes the brightest quarter of every frame for the object."""
    entry = Entry("fakes.proposers:build_bright", "for tests", begins_with="nothing")
    monkeypatch.setitem(MODELS, "bright", entry)


def write_davis_tree(tmp_path: Path) -> Path:
    root = write_tree("davis2016", tmp_path / "data")
    # Whatever the masks hold: they are not to be read.
    for path in root.rglob("Annotations/**/*.png"):
        path.write_bytes(b"no mask")
    return root


def blacken(path: Path) -> None:
    with Image.open(path) as picture:
        size = picture.size
    Image.new("RGB", size).save(path)


@pytest.mark.usefixtures("bright")
def test_masks_stay_unread_where_objects_are_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, out = write_davis_tree(tmp_path), tmp_path / "out"
    assert found(root, "davis2016", out, "--dry-run") == 0
    said = capsys.readouterr().out
    assert "masks      not read: bright looks for objects on 3 frames at most" in said
    assert found(root, "davis2016", out) == 0
    record = json.loads((out / "_run/run.json").read_text())
    assert record["nothing_found"] == []
    for name in record["sequences"]:
        frames = len(list(root.glob(f"JPEGImages/480p/{name}/*")))
        assert len(values(out / name)) == frames > 0
        assert any(1 in ids for ids in values(out / name).values())
        assert (out / "_run" / name / "found.png").is_file()
        assert json.loads((out / "_run" / name / "run.json").read_text())["direction"] == "both"
    assert found(root, "davis2016", out) == 2
    assert "already holds results" in capsys.readouterr().err
    assert found(root, "davis2016", out, "--resume") == 0
    assert found(root, "davis2016", out, "--resume", "--direction", "forward") == 2
    assert "are carried both ways" in capsys.readouterr().err


@pytest.mark.usefixtures("bright")
def test_masks_of_a_sequence_without_findings_are_empty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, out = write_davis_tree(tmp_path), tmp_path / "out"
    listed = find_layout("davis2016").sequences(root, "val")
    first = listed[0].frame_paths[0].parent
    for path in first.iterdir():
        blacken(path)
    assert len(listed) > 1, "else nothing at all is found"
    assert found(root, "davis2016", out) == 0
    assert (
        f"nothing found in 1 sequence, whose masks are empty: {first.name}"
        in capsys.readouterr().out
    )
    assert set(map(tuple, values(out / first.name).values())) == {(0,)}
    assert len(values(out / first.name)) == len(list(first.iterdir()))
    assert found(root, "davis2016", out, "--resume") == 0
    (out / "_run" / first.name / "found.json").unlink()
    assert found(root, "davis2016", out, "--resume") == 2
    assert f"{out / first.name} is in the way" in capsys.readouterr().err


@pytest.mark.usefixtures("bright")
def test_nothing_is_found_anywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, out = write_davis_tree(tmp_path), tmp_path / "out"
    for path in root.glob("JPEGImages/480p/*/*"):
        blacken(path)
    assert found(root, "davis2016", out) == 2
    assert "bright found no object in any of the" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.usefixtures("bright")
def test_tracks_need_classes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write_tree("kitti-mots", tmp_path / "data")
    assert found(root, "kitti-mots", tmp_path / "out") == 2
    assert "need the class of each object, and found objects have none" in capsys.readouterr().err
