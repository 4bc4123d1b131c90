"""The frames of finished results."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from fakes.made_results import make_results, squares
from segue.errors import DecodeError, VideoError
from segue.media.frames import VideoFrame

RESULTS = make_results(squares(*({1: (5, 5 + t)} for t in range(4))))


class Damaged:
    """Breaks off after two frames."""

    def __getattr__(self, name: str) -> Any:
        return getattr(RESULTS.video, name)

    def __iter__(self) -> Iterator[VideoFrame]:
        frames = iter(RESULTS.video)  # type: ignore[arg-type]
        yield next(frames)
        yield next(frames)
        raise DecodeError("frame 00002 does not decode")


def indices(**fields: Any) -> list[int]:
    shown = list(replace(RESULTS, **fields).frames())
    assert all(frame.index == record.index for frame, record in shown)
    return [record.index for _, record in shown]


def test_frames_without_a_record_are_left_out() -> None:
    assert indices() == [0, 1, 2, 3]
    assert indices(records=RESULTS.records[1::2]) == [1, 3]
    assert indices(records=[]) == []


def test_damage_after_the_last_record_is_not_met() -> None:
    assert indices(video=Damaged(), records=RESULTS.records[:2]) == [0, 1]
    with pytest.raises(DecodeError, match="00002"):
        indices(video=Damaged())


def test_without_the_video_there_are_none() -> None:
    with pytest.raises(VideoError, match="frames of clip are needed"):
        indices(video=None)
