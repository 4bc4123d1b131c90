"""``segue convert``: from results of Segue and from files of others, and the same files as given masks."""

import json
import signal
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from fakes import forked, killed_commands
from fakes.scenes import SIZE_HW, scene, write_frames
from segue.app.cli.main import main
from segue.media.label_file import read_label_values
from segue.media.masks import write_mask

EXCHANGE = ["coco", "yolo", "cvat", "cvat-polygons", "mots", "labelme"]
MADE = {
    "coco": "coco.json",
    "yolo": "yolo",
    "cvat": "cvat.xml",
    "cvat-polygons": "cvat-polygons.xml",
    "mots": "mots",
    "labelme": "labelme",
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``out`` holds the results of 8 frames with two objects."""
    monkeypatch.chdir(tmp_path)
    truth = write_frames(Path("frames"), 8)
    write_mask(Path("0.png"), truth[0])
    write_mask(Path("6.png"), truth[6])
    words = ["--mask", "0.png", "--mask", "6=6.png", "--out", "out", "--model", "colour"]
    assert main(["track", "frames", *words, "--no-overlay"]) == 0
    return tmp_path


def masks(folder: str) -> dict[str, np.ndarray]:
    found = {path.stem: read_label_values(path) for path in sorted(Path(folder).glob("*.png"))}
    assert found
    return found


def assert_same(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert list(found) == list(expected)
    for name, labels in expected.items():
        np.testing.assert_array_equal(found[name], labels)


@pytest.mark.parametrize("name", EXCHANGE)
def test_there_and_back(place: Path, capsys, name: str) -> None:
    capsys.readouterr()
    assert main(["convert", "out", "--to", name, "--out", "there"]) == 0
    assert f"there/{MADE[name]}" in capsys.readouterr().out
    assert [p.name for p in Path("there").iterdir()] == [MADE[name]]
    assert main(["convert", f"there/{MADE[name]}", "--to", "png", "--out", "back"]) == 0
    found = masks("back/png")
    if name == "mots":
        found = {f"{int(frame):05d}": labels for frame, labels in found.items()}
    assert_same(found, masks("out/masks"))


def test_beside_the_results_and_only_once(place: Path, capsys) -> None:
    before = {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}
    assert main(["convert", "out", "--to", "coco", "--to", "yolo"]) == 0
    first = Path("out/coco.json").read_bytes()
    assert main(["convert", "out", "--to", "labelme", "--to", "coco"]) == 2
    assert "out/coco.json is there already" in capsys.readouterr().err
    assert not Path("out/labelme").exists()
    assert main(["convert", "out", "--to", "coco", "--to", "yolo", "--overwrite"]) == 0
    assert Path("out/coco.json").read_bytes() == first
    assert {path: path.read_bytes() for path in before} == before
    assert not list(Path("out").glob(".*"))


def test_what_is_doubtful_is_said(place: Path, capsys) -> None:
    assert main(["convert", "out", "--to", "mots", "--to", "tracks.csv", "--out", "there"]) == 0
    said = capsys.readouterr().out
    assert "check: MOTS knows cars and pedestrians only" in said
    assert "  there/mots (9 files)\n  there/tracks.csv\n" in said


def test_files_that_segue_did_not_write_stay(place: Path, capsys) -> None:
    assert main(["convert", "out", "--to", "yolo"]) == 0
    Path("out/yolo/labels/mine.txt").write_text("mine")
    assert main(["convert", "out", "--to", "yolo", "--overwrite"]) == 2
    assert "out/yolo/labels/mine.txt is in the way" in capsys.readouterr().err
    assert Path("out/yolo/labels/mine.txt").read_text() == "mine"


def test_a_file_that_is_replaced_is_named_and_what_is_read_stays(place: Path, capsys) -> None:
    Path("there").mkdir()
    Path("there/coco.json").write_text("mine")
    words = ["convert", "out", "--to", "coco", "--to", "tracks.csv", "--out", "there"]
    assert main([*words, "--overwrite"]) == 0
    assert "  replaced files that were there: coco.json\n" in capsys.readouterr().out
    before = Path("there/coco.json").read_bytes()
    words = ["convert", "there/coco.json", "--to", "coco", "--out", "there"]
    assert main([*words, "--overwrite"]) == 2
    assert "there/coco.json is read, and would be replaced" in capsys.readouterr().err
    assert Path("there/coco.json").read_bytes() == before


def test_results_of_classes(place: Path) -> None:
    assert main(["label", "frames", "--out", "classes", "--model", "shade", "--no-overlay"]) == 0
    assert main(["convert", "classes", "--to", "mots", "--out", "there"]) == 2
    assert not Path("there").exists()
    for name in ("coco", "yolo", "cvat", "labelme"):
        assert main(["convert", "classes", "--to", name, "--out", "there"]) == 0
        assert main(["convert", f"there/{MADE[name]}", "--to", "png", "--out", f"back/{name}"]) == 0
        assert_same(masks(f"back/{name}/png"), masks("classes/labels"))


def test_the_video_for_pictures_and_size(place: Path, capsys) -> None:
    assert main(["convert", "out", "--to", "overlay", "--out", "a"]) == 2
    assert "give the video, with --video" in capsys.readouterr().err
    assert main(["convert", "out", "--to", "overlay", "--out", "a", "--video", "frames"]) == 0
    assert Path("a/overlay.mp4").is_file()
    assert main(["convert", "out", "--to", "yolo", "--out", "a"]) == 0
    Path("a/yolo/data.yaml").unlink()
    assert main(["convert", "a/yolo", "--to", "png", "--out", "b"]) == 2
    assert "Pass --size WIDTHxHEIGHT" in capsys.readouterr().err
    size = f"{SIZE_HW[1]}x{SIZE_HW[0]}"
    assert main(["convert", "a/yolo", "--to", "png", "--out", "b", "--size", size]) == 0
    assert main(["convert", "a/yolo", "--to", "png", "--out", "c", "--video", "frames"]) == 0
    assert_same(masks("b/png"), masks("c/png"))
    assert main(["convert", "out", "--to", "png", "--out", "d", "--size", "9x9"]) == 2
    assert "not of 9x9" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing", "--to", "coco"], "No file or folder nothing"),
        (["0.png", "--to", "coco", "--out", "x"], "is of no format that can be read"),
        (["set", "--to", "coco", "--out", "x"], "results of a data set"),
        (["out", "--to", "cocoa"], "Did you mean 'coco'"),
        (["out", "--from", "cocoa", "--to", "coco"], "Did you mean 'coco'"),
        (["out", "--from", "overlay", "--to", "coco"], "overlay cannot be read"),
        (["out", "--from", "coco", "--to", "png", "--out", "x"], "not a whole JSON file"),
        (["half.json", "--to", "png", "--out", "x"], "not a whole JSON file"),
        (["half.json", "--to", "png"], "--out DIR|not a whole"),
        (["out", "--to", "coco", "--size", "big"], "expected WIDTHxHEIGHT"),
        (["out", "--to", "coco", "--out", "0.png"], "Could not write|is a file"),
    ],
)
def test_bad_input_is_one_sentence(place: Path, capsys, words: list[str], said: str) -> None:
    Path("set/_run").mkdir(parents=True)
    Path("half.json").write_text('{"images": [], "annotations": [')
    capsys.readouterr()
    with suppress(SystemExit):
        assert main(["convert", *words]) in (2, 4)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert any(part in lines[0] for part in said.split("|"))
    assert not Path("x").exists()


@pytest.mark.parametrize("name", ["coco", "yolo", "cvat", "labelme"])
def test_as_given_masks(place: Path, name: str) -> None:
    """All frames of a file, with its ids, and held to the pixel."""
    assert main(["convert", "out", "--to", name, "--out", "there"]) == 0
    words = ["--mask", f"there/{MADE[name]}", "--out", "again", "--model", "colour", "--no-overlay"]
    assert main(["track", "frames", *words]) == 0
    assert_same(masks("again/masks"), masks("out/masks"))
    record = json.loads(Path("again/run.json").read_text())
    assert set(record["identity"]["masks"]) == {str(n) for n in range(8)}


def test_one_frame_of_a_file(place: Path, capsys) -> None:
    assert main(["convert", "out", "--to", "coco"]) == 0
    words = ["--out", "again", "--model", "colour", "--no-overlay"]
    given = ["--mask", "0.png", "--mask", "7=out/coco.json"]
    assert main(["track", "frames", *given, *words]) == 0
    np.testing.assert_array_equal(masks("again/masks")["00007"], masks("out/masks")["00007"])
    record = json.loads(Path("again/run.json").read_text())
    assert set(record["identity"]["masks"]) == {"0", "7"}
    assert main(["track", "frames", "--mask", "8=out/coco.json", *words, "--overwrite"]) == 2
    assert "frames 0 to 7" in capsys.readouterr().err


def test_one_object_of_a_file_keeps_its_id(place: Path) -> None:
    assert main(["convert", "out", "--to", "coco"]) == 0
    words = ["--out", "again", "--model", "colour", "--no-overlay"]
    assert main(["track", "frames", "--mask", "6:2=out/coco.json", *words]) == 0
    expected = np.where(masks("out/masks")["00006"] == 2, 2, 0)
    np.testing.assert_array_equal(masks("again/masks")["00006"], expected)


def test_masks_of_a_longer_video_are_refused(place: Path, capsys) -> None:
    assert main(["convert", "out", "--to", "coco"]) == 0
    Path("frames/00007.png").unlink()
    Path("frames/00006.png").unlink()
    assert main(["track", "frames", "--mask", "out/coco.json", "--out", "again"]) == 2
    assert "out/coco.json has a mask of frame 00006" in capsys.readouterr().err


def test_frames_are_found_by_their_names_where_some_have_them(place: Path, capsys) -> None:
    """Numbers would put each mask behind a missing frame onto the frame after it."""
    assert main(["convert", "out", "--to", "coco"]) == 0
    Path("frames/00003.png").unlink()
    words = ["track", "frames", "--out", "again", "--model", "colour", "--no-overlay"]
    assert main([*words, "--mask", "out/coco.json"]) == 2
    assert "has a mask of frame 00003, and the video has no such frame" in capsys.readouterr().err
    assert main([*words, "--mask", "00005=out/coco.json"]) == 0
    np.testing.assert_array_equal(masks("again/masks")["00005"], masks("out/masks")["00005"])


@pytest.mark.parametrize(("name", "made"), [("objects", "objects"), ("davis", "davis")])
def test_folders_of_segue_as_given_masks(place: Path, name: str, made: str) -> None:
    assert main(["convert", "out", "--to", name, "--out", "there", "--video", "frames"]) == 0
    words = ["--out", "again", "--model", "colour", "--no-overlay"]
    assert main(["track", "frames", "--mask", f"there/{made}", *words]) == 0
    assert_same(masks("again/masks"), masks("out/masks"))
    given = ["--mask", "0.png", "--mask", f"6:2=there/{made}"]
    assert main(["track", "frames", *given, *words, "--overwrite"]) == 0


def test_an_object_that_is_not_there_and_a_file_without_any(place: Path, capsys) -> None:
    assert main(["convert", "out", "--to", "coco"]) == 0
    words = ["track", "frames", "--out", "again", "--model", "colour"]
    assert main([*words, "--mask", "6:9=out/coco.json"]) == 2
    assert "frame 00006 has no object 9. Objects there: 1, 2." in capsys.readouterr().err
    document = json.loads(Path("out/coco.json").read_text()) | {"annotations": []}
    Path("none.json").write_text(json.dumps(document))
    assert main([*words, "--mask", "none.json"]) == 2
    assert "none.json holds no object on any frame" in capsys.readouterr().err


def test_a_video_that_ends_too_early_is_another_one(place: Path, capsys) -> None:
    Path("frames/00007.png").unlink()
    words = ["convert", "out", "--video", "frames", "--out", "there"]
    for name in ("overlay", "cutout-png"):
        assert main([*words, "--to", name]) == 2
        assert "has no frame 00007, of which there are results" in capsys.readouterr().err
        assert not Path("there").exists()


def test_later_is_the_same_as_at_the_end_of_the_run(place: Path) -> None:
    """To the byte: origins, the gate's threshold, times and the shape of pixels come back."""
    names = ["tracks.json", "tracks.csv", "review.csv", "reuse", "overlay", "coco"]
    words = [word for name in names for word in ("--format", name)]
    write_film(Path("film.mp4"))
    given = ["--mask", "0.png", "--mask", "6=6.png", "--direction", "both", "--fit-mask"]
    track = ["track", "film.mp4", *given, "--out", "now", "--model", "g-colour", *words]
    assert main(track) == 0
    words = [word for name in names for word in ("--to", name)]
    assert main(["convert", "now", *words, "--video", "film.mp4", "--out", "later"]) == 0
    later = {path.name: path.read_bytes() for path in Path("later").iterdir()}
    assert later == {name: Path("now", name).read_bytes() for name in later}
    assert b",given," in later["tracks.csv"]
    assert b",both," in later["tracks.csv"]
    assert {"reuse.png", "overlay.mp4"} < set(later)


def test_an_interrupted_correction_is_not_converted(place: Path, capsys) -> None:
    path = Path("out/_session/session.json")
    session = json.loads(path.read_text())
    session["edits"].append({"kind": "correct", "frame": 3, "objects": [1], "reach": "end"})
    path.write_text(json.dumps(session))
    assert main(["convert", "out", "--to", "coco"]) == 2
    assert "A correction of out is going on, or was interrupted" in capsys.readouterr().err
    assert not Path("out/coco.json").exists()


def test_what_leaves_no_file_is_said(place: Path, capsys) -> None:
    assert main(["convert", "out", "--to", "reuse", "--out", "there"]) == 0
    assert "no file: these results hold nothing for it" in capsys.readouterr().out


def test_masks_of_another_size_are_fitted_where_asked(place: Path, capsys) -> None:
    assert main(["convert", "out", "--to", "coco"]) == 0
    for path in Path("frames").iterdir():
        Image.open(path).resize((106, 76)).save(path)
    words = ["track", "frames", "--mask", "out/coco.json", "--out", "again", "--model", "colour"]
    assert main([*words, "--no-overlay"]) == 2
    assert "53x38" in capsys.readouterr().err
    assert main([*words, "--no-overlay", "--fit-mask"]) == 0


def test_a_damaged_file_of_a_video_as_masks(place: Path, capsys) -> None:
    assert main(["convert", "out", "--to", "coco"]) == 0
    document = json.loads(Path("out/coco.json").read_text())
    document["annotations"][1]["track_id"] = "x"
    Path("bad.json").write_text(json.dumps(document))
    assert main(["track", "frames", "--mask", "bad.json", "--out", "again"]) == 2
    assert "expected a whole number as id" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["coco", "yolo"])
def test_killed_in_the_middle_nothing_is_half_written(place: Path, name: str) -> None:
    """The process dies while the 5th frame is read; the same command with --overwrite makes it whole."""
    for more in ([], ["--overwrite"]):
        done = forked.run(killed_commands.convert, name, *more)
        assert done.returncode == -signal.SIGKILL
        assert not (Path("out") / MADE[name]).exists()
    assert main(["convert", "out", "--to", name, "--overwrite"]) == 0
    assert main(["convert", "out", "--to", name, "--out", "other"]) == 0
    assert tree(Path("out") / MADE[name]) == tree(Path("other") / MADE[name])
    assert [p.name for p in Path("out").iterdir() if p.name[0] == "."] == []


def write_film(path: Path) -> None:
    """The same scene, with pixels that are not square; odd sizes lose their last row and column."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"qp": "0"})
        stream.height, stream.width, stream.pix_fmt = SIZE_HW[0], SIZE_HW[1] - 1, "yuv444p"
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        for picture, _ in scene(8):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture[:, :-1].copy())))
        container.mux(stream.encode())


def tree(path: Path) -> dict[str, bytes]:
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return {p.relative_to(path).as_posix(): p.read_bytes() for p in files}
