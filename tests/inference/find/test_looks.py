from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.scenes import scene, write_frames
from segue.errors import DecodeError, InputError
from segue.inference.find.looks import moment, places_of, spread
from segue.media.video import open_video


@given(st.integers(0, 500), st.integers(1, 40))
def test_looks_are_spread_evenly(count: int, looks: int) -> None:
    places = spread(count, looks)
    assert len(places) == min(count, looks)
    assert places == sorted(set(places))
    assert all(0 <= place < count for place in places)
    if count > looks:
        gaps = np.diff(places)
        assert gaps.max(initial=count // looks) - gaps.min(initial=count // looks) <= 1
        assert abs(places[0] - (count - 1 - places[-1])) <= 1


def frames(count: int) -> list[np.ndarray]:
    return [np.full((20, 30, 3), 10 * t, np.uint8) for t in range(count)]


def shades(window: tuple[np.ndarray | None, ...]) -> list[int | None]:
    return [None if frame is None else int(frame[0, 0, 0]) // 10 for frame in window]


@pytest.mark.parametrize(
    ("place", "window", "neighbour"),
    [(0, [None, None, 0, 1], 1), (3, [1, 2, 3, 4], 4), (5, [3, 4, 5, None], 4)],
)
def test_windows_at_both_ends(place: int, window: list[int | None], neighbour: int) -> None:
    video = open_video(frames(6))
    found = moment(video, places_of(video), place, (2, 1))
    assert found is not None
    assert found.centre.index == place
    assert shades(found.window) == window
    assert shades((found.neighbour,)) == [neighbour]


def test_a_span_has_its_own_neighbours() -> None:
    video = open_video(frames(12), start=1, every=3)
    places = places_of(video)
    assert list(places) == [1, 4, 7, 10]
    found = moment(video, places, 1, (1, 1))
    assert found is not None
    assert shades(found.window) == [1, 4, 7]


def test_a_video_of_one_frame() -> None:
    video = open_video(frames(1))
    found = moment(video, places_of(video), 0, (3, 3))
    assert found is not None
    assert shades(found.window) == [None, None, None, 0, None, None, None]
    assert found.neighbour is None


def test_a_source_of_unknown_length_is_gone_through() -> None:
    video = open_video(frames(7))
    video.num_frames = None  # type: ignore[misc]
    assert list(places_of(video)) == list(range(7))


def test_a_number_of_frames_that_is_too_high() -> None:
    video = open_video(frames(4))
    assert moment(video, range(9), 6, (0, 0)) is None
    found = moment(video, range(9), 3, (0, 1))
    assert found is not None
    assert shades(found.window) == [3, None]


def test_what_can_be_read_once_is_refused() -> None:
    def pictures() -> Iterator[np.ndarray]:
        yield from frames(3)

    with pytest.raises(InputError, match=r"can be read only once.*give a mask"):
        places_of(open_video(pictures()))


def test_a_neighbour_that_does_not_decode_is_left_out(tmp_path: Path) -> None:
    write_frames(tmp_path / "frames", 5)
    (tmp_path / "frames/00003.png").write_bytes(b"no picture")
    video = open_video(tmp_path / "frames")
    found = moment(video, places_of(video), 2, (1, 2))
    assert found is not None
    assert [frame is not None for frame in found.window] == [True, True, False, False]
    assert found.neighbour is not None
    assert (found.neighbour == scene(5)[1][0]).all()
    with pytest.raises(DecodeError):
        moment(video, places_of(video), 3, (1, 1))
    # Frames before one are asked for from the first on, and end at the damaged one.
    after = moment(video, places_of(video), 4, (2, 0))
    assert after is not None
    assert after.window[-1] is not None
