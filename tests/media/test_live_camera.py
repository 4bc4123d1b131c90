"""Cameras that are pretended: what OpenCV would say of them."""

import threading
import time
from functools import partial
from typing import Any

import cv2
import numpy as np
import pytest

from segue.errors import DecodeError, StalledError, VideoError
from segue.media.live_camera import CameraFeed, Watched
from segue.media.live_video import LiveVideo

BLUE = np.full((4, 6, 3), (255, 10, 0), np.uint8)


class Pretended:
    """Gives three pictures, then what the test wants."""

    def __init__(self, then: str = "ends", *, there: bool = True) -> None:
        self.then = then
        self.there = there
        self.released = threading.Event()
        self.free = threading.Event()
        self._count = 0

    def __call__(self, number: int) -> "Pretended":
        assert number == 3
        return self

    def isOpened(self) -> bool:  # noqa: N802
        return self.there

    def get(self, which: int, /) -> float:
        return 30.0 if which == cv2.CAP_PROP_FPS else 0.0

    def read(self) -> tuple[bool, Any]:
        self._count += 1
        if self._count <= 3 or self.then == "goes on":
            time.sleep(0.01)
            return True, BLUE
        if self.then == "hangs":
            self.free.wait(60)
        return False, None

    def release(self) -> None:
        self.released.set()


def opened(camera: Pretended, timeout_s: float = 20.0) -> LiveVideo:
    feed = partial(CameraFeed, 3, "camera:3", camera)
    return LiveVideo(Watched(feed, "camera:3", timeout_s), name="camera3", place="camera:3")


def test_pictures_come_as_rgb_with_the_time_of_their_arrival() -> None:
    camera = Pretended()
    video = opened(camera)
    frames = []
    with pytest.raises(DecodeError, match="no pictures any more"):
        frames.extend(video)
    assert [frame.index for frame in frames] == [0, 1, 2]
    assert frames[0].image[0, 0].tolist() == [0, 10, 255]
    assert video.frame_rate == 30
    assert frames[0].time == 0 < frames[1].time < frames[2].time
    assert camera.released.wait(10)


def test_a_camera_that_hangs() -> None:
    camera = Pretended("hangs")
    seen = []
    with pytest.raises(StalledError, match=r"camera:3 sent nothing for 0\.5 s"):
        seen.extend(opened(camera, 0.5))
    assert len(seen) == 3
    camera.free.set()
    assert camera.released.wait(10)


def test_no_camera() -> None:
    with pytest.raises(VideoError, match="camera:3 cannot be opened"):
        opened(Pretended(there=False))


def test_a_camera_that_does_not_open() -> None:
    free = threading.Event()

    def waits() -> Any:
        free.wait(60)
        raise VideoError("too late")

    with pytest.raises(VideoError, match=r"did not open within 0\.3 s"):
        Watched(waits, "camera:3", 0.3)
    free.set()


def test_the_camera_is_let_go_of_unread() -> None:
    camera = Pretended("goes on")
    video = opened(camera)
    video.close()
    assert camera.released.wait(10)
    with pytest.raises(VideoError, match="read already"):
        iter(video)


def test_the_camera_is_let_go_of_when_nobody_asks_any_more() -> None:
    camera = Pretended("goes on")
    frames = opened(camera).deferred()
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    assert camera.released.wait(10)
