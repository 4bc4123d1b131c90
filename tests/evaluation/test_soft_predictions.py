"""Predictions that hold probabilities: cut in the middle for one object, refused where ids are due."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from fakes.davis import moving_square, write_davis, write_masks
from segue.errors import MaskError
from segue.evaluation.protocols.vos import DAVIS2016
from segue.evaluation.run import evaluate
from segue.evaluation.soft import middle_of

TRUTH = moving_square(6, size_hw=(60, 90))


def soft(mask: np.ndarray, dtype: type = np.uint8, blur: float = 2.0) -> np.ndarray:
    """A probability map whose middle is the mask's contour."""
    top = np.iinfo(dtype).max
    return (cv2.GaussianBlur(mask.astype(np.float64), (0, 0), blur) * top).astype(dtype)


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    write_masks(tmp_path / "gt/goat", TRUTH)
    return tmp_path / "gt"


def write(folder: Path, frames: list[np.ndarray]) -> Path:
    (folder / "goat").mkdir(parents=True)
    for index, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / f"goat/{index:05}.png")
    return folder


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_probabilities_are_cut_in_the_middle_and_said_once(
    tmp_path: Path, truth: Path, dtype: type
) -> None:
    ours = write(tmp_path / "soft", [soft(frame, dtype) for frame in TRUTH])
    middle = 128 if dtype is np.uint8 else 32_768
    hard = write(
        tmp_path / "hard", [(soft(f, dtype) >= middle).astype(np.uint8) * 255 for f in TRUTH]
    )
    report = evaluate(ours, truth, "davis2016")
    assert report.summary == evaluate(hard, truth, "davis2016").summary
    assert report.summary["J"] > 90
    (problem,) = report.problems
    assert (problem.kind, problem.sequence) == ("soft", "goat")
    assert f"cut in the middle. The object is what is {middle} or more" in problem.message


def test_the_picture_of_a_frame_is_cut_alike(tmp_path: Path, truth: Path) -> None:
    ours = write(tmp_path / "soft", [soft(frame) for frame in TRUTH])
    (case,) = DAVIS2016.gather(ours, truth, None).cases
    shown = DAVIS2016.picture(case, "00003").predicted
    assert (shown == (soft(TRUTH[3]) >= 128)).all()


def test_noise_on_black_and_white_is_cut(tmp_path: Path, truth: Path) -> None:
    rng = np.random.default_rng(0)
    noisy = [np.where(f > 0, 255 - rng.integers(0, 4, f.shape), 0).astype(np.uint8) for f in TRUTH]
    report = evaluate(write(tmp_path / "noisy", noisy), truth, "davis2016")
    assert report.summary["J&F"] == 100
    assert [problem.kind for problem in report.problems] == ["soft"]


@pytest.mark.parametrize("values", [(255,), (1,), (7,), (1, 2), (1, 2, 255), (3, 200)])
def test_labels_are_no_probabilities(tmp_path: Path, truth: Path, values: tuple[int, ...]) -> None:
    frames = [frame.copy() for frame in TRUTH]
    for frame in frames:
        rows = np.array_split(np.flatnonzero(frame.any(axis=1)), len(values))
        for value, part in zip(values, rows, strict=True):
            frame[part] *= np.uint8(value)
    report = evaluate(write(tmp_path / "ours", frames), truth, "davis2016")
    assert report.summary["J&F"] == 100
    assert report.problems == ()


def test_a_faint_frame_among_others_is_no_percentage(tmp_path: Path, truth: Path) -> None:
    frames = [frame * np.uint8(255) for frame in TRUTH]
    frames[1] = soft(TRUTH[1]) // 3
    (problem,) = evaluate(write(tmp_path / "soft", frames), truth, "davis2016").problems
    assert "what is 128 or more" in problem.message


@pytest.mark.parametrize("blur", [1.0, 2.0, 3.0])
def test_percentages_are_cut_at_50(tmp_path: Path, truth: Path, blur: float) -> None:
    percent = [np.round(soft(f, blur=blur) / 2.55).astype(np.uint8) for f in TRUTH]
    report = evaluate(write(tmp_path / "percent", percent), truth, "davis2016")
    assert report.summary["J"] > 75
    assert "what is 50 or more" in report.problems[0].message


def test_many_ids_are_no_probabilities() -> None:
    tiles = np.arange(60).reshape(6, 10).repeat(9, axis=0).repeat(9, axis=1)
    assert middle_of(tiles.astype(np.uint8)) is None
    assert middle_of(np.zeros((40, 40), np.uint8)) is None


@pytest.mark.parametrize("protocol", ["folder", "davis2017"])
def test_probabilities_are_refused_where_ids_are_due(tmp_path: Path, protocol: str) -> None:
    write_masks(tmp_path / "gt/goat", TRUTH, value=1)
    ours = write(tmp_path / "soft", [soft(frame) for frame in TRUTH])
    with pytest.raises(MaskError, match=r"0000\d\.png holds \d+ grey levels.*one id per object"):
        evaluate(ours, tmp_path / "gt", protocol)


def test_unsupervised_proposals_too(tmp_path: Path) -> None:
    root = write_davis(tmp_path / "davis", {"goat": TRUTH}, names_only=True)
    write_masks(root / "Annotations_unsupervised/480p/goat", TRUTH, value=1)
    ours = write(tmp_path / "soft", [soft(frame) for frame in TRUTH])
    with pytest.raises(MaskError, match="look like probabilities"):
        evaluate(ours, root, "davis2017-unsupervised")
