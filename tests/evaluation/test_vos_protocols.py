"""DAVIS-2017: objects by id, and what the pictures of both DAVIS protocols show."""

from pathlib import Path

import numpy as np
import pytest

from fakes.davis import write_davis
from fakes.label_files import rectangles, write_labels
from segue.errors import MaskError
from segue.evaluation.protocols.vos import DAVIS2016, DAVIS2017
from segue.evaluation.run import evaluate
from segue.metrics.agreement import agreement

SIZE = (40, 60)


def two_objects(num_frames: int, shift: int = 0) -> list[np.ndarray]:
    """Object 1 moves right, object 2 moves down."""
    return [
        rectangles(SIZE, id1=(4, 3 + t + shift, 14, 15 + t + shift), id2=(18 + t, 40, 30 + t, 50))
        for t in range(num_frames)
    ]


def write_root(root: Path, sequences: dict[str, list[np.ndarray]]) -> Path:
    write_davis(root, sequences, names_only=True)
    for name, labels in sequences.items():
        write_labels(root / "Annotations/480p" / name, labels)
    return root


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    single = [np.where(labels == 1, labels, 0).astype(np.uint8) for labels in two_objects(5)]
    return write_root(tmp_path / "davis", {"pair": two_objects(6), "alone": single})


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    write_labels(tmp_path / "ours/pair", two_objects(6, shift=2))
    write_labels(tmp_path / "ours/alone", [np.minimum(f, 1) * (f < 2) for f in two_objects(5)])
    return tmp_path / "ours"


def test_the_mean_is_over_all_objects_of_all_sequences(ours: Path, truth: Path) -> None:
    report = evaluate(ours, truth, "davis2017")
    by_object = report.tables[1].rows
    assert list(by_object) == ["pair_1", "pair_2", "alone_1"]
    assert report.tables[1].title == "object"
    assert by_object["pair_2"]["J"] == by_object["alone_1"]["J&F"] == 100
    pairs = list(zip(two_objects(6, shift=2), two_objects(6), strict=True))[1:-1]
    values = [agreement(p == 1, t == 1).values for p, t in pairs]
    assert by_object["pair_1"]["J"] == pytest.approx(100 * np.mean([j for j, _ in values]))
    assert by_object["pair_1"]["F"] == pytest.approx(100 * np.mean([f for _, f in values]))
    for column in ("J", "F", "J&F", "J_recall"):
        of_objects = [row[column] for row in by_object.values()]
        assert report.summary[column] == pytest.approx(np.mean(of_objects))
        assert report.sequences["pair"][column] == pytest.approx(np.mean(of_objects[:2]))
    assert report.sequences["pair"]["J"] < report.summary["J"]
    assert report.num_frames == 4 + 3


def test_frame_scores_and_curves_are_means_over_objects(ours: Path, truth: Path) -> None:
    pair, alone = evaluate(ours, truth, "davis2017").scored
    first, second = pair.tally[1], pair.tally[2]
    assert pair.curves["J object 1"] == first.region
    assert pair.curves["J"][2] == pytest.approx((first.region[2] + second.region[2]) / 2)
    assert pair.frame_scores[2] == pytest.approx((pair.curves["J"][2] + pair.curves["F"][2]) / 2)
    assert list(alone.curves) == ["J", "F"]


def test_an_object_that_is_never_predicted_counts_as_empty(ours: Path, truth: Path) -> None:
    write_labels(ours / "pair", [labels * (labels == 1) for labels in two_objects(6)])
    rows = evaluate(ours, truth, "davis2017").tables[1].rows
    assert rows["pair_1"]["J"] == 100
    assert rows["pair_2"]["J&F"] == 0


def test_objects_are_those_of_the_first_frame_up_to_the_highest(tmp_path: Path) -> None:
    later = [rectangles(SIZE, id1=(5, 5, 15, 15), id3=(20, 20, 30, 30)) for _ in range(5)]
    for labels in later[1:]:
        labels[:3, :3] = 4  # not in the first frame: not scored
    truth = write_root(tmp_path / "davis", {"cat": later})
    write_labels(tmp_path / "ours/cat", [np.where(f == 4, 0, f).astype(np.uint8) for f in later])
    report = evaluate(tmp_path / "ours", truth, "davis2017")
    # Object 2 is in neither: an empty mask that is right, as in the official tool.
    assert list(report.tables[1].rows) == ["cat_1", "cat_2", "cat_3"]
    assert report.summary["J&F"] == 100


def test_all_frames_count_where_the_protocol_says_so(tmp_path: Path) -> None:
    single = [np.minimum(labels, 1) for labels in two_objects(4)]
    truth = tmp_path / "truth"
    write_labels(truth / "cat", single)
    wrong = [np.zeros_like(single[0]), *single[1:3], np.zeros_like(single[0])]
    write_labels(tmp_path / "ours/cat", wrong)
    official = evaluate(tmp_path / "ours", truth, "davis2016")
    whole = evaluate(tmp_path / "ours", truth, "davis2016-all-frames")
    assert (official.num_frames, official.summary["J&F"]) == (2, 100)
    assert (whole.num_frames, whole.summary["J&F"]) == (4, 50)
    assert whole.scored[0].frame_names == ("00000", "00001", "00002", "00003")


def test_two_masks_are_enough_where_all_frames_count(tmp_path: Path) -> None:
    single = [np.minimum(labels, 1) for labels in two_objects(2)]
    truth = tmp_path / "truth"
    write_labels(truth / "cat", single)
    write_labels(tmp_path / "ours/cat", single)
    assert evaluate(tmp_path / "ours", truth, "davis2016-all-frames").summary["J&F"] == 100


def test_void_in_the_truth_is_background(ours: Path, truth: Path) -> None:
    before = evaluate(ours, truth, "davis2017").to_json()
    with_void = two_objects(6)
    for labels in with_void:
        labels[34:38, 2:9] = 255
    write_labels(truth / "Annotations/480p/pair", with_void)
    assert evaluate(ours, truth, "davis2017").to_json() == before


def test_ids_that_the_truth_does_not_have_are_named_and_left_out(ours: Path, truth: Path) -> None:
    before = evaluate(ours, truth, "davis2017").summary
    strange = two_objects(6, shift=2)
    for labels in strange[2:]:
        labels[34:38, 2:9] = 7
    strange[3][34:38, 12:19] = 255
    write_labels(ours / "pair", strange)
    report = evaluate(ours, truth, "davis2017")
    assert report.summary == before
    unknown, void = report.problems
    assert (unknown.kind, unknown.sequence, unknown.frame) == ("unknown-id", "pair", "00002")
    assert "pair/00002.png holds the id 7" in unknown.message
    assert "as do 2 later frames" in unknown.message
    assert (void.kind, void.frame) == ("void", "00003")
    assert "pair/00003.png holds 255, which means void" in void.message


def test_truth_of_davis2016_is_recognised(tmp_path: Path) -> None:
    binary = [255 * (labels == 1).astype(np.uint8) for labels in two_objects(4)]
    truth = write_root(tmp_path / "davis", {"cat": binary})
    write_labels(tmp_path / "ours/cat", binary)
    with pytest.raises(MaskError, match=r"cat/00000\.png holds 0 and 255 only.*davis2016"):
        evaluate(tmp_path / "ours", truth, "davis2017")


def test_a_first_frame_without_objects(ours: Path, truth: Path) -> None:
    write_labels(truth / "Annotations/480p/alone", {"00000": np.zeros(SIZE, np.uint8)})
    with pytest.raises(MaskError, match=r"alone/00000\.png is empty"):
        evaluate(ours, truth, "davis2017")


def test_pictures_show_what_is_compared(ours: Path, truth: Path) -> None:
    for folder in (ours / "pair", truth / "Annotations/480p/pair"):
        marked = two_objects(6)[2]
        marked[34:38, 2:9] = 255
        write_labels(folder, {"00002": marked})
    case = DAVIS2017.gather(ours, truth, None).cases[0]
    shown = DAVIS2017.picture(case, "00002")
    assert np.unique(shown.truth).tolist() == np.unique(shown.predicted).tolist() == [0, 1, 2]
    assert shown.image is not None
    assert shown.image.shape == (*SIZE, 3)
    shown = DAVIS2016.picture(case, "00002")
    assert ((shown.truth == 1) == (marked > 0)).all()
    assert shown.void is None
    (ours / "pair/00002.png").unlink()
    case = DAVIS2017.gather(ours, truth, None).cases[0]
    assert not DAVIS2017.picture(case, "00002").predicted.any()
