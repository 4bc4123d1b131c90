import io
import json
import re
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segue.app.cli.main import main
from segue.data.mots_text import read_mots
from segue.evaluation.packing.archive import write_archive
from segue.evaluation.packing.catalog import PACKERS, find_packer
from segue.evaluation.packing.interface import Member
from segue.media.palette import write_mask
from segue.media.rle import decode, encode

OUT = Path("submission.zip")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "400")


def labels(*ids: int, size_hw: tuple[int, int] = (20, 30)) -> np.ndarray:
    """Background, and a stripe for each id."""
    found = np.zeros(size_hw, np.uint16)
    for place, number in enumerate(ids):
        found[:, 3 * place + 2 : 3 * place + 4] = number
    return found


def write(path: str | Path, values: np.ndarray, *, indexed: bool = True) -> None:
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    small = values.astype(np.uint8) if values.max() < 256 else values
    if indexed and small.dtype == np.uint8:
        write_mask(path, small)
    else:
        Image.fromarray(small).save(path)


def write_frame(path: str, size_hw: tuple[int, int] = (20, 30)) -> None:
    write(path, np.full((*size_hw, 3), 90, np.uint8), indexed=False)


def pack(benchmark: str, *words: str) -> int:
    return main(["pack", benchmark, "ours", "--out", str(OUT), *words])


def content() -> Mapping[str, bytes]:
    with zipfile.ZipFile(OUT) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def values_of(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image)


def refused(capsys: pytest.CaptureFixture[str], benchmark: str, *words: str) -> str:
    """What is said about predictions that cannot be uploaded; nothing is written then."""
    assert pack(benchmark, *words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert not OUT.exists()
    assert not list(Path().glob(".*.part"))
    return err


# DAVIS


@pytest.fixture
def davis(folder: None) -> str:
    """Two sequences of three frames, ids 1 and 2 in the bear, 1 in the goat; everything predicted."""
    for name, ids in (("bear", (1, 2)), ("goat", (1,))):
        write(f"davis/Annotations/480p/{name}/00000.png", labels(*ids))
        for time in range(3):
            write_frame(f"davis/JPEGImages/480p/{name}/{time:05}.jpg")
            write(f"ours/{name}/{time:05}.png", labels(*ids[: 3 - time]))
    Path("davis/ImageSets/2017").mkdir(parents=True)
    Path("davis/ImageSets/2017/test-dev.txt").write_text("bear\ngoat\n")
    return "davis"


def test_davis_archive_holds_folders_of_sequences_without_a_folder_around(
    davis: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pack("davis2017", "--data", davis) == 0
    names = [f"{name}/{time:05}.png" for name in ("bear", "goat") for time in range(3)]
    assert list(content()) == names
    for name in names:
        assert content()[name] == Path("ours", name).read_bytes()
    out, err = capsys.readouterr()
    assert out.startswith("submission.zip: 6 files, ")
    assert err == ""


def test_grey_masks_become_indexed_ones(davis: str) -> None:
    write("ours/bear/00001.png", labels(1, 2).astype(np.uint8), indexed=False)
    assert pack("davis2017", "--data", davis) == 0
    with Image.open(io.BytesIO(content()["bear/00001.png"])) as image:
        assert image.mode == "P"
        assert (np.asarray(image) == labels(1, 2)).all()


def damage_truncate() -> None:
    path = Path("ours/bear/00001.png")
    path.write_bytes(path.read_bytes()[:-40])


def damage_colours() -> None:
    colours = np.zeros((20, 30, 3), np.uint8)
    colours[5:9, 5:9] = (128, 0, 0)
    write("ours/bear/00001.png", colours, indexed=False)


DAMAGES = {
    "truncated": (damage_truncate, "unreadable: 1\n  bear/00001: ours/bear/00001.png is not a readable"),
    "colours": (damage_colours, "colours: 1\n  bear/00001: ours/bear/00001.png holds colours"),
    "size": (
        lambda: write("ours/bear/00001.png", labels(1, size_hw=(10, 15))),
        "size: 1\n  bear/00001: ours/bear/00001.png is 15x10 (width x height), expected 30x20.",
    ),
    "unknown id": (
        lambda: write("ours/goat/00001.png", labels(1, 2)),
        "unknown-id: 1\n  goat/00001: ours/goat/00001.png holds 2, expected the ids of the first "
        "frame (0 to 1).",
    ),
    "sixteen bits": (
        lambda: write("ours/goat/00001.png", labels(1001)),
        "holds 1001, expected the ids of the first frame (0 to 1)",
    ),
    "void": (
        lambda: write("ours/goat/00001.png", labels(255)),
        "void: 1\n  goat/00001: ours/goat/00001.png holds 255, which means void",
    ),
    "missing frame": (
        Path("ours/goat/00002.png").unlink,
        "missing-frame: 1\n  goat/00002: No ours/goat/00002.png.",
    ),
    "missing sequence": (
        lambda: Path("ours/goat").rename("goat"),
        "missing-sequence: 1\n  goat: No PNG files in ours/goat, expected 3.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_what_the_server_would_refuse_is_said_before(
    davis: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    damage, sentence = DAMAGES[name]
    damage()
    err = refused(capsys, "davis2017", "--data", davis)
    assert sentence in err
    assert "The server would refuse 1 of these; submission.zip was not written." in err


def test_what_is_not_asked_for_is_left_out_and_said(
    davis: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write("ours/zebra/00000.png", labels(1))
    write("ours/bear/00003.png", labels(7))
    Path("ours/_run/bear").mkdir(parents=True)
    Path("ours/_run/bear/run.json").write_text("{}")
    assert pack("davis2017", "--data", davis) == 0
    assert len(content()) == 6
    err = capsys.readouterr().err
    assert "extra-sequence: 1\n  zebra: ours/zebra is not asked for. It is left out." in err
    assert "extra-frame: 1\n  bear/00003: ours/bear/00003.png is not asked for." in err


def test_without_a_dataset_predictions_are_held_to_themselves(
    davis: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pack("davis2017") == 0
    assert "No dataset was given" in capsys.readouterr().err
    OUT.unlink()
    write("ours/bear/00001.png", labels(3))
    write("ours/bear/00002.png", labels(1, size_hw=(10, 15)))
    err = refused(capsys, "davis2017")
    assert "bear/00001: ours/bear/00001.png holds 3" in err
    assert "bear/00002: ours/bear/00002.png is 15x10" in err


def test_without_out_nothing_is_written(davis: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pack", "davis2017", "ours", "--data", davis]) == 0
    assert capsys.readouterr().out == "6 files are fit for upload; --out FILE.zip packs them\n"
    assert not list(Path().glob("*.zip"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["davis2016", "ours"], "No benchmark 'davis2016'. Did you mean 'davis2017'?"),
        (["davis2017", "theirs"], "No folder theirs."),
        (["davis2017", "davis", "--data", "davis"], "holds no folders of PNG files"),
        (
            ["davis2017", "davis/Annotations/480p/..", "--data", "davis"],
            "expected <sequence>/<frame>.png. Found: 480p.",
        ),
        (["davis2017", "others", "--data", "davis"], "none of the 2 sequences asked for, such as bear"),
        (["davis2017", "ours", "--data", "davis", "--split", "val"], "No split 'val'"),
        (["davis2017", "ours", "--out", "submission.tar"], "--out takes a file name that ends in .zip"),
        (["davis2017", "ours", "--out", "no/submission.zip"], "No folder no"),
        (["davis2017", "ours", "--from-train-ids"], "--from-train-ids is for cityscapes"),
    ],
)  # fmt: skip
def test_mistakes_end_with_code_2(
    davis: str, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write("others/cat/00000.png", labels(1))
    assert main(["pack", *words]) == 2
    assert sentence in capsys.readouterr().err


# YouTube-VOS


@pytest.fixture
def youtube(folder: None) -> str:
    """A video scored at frames 0, 5, 10, 15, in which object 1 starts at 5 and object 4 at 10."""
    for time in range(0, 20, 5):
        write_frame(f"ytvos/valid/JPEGImages/v1/{time:05}.jpg")
    write("ytvos/valid/Annotations/v1/00005.png", labels(1))
    write("ytvos/valid/Annotations/v1/00010.png", labels(1, 4))
    frames = {1: ["00005", "00010", "00015"], 4: ["00010", "00015"]}
    objects = {str(k): {"category": "cat", "frames": v} for k, v in frames.items()}
    meta = {"videos": {"v1": {"objects": objects}}}
    Path("ytvos/valid/meta.json").write_text(json.dumps(meta))
    for time in range(20):
        write(f"ours/v1/{time:05}.png", labels(1, 4) if time >= 10 else labels(1))
    return "ytvos"


def test_youtube_vos_archive_holds_the_scored_frames_alone(
    youtube: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pack("youtube-vos", "--data", youtube) == 0
    assert list(content()) == [f"Annotations/v1/{time:05}.png" for time in (0, 5, 10, 15)]
    assert (values_of(content()["Annotations/v1/00015.png"]) == labels(1, 4)).all()
    assert "extra-frame: 16" in capsys.readouterr().err


def test_frames_before_the_first_object_are_not_asked_for(youtube: str) -> None:
    Path("ours/v1/00000.png").unlink()
    assert pack("youtube-vos", "--data", youtube) == 0
    assert len(content()) == 3


def test_predictions_may_lie_in_annotations(youtube: str) -> None:
    Path("theirs").mkdir()
    Path("ours").rename("theirs/Annotations")
    Path("theirs").rename("ours")
    assert pack("youtube-vos", "--data", youtube) == 0
    assert "Annotations/v1/00005.png" in content()


def test_youtube_vos_ids_are_those_of_the_video(
    youtube: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write("ours/v1/00005.png", labels(1, 2))
    Path("ours/v1/00015.png").unlink()
    err = refused(capsys, "youtube-vos", "--data", youtube)
    assert "holds 2, expected the ids of the video's objects in meta.json (0 to 1, 4)" in err
    assert "missing-frame: 1\n  v1/00015" in err


def test_a_dataset_of_all_frames_is_cut_down_by_its_metadata(
    youtube: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for time in range(20):
        write_frame(f"ytvos/valid_all_frames/JPEGImages/v1/{time:05}.jpg")
    assert pack("youtube-vos", "--data", youtube, "--split", "valid_all_frames") == 0
    assert list(content()) == [f"Annotations/v1/{time:05}.png" for time in (5, 10, 15)]
    assert "The dataset holds all frames" in capsys.readouterr().err


# KITTI-MOTS


@pytest.fixture
def kitti(folder: None) -> str:
    """The 29 test sequences with two frames each; 0000 predicted as PNGs, the others as text."""
    for number in range(29):
        for time in range(2):
            write_frame(f"kitti/testing/image_02/{number:04}/{time:06}.png")
    write("ours/0000/000000.png", labels(1003, 2001))
    write("ours/0000/000001.png", labels(0, 2001))
    for number in range(1, 29):
        Path(f"ours/{number:04}.txt").write_bytes(b"")
    return "kitti"


def test_kitti_mots_archive_holds_29_texts_and_pngs_become_one(
    kitti: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pack("kitti-mots", "--data", kitti) == 0
    assert list(content()) == [f"{number:04}.txt" for number in range(29)]
    Path("0000.txt").write_bytes(content()["0000.txt"])
    frames = read_mots(Path("0000.txt"))
    found = [(t.frame, t.track_id, t.class_id) for masks in frames.values() for t in masks]
    assert found == [(0, 1003, 1), (0, 2001, 2), (1, 2001, 2)]
    assert (decode(frames[0][1].mask) == (labels(1003, 2001) == 2001)).all()
    assert (decode(frames[1][0].mask) == (labels(0, 2001) == 2001)).all()
    assert capsys.readouterr().err == ""


def line(frame: int, track_id: int, class_id: int, values: np.ndarray) -> bytes:
    """One line of MOTS text."""
    rle = encode(values > 0)
    head = f"{frame} {track_id} {class_id} {rle.height} {rle.width} ".encode()
    return head + rle.counts + b"\n"


def test_text_goes_in_as_it_is(kitti: str) -> None:
    text = line(1, 1001, 1, labels(1)) + line(0, 1001, 1, labels(1))
    Path("ours/0007.txt").write_bytes(text)
    assert pack("kitti-mots", "--data", kitti) == 0
    assert content()["0007.txt"] == text


BAD_TEXTS = {
    "overlap": (
        line(0, 1001, 1, labels(1)) + line(0, 1002, 1, labels(1, 1)),
        "overlap: 1\n  0005/0: ours/0005.txt, frame 0: the masks of tracks 1001 (line 1) and 1002 (line 2) overlap",
    ),
    "damaged": (line(0, 1001, 1, labels(1))[:-4] + b"\n", "unreadable: 1\n  0005: ours/0005.txt"),
    "ignore region": (
        line(0, 10000, 10, labels(1)),
        "unknown-id: 1\n  0005/0: ours/0005.txt, frame 0: a mask of class 10, expected 1 and 2.",
    ),
    "beyond the end": (
        line(2, 1001, 1, labels(1)),
        "extra-frame: 1\n  0005/2: ours/0005.txt, frame 2: the frames are 0 to 1.",
    ),
    "size": (
        line(0, 1001, 1, labels(1, size_hw=(10, 15))),
        "size: 1\n  0005/000000: ours/0005.txt has masks of 10x15, but",
    ),
}


@pytest.mark.parametrize("name", BAD_TEXTS)
def test_text_that_the_server_would_refuse(
    kitti: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text, sentence = BAD_TEXTS[name]
    Path("ours/0005.txt").write_bytes(text)
    assert sentence in refused(capsys, "kitti-mots", "--data", kitti)


def test_missing_sequences_and_odd_files_of_kitti_mots(
    kitti: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("ours/0028.txt").unlink()
    Path("ours/0029.txt").write_bytes(b"")
    write("ours/0000/000001.png", labels(3))
    write("ours/0000/first.png", labels(1001))
    err = refused(capsys, "kitti-mots", "--data", kitti)
    assert "missing-sequence: 1\n  0028: Neither 0028.txt nor PNG files in a folder 0028" in err
    assert "extra-sequence: 1\n  0029: ours/0029.txt is not asked for." in err
    assert "0000/000001: ours/0000/000001.png holds 3, expected class * 1000 + instance" in err
    assert "name: 1\n  0000/first: ours/0000/first.png is not named by the number" in err


def test_png_frames_that_are_missing_are_sent_empty_and_said(
    kitti: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("ours/0000/000000.png").unlink()
    assert pack("kitti-mots", "--data", kitti) == 0
    assert content()["0000.txt"].startswith(b"1 2001 2 20 30 ")
    assert "0000/000000: No PNG file; the frame is sent as one without objects." in (
        capsys.readouterr().err
    )


# Cityscapes

IMAGES = ("berlin_000000_000019", "mainz_000001_012345")


@pytest.fixture
def cityscapes(folder: None) -> str:
    for image in IMAGES:
        path = f"cs/leftImg8bit/test/{image.split('_')[0]}/{image}_leftImg8bit.png"
        write_frame(path)
        predict(image, 7, 26, 21)
    return "cs"


def predict(image: str, *values: int, suffix: str = "_pred") -> None:
    path = f"ours/{image.split('_')[0]}/{image}{suffix}.png"
    write(path, labels(*values, size_hw=(1024, 2048)), indexed=False)


def test_cityscapes_archive_holds_one_grey_file_per_image(cityscapes: str) -> None:
    assert pack("cityscapes", "--data", cityscapes) == 0
    assert list(content()) == [f"{image}.png" for image in IMAGES]
    with Image.open(io.BytesIO(content()[f"{IMAGES[0]}.png"])) as image:
        assert image.mode == "L"
        assert (np.asarray(image) == labels(7, 26, 21, size_hw=(1024, 2048))).all()


def test_train_ids_are_recognised_and_converted(
    cityscapes: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for image in IMAGES:
        predict(image, 13, 255, 18)
    err = refused(capsys, "cityscapes", "--data", cityscapes)
    assert "these are train ids, and the server wants label ids" in err
    assert pack("cityscapes", "--data", cityscapes, "--from-train-ids") == 0
    expected = labels(26, 0, 33, size_hw=(1024, 2048))
    expected[labels(13, 255, 18, size_hw=(1024, 2048)) == 0] = 7
    assert (values_of(content()[f"{IMAGES[1]}.png"]) == expected).all()


def test_label_ids_are_not_converted_twice(
    cityscapes: str, capsys: pytest.CaptureFixture[str]
) -> None:
    err = refused(capsys, "cityscapes", "--data", cityscapes, "--from-train-ids")
    assert "holds 21, 26, expected a train id, 255 for none (0 to 18, 255)" in err


def test_odd_files_of_cityscapes(cityscapes: str, capsys: pytest.CaptureFixture[str]) -> None:
    predict(IMAGES[0], 7, suffix="_color")
    write("ours/mainz/mainz_000001_012345_pred.png", labels(34, 255), indexed=False)
    predict("bonn_000000_000019", 7)
    err = refused(capsys, "cityscapes", "--data", cityscapes)
    assert "name: 1\n" in err
    assert "are named after the same image" in err
    assert "is 30x20 (width x height), expected 2048x1024" in err
    assert "holds 255, which means void" in err
    assert "holds 34, expected a label id (0 to 33)" in err
    assert "bonn/bonn_000000_000019" in err


def test_cityscapes_without_a_dataset_knows_how_many_images_there_are(
    cityscapes: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "predictions of 2 images; the test split has 1525" in refused(capsys, "cityscapes")


def test_what_segue_label_writes_is_packed(
    cityscapes: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree("ours")
    for (
        image
    ) in IMAGES:  # at the size of the test images; of one colour, so that the files stay small
        city = image.split("_")[0]
        write_frame(f"cs/leftImg8bit/test/{city}/{image}_leftImg8bit.png", (1024, 2048))
        words = ["label", f"cs/leftImg8bit/test/{city}", "--out", f"ours/{city}", "--no-overlay"]
        words += ["--model", "ocrnet", "--ids", "cityscapes", "--max-side", "64"]
        assert main([*words, "random_weights=true", *TINY]) == 0
    assert pack("cityscapes", "--data", cityscapes) == 0
    packed = content()
    assert list(packed) == [f"{image}.png" for image in IMAGES]
    found = values_of(packed[f"{IMAGES[0]}.png"])
    assert found.shape == (1024, 2048)
    assert set(np.unique(found)) <= {23, 26}


TINY = ("backbone=efficientnet-lite0", "width=16", 'classes=["sky", "car"]', "backend=torch")


# VSPW


@pytest.fixture
def vspw(folder: None) -> str:
    for time in range(2):
        write_frame(f"vspw/data/v1/origin/{time:08}.jpg")
        write(f"ours/v1/{time:08}.png", labels(0, 123))
    Path("vspw/test.txt").write_text("v1\n")
    return "vspw"


def test_vspw_archive_holds_a_folder_per_video(vspw: str) -> None:
    assert pack("vspw", "--data", vspw) == 0
    assert list(content()) == ["v1/00000000.png", "v1/00000001.png"]


def test_vspw_wants_classes_one_less_than_the_label_files(
    vspw: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write("ours/v1/00000000.png", labels(1, 124))
    write("ours/v1/00000001.png", labels(255))
    err = refused(capsys, "vspw", "--data", vspw)
    assert "holds 124, expected a class, one less than in the label files (0 to 123)" in err
    assert "holds 255, which means void" in err
    err = refused(capsys, "vspw")
    assert "holds 124" in err


# Archives


def test_the_same_files_give_the_same_bytes(davis: str) -> None:
    assert pack("davis2017", "--data", davis) == 0
    first = OUT.read_bytes()
    for path in Path("ours").rglob("*.png"):
        path.touch()
    assert pack("davis2017", "--data", davis) == 0
    assert OUT.read_bytes() == first


def test_members_are_sorted_without_dates_and_folders(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    write_archive(path, [Member("b.txt", lambda: b"x" * 1000), Member("a/1.png", lambda: b"y")])
    with zipfile.ZipFile(path) as archive:
        records = archive.infolist()
    assert [record.filename for record in records] == ["a/1.png", "b.txt"]
    assert {record.date_time for record in records} == {(1980, 1, 1, 0, 0, 0)}
    assert records[1].compress_size < 100


def test_an_archive_is_whole_or_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"old")

    def fail() -> bytes:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_archive(path, [Member("a", lambda: b"x"), Member("b", fail)])
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_help_tells_what_each_benchmark_wants(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["pack", "--help"])
    text = capsys.readouterr().out
    for name in PACKERS:
        assert re.search(rf"  {name} +{re.escape(find_packer(name).summary)}\n", text)
