import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes.trees import remove, truncate, write_tree
from segue.data.mots_challenge import MOTS_CHALLENGE
from segue.data.mots_text import TrackedMask, read_mots, write_mots
from segue.errors import InputError, NotFoundError
from segue.media.rle import encode

FOLDER = "train/MOTS20-01"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_tree("mots-challenge", tmp_path)


def check(root: Path, split: str = "train") -> list[tuple[str, str, str]]:
    return [(p.kind, p.sequence, p.frame) for p in MOTS_CHALLENGE.check(root, split)]


def test_a_complete_set(root: Path) -> None:
    one, two = MOTS_CHALLENGE.sequences(root, "train")
    assert (one.name, two.name) == ("MOTS20-01", "MOTS20-02")
    assert [path.name for path in one.frame_paths] == [f"00000{i}.jpg" for i in range(1, 5)]
    assert one.mask_paths == (None,) * 4
    assert one.tracks_path == root / FOLDER / "gt/gt.txt"
    assert check(root) == []
    assert MOTS_CHALLENGE.recognise(root)
    assert not MOTS_CHALLENGE.recognise(root / "train")


def test_frames_count_from_one_and_only_pedestrians_are_there(root: Path) -> None:
    frames = read_mots(root / FOLDER / "gt/gt.txt")
    assert {frame: [m.track_id for m in masks] for frame, masks in frames.items()} == {
        3: [2002],
        4: [2002],
    }


def test_without_frames(root: Path) -> None:
    shutil.rmtree(root / FOLDER / "img1")
    sequence = MOTS_CHALLENGE.sequences(root, "train")[0]
    assert (sequence.frame_paths, sequence.num_frames) == ((), 4)
    assert check(root) == []


def test_the_truth_of_test_is_not_public(root: Path) -> None:
    (root / "train").rename(root / "test")
    shutil.rmtree(root / "test/MOTS20-01/gt")
    assert check(root, "test") == []
    assert MOTS_CHALLENGE.sequences(root, "test")[0].tracks_path is None


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("img1/000002.jpg", {("missing-frame", "000001"), ("listing", "")}),
        ("img1/000004.jpg", {("listing", "")}),
        ("gt/gt.txt", {("listing", "")}),
        ("seqinfo.ini", {("listing", "")}),
    ],
)
def test_missing_files(root: Path, path: str, found: set[tuple[str, str]]) -> None:
    remove(root / FOLDER / path)
    assert {(kind, frame) for kind, _, frame in check(root)} == found
    assert {sequence for _, sequence, _ in check(root)} == {"MOTS20-01"}


def test_a_broken_frame(root: Path) -> None:
    truncate(root / FOLDER / "img1/000002.jpg")
    assert check(root) == [("unreadable", "MOTS20-01", "000002")]


def test_broken_text(root: Path) -> None:
    text = root / FOLDER / "gt/gt.txt"
    text.write_bytes(text.read_bytes()[:-5])
    assert check(root) == [("unreadable", "MOTS20-01", "")]


def test_a_description_without_a_length(root: Path) -> None:
    shutil.rmtree(root / FOLDER / "img1")
    (root / FOLDER / "seqinfo.ini").write_text("[Sequence]\nname=MOTS20-01\n")
    with pytest.raises(InputError, match=r"seqinfo\.ini gives no length"):
        MOTS_CHALLENGE.sequences(root, "train")
    assert check(root) == [("listing", "MOTS20-01", "")]


@pytest.mark.parametrize(
    ("mask", "kind"),
    [
        (TrackedMask(5, 2001, 2, encode(np.ones((32, 48), bool))), "extra-frame"),
        (TrackedMask(0, 2001, 2, encode(np.ones((32, 48), bool))), "extra-frame"),
        (TrackedMask(1, 1001, 1, encode(np.ones((32, 48), bool))), "unknown-id"),
        (TrackedMask(1, 2001, 2, encode(np.ones((32, 40), bool))), "size"),
    ],
)
def test_masks_that_do_not_belong_there(root: Path, mask: TrackedMask, kind: str) -> None:
    write_mots(root / FOLDER / "gt/gt.txt", [mask])
    assert [found[0] for found in check(root)] == [kind]


def test_a_frame_of_another_size(root: Path) -> None:
    Image.new("RGB", (20, 10)).save(root / FOLDER / "img1/000003.jpg")
    assert check(root) == [("size", "MOTS20-01", "000003")]


@pytest.mark.parametrize("split", ["val", "train/MOTS20-01/img1"])
def test_no_such_split(root: Path, split: str) -> None:
    with pytest.raises(NotFoundError, match=r"expected folders like MOTS20-02\. .* holds: train\."):
        MOTS_CHALLENGE.sequences(root, split)
