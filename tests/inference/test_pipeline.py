import threading
import time
from fractions import Fraction

import numpy as np
import pytest

from segue.errors import DecodeError, WriteError
from segue.inference import pipeline
from segue.inference.pipeline import ReadAhead, WriteBehind, room_for
from segue.inference.stopwatch import Stopwatch
from segue.media.frames import ANY_INDEX, SourceDescription
from segue.media.video import ArrayVideo

FRAME = np.zeros((4, 6, 3), np.uint8)


class Counting:
    """A video without end that counts what was decoded; frame ``broken`` does not decode."""

    name, size_hw, frame_rate, time_base = "v", (4, 6), Fraction(25), Fraction(1, 25)
    num_frames = frame_names = None
    indices, description = ANY_INDEX, SourceDescription("v")
    files, choices, damaged = (), {}, ()
    seekable = False

    def __init__(self, broken: int = -1) -> None:
        self.decoded = 0
        self.broken = broken

    def frame(self, index):
        raise NotImplementedError

    def frames(self, wanted):
        raise NotImplementedError

    def __iter__(self):
        for frame in ArrayVideo(FRAME for _ in range(10**6)):
            if frame.index == self.broken:
                raise DecodeError("frame does not decode")
            self.decoded += 1
            yield frame


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if "segue" in thread.name}


def settle(value):
    """What a function returns once it has stopped to change."""
    last = None
    while (now := value()) != last:
        last = now
        time.sleep(0.05)
    return now


def test_frames_come_in_order_and_only_a_few_are_decoded_ahead() -> None:
    video = Counting()
    with ReadAhead(video, Stopwatch(), Stopwatch()) as frames:
        asked = iter(frames)
        assert [next(asked).index for _ in range(10)] == list(range(10))
        assert 10 < settle(lambda: video.decoded) <= 16
    assert not threads(), "the thread should end with the block, although it had to wait"


@pytest.mark.parametrize(
    ("size_hw", "room"), [((4, 6), 4), ((1080, 1920), 4), ((2160, 3840), 1), ((6000, 8000), 1)]
)
def test_fewer_large_frames_wait(size_hw: tuple[int, int], room: int) -> None:
    assert room_for(size_hw) == room


def test_of_large_frames_one_is_decoded_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "_WAITING_BYTES", 3 * 4 * 6)
    video = Counting()
    with ReadAhead(video, Stopwatch(), Stopwatch()) as frames:
        next(iter(frames))
        assert settle(lambda: video.decoded) == 2  # asked for, and waiting


def test_of_large_frames_one_piece_of_work_waits() -> None:
    free, handed = threading.Event(), []
    with WriteBehind(Stopwatch(), room=1) as writer:
        caller = threading.Thread(
            target=lambda: [handed.append(writer.hand(free.wait)) for _ in range(5)]
        )
        caller.start()
        assert settle(lambda: len(handed)) == 2  # one is done, one waits
        free.set()
        caller.join()


def test_all_good_frames_come_before_the_error() -> None:
    decoding, waiting = Stopwatch(), Stopwatch()
    with ReadAhead(Counting(broken=7), decoding, waiting) as frames:
        iterator = iter(frames)
        assert [next(iterator).index for _ in range(7)] == list(range(7))
        with pytest.raises(DecodeError):
            next(iterator)
    assert decoding.seconds["decode"] > 0
    assert waiting.seconds["wait_decode"] > 0


def test_a_video_ends() -> None:
    with ReadAhead(ArrayVideo([FRAME] * 9), Stopwatch(), Stopwatch()) as frames:
        assert [frame.index for frame in frames] == list(range(9))


def test_who_waits_for_a_silent_source_can_be_stopped() -> None:
    silent, stop = threading.Event(), threading.Event()

    def pictures():
        yield FRAME
        silent.wait(30)

    video = ArrayVideo(pictures())
    with ReadAhead(video, Stopwatch(), Stopwatch(), stop.is_set) as frames:
        asked = iter(frames)
        assert next(asked).index == 0
        threading.Timer(0.1, stop.set).start()
        begin = time.monotonic()
        assert list(asked) == []
        assert time.monotonic() - begin < 5
        assert frames.gave_up
    silent.set()


def test_work_is_done_in_order_while_the_caller_goes_on() -> None:
    done: list[int] = []
    free = threading.Event()
    with WriteBehind(Stopwatch()) as writer:
        writer.hand(free.wait)
        for number in range(3):
            writer.hand(lambda n=number: done.append(n))
        assert not done
        free.set()
        writer.finish()
        assert done == [0, 1, 2]
    assert not threads()


def test_the_caller_waits_while_too_much_is_left() -> None:
    waited, free = Stopwatch(), threading.Event()
    with WriteBehind(waited) as writer:
        threading.Timer(0.2, free.set).start()
        for _ in range(12):
            writer.hand(free.wait)
        assert free.is_set()
    assert waited.seconds["wait_write"] > 0.1


def full() -> None:
    raise WriteError("disk full")


def test_after_a_failure_nothing_more_is_done() -> None:
    done: list[int] = []

    def work() -> None:
        with WriteBehind(Stopwatch()) as writer:
            writer.hand(full)
            for number in range(20):
                writer.hand(lambda n=number: done.append(n))

    with pytest.raises(WriteError, match="disk full"):
        work()
    assert not done
    assert not threads()


def test_a_failure_of_the_last_work_is_raised_too() -> None:
    with pytest.raises(WriteError), WriteBehind(Stopwatch()) as writer:
        writer.hand(full)


def test_what_was_left_is_done_although_the_caller_fails() -> None:
    done: list[int] = []

    def work() -> None:
        with WriteBehind(Stopwatch()) as writer:
            for number in range(3):
                writer.hand(lambda n=number: done.append(n))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == [0, 1, 2]
