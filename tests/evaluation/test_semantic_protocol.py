import numpy as np
import pytest
from PIL import Image

from segue.errors import InputError, MaskError, NotFoundError
from segue.evaluation.catalog import find_protocol
from segue.evaluation.run import evaluate

ROAD, CAR, STATIC = 7, 26, 4  # label ids of Cityscapes
NAMES = ("frankfurt_000000_000294", "frankfurt_000000_000576", "lindau_000000_000019")


def write(path, values, dtype=np.uint8):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(values, dtype)).save(path)


@pytest.fixture
def cities(tmp_path):
    """Three annotated frames in the official layout, and perfect predictions in city folders."""
    truth = np.full((6, 8), ROAD)
    truth[:2], truth[5] = CAR, STATIC
    for name in NAMES:
        city = name.split("_")[0]
        write(tmp_path / f"root/gtFine/val/{city}/{name}_gtFine_labelIds.png", truth)
        write(tmp_path / f"root/leftImg8bit/val/{city}/{name}_leftImg8bit.png", np.zeros((6, 8, 3)))
        write(tmp_path / f"pred/{city}/{name}_leftImg8bit.png", truth)
    return tmp_path


def prediction(cities, name=NAMES[2]):
    return cities / f"pred/{name.split('_')[0]}/{name}_leftImg8bit.png"


class TestCityscapes:
    def test_perfect_predictions(self, cities):
        report = evaluate(cities / "pred", cities / "root", "cityscapes")
        assert report.summary["mIoU"] == 100
        assert report.summary["pixel accuracy"] == 100
        assert report.summary["mIoU 20"] == pytest.approx(100 * 3 / 20)
        assert list(report.sequences) == ["frankfurt", "lindau"]
        assert report.num_frames == 3
        assert not report.problems
        classes = report.tables[1].rows
        assert classes["road"] == {"IoU": 100.0, "accuracy": 100.0, "pixels": 3 * 24}
        assert classes["bus"] == {"IoU": None, "accuracy": None, "pixels": 0}

    def test_an_ignored_id_on_a_class_is_wrong_and_on_void_it_does_not_matter(self, cities):
        values = np.full((6, 8), STATIC)
        values[2:5] = ROAD
        write(prediction(cities), values)
        row = evaluate(cities / "pred", cities / "root", "cityscapes").sequences["lindau"]
        assert row["mIoU"] == pytest.approx(50)
        assert row["pixel accuracy"] == pytest.approx(60)
        # Two classes of twenty are right as a whole or in a third: 24 road, 8 + 16 void pixels.
        assert row["mIoU 20"] == pytest.approx(100 * (1 + 8 / 24) / 20, abs=1e-4)
        assert row["accuracy eq. 14"] == pytest.approx(100 * (18 + 2 * 32 / 48) / 20)

    def test_truth_as_a_plain_folder(self, cities):
        folder = cities / "root/gtFine/val"
        assert evaluate(cities / "pred", folder, "cityscapes").summary["mIoU"] == 100

    def test_any_name_after_that_of_the_frame_will_do(self, cities):
        prediction(cities).rename(cities / "pred" / f"{NAMES[2]}.png")
        assert evaluate(cities / "pred", cities / "root", "cityscapes").summary["mIoU"] == 100

    def test_missing_predictions_are_named(self, cities):
        prediction(cities).unlink()
        with pytest.raises(NotFoundError, match=rf"1 of 3 annotated frames: lindau/{NAMES[2]}"):
            evaluate(cities / "pred", cities / "root", "cityscapes")

    def test_two_predictions_of_a_frame_are_both_named(self, cities):
        write(cities / "pred" / f"{NAMES[2]}_color.png", np.zeros((6, 8)))
        with pytest.raises(InputError, match=rf"{NAMES[2]}_leftImg8bit.png.*_color.png"):
            evaluate(cities / "pred", cities / "root", "cityscapes")

    def test_frames_without_truth_are_told_once(self, cities):
        for number in range(5):
            write(cities / f"pred/lindau/lindau_000000_{number:06}_leftImg8bit.png", [[ROAD]])
        problems = evaluate(cities / "pred", cities / "root", "cityscapes").problems
        assert [problem.kind for problem in problems] == ["extra-frame"]
        assert "5 PNG files of no annotated frame" in problems[0].message

    def test_train_ids_are_suspected_but_scored_as_they_are(self, cities):
        for name in NAMES:
            values = np.zeros((6, 8))
            values[:2] = 13
            write(prediction(cities, name), values)
        report = evaluate(cities / "pred", cities / "root", "cityscapes")
        assert report.summary["mIoU"] == 0
        assert {p.sequence for p in report.problems} == {"frankfurt", "lindau"}
        assert "looks like trainIds: read so, 100.0 %" in report.problems[0].message

    def test_values_that_are_no_label_id(self, cities):
        values = np.full((6, 8), ROAD)
        values[0, :3], values[5] = 255, 200
        write(prediction(cities), values)
        problems = evaluate(cities / "pred", cities / "root", "cityscapes").problems
        assert [(p.kind, p.frame) for p in problems] == [("void", NAMES[2])]
        assert "holds 255 where the truth is a class, in 3 pixels" in problems[0].message

    def test_wide_values_do_not_wrap_around(self, cities):
        write(prediction(cities), np.full((6, 8), 256 + ROAD), np.uint16)
        row = evaluate(cities / "pred", cities / "root", "cityscapes").sequences["lindau"]
        assert row["pixel accuracy"] == 0

    @pytest.mark.parametrize(
        ("spoil", "message"),
        [
            (lambda path: path.write_bytes(path.read_bytes()[:60]), "not a readable mask"),
            (lambda path: write(path, np.eye(3)[None] * 99), "holds colours"),
            (lambda path: write(path, np.zeros((3, 4))), r"is 4x3, its truth .* 8x6"),
        ],
    )
    def test_files_that_cannot_be_used_are_named(self, cities, spoil, message):
        spoil(prediction(cities))
        with pytest.raises(MaskError, match=message) as raised:
            evaluate(cities / "pred", cities / "root", "cityscapes")
        assert str(prediction(cities)) in str(raised.value)

    def test_a_split_needs_a_root(self, cities):
        with pytest.raises(InputError, match="no root of cityscapes"):
            evaluate(cities / "pred", cities / "root/gtFine/val", "cityscapes", split="val")

    def test_picture_shows_classes_of_both_sides(self, cities):
        rules = find_protocol("cityscapes")
        case = rules.gather(cities / "pred", cities / "root", None).cases[1]
        found = rules.picture(case, NAMES[2])
        # Counted from 1: the cars are class 13, the road class 0.
        assert found.truth[:, 0].tolist() == [14, 14, 1, 1, 1, 255]
        assert found.predicted[:, 0].tolist() == [14, 14, 1, 1, 1, 255]
        assert (found.void, found.image.shape) == (255, (6, 8, 3))


@pytest.fixture
def drive(tmp_path):
    """Twelve frames of a drive at 15 Hz, three still pictures of another, perfect predictions."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (48, 64, 3))
    truth = np.zeros((48, 64))
    truth[:, 32:], truth[40:] = 3, 11
    numbers = [f"0016E5_{number:05}" for number in range(101, 125, 2)]
    stills = [f"0001TP_{number:06}" for number in range(0, 90, 30)]
    for name in numbers + stills:
        write(tmp_path / f"root/val/{name}.png", image)
        write(tmp_path / f"root/valannot/{name}.png", truth)
        write(tmp_path / f"pred/{name}.png", np.where(truth == 11, 0, truth))
    return tmp_path


class TestCamvid:
    def test_perfect_predictions(self, drive):
        report = evaluate(drive / "pred", drive / "root", "camvid")
        for name in ("mIoU", "pixel accuracy", "VC8", "VC8 checked", "TC"):
            assert report.summary[name] == pytest.approx(100), name
        assert report.summary["VC16"] is None
        assert report.summary["flips per s"] == 0
        assert not report.problems
        assert "dis-fast" in " ".join(report.tables[0].notes)
        assert "too short" in " ".join(report.tables[0].notes)

    def test_pictures_a_second_apart_are_no_video(self, drive):
        rows = evaluate(drive / "pred", drive / "root", "camvid").sequences
        assert rows["0001TP"]["mIoU"] == 100
        assert (
            rows["0001TP"]["VC8"] is rows["0001TP"]["flips per s"] is rows["0001TP"]["TC"] is None
        )

    def test_a_gap_starts_a_new_stretch(self, drive):
        for folder in ("root/val", "root/valannot", "pred"):
            (drive / folder / "0016E5_00117.png").unlink()
        cases = find_protocol("camvid").gather(drive / "pred", drive / "root", None).cases
        assert [len(stretch) for stretch in cases[1].stretches] == [8, 3]
        assert cases[1].fps == 15

    def test_flicker_of_a_blinking_prediction(self, drive):
        for number in range(101, 125, 4):
            write(drive / f"pred/0016E5_{number:05}.png", np.full((48, 64), 5))
        row = evaluate(drive / "pred", drive / "root", "camvid").sequences["0016E5"]
        assert row["flips per s"] == pytest.approx(15)
        assert row["returns per s"] == pytest.approx(15 * 10 / 11)
        assert (row["VC8"], row["VC8 checked"]) == (0, 0)

    def test_worst_frames_are_those_with_wrong_pixels(self, drive):
        write(drive / "pred/0016E5_00107.png", np.full((48, 64), 3))
        scored = evaluate(drive / "pred", drive / "root", "camvid").scored[1]
        worst = int(np.argmin(scored.frame_scores))
        assert scored.frame_names[worst] == "0016E5_00107"
        assert scored.frame_scores[worst] == pytest.approx(0.5)
        assert scored.curves["mIoU"][worst] == pytest.approx(0.25)
        assert len(scored.curves["pixel accuracy"]) == scored.num_frames == 12

    def test_predictions_in_folders_of_drives(self, drive):
        for path in sorted((drive / "pred").glob("*.png")):
            folder = drive / "pred" / path.name.split("_")[0]
            folder.mkdir(exist_ok=True)
            path.rename(folder / path.name)
        assert evaluate(drive / "pred", drive / "root", "camvid").summary["mIoU"] == 100

    def test_truth_as_a_plain_folder_without_frames(self, drive):
        report = evaluate(drive / "pred", drive / "root/valannot", "camvid")
        assert report.summary["VC8"] == 100
        assert report.summary["TC"] is None

    def test_predicted_void_is_wrong_where_the_truth_is_a_class(self, drive):
        write(drive / "pred/0016E5_00101.png", np.full((48, 64), 11))
        problems = evaluate(drive / "pred", drive / "root", "camvid").problems
        assert [(p.kind, p.frame) for p in problems] == [("unknown-id", "0016E5_00101")]
        assert "holds 11" in problems[0].message

    def test_sequences_in_other_processes_give_the_same(self, drive):
        one = evaluate(drive / "pred", drive / "root", "camvid")
        two = evaluate(drive / "pred", drive / "root", "camvid", workers=2)
        assert one.to_json() == two.to_json()

    def test_no_folder_and_a_foreign_folder(self, drive):
        with pytest.raises(NotFoundError, match="No folder"):
            evaluate(drive / "pred", drive / "absent", "camvid")
        (drive / "empty").mkdir()
        with pytest.raises(NotFoundError, match=r"valannot|<split>annot"):
            evaluate(drive / "pred", drive / "empty", "camvid")
        with pytest.raises(NotFoundError, match="No folder"):
            evaluate(drive / "absent", drive / "root", "camvid")


@pytest.mark.real
def test_camvid_truth_is_perfect_and_the_frame_before_is_not(shared, tmp_path):
    root = shared / "data/camvid"
    truths = sorted((root / "valannot").glob("*.png"))
    for name in ("same", "late"):
        (tmp_path / name).mkdir()
    for before, path in zip([truths[0], *truths], truths, strict=False):
        (tmp_path / "same" / path.name).write_bytes(path.read_bytes())
        (tmp_path / "late" / path.name).write_bytes(before.read_bytes())
    same, late = (evaluate(tmp_path / name, root, "camvid").summary for name in ("same", "late"))
    assert (same["mIoU"], same["VC16 checked"]) == (100, 100)
    assert late["mIoU"] == pytest.approx(73.7, abs=0.1)
    assert late["TC"] < same["TC"] < 100
    assert late["flips per s"] == pytest.approx(same["flips per s"], rel=0.02)
