import math
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes.mots_errors import damage, write_errors, write_pngs, write_text
from fakes.trees import write_tree
from segue.errors import InputError, MaskError, NotFoundError
from segue.evaluation.protocols.mots import KITTI_MOTS, KITTI_MOTS_BY_SEQUENCE
from segue.evaluation.run import evaluate

SIZE = (20, 40)
CAR, PEDESTRIAN, IGNORE = 1001, 2001, 10000


def video(num_frames: int, *boxes: tuple[int, int, int]) -> list[np.ndarray]:
    """Frames with boxes of 10x8 pixels: label, left, and the frame they begin in."""
    frames = [np.zeros(SIZE, np.int64) for _ in range(num_frames)]
    for label, left, first in boxes:
        for frame in frames[first:]:
            frame[5:15, left : left + 8] = label
    return frames


def write(root: Path, **sides: dict[str, list[np.ndarray]]) -> list[Path]:
    for side, videos in sides.items():
        (root / side).mkdir(parents=True, exist_ok=True)
        for name, frames in videos.items():
            write_text(root / side / f"{name}.txt", frames)
    return [root / side for side in sides]


TRUTH = {"0002": video(4, (CAR, 2, 0), (PEDESTRIAN, 20, 2)), "0006": video(3, (CAR, 4, 0))}


def test_a_perfect_prediction_has_ones_only(tmp_path):
    predictions, truth = write(tmp_path, predictions=TRUTH, truth=TRUTH)
    report = evaluate(predictions, truth, "kitti-mots")
    ratios = [t for t in report.tables if not t.title.endswith("counts")]
    assert {v for table in ratios for v in table.summary.values()} == {100.0}
    assert report.num_frames == 7
    assert report.problems == ()
    assert {score for item in report.scored for score in item.frame_scores} == {1.0}


def test_tables_say_what_they_hold(tmp_path):
    predictions, truth = write(tmp_path, predictions=TRUTH, truth=TRUTH)
    report = evaluate(predictions, truth, "kitti-mots")
    assert [table.title for table in report.tables] == [
        "sequence", "car", "car HOTA", "car counts",
        "pedestrian", "pedestrian HOTA", "pedestrian counts",
    ]  # fmt: skip
    assert list(report.summary) == [
        f"{name} {column}"
        for name in ("car", "pedestrian")
        for column in ("sMOTSA", "MOTSA", "HOTA")
    ]
    assert report.sequences["0006"]["pedestrian sMOTSA"] is None
    assert report.tables[0].notes == (
        "pedestrian: 1 of 2 sequences hold none (0006); their ratios do not exist, and their "
        "false positives count in the sum.",
    )
    for table in report.tables:
        for row in (*table.rows.values(), table.summary):
            assert list(row) == [column.name for column in table.columns]


def test_a_class_that_neither_side_holds_is_left_out(tmp_path):
    cars = {"0006": TRUTH["0006"]}
    predictions, truth = write(tmp_path, predictions=cars, truth=cars)
    report = evaluate(predictions, truth, "kitti-mots")
    assert [table.title for table in report.tables] == ["sequence", "car", "car HOTA", "car counts"]
    nothing = {"0006": video(2)}
    predictions, truth = write(tmp_path / "empty", predictions=nothing, truth=nothing)
    assert set(evaluate(predictions, truth, "kitti-mots").summary.values()) == {None}


def test_counts_are_added_or_values_averaged(tmp_path):
    # 8 of 10 cars are found in the first sequence, none of 2 in the second; a false one in the third.
    truth = {"a": video(10, (CAR, 2, 0)), "b": video(2, (CAR, 2, 0)), "c": video(2)}
    found = {"a": video(10, (CAR, 2, 2)), "b": video(2), "c": video(2, (CAR, 2, 1))}
    predictions, truth_folder = write(tmp_path, predictions=found, truth=truth)
    added = evaluate(predictions, truth_folder, "kitti-mots")
    assert added.summary["car sMOTSA"] == pytest.approx(100 * (8 - 1) / 12)
    averaged = evaluate(predictions, truth_folder, "kitti-mots-by-sequence")
    assert averaged.summary["car sMOTSA"] == pytest.approx(100 * (0.8 + 0) / 2)
    assert averaged.sequences == added.sequences
    assert averaged.sequences["c"]["car sMOTSA"] is None
    assert averaged.tables[0].notes == (
        "car: 1 of 3 sequences hold none (c); they are left out of the mean with all their counts.",
    )
    assert (averaged.tables[3].summary["FP"], added.tables[3].summary["FP"]) == (0, 1)
    assert averaged.tables[3].summary["FN"] == added.tables[3].summary["FN"] == 4


def test_frame_scores_and_curves_show_where_it_fails(tmp_path):
    truth = {"a": video(4, (CAR, 2, 0), (PEDESTRIAN, 20, 1))}
    found = {"a": video(4, (CAR, 2, 1), (2005, 30, 3))}
    predictions, folder = write(tmp_path, predictions=found, truth=truth)
    (item,) = evaluate(predictions, folder, "kitti-mots").scored
    assert item.frame_names == ("000000", "000001", "000002", "000003")
    assert item.frame_scores == pytest.approx((0, 1 / 2, 1 / 2, 1 / 3))
    assert math.isnan(item.curves["IoU"][0])
    assert item.curves["IoU"][1:] == (1, 1, 1)
    assert item.curves["recall"] == (0, 0.5, 0.5, 0.5)
    assert item.curves["precision"][1:] == (1, 1, 0.5)


def test_the_root_of_the_dataset_is_truth(tmp_path):
    root = tmp_path / "KITTI_MOTS"
    frames = video(5, (CAR, 2, 0))
    write_text(root / "instances_txt" / "0002.txt", frames)
    (root / "val.seqmap").write_text("0002 empty 000000 000009\n")
    found = {"0002": [*frames, *video(6, (CAR, 30, 0))], "0003": frames}
    (predictions,) = write(tmp_path, predictions=found)
    report = evaluate(predictions, root, "kitti-mots")
    assert report.num_frames == 10
    assert report.tables[3].summary["FP"] == 5  # beyond the last true object
    assert [(p.kind, p.sequence, p.frame) for p in report.problems] == [
        ("extra-sequence", "0003", ""),
        ("extra-frame", "0002", "000010"),
    ]


def test_pngs_of_the_dataset_are_truth(tmp_path):
    root = tmp_path / "KITTI_MOTS"
    write_pngs(root / "instances" / "0002", TRUTH["0002"])
    (root / "val.seqmap").write_text("0002 empty 000000 000003\n")
    write_pngs(tmp_path / "predictions" / "0002", TRUTH["0002"])
    report = evaluate(tmp_path / "predictions", root, "kitti-mots", strict=True)
    assert set(report.summary.values()) == {100.0}


def test_mots_challenge_counts_frames_from_one(tmp_path):
    root, predictions = tmp_path / "MOTS20", tmp_path / "predictions"
    frames = video(3, (PEDESTRIAN, 2, 0))
    shifted = [np.zeros(SIZE, np.int64), *frames]  # frame 0 holds nothing
    folder = root / "train" / "MOTS20-02"
    write_text(folder / "gt" / "gt.txt", shifted)
    (folder / "seqinfo.ini").write_text("[Sequence]\nseqLength=3\n")
    write_text(predictions / "MOTS20-02.txt", shifted)
    report = evaluate(predictions, root, "kitti-mots", strict=True)
    assert report.num_frames == 3
    assert report.scored[0].frame_names[0] == "000001"
    assert report.summary["pedestrian HOTA"] == 100
    plain = evaluate(predictions, predictions, "kitti-mots")
    assert plain.num_frames == 3


def test_text_without_a_length_is_scored_to_the_last_object_of_either_side(tmp_path):
    truth, found = {"a": video(3, (CAR, 2, 0))}, {"a": video(5, (CAR, 2, 0))}
    predictions, folder = write(tmp_path, predictions=found, truth=truth)
    report = evaluate(predictions, folder, "kitti-mots")
    assert (report.num_frames, report.tables[3].summary["FP"]) == (5, 2)


def test_missing_and_extra_pngs_are_told(tmp_path):
    predictions, truth = tmp_path / "predictions", tmp_path / "truth"
    write_pngs(truth / "0002", video(4, (CAR, 2, 0)))
    write_pngs(predictions / "0002", video(5, (CAR, 2, 0)))
    (predictions / "0002" / "000001.png").unlink()
    report = evaluate(predictions, truth, "kitti-mots")
    assert report.missing_frames == {"0002": 1}
    assert [(p.kind, p.frame) for p in report.problems] == [
        ("extra-frame", "000004"),
        ("missing-frame", "000001"),
    ]
    assert report.tables[3].summary["FN"] == 1
    assert report.num_frames == 4


def test_a_text_goes_before_a_folder(tmp_path):
    write(tmp_path, predictions=TRUTH, truth=TRUTH)
    write_pngs(tmp_path / "predictions" / "0006", video(3))
    report = evaluate(tmp_path / "predictions", tmp_path / "truth", "kitti-mots")
    assert report.summary["car HOTA"] == 100


def test_missing_sequences_are_all_named(tmp_path):
    (truth,) = write(tmp_path, truth=TRUTH)
    (tmp_path / "predictions" / "data").mkdir(parents=True)
    with pytest.raises(NotFoundError, match=r"2 of 2 sequences: 0002, 0006.*Found: data"):
        evaluate(tmp_path / "predictions", truth, "kitti-mots")


def test_folders_that_cannot_be_used_are_explained(tmp_path):
    (truth,) = write(tmp_path, truth=TRUTH)
    with pytest.raises(NotFoundError, match=r"nowhere is no folder"):
        evaluate(tmp_path / "nowhere", truth, "kitti-mots")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFoundError, match=r"holds no truth: .* Found: nothing"):
        evaluate(truth, tmp_path / "empty", "kitti-mots")
    with pytest.raises(InputError, match="no split 'val'"):
        evaluate(truth, truth, "kitti-mots", "val")
    (tmp_path / "named" / "0002").mkdir(parents=True)
    Image.new("I;16", (40, 20)).save(tmp_path / "named" / "0002" / "frame_1.png")
    with pytest.raises(InputError, match=r"frame_1\.png is not named by the number"):
        evaluate(tmp_path / "named", truth, "kitti-mots")


def test_a_split_without_truth_is_refused(tmp_path):
    folder = tmp_path / "MOTS20" / "test" / "MOTS20-01"
    (folder / "img1").mkdir(parents=True)
    (folder / "seqinfo.ini").write_text("[Sequence]\nseqLength=3\n")
    with pytest.raises(NotFoundError, match=r"MOTS20-01.* neither text nor PNG"):
        evaluate(tmp_path, tmp_path / "MOTS20", "kitti-mots", "test")


def changed(predictions: Path, change) -> None:
    path = predictions / "0002.txt"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(change(lines)) + "\n")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: [line.replace(" 1 20", " 3 20") for line in lines], r"frame 0.* class 3"),
        (lambda lines: [lines[0], *lines], r"frame 0.*1001"),
        (lambda lines: [lines[0], lines[0].replace(" 1001 ", " 1002 ")], r"frame 0.*overlap"),
        (lambda lines: [lines[1].replace(" 20 40 ", " 21 40 ")], r"frame 1"),
        (lambda lines: [lines[3][:-2]], r"frame 2"),
    ],
)
def test_damaged_text_is_refused_by_file_and_frame(tmp_path, change, message):
    predictions, truth = write(tmp_path, predictions=TRUTH, truth=TRUTH)
    changed(predictions, change)
    with pytest.raises(MaskError, match=rf"predictions/0002\.txt.*{message}"):
        evaluate(predictions, truth, "kitti-mots")


def test_masks_of_another_size_are_refused(tmp_path):
    (truth,) = write(tmp_path, truth={"a": video(2, (CAR, 2, 0))})
    larger = [np.pad(frame, ((0, 4), (0, 0))) for frame in video(2, (CAR, 2, 1))]
    (predictions,) = write(tmp_path, predictions={"a": larger})
    with pytest.raises(MaskError, match=r"predictions/a\.txt, frame 1 is 24x40, expected 20x40"):
        evaluate(predictions, truth, "kitti-mots")
    write_pngs(tmp_path / "pngs" / "a", [video(1)[0], larger[1]])
    with pytest.raises(MaskError, match=r"a/000001\.png is 24x40, expected 20x40"):
        evaluate(tmp_path / "pngs", truth, "kitti-mots")


def _cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def _constant(value: int, mode: type = np.uint16):
    return lambda path: Image.fromarray(np.full(SIZE, value, mode)).save(path)


def _palette(path: Path) -> None:
    image = Image.fromarray(np.full(SIZE, 3, np.uint8))
    image.putpalette([0, 0, 0, 255, 0, 0] * 128)
    image.save(path)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_cut_short, "readable"),
        (_constant(255), r"255 in 16 bits, expected a 16-bit PNG of 0 and class \* 1000"),
        (_constant(65535), "65535 in 16 bits"),
        (_constant(3001), "3001 in 16 bits"),
        (_constant(255, np.uint8), "255 in 8 bits, expected a 16-bit PNG"),
        (_palette, "3 in 8 bits, expected a 16-bit PNG"),
        (lambda path: Image.new("RGB", SIZE[::-1], "red").save(path), "colours"),
    ],
)
def test_unfit_pngs_are_refused_by_name(tmp_path, spoil, message):
    (truth,) = write(tmp_path, truth={"0002": TRUTH["0002"]})
    write_pngs(tmp_path / "predictions" / "0002", TRUTH["0002"])
    spoil(tmp_path / "predictions" / "0002" / "000002.png")
    with pytest.raises(MaskError, match=rf"0002/000002\.png.*{message}"):
        evaluate(tmp_path / "predictions", truth, "kitti-mots")


def test_objects_of_the_ignore_class_are_allowed_and_not_counted(tmp_path):
    predictions, truth = write(
        tmp_path, predictions={"a": video(2, (IGNORE, 2, 0))}, truth={"a": video(2, (CAR, 2, 0))}
    )
    report = evaluate(predictions, truth, "kitti-mots")
    assert (report.tables[3].summary["FP"], report.tables[3].summary["FN"]) == (0, 2)


def test_pictures_show_ids_of_both_sides(tmp_path):
    truth = video(2, (IGNORE, 30, 0), (CAR, 2, 0), (PEDESTRIAN, 20, 1))
    write(tmp_path, truth={"0002": truth})
    write_pngs(tmp_path / "predictions" / "0002", TRUTH["0002"][:2])
    (case,) = KITTI_MOTS.gather(tmp_path / "predictions", tmp_path / "truth", None).cases
    picture = KITTI_MOTS.picture(case, "000001")
    assert np.array_equal(picture.truth, truth[1])
    assert np.array_equal(picture.predicted, TRUTH["0002"][1])
    assert picture.void == IGNORE
    assert picture.image is None


def test_pictures_show_the_frame_where_the_dataset_has_it(tmp_path):
    root = tmp_path / "KITTI_MOTS"
    write_text(root / "instances_txt" / "0002.txt", TRUTH["0002"])
    (root / "val.seqmap").write_text("0002 empty 000000 000003\n")
    (root / "image_02" / "0002").mkdir(parents=True)
    for index in range(4):
        path = root / "image_02" / "0002" / f"{index:06d}.png"
        Image.new("RGB", SIZE[::-1], (index, 0, 0)).save(path)
    (predictions,) = write(tmp_path, predictions=TRUTH)
    (case,) = KITTI_MOTS.gather(predictions, root, "val").cases
    image = KITTI_MOTS.picture(case, "000003").image
    assert image is not None
    assert image[0, 0].tolist() == [3, 0, 0]
    frames = KITTI_MOTS.score(case).num_frames
    assert frames == 4


def test_empty_sides_make_empty_pictures(tmp_path):
    predictions, truth = write(tmp_path, predictions={"a": video(2)}, truth={"a": video(2)})
    (case,) = KITTI_MOTS.gather(predictions, truth, None).cases
    assert KITTI_MOTS.score(case).num_frames == 0
    assert not KITTI_MOTS.picture(case, "000000").truth.any()


@pytest.mark.parametrize("protocol", [KITTI_MOTS, KITTI_MOTS_BY_SEQUENCE])
def test_cases_and_scores_travel_between_processes(tmp_path, protocol):
    files = write_errors(tmp_path, seed=3)
    cases = protocol.gather(files.predicted_pngs, files.truth, None).cases
    rules = pickle.loads(pickle.dumps(protocol))
    scored = [pickle.loads(pickle.dumps(rules.score(case))) for case in cases]
    assert rules.tables(scored) == protocol.tables([protocol.score(case) for case in cases])


def test_new_ids_change_nothing(tmp_path):
    draw = np.random.default_rng(5)
    truth = video(12, (CAR, 2, 0), (1002, 14, 3), (PEDESTRIAN, 28, 2))
    found = damage(draw, truth)
    names = {label: label // 1000 * 1000 + 999 - label % 1000 for label in range(1000, 3000)}
    renamed = [np.vectorize(lambda v: names.get(v, v))(frame) for frame in found]
    predictions, others, folder = write(
        tmp_path, predictions={"a": found}, others={"a": renamed}, truth={"a": truth}
    )
    assert (
        evaluate(predictions, folder, "kitti-mots").tables
        == evaluate(others, folder, "kitti-mots").tables
    )


def test_a_root_of_another_layout_is_explained(tmp_path):
    write_tree("camvid", tmp_path / "drives")
    (tmp_path / "ours").mkdir()
    with pytest.raises(NotFoundError, match="drives looks like camvid, you said kitti-mots"):
        KITTI_MOTS.gather(tmp_path / "ours", tmp_path / "drives", None)
