"""``--overwrite`` removes what a run of Segue claims, and nothing else."""

import json
import shutil
import signal
from pathlib import Path

import pytest

from fakes import forked, killed_job
from fakes.killed_job import make_job
from fakes.scenes import write_frames
from segue.app.cli.main import main
from segue.errors import OutputError
from segue.inference.claims import compress, expand
from segue.inference.tasks.track import TrackTask
from segue.media.masks import write_mask


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    truth = write_frames(Path("frames"), 12)
    write_frames(Path("few"), 5)
    write_mask(Path("0.png"), truth[0])
    return tmp_path


def track(*words: str, video: str = "frames") -> int:
    words = ("--mask", "0.png", "--out", "out", "--model", "colour", *words)
    return main(["track", video, *words])


def names() -> set[str]:
    return {path.name for path in Path("out/masks").iterdir()}


def frames(number: int) -> set[str]:
    return {f"{index:05d}.png" for index in range(number)}


def test_all_that_the_run_wrote_goes_and_other_files_stay(place: Path) -> None:
    assert track() == 0
    Path("out/notes.txt").write_text("mine")
    Path("out/masks/readme.md").write_text("mine")
    assert track("--overwrite", "--no-overlay", video="few") == 0
    assert names() == {*frames(5), "readme.md"}
    found = {path.name for path in Path("out").iterdir()}
    assert found == {"masks", "tracks.json", "run.json", "notes.txt", "_session"}


@pytest.mark.parametrize("name", ["mine.png", "00012.png"])
def test_a_picture_that_the_run_did_not_write_is_in_the_way(place: Path, capsys, name: str) -> None:
    assert track() == 0
    mine = Path("out/masks", name)
    mine.write_bytes(b"drawn by hand")
    record = Path("out/run.json").read_bytes()
    capsys.readouterr()
    assert track("--overwrite") == 2
    error = capsys.readouterr().err
    assert error.startswith(f"segue: error: {mine} is in the way")
    assert error.count("\n") == 1
    assert mine.read_bytes() == b"drawn by hand"
    assert Path("out/run.json").read_bytes() == record
    assert names() == {*frames(12), name}


@pytest.mark.parametrize("name", ["out", "out/masks"])
def test_a_file_where_a_folder_is_due_is_named(place: Path, capsys, name: str) -> None:
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text("mine")
    assert track("--overwrite") == 2
    assert f"{name} is a file, expected a folder" in capsys.readouterr().err
    assert Path(name).read_text() == "mine"


def test_a_folder_without_a_record_is_not_touched(place: Path, capsys) -> None:
    Path("out/masks").mkdir(parents=True)
    for name in ("00000.png", "00001.png"):
        Path("out/masks", name).write_bytes(b"mine")
    assert track("--overwrite") == 2
    assert "00000.png (and 1 more) is in the way" in capsys.readouterr().err
    assert names() == {"00000.png", "00001.png"}
    assert Path("out/masks/00000.png").read_bytes() == b"mine"


@pytest.mark.parametrize("content", ["{}", "[1]", "no json", '{"written": 3}'])
def test_a_record_of_another_program_is_in_the_way(place: Path, capsys, content: str) -> None:
    Path("out").mkdir()
    Path("out/run.json").write_text(content)
    assert track("--overwrite") == 2
    assert f"{Path('out/run.json')} is in the way" in capsys.readouterr().err
    assert Path("out/run.json").read_text() == content


def test_an_overlay_that_the_run_did_not_write_is_in_the_way(place: Path, capsys) -> None:
    assert track("--no-overlay") == 0
    Path("out/overlay.mp4").write_bytes(b"mine")
    assert track("--overwrite") == 2
    assert "overlay.mp4 is in the way" in capsys.readouterr().err
    assert Path("out/overlay.mp4").read_bytes() == b"mine"


def test_the_record_lists_what_was_written(place: Path) -> None:
    assert track() == 0
    written = json.loads(Path("out/run.json").read_text())["written"]
    assert written["files"] == ["overlay.mp4", "tracks.json"]
    assert written["frames"] == [["00000", "00011"]]


@pytest.mark.parametrize("kill", ["network:9", "begin:5", "mask:5", "torn:5", "end:0", "end:1"])
def test_a_killed_run_can_be_overwritten(tmp_path: Path, kill: str) -> None:
    """Where the job stood when it was killed must not matter; the next one has fewer frames."""
    write_frames(tmp_path / "frames", 16)
    write_frames(tmp_path / "few", 9)
    out = kill_one(tmp_path, kill)
    assert any((out / "masks").glob("*.png"))
    task = TrackTask({2: make_job(tmp_path / "few", out).task.masks[2]})
    job = make_job(tmp_path / "few", out, task=task)
    (out / "masks/mine.png").write_bytes(b"mine")
    with pytest.raises(OutputError, match=r"mine\.png is in the way"):
        job.check("overwrite")
    (out / "masks/mine.png").unlink()
    assert not job.check("overwrite")
    from fakes.colour_model import ColourModel

    job.run(ColourModel(), "overwrite")
    assert {p.stem for p in (out / "masks").iterdir()} == {f"{i:05d}" for i in range(9)}


def kill_one(folder: Path, kill: str) -> Path:
    """What a job leaves that is killed and not resumed."""
    out = folder / "out"
    done = forked.run(killed_job.kill, folder / "frames", out, kill)
    assert done.returncode == -signal.SIGKILL, done.stderr
    return out


def test_an_overwriting_that_is_cut_off_can_be_done_again(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert track() == 0
    unlink, calls = Path.unlink, iter(range(99))

    def once(self: Path, missing_ok: bool = False) -> None:
        if next(calls) == 6:
            raise KeyboardInterrupt
        unlink(self, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", once)
        assert track("--overwrite") == 130
    assert len(names()) == 6
    assert track("--overwrite", video="few") == 0
    assert names() == frames(5)


def test_a_mended_video_may_be_overwritten_after_a_kill(place: Path) -> None:
    """A record of a run that broke off, and beside it what a later, killed run left."""
    picture = Path("frames/00004.png")
    good = picture.read_bytes()
    picture.write_bytes(good[:150])
    assert track() == 3
    kept = Path("out").rename("kept")
    picture.write_bytes(good)
    assert track() == 0
    shutil.copytree("out/masks", kept / "masks", dirs_exist_ok=True)
    lines = [f'{{"begin":"{index:05d}","index":{index}}}\n' for index in range(12)]
    (kept / "_session/journal.jsonl").write_text("".join(lines))
    shutil.rmtree("out")
    kept.rename("out")
    assert track("--overwrite", video="few") == 0
    assert names() == frames(5)


@pytest.mark.parametrize(
    ("names", "spans"),
    [
        ([], []),
        (["a"], [["a", "a"]]),
        (["00000", "00001", "00002", "00005"], [["00000", "00002"], ["00005", "00005"]]),
        (["f8", "f9", "f10", "f11"], [["f8", "f9"], ["f10", "f11"]]),
        (["x1b", "x2b"], [["x1b", "x1b"], ["x2b", "x2b"]]),
        (["a1", "b2", "a3"], [["a1", "a1"], ["b2", "b2"], ["a3", "a3"]]),
        (["99999", "100000"], [["99999", "99999"], ["100000", "100000"]]),
    ],
)
def test_names_as_spans(names: list[str], spans: list[list[str]]) -> None:
    assert compress(names) == spans
    assert list(expand(spans)) == names
