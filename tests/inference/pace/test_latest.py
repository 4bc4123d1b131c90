"""A reader that is slower than a live source sees the newest frame, and what must be seen."""

import threading
import time
import weakref
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.live_streams import sending, stream_bytes
from segue.errors import DecodeError, StalledError
from segue.inference.pace.delays import Delays
from segue.inference.pace.latest import LatestFrame
from segue.inference.pipeline import ReadAhead
from segue.inference.stopwatch import Stopwatch
from segue.media.frames import ANY_INDEX, SourceDescription
from segue.media.live import open_live
from segue.media.live_feed import Deferred
from segue.media.video import ArrayVideo, VideoFrame

FRAME = np.zeros((4, 6, 3), np.uint8)


class Stepped:
    """A source that gives its next frames when the test says so, and counts conversions."""

    name, size_hw, frame_rate, time_base = "v", (4, 6), Fraction(25), Fraction(1, 25)
    num_frames = frame_names = None
    indices, description, seekable = ANY_INDEX, SourceDescription("v"), False
    files, choices, damaged = (), {}, ()

    def __init__(self, end: BaseException | None = None, opened: float | None = None) -> None:
        self.opened = opened
        self.converted: list[int] = []
        self.now = 0.0
        self._end = end
        self._wanted = threading.Semaphore(0)
        self._given = threading.Semaphore(0)

    def clock(self) -> float:
        return self.now

    def give(self, count: int, every: float = 0.04) -> None:
        """So many frames, each taken by the reader when this returns; before each some time passes."""
        for _ in range(count):
            self.now += every
            self._wanted.release()
            assert self._given.acquire(timeout=30)

    def finish(self) -> None:
        self._wanted.release()

    def __iter__(self) -> Iterator[VideoFrame]:
        raise AssertionError("its frames can be put off")

    def frames(self, wanted: range) -> Iterator[VideoFrame]:
        raise AssertionError("not asked for")

    def frame(self, index: int) -> VideoFrame:
        raise AssertionError("not asked for")

    def deferred(self) -> Iterator[Deferred]:
        for index in range(10**6):
            self._wanted.acquire()
            if self._end is not None and index == 7:
                raise self._end
            if self._end is None and index == 9:
                return

            def convert(number: int = index) -> np.ndarray:
                self.converted.append(number)
                return FRAME

            first = index == 0 and self.opened is not None
            yield Deferred(
                index, index * self.time_base, self.opened if first else self.now, convert
            )
            self._given.release()


def latest(video: object, **options: object) -> LatestFrame:
    return LatestFrame(video, Stopwatch(), Stopwatch(), **options)  # type: ignore[arg-type]


def test_the_newest_frame_waits_and_older_ones_are_dropped_unconverted() -> None:
    video = Stepped()
    with latest(video, clock=video.clock) as frames:
        asked = iter(frames)
        video.give(4)
        video.now += 0.25
        assert next(asked).index == 3
        assert frames.age == pytest.approx(0.25)
        video.give(1, every=0.06)
        frames.answered()
        assert next(asked).index == 4
        video.give(4)
        video.finish()
        assert [frame.index for frame in asked] == [8]
        assert video.converted == [3, 4, 8]
        report = frames.report
    assert (report.read, report.dropped) == (9, 6)
    assert report.waited_ms_max == 250
    assert report.answered_ms_max == 310
    assert report.answered_ms_median == pytest.approx(310, abs=1.01)


def test_frames_that_have_to_be_seen_are_never_dropped() -> None:
    masks = {1: "a mask"}
    video = Stepped()
    with latest(video, keep=masks, clock=video.clock) as frames:
        asked = iter(frames)
        video.give(3)
        masks[4] = "one given while it runs"
        video.give(3)
        assert [next(asked).index for _ in range(3)] == [1, 4, 5]
        video.give(3)
        video.finish()
        assert [frame.index for frame in asked] == [8]
    assert frames.report.dropped == 9 - 4


def test_what_piled_up_before_the_first_frame_is_passed_over() -> None:
    video = Stepped(opened=-3.0)  # and a model was loaded since
    with latest(video, keep={0}, clock=video.clock) as frames:
        asked = iter(frames)
        video.give(1)
        assert next(asked).index == 0
        video.give(2, every=0.01)  # faster than the 1/25 s of the stream
        video.give(1, every=0.05)  # a hiccup of the machine
        video.give(1, every=0.01)
        video.give(2)
        assert not frames.waiting
        video.give(1)
        assert frames.waiting
        assert next(asked).index == 7
    assert frames.report.dropped == 6
    assert frames.report.waited_ms_max == 0
    video.finish()  # lets the thread end


def test_a_source_that_is_faster_than_its_times_is_not_waited_for_without_end() -> None:
    video = Stepped(opened=-3.0)
    with latest(video, clock=video.clock) as frames:
        video.give(3, every=0.01)
        assert not frames.waiting
        video.now += 2
        video.give(1, every=0.01)
        assert frames.waiting
        video.give(1, every=0.01)
        assert frames.waiting
    video.finish()  # lets the thread end


def test_delays_of_frames_that_had_to_be_seen_do_not_count() -> None:
    video = Stepped()
    with latest(video, keep={0}, clock=video.clock) as frames:
        asked = iter(frames)
        video.give(1)
        video.now += 9
        assert next(asked).index == 0
        frames.answered()
        assert frames.report.waited_ms_max is None
        assert frames.report.answered_ms_max is None
    video.finish()  # lets the thread end


def test_the_newest_frame_comes_before_the_error() -> None:
    video = Stepped(DecodeError("broke off"))
    with latest(video, clock=video.clock) as frames:
        asked = iter(frames)
        video.give(7)
        video.finish()
        assert next(asked).index == 6
        with pytest.raises(DecodeError, match="broke off"):
            next(asked)


def test_an_iterator_of_arrays_without_end() -> None:
    def pictures() -> Iterator[np.ndarray]:
        while True:
            time.sleep(0.001)
            yield FRAME

    with latest(ArrayVideo(pictures())) as frames:
        seen = []
        for frame in frames:
            time.sleep(0.02)
            seen.append(frame.index)
            if len(seen) == 5:
                break
    assert seen == sorted(set(seen))
    assert frames.report.dropped >= 5
    assert frames.report.read - frames.report.dropped - len(seen) in (0, 1)  # one may wait


def test_a_reader_that_keeps_up_sees_every_frame() -> None:
    video = Stepped()
    with latest(video, clock=video.clock) as frames:
        asked = iter(frames)
        for index in range(9):
            video.give(1)
            assert next(asked).index == index
        video.finish()
        assert list(asked) == []
    assert frames.report.dropped == 0


@pytest.mark.parametrize("reader", [LatestFrame, ReadAhead])
def test_the_end_does_not_wait_for_a_silent_source(reader: type) -> None:
    with sending(stream_bytes(30), hold_s=60) as pipe:
        video = open_live(pipe, timeout_s=20.0)
        with reader(video, Stopwatch(), Stopwatch()) as frames:
            assert next(iter(frames)).index >= 0
            time.sleep(0.2)
            begin = time.perf_counter()
        assert time.perf_counter() - begin < 5


def test_a_source_that_stalls_is_told_after_its_frames() -> None:
    with sending(stream_bytes(30), hold_s=60) as pipe:
        video = open_live(pipe, timeout_s=0.7)
        seen = []
        with latest(video) as frames, pytest.raises(StalledError):
            seen.extend(frame.index for frame in frames)
    assert seen[-1] == 29
    assert frames.report.read == 30


def test_memory_stays_flat_while_nobody_asks() -> None:
    alive: list[int] = []
    references = []
    over, free = threading.Event(), threading.Event()

    def pictures() -> Iterator[np.ndarray]:
        for _ in range(200):
            image = np.zeros((4, 6, 3), np.uint8)
            references.append(weakref.ref(image))
            yield image
            del image
        alive.append(sum(reference() is not None for reference in references))
        over.set()
        free.wait(60)

    with latest(ArrayVideo(pictures())) as frames:
        assert over.wait(30)
        assert frames.report.read == 200
        free.set()
    assert alive[0] <= 3, "the newest one, and what the loop of the source holds"


@given(st.lists(st.floats(0, 9), min_size=1, max_size=50))
def test_the_median_of_delays_is_one_to_the_millisecond(seconds: list[float]) -> None:
    delays = Delays()
    for value in seconds:
        delays.add(value)
    below = sorted(seconds)[(len(seconds) - 1) // 2]
    assert delays.median_ms == pytest.approx(below * 1e3, abs=1.01)
    assert delays.max_ms == pytest.approx(max(seconds) * 1e3, abs=0.06)


def test_no_delays() -> None:
    assert (Delays().median_ms, Delays().max_ms) == (None, None)


def test_who_waits_for_a_silent_source_can_be_stopped() -> None:
    video, stop = Stepped(), threading.Event()
    with latest(video, clock=video.clock, stopped=stop.is_set) as frames:
        asked = iter(frames)
        video.give(1)
        assert next(asked).index == 0
        threading.Timer(0.1, stop.set).start()
        assert list(asked) == []
        assert frames.gave_up
        video.finish()
