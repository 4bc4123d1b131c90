from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes.davis import moving_square, write_davis, write_masks
from fakes.label_files import write_labels
from fakes.trees import write_tree
from segue.errors import MaskError, NotFoundError
from segue.evaluation.pairs import (
    FramePair,
    SequencePair,
    missing_frames,
    pair_sequences,
    read_pair,
)
from segue.problems import Problem


def pair(predictions: Path, truth: Path) -> tuple[list[SequencePair], list[Problem]]:
    return pair_sequences(predictions, truth, ("davis2016", "folder"), None)


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    return write_davis(tmp_path / "davis", {"goat": moving_square(4), "bear": moving_square(3)})


@pytest.fixture
def ours(truth: Path) -> Path:
    for name in ("goat", "bear"):
        write_masks(truth.parent / "ours" / name, moving_square(4 if name == "goat" else 3))
    return truth.parent / "ours"


def test_a_root_and_its_mask_folder_give_the_same_masks(truth: Path, ours: Path) -> None:
    from_root, _ = pair(ours, truth)
    from_folder, _ = pair(ours, truth / "Annotations/480p")
    assert [case.name for case in from_root] == ["goat", "bear"]
    assert [case.name for case in from_folder] == ["bear", "goat"]
    for one, other in zip(from_root, from_folder[::-1], strict=True):
        assert [f.truth for f in one.frames] == [f.truth for f in other.frames]
        assert [f.predicted for f in one.frames] == [f.predicted for f in other.frames]
        assert [f.image.name for f in one.frames] == [f"{f.name}.jpg" for f in other.frames]
        assert [f.image for f in other.frames] == [None] * len(one.frames)


def test_frames_are_paired_by_name(truth: Path, ours: Path) -> None:
    (ours / "goat/00001.png").unlink()
    (goat, bear), problems = pair(ours, truth)
    assert [frame.name for frame in goat.frames] == [f"{t:05}" for t in range(4)]
    assert [bool(frame.predicted) for frame in goat.frames] == [True, False, True, True]
    assert goat.frame("00003").predicted == ours / "goat/00003.png"
    assert problems == []
    (missing,) = missing_frames("goat", goat.frames)
    assert (missing.kind, missing.sequence, missing.frame) == ("missing-frame", "goat", "00001")
    assert not list(missing_frames("bear", bear.frames))


@pytest.mark.parametrize("place", ["", "masks", "goat"])
def test_a_single_sequence(truth: Path, place: str) -> None:
    out = truth.parent / "out"
    write_masks(out / place, moving_square(4))
    (found,), problems = pair(out, truth / "Annotations/480p/goat")
    assert found.name == "goat"
    assert found.frames[3].predicted == out / place / "00003.png"
    assert problems == []


def test_frames_count_in_natural_order(tmp_path: Path) -> None:
    for folder in ("truth", "ours"):
        write_labels(tmp_path / folder, dict(zip(("2", "10", "1"), moving_square(3), strict=True)))
    (found,), _ = pair(tmp_path / "ours", tmp_path / "truth")
    assert [frame.name for frame in found.frames] == ["1", "2", "10"]


def test_what_only_the_predictions_have(truth: Path, ours: Path) -> None:
    write_masks(ours / "zebra", moving_square(2))
    (ours / "_run").mkdir()  # what segue track leaves there: no masks in it
    Image.new("L", (60, 40)).save(ours / "bear/00003.png")
    Image.new("L", (60, 40)).save(ours / "bear/.hidden.png")
    _, problems = pair(ours, truth)
    assert [(p.kind, p.sequence, p.frame) for p in problems] == [
        ("extra-sequence", "zebra", ""),
        ("extra-frame", "bear", "00003"),
    ]
    assert "bear/00003.png" in problems[1].message
    assert not any(problem.fatal for problem in problems)


def test_all_missing_sequences_are_named(truth: Path, ours: Path) -> None:
    many = {f"cat{i}": moving_square(3) for i in range(8)}
    whole = write_davis(truth.parent / "more", {"goat": moving_square(4), **many})
    names = ", ".join(many)
    with pytest.raises(NotFoundError, match=rf"8 of 9 sequences: {names}\. .*holds bear, goat\."):
        pair(ours, whole)
    with pytest.raises(NotFoundError, match=r"2 of 2 sequences.*holds no folders of PNG files"):
        pair(ours / "goat", truth)


def test_no_file_name_in_common(truth: Path, ours: Path) -> None:
    for path in (ours / "bear").iterdir():
        path.rename(path.with_stem(f"frame_{path.stem}"))
    with pytest.raises(NotFoundError, match=r"such as 00000\.png; it holds frame_00000\.png"):
        pair(ours, truth)


def test_nothing_where_masks_should_be(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"No folder .*nowhere"):
        pair(tmp_path / "nowhere", tmp_path)
    with pytest.raises(NotFoundError, match="No DAVIS data in"):
        pair(tmp_path, tmp_path)


def test_a_root_of_another_layout_is_explained(truth: Path, ours: Path, tmp_path: Path) -> None:
    write_davis(tmp_path / "later", {"goat": moving_square(4)}, names_only=True)
    with pytest.raises(NotFoundError, match=r"looks like davis2017, you said davis2016"):
        pair(ours, tmp_path / "later")


def test_a_folder_of_masks_that_is_another_dataset_is_explained(ours: Path, tmp_path: Path) -> None:
    write_tree("camvid", tmp_path / "drives")
    with pytest.raises(NotFoundError, match=r"drives looks like camvid, you said davis2016"):
        pair(ours, tmp_path / "drives")


def test_values_of_both_sides(tmp_path: Path) -> None:
    ids = np.array([[0, 1], [2, 255]], np.uint8)
    write_labels(tmp_path, {"truth": ids, "ours": ids[::-1]})
    predicted, truth = read_pair(FramePair(tmp_path / "truth.png", tmp_path / "ours.png"))
    assert (truth == ids).all()
    assert (predicted == ids[::-1]).all()
    predicted, _ = read_pair(FramePair(tmp_path / "truth.png", None))
    assert not predicted.any()


def test_sizes_that_differ(tmp_path: Path) -> None:
    write_labels(
        tmp_path, {"truth": np.zeros((40, 60), np.uint8), "ours": np.zeros((20, 30), np.uint8)}
    )
    with pytest.raises(MaskError, match=r"ours\.png is 30x20, the truth .*truth\.png is 60x40"):
        read_pair(FramePair(tmp_path / "truth.png", tmp_path / "ours.png"))
