import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes.colour_model import ColourModel
from fakes.gated_models import GatedColourSettings, gated_colour, gated_shade
from fakes.killed_job import make_job, make_task
from fakes.scenes import write_frames
from segue.inference.reuse import Pace
from segue.media.reuse_timeline import COMPUTED, REUSED
from segue.nn.reuse.settings import ReuseSettings
from segue.types import ObjectScore, Prediction


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    write_frames(tmp_path / "frames", 16)
    return tmp_path / "frames"


def do(model, frames: Path, out: Path, verb: str = "track", **options):
    job = make_job(frames, out, verb, **options)
    job.check("new")
    return job.run(model, "new")


def tracks(out: Path) -> dict:
    return json.loads((out / "tracks.json").read_text())


def column(out: Path, number: str, key: str) -> list:
    return [f["objects"][number][key] for f in tracks(out)["frames"] if number in f["objects"]]


def test_tracks_say_what_the_gate_did(frames: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    record = do(gated_colour(), frames, out)
    # Object 1 enters at frame 2 and is carried twice in a row; from frame 7 on object 2 allows one.
    c, r = False, True
    assert column(out, "1", "reused") == [c, r, r, c, r, c, r, c, r, c, r, c, r, c]
    assert column(out, "2", "reused") == [c, r, c, r, c, r, c, r, c]
    assert column(out, "1", "gate")[:7] == [None, 0.9, 0.8, 0.7, 0.9, None, 0.9]
    assert column(out, "2", "gate")[:3] == [None, 0.8, 0.6]
    assert tracks(out)["reuse"] == record["reuse"] == {"1": round(7 / 13, 4), "2": 0.5}
    assert list(tracks(out)) == ["video", "size_hw", "frame_rate", "sources", "reuse", "frames"]


def test_reused_masks_are_those_of_the_last_computed_frame(frames: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    do(gated_colour(), frames, out)
    stored = [np.asarray(Image.open(path)) for path in sorted((out / "masks").iterdir())]
    reused = [f["objects"].get("1", {}).get("reused") for f in tracks(out)["frames"]]
    for before, now, was_reused in zip(stored, stored[1:], reused[1:], strict=False):
        assert not was_reused or np.array_equal(before, now)


def test_a_model_without_a_gate_says_nothing_of_it(frames: Path, tmp_path: Path) -> None:
    settings = GatedColourSettings(reuse=None)
    for name, model in (("plain", ColourModel()), ("off", ColourModel(settings))):
        out = tmp_path / name
        record = do(model, frames, out)
        assert not (out / "reuse.png").exists()
        assert "reuse" not in record
        assert not any("ms" in key for key in record["timings"])
        assert "reuse" not in (out / "tracks.json").read_text()
        assert "gate" not in (out / "tracks.json").read_text()


@pytest.mark.parametrize(("threshold", "expected"), [(1.0, {"1": 0.0, "2": 0.0}), (0.0, None)])
def test_the_ends_of_the_dial(
    frames: Path, tmp_path: Path, threshold: float, expected: dict | None
) -> None:
    settings = GatedColourSettings(reuse=ReuseSettings(threshold=threshold))
    record = do(gated_colour(settings), frames, tmp_path / "out")
    # Frame 7, where object 2 is given, is computed in any case.
    assert record["reuse"] == (expected or {"1": round(12 / 13, 4), "2": 1.0})
    assert (tmp_path / "out/reuse.png").exists()


def test_gate_off_gives_the_masks_of_the_plain_model(frames: Path, tmp_path: Path) -> None:
    settings = GatedColourSettings(reuse=ReuseSettings(threshold=1.0))
    do(gated_colour(settings), frames, tmp_path / "off")
    do(ColourModel(), frames, tmp_path / "plain")
    for path in (tmp_path / "plain/masks").iterdir():
        assert path.read_bytes() == (tmp_path / "off/masks" / path.name).read_bytes()


def test_an_object_of_one_frame_has_no_rate(frames: Path, tmp_path: Path) -> None:
    masks = {15: make_task("track").masks[7]}
    record = do(gated_colour(), frames, tmp_path / "out", task=make_task("track", masks=masks))
    assert record["reuse"] == {"1": None, "2": None}


def test_a_video_without_objects_has_no_picture(frames: Path, tmp_path: Path) -> None:
    (frames / "00001.png").write_bytes(b"damaged")
    with pytest.raises(OSError, match="00001"):
        do(gated_colour(), frames, tmp_path / "out")
    assert tracks(tmp_path / "out")["reuse"] == {}
    assert not (tmp_path / "out/reuse.png").exists()


@pytest.mark.parametrize("ids", ["model", "cityscapes"])
def test_labelling_is_reused_as_a_whole(frames: Path, tmp_path: Path, ids: str) -> None:
    out = tmp_path / "out"
    record = do(gated_shade(), frames, out, "label", task=make_task("label", ids=ids))
    # Class 2 doubts most: 0.8, 0.6, 0.4.
    assert record["reuse"] == {"all classes": round(10 / 15, 4)}
    assert {p.name for p in out.iterdir()} == {
        *("labels", "areas.csv", "areas.png", "overlay.mp4", "reuse.png", "run.json", "_session")
    }


def test_the_picture_shows_what_was_reused(frames: Path, tmp_path: Path) -> None:
    do(gated_colour(), frames, tmp_path / "out")
    picture = np.asarray(Image.open(tmp_path / "out/reuse.png"))
    # A row in the lower half of the upper band, where the gate's line never comes.
    row, middles = 40 + 80, [60 + round((frame + 0.5) * 900 / 16) for frame in range(16)]
    colours = {COMPUTED: "c", REUSED: "r", (255, 255, 255): " "}
    assert "".join(colours[tuple(picture[row, x].tolist())] for x in middles) == "  crrcrcrcrcrcrc"


def test_overwrite_takes_an_old_picture_away(frames: Path, tmp_path: Path) -> None:
    do(gated_colour(), frames, tmp_path / "out")
    job = make_job(frames, tmp_path / "out")
    job.check("overwrite")
    job.run(ColourModel(), "overwrite")
    assert not (tmp_path / "out/reuse.png").exists()


def said(*reused: bool | None) -> Prediction:
    scores = {i: ObjectScore(0.5, reused=r) for i, r in enumerate(reused, start=1)}
    return Prediction(np.zeros((2, 2), np.uint8), scores)


def test_the_pace_of_both_kinds_of_frames() -> None:
    pace = Pace()
    pace.add(said(), 9.0)
    pace.add(said(None), 9.0)
    assert pace.means() == {}
    pace.add(said(True, True), 0.01)
    assert pace.means() == {"network_computed_ms": None, "network_reused_ms": 10.0}
    pace.add(said(True, False), 0.1)
    pace.add(said(False), 0.3)
    assert pace.means() == {"network_computed_ms": 200.0, "network_reused_ms": 10.0}


def test_times_of_a_job_are_split(frames: Path, tmp_path: Path) -> None:
    timings = do(gated_colour(), frames, tmp_path / "out")["timings"]
    both = timings["network_computed_ms"], timings["network_reused_ms"]
    assert min(both) > 0
    assert max(both) < 1000 * timings["network_s"]
