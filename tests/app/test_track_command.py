import json
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from fakes import forked, killed_commands
from fakes.colour_model import ColourModel
from fakes.scenes import SIZE_HW, scene, write_frames
from segue.app.cli.main import main
from segue.media.masks import write_mask


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of 12 frames, masks ``0.png`` (object 1) and ``7.png`` (objects 1 and 2)."""
    monkeypatch.chdir(tmp_path)
    truth = write_frames(Path("frames"), 12)
    write_mask(Path("0.png"), truth[0])
    write_mask(Path("7.png"), truth[7])
    return tmp_path


def track(*words: str) -> int:
    return main(["track", "frames", "--mask", "0.png", "--out", "out", "--model", "colour", *words])


def results(out: Path) -> dict[str, bytes]:
    paths = [p.relative_to(out) for p in out.rglob("*") if p.is_file() and p.name != "run.json"]
    return {str(p): (out / p).read_bytes() for p in paths if "_session" not in p.parts}


def test_one_video(place: Path, capsys) -> None:
    assert track("--mask", "7=7.png", "--threads", "1", "rate=0.2", "--seed", "5") == 0
    assert "12 frames in" in capsys.readouterr().out
    assert {p.name for p in Path("out").iterdir()} == {
        "masks",
        "overlay.mp4",
        "tracks.json",
        "run.json",
        "_session",
    }
    last = np.asarray(Image.open("out/masks/00011.png"))
    truth = scene(12)[11][1]
    assert (last == truth).mean() > 0.97
    record = json.loads(Path("out/run.json").read_text())
    assert record["settings"] == {"rate": 0.2, "seed": 5}
    assert record["seed"] == 5
    assert record["threads"] == 1
    assert record["identity"]["video"]["files"] == 12
    assert set(record["identity"]["masks"]) == {"0", "7"}


def test_a_model_that_finds_objects_needs_no_mask(place: Path, capsys) -> None:
    words = ["track", "frames", "--model", "finder"]
    assert main([*words, "--dry-run"]) == 0
    assert "no mask    finder finds objects by itself" in capsys.readouterr().out
    assert main([*words, "--out", "out", "--threads", "1"]) == 0
    assert "no mask    finder finds objects by itself" in capsys.readouterr().err
    assert main([*words, "--out", "again", "--threads", "1"]) == 0
    assert results(Path("out")) == results(Path("again"))
    last = np.asarray(Image.open("out/masks/00011.png"))
    assert ((last == 1) == (scene(12)[11][1] == 1)).mean() > 0.97
    record = json.loads(Path("out/run.json").read_text())
    assert record["settings"]["finds"] is True
    assert record["identity"]["masks"] == record["understood"]["objects"] == {}
    assert main([*words, "--mask", "0.png", "--out", "given"]) == 0
    assert json.loads(Path("given/run.json").read_text())["settings"]["finds"] is False


def test_json_on_stdout_is_one_document(place: Path, capsys) -> None:
    assert track("--no-overlay", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["out"] == "out"
    assert document["frames"] == 12
    assert document["timings"]["fps"] > 0
    assert not Path("out/overlay.mp4").exists()


def test_json_in_a_file(place: Path, capsys) -> None:
    assert track("--json", "report.json") == 0
    assert json.loads(Path("report.json").read_text())["frames"] == 12
    assert "12 frames" in capsys.readouterr().out


def test_resume_of_a_complete_run_says_so(place: Path, capsys) -> None:
    track()
    before = results(Path("out"))
    capsys.readouterr()
    assert track("--resume") == 0
    assert "out is complete already: 12 frames" in capsys.readouterr().out
    assert results(Path("out")) == before


def test_max_side_and_fit_mask(place: Path) -> None:
    write_mask(Path("0.png"), np.kron(scene(1)[0][1], np.ones((2, 2), np.uint8)))
    assert track("--fit-mask", "--max-side", "40") == 0
    assert np.asarray(Image.open("out/masks/00005.png")).shape == SIZE_HW


def test_a_video_file(place: Path) -> None:
    write_video(Path("clip.mp4"), [frame for frame, _ in scene(8)])
    arguments = ["track", "clip.mp4", "--mask", "0.png", "--fit-mask", "--out", "o"]
    assert main([*arguments, "--model", "colour"]) == 0
    assert len(list(Path("o/masks").iterdir())) == 8


def write_video(path: Path, frames) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 52, 38, "yuv420p"
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame[:, :52]), "rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def write_sound(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
        container.mux(stream.encode())


def _break_inputs() -> None:
    Path("text.mp4").write_text("not a video")
    Path("nothing").mkdir()
    write_sound(Path("sound.wav"))
    write_mask(Path("empty.png"), np.zeros(SIZE_HW, np.uint8))
    write_mask(Path("small.png"), np.ones((10, 12), np.uint8))
    many = np.arange(300, dtype=np.uint16).reshape(15, 20)
    Image.fromarray(many).save("many.png")
    write_frames(Path("mixed"), 3)
    Image.new("RGB", (9, 9)).save("mixed/00001.png")
    Path("foreign.safetensors").write_bytes(b"\x80\x04K\x01.")
    Path("file").write_text("no folder")


T = ("track",)
OUT = ("--out", "out", "--model", "colour")
BAD = {
    "no such file": ((*T, "gone.mp4", "--mask", "0.png", *OUT), "gone.mp4"),
    "not a video": ((*T, "text.mp4", "--mask", "0.png", *OUT), "text.mp4 is not a video"),
    "audio only": ((*T, "sound.wav", "--mask", "0.png", *OUT), "no video stream, only: audio"),
    "no frames": ((*T, "nothing", "--mask", "0.png", *OUT), "nothing holds no images"),
    "mixed sizes": ((*T, "mixed", "--mask", "0.png", *OUT), "53x38.* 9x9"),
    "no mask, and a finder that finds nothing": (
        (*T, "frames", *OUT, "--finder", "colour"),
        "colour carries given objects and finds none by itself.*: .*rvos-lite",
    ),
    "no video": ((*T, *OUT), r"Give one VIDEO \(got: none\)"),
    "no mask for a model of classes": (
        (*T, "frames", "--out", "out", "--model", "shade"),
        "'shade' names the class",
    ),
    "no such mask": ((*T, "frames", "--mask", "gone.png", *OUT), "gone.png"),
    "empty mask": ((*T, "frames", "--mask", "empty.png", *OUT), "empty.png holds no object"),
    "mask of another size": (
        (*T, "frames", "--mask", "small.png", *OUT),
        "12x10.*53x38.*--fit-mask",
    ),
    "too many objects": ((*T, "frames", "--mask", "many.png", *OUT), "254"),
    "vanishing object": (
        (*T, "frames", "--mask", "7=7.png", "--mask", "9=0.png", *OUT),
        "Object 2 is in the mask of frame 7 but not in that of frame 9.*--partial-masks",
    ),
    "mask past the end": ((*T, "frames", "--mask", "12=0.png", *OUT), "frames 0 to 11"),
    "two videos": ((*T, "frames", "mixed", "--mask", "0.png", *OUT), "one VIDEO"),
    "unknown setting": ((*T, "frames", "--mask", "0.png", *OUT, "rte=1"), "did you mean 'rate'"),
    "unknown model": (
        (*T, "frames", "--mask", "0.png", "--out", "out", "--model", "colur"),
        "Did you mean 'colour'",
    ),
    "weights that are not there": (
        (*T, "frames", "--mask", "0.png", *OUT, "--weights", "gone.safetensors"),
        "No weights file gone.safetensors",
    ),
    "foreign weights": (
        (*T, "frames", "--mask", "0.png", "--out", "out", "--weights", "foreign.safetensors"),
        "foreign.safetensors is not a readable safetensors file",
    ),
    "unknown device": ((*T, "frames", "--mask", "0.png", *OUT, "--device", "gpu"), "'gpu'.*cpu"),
    "missing device": (
        (*T, "frames", "--mask", "0.png", *OUT, "--device", "cuda:99"),
        "No device 'cuda:99'",
    ),
    "json over a video": ((*T, "--json", "frames", "--mask", "0.png", *OUT), "ends in .json"),
    "layout and video": ((*T, "frames", "--layout", "davis2016", *OUT), "--layout takes --root"),
    "max side too small": ((*T, "frames", "--mask", "0.png", *OUT, "--max-side", "3"), "16"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence_and_exit_code_2(place: Path, capsys, case: str) -> None:
    _break_inputs()
    words, sentence = BAD[case]
    assert main(words) == 2
    _assert_sentence(capsys.readouterr().err, sentence)
    assert not Path("out").exists()


def _assert_sentence(text: str, pattern: str) -> None:
    import re

    assert text.startswith("segue: error: ")
    assert text.count("\n") == 1
    assert re.search(pattern, text), text


def test_results_are_not_touched_without_a_word(place: Path, capsys) -> None:
    track()
    before = results(Path("out"))
    capsys.readouterr()
    assert track() == 2
    _assert_sentence(capsys.readouterr().err, "already holds results.*--resume.*--overwrite")
    assert track("--overwrite", "rte=1") == 2
    assert results(Path("out")) == before, "a refused run must not clear the folder"


def test_resume_with_other_settings_names_them(place: Path, capsys) -> None:
    track("rate=0.1")
    capsys.readouterr()
    assert track("--resume", "rate=0.3", "--max-side", "40") == 2
    error = capsys.readouterr().err
    _assert_sentence(
        error, r"max_side was not set, now is 40; settings\.rate was 0\.1, now is 0\.3"
    )
    write_mask(Path("0.png"), scene(2)[1][1])
    assert track("--resume", "rate=0.1") == 2
    _assert_sentence(capsys.readouterr().err, r"masks\.0 was")


def test_a_broken_frame_is_named_and_what_came_before_is_kept(place: Path, capsys) -> None:
    picture = Path("frames/00008.png")
    picture.write_bytes(picture.read_bytes()[:200])
    assert track() == 3
    _assert_sentence(_after_the_block(capsys.readouterr().err), "00008")
    assert len(list(Path("out/masks").iterdir())) == 8
    assert len(json.loads(Path("out/tracks.json").read_text())["frames"]) == 8


def test_a_folder_that_cannot_be_written(place: Path, capsys) -> None:
    Path("file").write_text("no folder")
    assert main(["track", "frames", "--mask", "0.png", "--out", "file/x", "--model", "colour"]) == 4
    _assert_sentence(_after_the_block(capsys.readouterr().err), "Could not write file/x")


def test_ctrl_c_says_how_to_go_on(place: Path) -> None:
    words = ["frames", "--mask", "0.png", "--out", "out", "--model", "colour", "--threads", "1"]
    done = forked.run(killed_commands.track, *words)
    assert done.returncode == 130, done.stderr
    assert _after_the_block(done.stderr) == "segue: interrupted. Go on with --resume.\n"
    assert track("--threads", "1", "--resume") == 0
    assert main(["track", *words[:3], "--out", "whole", *words[5:]]) == 0
    assert results(Path("out")) == results(Path("whole"))


@pytest.fixture
def davis(place: Path) -> Path:
    """A tiny data set of two sequences; the second one's first mask has two objects."""
    for name, seed in (("dog", 1), ("cat", 2)):
        truth = write_frames(Path("davis/JPEGImages/480p", name), 9, seed)
        masks = Path("davis/Annotations/480p", name)
        masks.mkdir(parents=True)
        first = truth[0].copy()
        if name == "cat":
            first[25:30, 3:9] = 2
        write_mask(masks / "00000.png", first)
        for index in range(1, 9):
            write_mask(masks / f"{index:05d}.png", truth[index])
    lists = Path("davis/ImageSets/480p")
    lists.mkdir(parents=True)
    (lists / "val.txt").write_text("dog\ncat\n")
    return place


def track_davis(*words: str) -> int:
    layout = ["--layout", "davis2016", "--root", "davis", "--split", "val"]
    return main(["track", *layout, "--out", "out", "--model", "colour", *words])


def test_a_whole_data_set(davis: Path) -> None:
    assert track_davis("--json", "report.json") == 0
    assert {p.name for p in Path("out").iterdir()} == {"dog", "cat", "_run"}
    names = [f"{i:05d}.png" for i in range(9)]
    for name in ("dog", "cat"):
        assert sorted(p.name for p in Path("out", name).iterdir()) == names
        files = {p.name for p in Path("out/_run", name).iterdir()}
        assert files == {"tracks.json", "run.json"}
    first = np.asarray(Image.open("out/cat/00000.png"))
    assert set(np.unique(first)) == {0, 1}, "DAVIS-2016 joins all objects into one"
    assert (first[25:30, 3:9] == 1).all()
    report = json.loads(Path("report.json").read_text())
    assert report == json.loads(Path("out/_run/run.json").read_text()) | {"out": "out"}
    assert list(report["sequences"]) == ["dog", "cat"]
    assert report["frames"] == 18


def test_a_data_set_goes_on_where_it_stopped(davis: Path, capsys) -> None:
    assert track_davis("--overlay") == 0
    whole = results(Path("out"))
    picture = Path("davis/JPEGImages/480p/cat/00004.png")
    good = picture.read_bytes()
    picture.write_bytes(good[:150])
    assert track_davis("--overlay", "--overwrite") == 3
    assert "00004" in capsys.readouterr().err
    stamp = Path("out/_run/dog/run.json").stat().st_mtime_ns
    picture.write_bytes(good)
    assert track_davis("--overlay") == 2
    assert track_davis("--resume") == 2
    assert "overlay was True, now is False" in capsys.readouterr().err
    # The broken picture was another input, so what it gave cannot be resumed; a complete one can.
    assert track_davis("--overlay", "--resume") == 2
    assert "cat: video.bytes was" in capsys.readouterr().err
    shutil.rmtree("out/cat")
    shutil.rmtree("out/_run/cat")
    assert track_davis("--overlay", "--resume") == 0
    assert Path("out/_run/dog/run.json").stat().st_mtime_ns == stamp
    assert results(Path("out")) == whole


def test_ctrl_c_in_a_data_set_keeps_what_was_written(
    davis: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    assert track_davis() == 0
    whole = results(Path("out"))
    shutil.rmtree("out")
    step, calls = ColourModel.step, iter(range(99))

    def pressed(self: ColourModel, *arguments: Any) -> Any:
        if next(calls) == 11:
            handler, until = signal.getsignal(signal.SIGINT), time.monotonic() + 5
            os.kill(os.getpid(), signal.SIGINT)
            # The main thread hears it, and puts the handler back.
            while signal.getsignal(signal.SIGINT) is handler and time.monotonic() < until:
                time.sleep(0.01)
        return step(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(ColourModel, "step", pressed)
        assert track_davis() == 130
    assert capsys.readouterr().err.endswith("segue: interrupted. Go on with --resume.\n")
    complete = {
        name: json.loads(Path("out/_run", name, "run.json").read_text())["complete"]
        for name in ("dog", "cat")
    }
    assert complete == {"dog": True, "cat": False}
    assert Path("out/cat/00001.png").is_file()
    assert track_davis("--resume") == 0
    assert results(Path("out")) == whole


def test_an_unknown_layout_and_a_missing_data_set(davis: Path, capsys) -> None:
    assert main(["track", "--layout", "davs", "--root", "davis", "--out", "o"]) == 2
    assert "No layout 'davs'. Did you mean 'davis201" in capsys.readouterr().err
    assert main(["track", "--layout", "zzz", "--root", "davis", "--out", "o"]) == 2
    assert "Known layouts: davis2016" in capsys.readouterr().err
    assert main(["track", "--layout", "davis2016", "--root", "gone", "--out", "o"]) == 2
    assert "gone" in capsys.readouterr().err


def _after_the_block(text: str) -> str:
    """What is said after the lines on what was understood."""
    lines = text.splitlines(keepends=True)
    assert lines[0].startswith("video ")
    return "".join(line for line in lines if line.startswith("segue: "))
