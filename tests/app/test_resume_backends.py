"""A job that was begun with one backend goes on with another."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fakes.scenes import write_frames
from segue.app.engine import Engine
from segue.errors import OutputError
from segue.inference.job import Job
from segue.inference.places import CLASSES, Places
from segue.media.video import open_video

NAME = "temporal-unet-lite"
STOP = 4


class Stop:
    def advance(self, done: int, total: int | None, note: str = "") -> None:
        if done == STOP:
            raise KeyboardInterrupt


def engine(backend: str, **settings: Any) -> Engine:
    chosen = {"random_weights": True, "backend": backend, **settings}
    return Engine(model=NAME, settings=chosen, threads=1)


def job(folder: Path, out: str, using: Engine) -> Job:
    places = Places.for_video(folder / out, CLASSES)
    made = using.label_job(open_video(folder / "frames"), places, overlay=False)
    return replace(made, checkpoint_seconds=0.0)


def labels(out: Path) -> np.ndarray:
    return np.stack([np.array(Image.open(path)) for path in sorted((out / "labels").iterdir())])


@pytest.mark.parametrize(("begun", "after"), [("openvino", "torch"), ("torch", "openvino")])
def test_another_backend_goes_on_from_the_memory(tmp_path: Path, begun: str, after: str) -> None:
    write_frames(tmp_path / "frames", 8)
    whole = job(tmp_path, "whole", engine("torch"))
    whole.check("new")
    whole.run(engine("torch").load()[0], "new")
    cut = job(tmp_path, "cut", engine(begun))
    cut.check("new")
    with pytest.raises(KeyboardInterrupt):
        cut.run(engine(begun).load()[0], "new", Stop())

    with pytest.raises(OutputError, match=r"settings\.seed was not set, now is 3"):
        job(tmp_path, "cut", engine(after, seed=3)).check("resume")

    on = job(tmp_path, "cut", engine(after))
    assert not on.check("resume")
    record = on.run(engine(after).load()[0], "resume")
    assert record["resumed_at_frame"] == STOP
    assert (labels(tmp_path / "cut") == labels(tmp_path / "whole")).mean() > 0.999
