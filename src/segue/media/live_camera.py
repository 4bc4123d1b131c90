"""Cameras by their number, through OpenCV."""

import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from queue import Empty, Full, Queue
from typing import Any, Protocol, runtime_checkable

import cv2
import numpy as np

from segue.errors import DecodeError, VideoError
from segue.media.live_feed import Feed, LiveTraits, Picture
from segue.media.live_pipe import stalled

_POLL_S = 0.1


@runtime_checkable
class Capture(Protocol):
    """What is used of ``cv2.VideoCapture``."""

    def isOpened(self) -> bool:  # noqa: N802
        """Whether there is a camera."""
        ...

    def get(self, which: int, /) -> float:
        """A property, 0 where it is unknown."""
        ...

    def read(self) -> tuple[bool, Any]:
        """Whether there is a picture, and the picture as BGR; waits for it."""
        ...

    def release(self) -> None:
        """Let go of the camera."""
        ...


class CameraFeed:
    """A camera by its number, see ``Feed``; pictures have no times but those of their arrival.

    Args:
        number: As OpenCV counts the cameras, from 0.
        place: The camera, for messages.
        capture: Opens it.

    Raises:
        VideoError: No such camera, or somebody else uses it.
    """

    damaged: tuple[str, ...] = ()
    colour: str | None = None

    def __init__(
        self, number: int, place: str, capture: Callable[[int], Capture] = cv2.VideoCapture
    ) -> None:
        self._place = place
        self._capture = capture(number)
        if not self._capture.isOpened():
            raise VideoError(
                f"{place} cannot be opened. Check that a camera of this number is connected, and that no other "
                "program uses it."
            )
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        known = 0 < rate < 1000
        self.traits = LiveTraits(
            Fraction(rate).limit_denominator(1001) if known else None, stream="camera"
        )

    def pictures(self) -> Iterator[Picture]:
        """See ``Feed``."""
        while True:
            there, bgr = self._capture.read()
            if not there:
                raise DecodeError(
                    f"{self._place} gives no pictures any more. The frames before are fine. Check its cable."
                )
            yield Picture(bgr.shape[:2], lambda bgr=bgr: _rgb(bgr))  # type: ignore[misc]

    def close(self) -> None:
        """See ``Feed``."""
        self._capture.release()


class Watched:
    """A feed whose pictures have to come in time although its own reads wait without end, as those of cameras do.

    A thread reads; where the camera does not answer any more, that thread is left alone.

    Args:
        feed: Opens it, in the thread.
        place: The source, for messages.
        timeout_s: Seconds for opening and for each picture.

    Raises:
        VideoError: As in opening the feed, or it does not answer.
    """

    def __init__(self, feed: Callable[[], Feed], place: str, timeout_s: float) -> None:
        self._place = place
        self._timeout_s = timeout_s
        self._closed = False
        self._queue: Queue[Feed | Picture | BaseException | None] = Queue(1)
        threading.Thread(target=self._read, args=(feed,), name="segue-camera", daemon=True).start()
        try:
            item = self._queue.get(timeout=timeout_s)
        except Empty:
            self._closed = True
            raise VideoError(
                f"{place} did not open within {timeout_s:g} s. Check the camera, or wait longer.",
                option="Pass --timeout SECONDS to wait longer.",
            ) from None
        if isinstance(item, BaseException):
            raise item
        assert item is not None
        assert not isinstance(item, Picture)
        self._feed = item
        self.traits = item.traits

    @property
    def colour(self) -> str | None:
        """See ``Feed``."""
        return self._feed.colour

    @property
    def damaged(self) -> tuple[str, ...]:
        """See ``Feed``."""
        return self._feed.damaged

    def pictures(self) -> Iterator[Picture]:
        """See ``Feed``."""
        while True:
            try:
                item = self._queue.get(timeout=self._timeout_s)
            except Empty:
                raise stalled(self._place, self._timeout_s) from None
            if isinstance(item, BaseException):
                raise item
            if item is None:
                return
            assert isinstance(item, Picture)
            yield item

    def close(self) -> None:
        """See ``Feed``; the thread ends after the read it is in."""
        self._closed = True

    def _read(self, opened: Callable[[], Feed]) -> None:
        end: BaseException | None = None
        try:
            feed = opened()
            try:
                self._put(feed)
                for picture in feed.pictures():
                    if self._closed or not self._put(picture):
                        break
            finally:
                feed.close()
        except (
            BaseException
        ) as error:  # whatever it is, it belongs to whoever asks for the pictures
            end = error
        self._put(end)

    def _put(self, item: Feed | Picture | BaseException | None) -> bool:
        """Hand over, once there is room; False if nobody asks any more."""
        while not self._closed:
            try:
                self._queue.put(item, timeout=_POLL_S)
            except Full:
                continue
            return True
        return False


def _rgb(bgr: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))
