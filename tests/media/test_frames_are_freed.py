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
    gc_was = gc.isenabled()
    gc.disable()
    gc.collect()
    gc.freeze()  # a million objects of before are not looked at
    try:
        most = max(frames_in_memory() for _ in video)
    finally:
        if gc_was:
            gc.enable()
    assert 0 < most < 10


def frames_in_memory() -> int:
    return sum(type(thing) is AvFrame for thing in gc.get_objects())
