import numpy as np
import pytest
from PIL import Image

from segue.data.semantic_classes import VSPW_CLASSES
from segue.errors import NotFoundError
from segue.evaluation.protocols import vspw
from segue.evaluation.protocols.semantic import by_reference
from segue.evaluation.run import evaluate, evaluate_gathered

CLASSES = 124


def write(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(values, np.uint8)).save(path)


def drifting(rng, num_frames, low, high):
    """Labels of which a tenth changes from frame to frame."""
    labels = rng.integers(low, high, (12, 16))
    for _ in range(num_frames):
        labels = np.where(
            rng.random(labels.shape) < 0.1, rng.integers(low, high, labels.shape), labels
        )
        yield labels


@pytest.fixture
def videos(tmp_path):
    """Two videos with void, and predictions that are partly right; arrays by video."""
    rng = np.random.default_rng(0)
    arrays = {}
    for name, num_frames in (("1001_a", 20), ("1002_b", 12)):
        truths, predictions = list(drifting(rng, num_frames, 0, 6)), []
        for number, truth in enumerate(truths):
            truth[0], truth[1] = 0, 255
            if name == "1001_a":
                truth[truth == 5] = 4  # class 4 occurs in the second video only
            wrong = rng.random(truth.shape) < 0.3
            predicted = np.where(wrong, 7, np.clip(truth.astype(int) - 1, 0, CLASSES - 1))
            predictions.append(predicted)
            write(tmp_path / f"root/data/{name}/origin/{number:08}.jpg", np.zeros((12, 16, 3)))
            write(tmp_path / f"root/data/{name}/mask/{number:08}.png", truth)
            write(tmp_path / f"pred/{name}/{number:08}.png", predicted)
        arrays[name] = (np.stack(truths), np.stack(predictions))
    (tmp_path / "root/val.txt").write_text("1001_a\n1002_b\n")
    return tmp_path, arrays


def by_definition(truth, predicted):
    """mIoU over the classes of the truth, and fwIoU."""
    classes = truth.astype(int) - 1
    valid = (classes >= 0) & (classes < CLASSES)
    ious, weights = [], []
    for label in np.unique(classes[valid]):
        ours, theirs = (predicted == label) & valid, (classes == label) & valid
        ious.append((ours & theirs).sum() / (ours | theirs).sum())
        weights.append(theirs.sum() / valid.sum())
    return 100 * np.mean(ious), 100 * np.dot(ious, weights)


def consistency(arrays, n):
    """VC_n as defined, over all windows of all videos."""
    scores = []
    for truth, predicted in arrays.values():
        for start in range(len(truth) - n):
            constant = (truth[start : start + n] == truth[start]).all(axis=0)
            same = (predicted[start : start + n] == predicted[start]).all(axis=0)
            scores.append((constant & same).sum() / constant.sum())
    return 100 * np.mean(scores)


def test_numbers_by_definition(videos):
    folder, arrays = videos
    summary = evaluate(folder / "pred", folder / "root", "vspw").summary
    truth, predicted = (np.concatenate(side) for side in zip(*arrays.values(), strict=True))
    mean, weighted = by_definition(truth, predicted)
    assert summary["mIoU"] == pytest.approx(mean)
    assert summary["fwIoU"] == pytest.approx(weighted)
    rows = [by_definition(*pair) for pair in arrays.values()]
    assert summary["mIoU by video"] == pytest.approx(np.mean([row[0] for row in rows]))
    assert summary["fwIoU by video"] == pytest.approx(np.mean([row[1] for row in rows]))
    assert summary["VC8"] == pytest.approx(consistency(arrays, 8))
    assert summary["VC16"] == pytest.approx(consistency({"1001_a": arrays["1001_a"]}, 16))
    assert summary["TC"] is not None
    assert 0 < summary["TC official"] <= 100


def test_clean_and_noisy_frames_by_definition(videos):
    folder, arrays = videos
    truth, _ = arrays["1001_a"]
    for t in range(8, 16):  # a class enters; five frames later it is known
        truth[t, 5] = 9
        write(folder / f"root/data/1001_a/mask/{t:08}.png", truth[t])
    rules = by_reference(vspw.VSPW, distance=5)
    gathered = rules.gather(folder / "pred", folder / "root", None)
    report = evaluate_gathered("split", rules, gathered, workers=1, strict=False)
    halves = {True: ([], []), False: ([], [])}
    for truth, predicted in arrays.values():
        for t, pair in enumerate(zip(truth, predicted, strict=True)):
            shown, known = ({*np.unique(x)} - {0, 255} for x in (truth[t], truth[max(0, t - 5)]))
            for side, values in zip(halves[shown <= known], pair, strict=True):
                side.append(values)
    assert all(sides[0] for sides in halves.values())
    for clean, name in ((True, "mIoU clean"), (False, "mIoU noisy")):
        mean, _ = by_definition(*(np.stack(side) for side in halves[clean]))
        assert report.summary[name] == pytest.approx(mean)
    share = len(halves[True][0]) / 32
    assert report.summary["clean frames"] == pytest.approx(100 * share)
    assert (
        report.summary["mIoU"] == evaluate(folder / "pred", folder / "root", "vspw").summary["mIoU"]
    )
    assert any("of whose classes their reference shows" in n for n in report.tables[0].notes)


def test_the_first_frame_can_be_the_reference_of_all(videos):
    folder, _ = videos
    rules = by_reference(vspw.VSPW, distance=None)
    gathered = rules.gather(folder / "pred", folder / "root", None)
    report = evaluate_gathered("split", rules, gathered, workers=1, strict=False)
    named = evaluate(folder / "pred", folder / "root", "vspw-by-reference").summary
    assert report.summary == named  # no video is longer than 60 frames
    assert "the first frame" in rules.summary


def test_rows_of_videos_and_classes(videos):
    folder, arrays = videos
    report = evaluate(folder / "pred", folder / "root", "vspw")
    assert report.sequences["1002_b"]["mIoU"] == pytest.approx(by_definition(*arrays["1002_b"])[0])
    assert len(report.tables[1].rows) == CLASSES
    assert report.tables[1].rows[VSPW_CLASSES.names[7]]["IoU"] == 0
    assert "VC16: 1 of 2 sequences are too short" in report.tables[0].notes[0]
    assert report.num_frames == 32


def test_predictions_that_keep_the_shift_are_suspected(videos):
    folder, _ = videos
    for path in (folder / "pred").glob("*/*.png"):
        truth = folder / "root/data" / path.parent.name / "mask" / path.name
        path.write_bytes(truth.read_bytes())
    problems = evaluate(folder / "pred", folder / "root", "vspw").problems
    assert any("looks like class + 1" in problem.message for problem in problems)


def test_a_prediction_beyond_the_classes_is_named(videos):
    folder, _ = videos
    write(folder / "pred/1001_a/00000003.png", np.full((12, 16), 124))
    problems = evaluate(folder / "pred", folder / "root", "vspw").problems
    assert [(p.kind, p.sequence, p.frame) for p in problems] == [
        ("unknown-id", "1001_a", "00000003")
    ]
    assert "holds 124" in problems[0].message


def test_missing_frames_and_videos_are_refused(videos):
    folder, _ = videos
    (folder / "pred/1001_a/00000003.png").unlink()
    for path in (folder / "pred/1002_b").iterdir():
        path.unlink()
    with pytest.raises(NotFoundError, match="13 of 32 annotated frames: 1001_a/00000003, 1002_b/"):
        evaluate(folder / "pred", folder / "root", "vspw")


def test_a_split_without_label_maps(videos):
    folder, _ = videos
    for path in (folder / "root/data").glob("*/mask/*.png"):
        path.unlink()
    with pytest.raises(NotFoundError, match="no label maps"):
        evaluate(folder / "pred", folder / "root", "vspw")


def test_truth_as_plain_folders(videos):
    folder, _ = videos
    for path in sorted((folder / "root/data").glob("*/mask")):
        path.rename(folder / "root" / path.parent.name)
    plain = folder / "plain"
    plain.mkdir()
    for name in ("1001_a", "1002_b"):
        (folder / "root" / name).rename(plain / name)
    report = evaluate(folder / "pred", plain, "vspw")
    assert report.summary["VC8"] is not None
    assert report.summary["TC"] is None


def test_motion_is_measured_on_the_first_videos_only(videos, monkeypatch):
    folder, _ = videos
    monkeypatch.setattr(vspw, "FLOW_VIDEOS", 1)
    report = evaluate(folder / "pred", folder / "root", "vspw")
    assert report.sequences["1001_a"]["TC"] is not None
    assert report.sequences["1002_b"]["TC"] is None


def test_a_video_that_no_list_names(videos):
    folder, _ = videos
    write(folder / "pred/9999_z/00000000.png", np.zeros((12, 16)))
    problems = evaluate(folder / "pred", folder / "root", "vspw").problems
    assert [(p.kind, p.sequence) for p in problems] == [("extra-sequence", "9999_z")]
