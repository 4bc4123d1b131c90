"""``segue track`` over a pipe: ``-``, ``--live`` and ``--timeout``."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from fakes.live_streams import sending
from fakes.scenes import scene, write_frames
from segue.app.cli.jobs import sort_words
from segue.app.cli.main import main
from segue.media.masks import write_mask


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """A folder of 12 frames and ``0.png`` in the working folder, and the frames as PNG files in memory."""
    monkeypatch.chdir(tmp_path)
    write_mask(Path("0.png"), write_frames(Path("frames"), 12)[0])
    return [png(picture) for picture, _ in scene(12)]


def png(picture) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


def track(source: str, *words: str, out: str = "out") -> int:
    command = ["track", source, "--mask", "0.png", "--out", out, "--model", "colour"]
    return main([*command, "--no-overlay", *words])


def masks(out: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(out, "masks").iterdir()}


def record(out: str = "out") -> dict:
    return json.loads(Path(out, "run.json").read_text())


def test_a_pipe_is_read_whole_and_gives_the_masks_of_the_files(place, monkeypatch) -> None:
    with sending(*place) as pipe:
        monkeypatch.setattr("sys.__stdin__", pipe)
        assert track("-") == 0
    assert track("frames", out="files") == 0
    names = [path.stem for path in sorted(Path("frames").iterdir())]
    assert len(names) == 12
    by_index = dict(enumerate(masks("files")[f"{name}.png"] for name in names))
    assert masks("out") == {f"{index:05d}.png": data for index, data in by_index.items()}
    assert "live" not in record()


def test_live_counts_what_it_drops(place, monkeypatch, capsys) -> None:
    with sending(*place, pause_s=0.005) as pipe:
        monkeypatch.setattr("sys.__stdin__", pipe)
        assert track("-", "--live") == 0
    live = record()["live"]
    assert live["read"] == 12
    assert live["read"] - live["dropped"] == record()["frames"] == len(masks("out"))
    assert {"00000.png", "00011.png"} <= masks("out").keys(), "the one with a mask, and the newest"
    assert f"{live['dropped']} of 12 frames dropped" in capsys.readouterr().err
    times = [f["time"] for f in json.loads(Path("out/tracks.json").read_text())["frames"]]
    assert times == sorted(set(times))


@pytest.mark.parametrize("words", [[], ["--live"]])
def test_a_stall_ends_the_run_and_keeps_what_came(place, monkeypatch, capsys, words) -> None:
    with sending(*place[:5], hold_s=60) as pipe:
        monkeypatch.setattr("sys.__stdin__", pipe)
        assert track("-", "--timeout", "0.6", *words) == 3
    error = capsys.readouterr().err
    assert "standard input sent nothing for 0.6 s" in error
    assert "--resume" in error
    assert "00004.png" in masks("out")
    assert record()["complete"] is False


def test_files_are_not_live(place, capsys) -> None:
    assert track("frames", "--live") == 2
    assert "frames is none" in capsys.readouterr().err
    assert track("frames", "--timeout", "3") == 2


@pytest.mark.parametrize("timeout", ["0", "-1", "nan", "inf", "x"])
def test_a_time_out_that_is_none(place, timeout: str, capsys) -> None:
    with pytest.raises(SystemExit):
        track("-", "--timeout", timeout)
    assert "expected seconds above 0" in capsys.readouterr().err


def test_addresses_are_no_settings() -> None:
    words = ["http://camera/live?a=1", "udp://@:1234?fifo_size=9", "rate=0.2"]
    assert sort_words(words) == (words[:2], words[2:])
    assert sort_words(["weights=http://x"]) == ([], ["weights=http://x"])


def test_passwords_are_not_written_down(place, capsys) -> None:
    assert track("rtsp://ann:secret@127.0.0.1:1/a?key=secret") == 2
    assert "secret" not in capsys.readouterr().err


def interrupted(place, monkeypatch, *words: str) -> None:
    with sending(*place[:5], hold_s=60) as pipe:
        monkeypatch.setattr("sys.__stdin__", pipe)
        assert track("-", "--timeout", "0.6", *words, "--overlay") == 3


def test_a_pipe_is_resumed_when_it_is_sent_again(place, monkeypatch, capsys) -> None:
    interrupted(place, monkeypatch)
    with sending(*place) as pipe:
        monkeypatch.setattr("sys.__stdin__", pipe)
        assert track("-", "--resume", "--overlay") == 0
    assert "left out" not in capsys.readouterr().err
    assert record()["complete"]
    assert track("frames", out="files") == 0
    assert [*sorted(masks("out").values())] == [*sorted(masks("files").values())]


def test_a_live_source_is_resumed_behind_what_is_there(place, monkeypatch) -> None:
    interrupted(place, monkeypatch, "--live")
    before = masks("out")
    with sending(*place[5:], pause_s=0.005) as pipe:
        monkeypatch.setattr("sys.__stdin__", pipe)
        assert track("-", "--resume", "--live", "--overlay") == 0
    after = masks("out")
    assert before.items() < after.items(), "what was there stays"
    assert max(after) == "00011.png", "numbers go on behind the last one, 00004"
    frames = json.loads(Path("out/tracks.json").read_text())["frames"]
    times = [frame["time"] for frame in frames]
    assert times == sorted(set(times))
    assert not frames[-1]["objects"]["1"]["absent"], "the object is still known"


def test_a_format_that_looks_twice_is_refused_before_the_work(place, monkeypatch, capsys) -> None:
    with sending(*place) as pipe:
        monkeypatch.setattr("sys.__stdin__", pipe)
        assert track("-", "--format", "davis") == 2
    assert "davis reads the video once more" in capsys.readouterr().err
    assert not Path("out").exists()
