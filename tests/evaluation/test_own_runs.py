"""The folder that ``segue track`` wrote is scored as it is."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes.davis import moving_square, write_davis
from segue.errors import NotFoundError
from segue.evaluation.run import evaluate
from segue.media.masks import write_mask

GOAT, BEAR = moving_square(5), moving_square(5, start=20)


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    return write_davis(tmp_path / "davis", {"goat": GOAT, "bear": BEAR})


def write_run(out: Path, video: str = "goat") -> Path:
    """What ``segue track`` leaves, as far as evaluation looks at it."""
    (out / "masks").mkdir(parents=True)
    for index, frame in enumerate(GOAT):
        write_mask(out / f"masks/{index:05}.png", frame)
    (out / "run.json").write_text("{}")
    (out / "tracks.json").write_text(f'{{\n  "video": "{video}",\n  "frames": []\n}}\n')
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(out / "reuse.png")
    return out


@pytest.mark.parametrize("protocol", ["folder", "davis2016"])
def test_against_a_folder_of_masks(tmp_path: Path, truth: Path, protocol: str) -> None:
    out = write_run(tmp_path / "out", video="anything")
    report = evaluate(out, truth / "Annotations/480p/goat", protocol)
    assert report.summary["J&F"] == 100
    assert [problem.kind for problem in report.problems if problem.kind != "foreground-value"] == []


def test_against_the_sequence_of_a_data_set(tmp_path: Path, truth: Path) -> None:
    report = evaluate(write_run(tmp_path / "out"), truth, "davis2016")
    assert list(report.sequences) == ["goat"]
    assert report.summary["J&F"] == 100
    (problem,) = report.problems
    assert problem.kind == "missing-sequence"
    assert "only goat of the 2 sequences of the truth is scored" in problem.message


def test_the_name_of_the_folder_helps_where_the_video_has_another(
    tmp_path: Path, truth: Path
) -> None:
    report = evaluate(write_run(tmp_path / "runs/goat", video="clip"), truth, "davis2016")
    assert report.summary["J&F"] == 100


def test_another_video_is_named(tmp_path: Path, truth: Path) -> None:
    with pytest.raises(NotFoundError, match=r"one video, 'cat'; the truth has 2 .*: goat, bear\."):
        evaluate(write_run(tmp_path / "out", video="cat"), truth, "davis2016")


def test_a_run_may_be_the_truth(tmp_path: Path) -> None:
    ours, theirs = write_run(tmp_path / "a"), write_run(tmp_path / "b")
    assert evaluate(ours, theirs, "folder").summary["J&F"] == 100


def test_a_folder_of_runs_is_scored_as_a_folder_of_sequences(tmp_path: Path, truth: Path) -> None:
    for name in ("goat", "bear", "cat"):
        write_run(tmp_path / "out" / name, video=name)
    report = evaluate(tmp_path / "out", truth, "davis2016")
    assert sorted(report.sequences) == ["bear", "goat"]
    assert report.sequences["goat"]["J&F"] == 100
    assert [(p.kind, p.sequence) for p in report.problems] == [("extra-sequence", "cat")]
