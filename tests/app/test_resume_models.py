"""Every model of the table goes on from its checkpoint to the same bytes."""

from dataclasses import replace
from pathlib import Path

import pytest

from fakes.scenes import write_frames
from fakes.small_models import LIGHT
from segue.app.engine import Engine
from segue.inference.places import CLASSES, TRACKS, Places
from segue.media.mask_args import read_masks
from segue.media.masks import write_mask
from segue.media.video import open_video
from segue.models.catalog import find

ENGINES = {
    # Thresholds at which some of the frames are reused, and some are not.
    "segue-lite": Engine(settings={"reuse": {"threshold": 0.85}}, threads=1),
    "frtm-fast": Engine(model="frtm-fast", settings={"random_weights": True}, threads=1),
    "temporal-unet-lite": Engine(
        model="temporal-unet-lite",
        settings={"random_weights": True, "reuse": {"threshold": 0.112}},
        threads=1,
    ),
    "netwarp": Engine(model="netwarp", settings=LIGHT, threads=1),
    "tcb": Engine(model="tcb", settings={**LIGHT, "memory": 4}, threads=1),
}


class StopAt:
    def __init__(self, frame: int) -> None:
        self._frame = frame

    def advance(self, done: int, total: int | None, note: str = "") -> None:
        if done == self._frame:
            raise KeyboardInterrupt


@pytest.mark.slow
@pytest.mark.parametrize("name", ENGINES)
def test_the_same_bytes_from_a_checkpoint(tmp_path: Path, name: str) -> None:
    truth = write_frames(tmp_path / "frames", 12)
    write_mask(tmp_path / "0.png", truth[0])
    write_mask(tmp_path / "6.png", truth[6])
    engine = ENGINES[name]

    def job(out: str):
        video = open_video(tmp_path / "frames")
        if find(name).kind == "classes":
            made = engine.label_job(video, Places.for_video(tmp_path / out, CLASSES))
        else:
            masks = read_masks([str(tmp_path / "0.png"), f"6={tmp_path / '6.png'}"])
            made = engine.track_job(video, masks, Places.for_video(tmp_path / out, TRACKS))
        return replace(made, checkpoint_seconds=0.0)

    model = engine.load()[0]
    whole = job("whole")
    whole.check("new")
    whole.run(model, "new")
    for stop in (3, 7, 10):
        cut = job(f"cut{stop}")
        cut.check("new")
        with pytest.raises(KeyboardInterrupt):
            cut.run(model, "new", StopAt(stop))
        assert not cut.check("resume")
        record = cut.run(engine.load()[0], "resume")
        assert (record["resumed_at_frame"], record["recomputed"]) == (stop, 1)
        assert results(tmp_path / f"cut{stop}") == results(tmp_path / "whole")


def results(out: Path) -> dict[str, bytes]:
    paths = [p.relative_to(out) for p in out.rglob("*") if p.is_file() and p.name != "run.json"]
    return {str(p): (out / p).read_bytes() for p in paths if p.parts[0] != "_session"}
