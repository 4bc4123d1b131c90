"""What the engine hands to the jobs."""

from pathlib import Path

import av
import numpy as np
import pytest

from segue.app.engine import Engine
from segue.errors import MaskError
from segue.inference.places import TRACKS, Places
from segue.media.mask_given import GivenMasks
from segue.media.video import open_video
from segue.models.interface import ScalingModel


def test_the_model_works_on_the_size_that_was_asked_for() -> None:
    model, _ = Engine(max_side=480).load()
    assert isinstance(model, ScalingModel)
    assert model.bounded(480) is model
    assert model.bounded(None) is not model


def test_a_mask_of_another_stream_hears_of_the_streams(tmp_path: Path) -> None:
    small, large = np.zeros((32, 48, 3), np.uint8), np.zeros((64, 96, 3), np.uint8)
    with av.open(str(tmp_path / "two.mkv"), "w") as container:
        streams = [container.add_stream("mpeg4", rate=25) for _ in range(2)]
        for stream, image in zip(streams, (small, large), strict=True):
            stream.height, stream.width = image.shape[:2]
            stream.pix_fmt = "yuv420p"
        for stream, image in zip(streams, (small, large), strict=True):
            for _ in range(3):
                frame = av.VideoFrame.from_ndarray(image, format="rgb24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
    video = open_video(tmp_path / "two.mkv", stream=0)
    masks = GivenMasks({0: np.ones((64, 96), np.uint8)}, {}, {})
    with pytest.raises(MaskError, match=r"has 2 video streams: 0 .*48x32.*, 1 .*96x64"):
        Engine().track_job(video, masks, Places.for_video(tmp_path / "out", TRACKS))
