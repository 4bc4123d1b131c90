import csv
import json
import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fakes.scenes import SIZE_HW, scene, write_frames
from fakes.shade_model import ShadeModel
from segue.app.cli.main import main
from segue.data.semantic_classes import CAMVID_CLASSES, CITYSCAPES_CLASSES
from segue.inference.job import Job
from segue.media.masks import write_mask
from segue.media.video import open_video
from segue.metrics.flicker import FlickerMeter
from segue.nn.weights import save_weights

NAMES = ("road", "car", "pedestrian")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of 12 frames."""
    monkeypatch.chdir(tmp_path)
    write_frames(Path("frames"), 12)
    return tmp_path


def label(*words: str, out: str = "out") -> int:
    return main(["label", "frames", "--out", out, "--model", "shade", *words])


def results(out: Path) -> dict[str, bytes]:
    paths = [p.relative_to(out) for p in out.rglob("*") if p.is_file() and p.name != "run.json"]
    return {str(p): (out / p).read_bytes() for p in paths if "_session" not in p.parts}


def stored(out: Path) -> list[np.ndarray]:
    return [np.asarray(Image.open(path)) for path in sorted((out / "labels").iterdir())]


def palette_of(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image.getpalette()).reshape(-1, 3)


def table(out: Path) -> list[dict[str, str]]:
    with (out / "areas.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_one_video(place: Path, capsys) -> None:
    assert label("--threads", "1", "keep=0.2", "--seed", "5") == 0
    assert "12 frames in" in capsys.readouterr().out
    found = {path.name for path in Path("out").iterdir()}
    assert found == {"labels", "overlay.mp4", "areas.csv", "areas.png", "run.json", "_session"}
    truth = [labels for _, labels in scene(12)]
    agreeing = [
        (one == other).mean() for one, other in zip(stored(Path("out")), truth, strict=True)
    ]
    assert min(agreeing) > 0.95
    record = json.loads(Path("out/run.json").read_text())
    assert record["complete"]
    assert record["settings"] == {"keep": 0.2, "classes": list(NAMES), "seed": 5}
    assert record["threads"] == 1
    for part in ("decode", "network", "write", "flicker", "overlay", "total"):
        assert record["timings"][f"{part}_s"] > 0


def test_label_files_have_the_colours_of_the_classes(place: Path) -> None:
    label("--no-overlay")
    colours = palette_of(Path("out/labels/00003.png"))
    known = {label.name: label.colour for label in CAMVID_CLASSES.labels}
    assert [tuple(colour) for colour in colours[:3].tolist()] == [known[name] for name in NAMES]


def test_areas_are_shares_of_the_stored_labels(place: Path) -> None:
    label("--no-overlay")
    rows = table(Path("out"))
    assert list(rows[0]) == ["frame", "name", "time", *NAMES]
    assert [(row["frame"], row["name"]) for row in rows] == [
        (f"{i}", f"{i:05d}") for i in range(12)
    ]
    assert [float(row["time"]) for row in rows] == pytest.approx([i / 25 for i in range(12)])
    for row, labels in zip(rows, stored(Path("out")), strict=True):
        shares = [float(row[name]) for name in NAMES]
        assert shares == pytest.approx([(labels == i).mean() for i in range(3)], abs=1e-6)
    assert np.asarray(Image.open("out/areas.png")).shape[1] > 1000


def test_flicker_is_that_of_the_stored_labels(place: Path) -> None:
    label("--no-overlay")
    meter = FlickerMeter(25.0)
    for labels in stored(Path("out")):
        meter.add(labels)
    flicker = json.loads(Path("out/run.json").read_text())["flicker"]
    assert meter.tally.flips > 0
    assert flicker == pytest.approx(
        {
            "flips_per_pixel_and_second": meter.tally.flips_per_second,
            "returns_per_pixel_and_second": meter.tally.returns_per_second,
            "flips_per_pixel_and_frame": meter.tally.flip_rate,
            "returns_per_pixel_and_frame": meter.tally.return_rate,
        },
        abs=1e-6,
    )


def test_one_frame_has_no_flicker(place: Path) -> None:
    assert main(["label", "frames/00003.png", "--out", "out", "--model", "shade"]) == 0
    assert json.loads(Path("out/run.json").read_text())["flicker"] is None
    assert Path("out/areas.png").is_file()


def test_cityscapes_ids(place: Path) -> None:
    classes = 'classes=["pavement", "car", "unicorn"]'
    assert label(classes) == 0
    assert label(classes, "--ids", "cityscapes", out="cs") == 0
    ids = np.array([8, 26, 0])  # sidewalk, car, and what Cityscapes does not know
    for own, theirs in zip(stored(Path("out")), stored(Path("cs")), strict=True):
        assert np.array_equal(theirs, ids[own])
    colours = palette_of(Path("cs/labels/00000.png"))
    assert tuple(colours[8]) == (244, 35, 232)
    last = table(Path("cs"))[-1]
    names = [label.name for label in CITYSCAPES_CLASSES.labels if label.value >= 0]
    assert list(last)[3:] == names
    assert float(last["sidewalk"]) == pytest.approx((stored(Path("out"))[-1] == 0).mean(), abs=1e-6)
    assert float(last["unlabeled"]) > 0


def test_json_on_stdout_is_one_document(place: Path, capsys) -> None:
    assert label("--no-overlay", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["out"] == "out"
    assert document["frames"] == 12
    assert document["flicker"]["flips_per_pixel_and_frame"] > 0
    assert not Path("out/overlay.mp4").exists()


def test_max_side_gives_labels_of_full_size(place: Path) -> None:
    assert label("--max-side", "40") == 0
    assert {labels.shape for labels in stored(Path("out"))} == {SIZE_HW}


def test_the_overlay_shows_the_classes(place: Path) -> None:
    label("keep=0.0")
    painted = list(open_video(Path("out/overlay.mp4")))
    assert [frame.index for frame in painted] == list(range(12))
    truth = scene(12)[8][1]
    # Cars are darker and bluer than the grey road, in the frame red.
    car, road = (painted[8].image[: SIZE_HW[0], : SIZE_HW[1]][truth == i].mean(0) for i in (1, 0))
    assert car[2] > car[1]
    assert car[1] < road[1] - 20


def test_weights_are_read(place: Path, capsys) -> None:
    torch.manual_seed(0)
    save_weights(ShadeModel().network, Path("w.safetensors"), model_name="shade")
    assert label("--weights", "w.safetensors") == 0
    assert json.loads(Path("out/run.json").read_text())["identity"]["weights"]
    save_weights(ShadeModel().network, Path("other.safetensors"), model_name="colour")
    capsys.readouterr()
    assert label("--weights", "other.safetensors", out="o") == 2
    _assert_sentence(capsys.readouterr().err, "Expected weights for model 'shade'")


@pytest.mark.parametrize("options", [(), ("--no-overlay", "--ids", "cityscapes")])
def test_ctrl_c_says_how_to_go_on(
    place: Path, capsys, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    step, calls = ShadeModel.step, iter(range(99))

    def interrupted(*arguments):
        if next(calls) == 7:
            raise KeyboardInterrupt
        return step(*arguments)

    monkeypatch.setattr("segue.app.engine.Job", partial(Job, checkpoint_seconds=0.0))
    with monkeypatch.context() as patch:
        patch.setattr(ShadeModel, "step", interrupted)
        assert label("--threads", "1", *options) == 130
    error = _after_the_block(capsys.readouterr().err)
    assert error == "segue: interrupted. Go on with --resume.\n"
    assert label("--threads", "1", "--resume", *options) == 0
    assert label("--threads", "1", *options, out="whole") == 0
    assert results(Path("out")) == results(Path("whole"))
    resumed, whole = (json.loads(Path(o, "run.json").read_text()) for o in ("out", "whole"))
    assert resumed["flicker"] == whole["flicker"]
    assert resumed["resumed_at_frame"] == 7


def test_resume_of_a_complete_run_says_so(place: Path, capsys) -> None:
    label()
    before = results(Path("out"))
    capsys.readouterr()
    assert label("--resume") == 0
    assert "out is complete already: 12 frames" in capsys.readouterr().out
    assert results(Path("out")) == before


def test_results_are_not_touched_without_a_word(place: Path, capsys) -> None:
    label()
    before = results(Path("out"))
    capsys.readouterr()
    assert label() == 2
    _assert_sentence(capsys.readouterr().err, "already holds results.*--resume.*--overwrite")
    assert label("--resume", "--ids", "cityscapes") == 2
    _assert_sentence(capsys.readouterr().err, "ids was model, now is cityscapes")
    assert results(Path("out")) == before
    assert label("--overwrite", "--no-overlay") == 0
    assert results(Path("out")).keys() == before.keys() - {"overlay.mp4"}


def test_results_of_track_are_not_overwritten(place: Path, capsys) -> None:
    write_mask(Path("0.png"), scene(1)[0][1])
    assert main(["track", "frames", "--mask", "0.png", "--out", "out", "--model", "colour"]) == 0
    capsys.readouterr()
    assert label("--overwrite") == 2
    _assert_sentence(capsys.readouterr().err, "results of segue track")
    assert not Path("out/labels").exists()


def test_a_broken_frame_is_named_and_what_came_before_is_kept(place: Path, capsys) -> None:
    picture = Path("frames/00008.png")
    picture.write_bytes(picture.read_bytes()[:200])
    assert label() == 3
    _assert_sentence(_after_the_block(capsys.readouterr().err), "00008")
    assert len(stored(Path("out"))) == len(table(Path("out"))) == 8


BAD = {
    "no video": (("label", "--out", "out"), r"Give one VIDEO \(got: none\)"),
    "two videos": (("label", "frames", "more", "--out", "out"), "got: frames, more"),
    "no such file": (("label", "gone.mp4", "--out", "out"), "gone.mp4"),
    "unknown model": (
        ("label", "frames", "--out", "out", "--model", "shades"),
        "Did you mean 'shade'",
    ),
    "a model of objects": (
        ("label", "frames", "--out", "out", "--model", "colour"),
        r"'colour' follows given objects \(segue track\).*: temporal-unet, .*shade",
    ),
    "no weights": (
        ("label", "frames", "--out", "out", "--model", "temporal-unet"),
        "No trained weights ship with temporal-unet.*random_weights=true",
    ),
    "unknown setting": (
        ("label", "frames", "--out", "out", "--model", "shade", "kep=1"),
        "did you mean 'keep'",
    ),
    "max side too small": (
        ("label", "frames", "--out", "out", "--model", "shade", "--max-side", "3"),
        "16",
    ),
    "results among the frames": (
        ("label", "out/labels", "--out", "out", "--model", "shade"),
        "is read, but lies where results would be written",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence_and_exit_code_2(place: Path, capsys, case: str) -> None:
    words, sentence = BAD[case]
    if "out/labels" in words:
        write_frames(Path("out/labels"), 2)
    assert main(words) == 2
    _assert_sentence(capsys.readouterr().err, sentence)
    assert not Path("out/run.json").exists()


def test_track_takes_no_model_of_classes(place: Path, capsys) -> None:
    write_mask(Path("0.png"), scene(1)[0][1])
    assert main(["track", "frames", "--mask", "0.png", "--out", "out", "--model", "shade"]) == 2
    sentence = r"'shade' names the class of every pixel \(segue label\).*: segue-lite, .*colour"
    _assert_sentence(capsys.readouterr().err, sentence)
    assert not Path("out").exists()


def test_ids_that_are_none(place: Path, capsys) -> None:
    with pytest.raises(SystemExit):
        label("--ids", "vspw")
    assert "vspw" in capsys.readouterr().err


def _assert_sentence(text: str, pattern: str) -> None:
    assert text.startswith("segue: error: ")
    assert text.count("\n") == 1
    assert re.search(pattern, text), text


def _after_the_block(text: str) -> str:
    """What is said after the lines on what was understood."""
    lines = text.splitlines(keepends=True)
    assert lines[0].startswith("video ")
    return "".join(line for line in lines if line.startswith("segue: "))
