import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes.davis import moving_square, write_davis, write_masks
from segue.errors import InputError, MaskError, NotFoundError, SettingsError
from segue.evaluation.objects import COLUMNS
from segue.evaluation.run import evaluate
from segue.metrics.agreement import agreement

GOAT, BEAR = moving_square(8), moving_square(5, start=9)
LATE_GOAT, LATE_BEAR = moving_square(8, start=4), moving_square(5, start=10)


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    return write_davis(tmp_path / "davis", {"goat": GOAT, "bear": BEAR})


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    write_masks(tmp_path / "ours/goat", LATE_GOAT, value=1)
    write_masks(tmp_path / "ours/bear", LATE_BEAR, value=255)
    return tmp_path / "ours"


def expected(predicted: np.ndarray, truth: np.ndarray, measure: str) -> float:
    """Mean over frames 1..N-2, in percent."""
    pairs = list(zip(predicted > 0, truth > 0, strict=True))[1:-1]
    return 100 * float(np.mean([agreement(*pair).values["JF".index(measure)] for pair in pairs]))


def test_values_of_sequences_and_their_unweighted_mean(ours: Path, truth: Path) -> None:
    report = evaluate(ours, truth)
    goat, bear = report.sequences["goat"], report.sequences["bear"]
    for measure in ("J", "F"):
        assert goat[measure] == pytest.approx(expected(LATE_GOAT, GOAT, measure))
        assert bear[measure] == pytest.approx(expected(LATE_BEAR, BEAR, measure))
    assert goat["J&F"] == pytest.approx((goat["J"] + goat["F"]) / 2)
    assert 0 < goat["J"] < bear["J"] < 100
    # Six frames against three: a mean over frames would come nearer to the goat.
    assert report.summary["J"] == pytest.approx((goat["J"] + bear["J"]) / 2)
    assert goat["J_recall"] == 100
    assert [table.title for table in report.tables] == ["sequence"]
    assert report.problems == ()


@pytest.mark.parametrize("value", [1, 7, 255, True])
def test_whatever_value_stands_for_the_object(truth: Path, tmp_path: Path, value: int) -> None:
    for name, labels in (("goat", GOAT), ("bear", BEAR)):
        write_masks(tmp_path / "same" / name, labels, value=int(value))
        if value is True:
            for path in (tmp_path / "same" / name).iterdir():
                Image.open(path).point(lambda x: 255 * (x > 0)).convert("1").save(path)
    assert evaluate(tmp_path / "same", truth).summary["J&F"] == 100


def test_all_objects_of_the_truth_count_as_one(ours: Path, truth: Path) -> None:
    before = evaluate(ours, truth).to_json()
    for path in (truth / "Annotations/480p").rglob("*.png"):
        labels = np.array(Image.open(path))
        labels[15:] //= 20  # a second object in the lower half
        Image.fromarray(labels).save(path)
    assert evaluate(ours, truth).to_json() == before


def test_first_and_last_frame_do_not_count(ours: Path, truth: Path) -> None:
    before = evaluate(ours, truth).to_json()
    (ours / "goat/00000.png").unlink()
    write_masks(ours / "nothing", [np.zeros_like(GOAT[0])])
    (ours / "nothing/00000.png").replace(ours / "goat/00007.png")
    (ours / "nothing").rmdir()
    assert evaluate(ours, truth).to_json() == before
    (ours / "goat/00006.png").unlink()
    assert evaluate(ours, truth).to_json() != before


def test_missing_frames_count_as_empty_and_are_counted(ours: Path, truth: Path) -> None:
    (ours / "goat/00003.png").unlink()
    report = evaluate(ours, truth)
    assert report.missing_frames == {"goat": 1}
    without = LATE_GOAT.copy()
    without[3] = 0
    assert report.sequences["goat"]["J"] == pytest.approx(expected(without, GOAT, "J"))


def test_every_frame_is_kept(ours: Path, truth: Path) -> None:
    goat = evaluate(ours, truth).scored[0]
    found = [agreement(p > 0, t > 0).values for p, t in zip(LATE_GOAT, GOAT, strict=True)][1:-1]
    assert goat.sequence == "goat"
    assert goat.frame_names == tuple(f"{t:05}" for t in range(1, 7))
    assert goat.tally[1].region == goat.curves["J"] == tuple(j for j, _ in found)
    assert goat.tally[1].boundary == goat.curves["F"] == tuple(f for _, f in found)
    assert goat.frame_scores == pytest.approx([(j + f) / 2 for j, f in found])
    assert goat.num_frames == 6


def test_several_processes_give_the_same(ours: Path, truth: Path) -> None:
    assert evaluate(ours, truth, workers=2) == evaluate(ours, truth)


def test_errors_cross_the_border_of_processes(ours: Path, truth: Path) -> None:
    (ours / "goat/00003.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(MaskError, match=r"goat/00003\.png is not a readable mask"):
        evaluate(ours, truth, workers=2)


def test_json_holds_everything_in_plain_types(ours: Path, truth: Path) -> None:
    write_masks(ours / "zebra", BEAR)
    document = json.loads(json.dumps(evaluate(ours, truth).to_json()))
    assert document["protocol"] == "davis2016"
    assert document["num_frames"] == 6 + 3
    assert document["problem_counts"] == {"extra-sequence": 1}
    assert document["problems"][0]["sequence"] == "zebra"
    rows = document["tables"]["sequence"]["rows"]
    assert list(rows) == ["goat", "bear"]
    for row in (document["summary"], *rows.values()):
        assert list(row) == list(COLUMNS)


def test_a_strict_run_refuses_what_is_odd(ours: Path, truth: Path) -> None:
    assert evaluate(ours, truth, strict=True) == evaluate(ours, truth)
    write_masks(ours / "zebra", BEAR)
    (ours / "goat/00003.png").unlink()
    with pytest.raises(InputError, match=r"2 problems[\s\S]*zebra[\s\S]*goat/00003"):
        evaluate(ours, truth, strict=True)


def test_another_size(ours: Path, truth: Path) -> None:
    Image.new("L", (30, 20)).save(ours / "goat/00002.png")
    with pytest.raises(MaskError, match=r"ours/goat/00002\.png is 30x20, the truth .* is 60x40"):
        evaluate(ours, truth)


def test_colours_where_indices_are_due(ours: Path, truth: Path) -> None:
    Image.new("RGB", (60, 40), (128, 0, 0)).save(ours / "bear/00002.png")
    with pytest.raises(MaskError, match=r"bear/00002\.png holds colours"):
        evaluate(ours, truth)


def test_too_few_frames(tmp_path: Path) -> None:
    write_masks(tmp_path / "two", GOAT[:2])
    with pytest.raises(MaskError, match=r"'two' has 2 true masks, but davis2016 needs more than 2"):
        evaluate(tmp_path / "two", tmp_path / "two")


def test_arguments_that_cannot_be(ours: Path, truth: Path) -> None:
    with pytest.raises(SettingsError, match="Did you mean 'davis2016'"):
        evaluate(ours, truth, protocol="davis-2016")
    with pytest.raises(SettingsError, match="at least 1 worker, got 0"):
        evaluate(ours, truth, workers=0)
    with pytest.raises(NotFoundError, match="No split 'test'"):
        evaluate(ours, truth, split="test")
