"""What was understood is said before the work, and what came of it at the end."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes.scenes import scene, write_frames
from segue.app import formats
from segue.app.cli.main import main
from segue.app.engine import Engine
from segue.media.frames import SourceDescription
from segue.media.images import ImageVideo
from segue.media.masks import write_mask
from segue.models.catalog import MODELS


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of 12 frames, masks ``2.png`` (object 1) and ``7.png`` (objects 1 and 2)."""
    monkeypatch.chdir(tmp_path)
    truth = write_frames(Path("frames"), 12)
    write_mask(Path("2.png"), truth[2])
    write_mask(Path("7.png"), truth[7])
    return tmp_path


def track(*words: str, out: str | None = "out", model: str = "colour") -> int:
    place = ["--out", out] if out else []
    return main(["track", "frames", "--mask", "2=2.png", *place, "--model", model, *words])


def shares() -> list[float]:
    truth = scene(12)
    return [100 * float(np.mean(truth[i][1] == n)) for i, n in ((2, 1), (7, 2))]


def block() -> list[str]:
    one, two = shares()
    return [
        "video      frames",
        "frames     12, 25 per second",
        "size       53x38, the model sees all pixels",
        "model      colour",
        "no mask    on the first 2 frames: no objects there",
        f"mask       frame 00002: object 1 ({one:.1f} % of the frame)",
        f"mask       frame 00007: corrects object 1, adds object 2 ({two:.1f} % of the frame)",
    ]


def test_frames_before_the_mask_are_those_of_the_span(place: Path, capsys) -> None:
    assert track("--start", "2", "--dry-run") == 0
    assert "no mask" not in capsys.readouterr().out
    assert track("--start", "1", "--dry-run") == 0
    assert "no mask    on the first 1 frame: no objects there" in capsys.readouterr().out


def test_it_is_said_on_stderr_and_kept(place: Path, capsys) -> None:
    assert track("--mask", "7=7.png") == 0
    captured = capsys.readouterr()
    assert captured.err.splitlines() == block()
    assert "mask " not in captured.out
    understood = json.loads(Path("out/run.json").read_text())["understood"]
    one, two = shares()
    assert understood["objects"] == {
        "1": {"frame": 2, "share": pytest.approx(one / 100, abs=1e-4)},
        "2": {"frame": 7, "share": pytest.approx(two / 100, abs=1e-4)},
    }
    assert understood["masks"][1]["effects"][0] == "corrects object 1"
    assert understood["frames_before_first_mask"] == 2
    assert understood["size_hw"] == understood["working_hw"] == [38, 53]
    assert (understood["frames"], understood["frame_rate"]) == (12, "25")
    assert understood["doubts"] == []


def test_a_dry_run_prints_only_this_and_writes_nothing(
    place: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Engine, "load", None)
    monkeypatch.setattr(Engine, "identity", None)
    before = sorted(place.rglob("*"))
    assert track("--mask", "7=7.png", "--dry-run", out=None) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines() == block()
    assert captured.err == ""
    assert track("--dry-run", "--json", out=None) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["dry_run"]
    assert document["understood"]["frames"] == 12
    assert sorted(place.rglob("*")) == before


def test_a_dry_run_imports_no_torch(place: Path) -> None:
    code = (
        "import sys; from segue.app.cli.main import main\n"
        "assert main(['track', 'frames', '--mask', '2=2.png', '--dry-run']) == 0\n"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"video ")


def test_a_dry_run_refuses_what_the_run_would_refuse(place: Path, capsys) -> None:
    write_mask(Path("small.png"), np.ones((10, 12), np.uint8))
    assert main(["track", "frames", "--mask", "small.png", "--dry-run"]) == 2
    assert "12x10" in capsys.readouterr().err
    assert track() == 0
    stamp = Path("out/run.json").read_bytes()
    capsys.readouterr()
    assert track("--dry-run") == 0
    assert "check      The run would be refused: out already holds results" in (
        capsys.readouterr().out
    )
    assert track("--dry-run", "--overwrite") == 0
    assert "check" not in capsys.readouterr().out
    assert Path("out/run.json").read_bytes() == stamp


def test_a_run_needs_a_folder(place: Path, capsys) -> None:
    assert track(out=None) == 2
    assert capsys.readouterr().err == (
        "segue: error: No folder for the results. Give one with --out DIR.\n"
    )


def test_names_that_are_not_numbers_are_shown_with_the_number(place: Path, capsys) -> None:
    for number in range(12):
        Path(f"frames/{number:05d}.png").rename(f"frames/x{number + 1}.png")
    assert track("--dry-run") == 0
    assert "mask       frame x3 (number 2): object 1" in capsys.readouterr().out


def test_a_smaller_working_size_is_said(place: Path, capsys) -> None:
    assert track("--dry-run", "--max-side", "40") == 0
    line = "size       53x38, the model sees 40x29 (--max-side 0: all pixels)"
    assert line in capsys.readouterr().out
    assert track("--dry-run", "--max-side", "0") == 0
    assert "size       53x38, the model sees all pixels" in capsys.readouterr().out


def test_a_larger_working_size_is_said_and_kept(
    place: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = "size       53x38, the model sees 106x76, enlarged (--max-side 0: not enlarged)"
    assert track("--dry-run", out=None, model="segue-lite") == 0
    assert line in capsys.readouterr().out.splitlines()
    assert track("--dry-run", "--max-side", "0", out=None, model="segue-lite") == 0
    assert "size       53x38, the model sees all pixels" in capsys.readouterr().out.splitlines()
    same = "segue.models.lite.sizes:working_hw"
    monkeypatch.setitem(MODELS, "colour", replace(MODELS["colour"], sizing=same))
    assert track() == 0
    assert line in capsys.readouterr().err.splitlines()
    understood = json.loads(Path("out/run.json").read_text())["understood"]
    assert (understood["size_hw"], understood["working_hw"]) == ([38, 53], [76, 106])


def test_an_object_is_tiny_at_the_size_that_the_model_sees(place: Path, capsys) -> None:
    small = np.zeros((38, 53), np.uint8)
    small[5:11, 5:11] = 1  # 36 pixels, 144 where the frame is enlarged
    write_mask(Path("2.png"), small)
    for model, tiny in (("colour", True), ("segue-lite", False)):
        assert track("--dry-run", out=None, model=model) == 0
        assert ("at most 64 pixels" in capsys.readouterr().out) is tiny


def test_doubts_and_what_is_not_plain_have_lines(
    place: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = SourceDescription(
        "film.mkv",
        stream="video stream 2 of 3 (h264)",
        colour="HDR (PQ, BT.2020), tone-mapped to BT.709",
        pixel_aspect=Fraction(4, 3),
        start_time=Fraction(1000),
        doubts=("Two streams were possible.",),
    )
    init, given = ImageVideo.__init__, formats.masks_given

    def video(self, *words, **more):
        init(self, *words, **more)
        self.description = described

    def masks(*words, **more):
        return replace(given(*words, **more), doubts=("2.png: soft edges cut in the middle",))

    monkeypatch.setattr(ImageVideo, "__init__", video)
    monkeypatch.setattr(formats, "masks_given", masks)
    assert track("--dry-run") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "video      film.mkv, video stream 2 of 3 (h264)"
    assert said[3:6] == [
        "colour     HDR (PQ, BT.2020), tone-mapped to BT.709",
        "pixels     not square: 4:3 (width:height)",
        "start      the first frame is at 1000 s",
    ]
    assert said[-2:] == [
        "check      Two streams were possible.",
        "check      2.png: soft edges cut in the middle",
    ]
    assert track("--json") == 0
    understood = json.loads(capsys.readouterr().out)["understood"]
    assert understood["doubts"] == [line[11:] for line in said[-2:]]
    assert (understood["pixel_aspect"], understood["start_s"]) == ("4/3", 1000.0)


def test_what_is_nearly_plain_has_no_line(
    place: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    init = ImageVideo.__init__

    def video(self, *words, **more):
        init(self, *words, **more)
        rounded = {"pixel_aspect": Fraction(427, 426), "start_time": Fraction(23, 1000)}
        self.description = SourceDescription("frames", **rounded)

    monkeypatch.setattr(ImageVideo, "__init__", video)
    assert track("--mask", "7=7.png", "--dry-run") == 0
    assert capsys.readouterr().out.splitlines() == block()


def test_many_masks_do_not_flood(place: Path, capsys) -> None:
    Path("masks").mkdir()
    for number, (_, labels) in enumerate(scene(12)):
        write_mask(Path(f"masks/{number:05d}.png"), np.minimum(labels, 1))
    assert main(["track", "frames", "--mask", "masks", "--dry-run", "--model", "colour"]) == 0
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("mask ")]
    assert len(said) == 9
    assert said[-1] == "mask       and 4 more, all in run.json"


def test_labels_are_told_without_masks(place: Path, capsys) -> None:
    words = ["label", "frames", "--model", "shade"]
    assert main([*words, "--dry-run"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said == [*block()[:3], "model      shade"]
    assert main([*words, "--out", "o"]) == 0
    assert capsys.readouterr().err.splitlines() == said
    assert json.loads(Path("o/run.json").read_text())["understood"]["masks"] == []


def test_the_end_names_the_files_and_the_lost_objects(place: Path, capsys) -> None:
    grey = np.full((38, 53, 3), 120, np.uint8)
    for number in (4, 5, 9, 11):
        Image.fromarray(grey).save(f"frames/{number:05d}.png")
    assert track() == 0
    said = capsys.readouterr().out.splitlines()
    files = ("masks", "overlay.mp4", "tracks.json", "run.json")
    assert said[1:5] == [f"  {Path('out', name)}" for name in files]
    assert said[5:] == [
        "object 1: absent on frames 00004-00005, 00009, 00011, until the end, see 00004"
    ]
    lost = json.loads(Path("out/run.json").read_text())["lost"]
    assert list(lost) == ["1"]
    assert lost["1"][0] == {"first": "00004", "last": "00005", "frames": 2, "found_again": True}
    assert lost["1"][2] == {"first": "00011", "last": "00011", "frames": 1, "found_again": False}
    assert track("--resume") == 0
    assert capsys.readouterr().out.splitlines()[1:] == said[1:]


@pytest.fixture
def davis(place: Path) -> Path:
    for name in ("dog", "cat"):
        truth = write_frames(Path("davis/JPEGImages/480p", name), 6)
        masks = Path("davis/Annotations/480p", name)
        masks.mkdir(parents=True)
        for index, labels in enumerate(truth):
            write_mask(masks / f"{index:05d}.png", labels)
    Path("davis/ImageSets/480p").mkdir(parents=True)
    Path("davis/ImageSets/480p/val.txt").write_text("dog\ncat\n")
    Image.fromarray(np.full((38, 53, 3), 120, np.uint8)).save("davis/JPEGImages/480p/cat/00003.png")
    return place


def test_a_data_set_is_told_in_short(davis: Path, capsys) -> None:
    words = ["track", "--layout", "davis2016", "--root", "davis", "--split", "val"]
    words += ["--model", "colour"]
    short = [
        "data set   davis2016: 2 sequences, 12 frames, 2 objects",
        "model      colour",
    ]
    assert main([*words, "--dry-run"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.splitlines() == [
        *short,
        "dog: 6 frames, 53x38, the model sees all pixels, 1 object",
        "cat: 6 frames, 53x38, the model sees all pixels, 1 object",
    ]
    assert {path.name for path in davis.iterdir()} >= {"davis"}
    assert not Path("out").exists()
    assert main([*words, "--out", "out"]) == 0
    captured = capsys.readouterr()
    assert captured.err.splitlines() == short
    assert captured.out.splitlines()[1:] == [
        f"  {Path('out/_run/run.json')}",
        "1 object absent on some frames, in 1 sequence: see cat and run.json",
    ]
    report = json.loads(Path("out/_run/run.json").read_text())
    assert report["sequences"]["cat"]["lost"]["1"][0]["first"] == "00003"
    record = json.loads(Path("out/_run/dog/run.json").read_text())
    assert record["understood"]["frames"] == 6
    assert main([*words, "--out", "out", "--dry-run", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert len(document["doubts"]) == 2
    assert set(document["understood"]) == {"dog", "cat"}


def test_names_that_the_screen_cannot_show_are_escaped(place: Path) -> None:
    Path("frames").rename("фильм")
    code = (
        "import sys; sys.path.insert(0, sys.argv.pop(1))\n"
        "from segue.models.catalog import MODELS, Entry\n"
        "MODELS['colour'] = Entry('fakes.colour_model:build', '')\n"
        "from segue.app.cli.main import main; sys.exit(main())"
    )
    words = ["track", "фильм", "--mask", "2=2.png", "--out", "фильм 2", "--model", "colour"]
    done = subprocess.run(
        [sys.executable, "-c", code, str(Path(__file__).parents[1]), *words],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "cp1252:strict", "PYTHONUTF8": "0"},
    )
    assert done.returncode == 0, done.stderr
    assert b"\\u0444" in done.stdout
    assert Path("фильм 2/run.json").is_file()


@pytest.mark.parametrize(
    ("direction", "lines"),
    [
        ("forward", ["no mask    on the first 2 frames: no objects there"]),
        (
            "backward",
            [
                "direction  backward, from the last mask to the first frame",
                "no mask    on the last 3 frames: no objects there",
            ],
        ),
        ("both", ["direction  both, from each mask forward and backward"]),
    ],
)
def test_frames_that_stay_empty_depend_on_the_direction(
    direction: str, lines: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    truth = write_frames(Path("frames"), 6)
    write_mask(Path("2.png"), truth[2])
    words = ["track", "frames", "--mask", "2=2.png", "--direction", direction]
    assert main([*words, "--model", "colour", "--dry-run"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line for line in said if line.startswith(("direction", "no mask"))] == lines
    assert main([*words, "--model", "colour", "--out", "out"]) == 0
    known = json.loads(Path("out/run.json").read_text())["understood"]
    empty = [not np.asarray(Image.open(path)).any() for path in sorted(Path("out/masks").iterdir())]
    first, last = known["frames_before_first_mask"], known["frames_after_last_mask"]
    assert empty == [True] * first + [False] * (6 - first - last) + [True] * last
