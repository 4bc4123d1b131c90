"""Decoded frames leave memory when nobody holds them, without waiting for Python to collect cycles."""

import gc
from collections.abc import Callable
from pathlib import Path

import pytest
from av.video.frame import VideoFrame as AvFrame

from fakes.media_pictures import picture
from segue.media.video import open_video


@pytest.mark.parametrize("rotation", [None, (90, False)])
def test_a_long_video_leaves_no_frames_behind(
    make_video: Callable[..., Path], rotation: tuple[int, bool] | None
) -> None:
    video = open_video(make_video(frames=[picture(i) for i in range(30)], rotation=rotation))
    gc.collect()
    gc.disable()
    try:
        most = 0
        for _ in video:
            most = max(most, sum(isinstance(thing, AvFrame) for thing in gc.get_objects()))
    finally:
        gc.enable()
    assert 0 < most < 10
