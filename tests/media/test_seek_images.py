"""Any frame of images, pages, arrays and spans, and both directions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fakes.media_pictures import picture
from segue.errors import DecodeError, VideoError
from segue.media import pages
from segue.media.frames import overlap
from segue.media.video import Video, open_video

FRAMES = [picture(i) for i in range(10)]
KINDS = (
    "folder",
    "tif",
    "webp",
    "gif",
    "list",
    "array",
    "names",
    "span of a list",
    "span of a file",
)


@pytest.fixture(params=KINDS)
def video(request: pytest.FixtureRequest, make_video: Callable[..., Path], tmp_path: Path) -> Video:
    kind = request.param
    images = [Image.fromarray(frame) for frame in FRAMES]
    if kind in ("tif", "webp", "gif"):
        path = tmp_path / f"a.{kind}"
        durations = {} if kind == "tif" else {"duration": [40 + 10 * i for i in range(10)]}
        images[0].save(path, save_all=True, append_images=images[1:], **durations)
        return open_video(path)
    if kind == "folder":
        for index, image in enumerate(images):
            image.save(tmp_path / f"{index}.png")
        return open_video(tmp_path)
    if kind == "span of a file":
        path = make_video("a.mp4", FRAMES, options={"bf": "2", "g": "4"})
        return open_video(path, start=1, end=9, every=2)
    if kind == "span of a list":
        return open_video(open_video(FRAMES, start=1, every=2), end=4)
    sources: dict[str, Any] = {
        "list": FRAMES,
        "array": np.stack(FRAMES),
        "names": dict(zip("abcdefghij", FRAMES, strict=True)),
    }
    return open_video(sources[kind])


def test_every_frame_in_every_way(video: Video) -> None:
    assert video.seekable
    whole = {frame.index: frame for frame in video}
    assert list(whole) == [index for index in video.indices if index in whole]

    def check(frame, index: int) -> None:
        expected = whole[index]
        assert (frame.index, frame.name, frame.time) == (index, expected.name, expected.time)
        assert np.array_equal(frame.image, expected.image)

    for index in sorted(whole, key=lambda index: index * 7 % 10):
        check(video.frame(index), index)
    for outside in {-1, 10, 0, 2} - set(whole):
        with pytest.raises(IndexError, match=f"frame {outside}"):
            video.frame(outside)
    for wanted in (range(9, -1, -1), range(8, 2, -2), range(3, 50), range(-3, 20, 3), range(0)):
        came = list(video.frames(wanted))
        expected = [index for index in wanted if index in whole]
        assert [frame.index for frame in came] == expected
        for frame in came:
            check(frame, frame.index)


def test_backwards_through_an_animation_holds_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = map(Image.fromarray, FRAMES)
    first.save(tmp_path / "a.webp", save_all=True, append_images=others, lossless=True)
    monkeypatch.setattr(pages, "HELD_BYTES", 3 * 32 * 48 * 3)
    video = open_video(tmp_path / "a.webp")
    whole = list(video)
    came = list(video.frames(range(20, 0, -2)))
    assert [frame.index for frame in came] == [8, 6, 4, 2]
    assert all(np.array_equal(frame.image, whole[frame.index].image) for frame in came)


def test_an_iterator_goes_only_forwards() -> None:
    video = open_video(iter(FRAMES))
    assert not video.seekable
    assert not open_video(video, start=2).seekable
    for ask in (lambda v: v.frame(0), lambda v: list(v.frames(range(5, 0, -1)))):
        with pytest.raises(VideoError, match="only in order"):
            ask(video)
    assert [frame.index for frame in video.frames(range(2, 9, 3))] == [2, 5, 8]


def test_what_has_a_length_but_no_places_goes_only_forwards() -> None:
    video = open_video(dict.fromkeys("ab", FRAMES[0]).values())
    assert (video.num_frames, video.seekable) == (2, False)
    assert len(list(video)) == len(list(video)) == 2


def test_only_what_is_asked_for_is_read(tmp_path: Path) -> None:
    for index, frame in enumerate(FRAMES):
        Image.fromarray(frame).save(tmp_path / f"{index}.png")
    video = open_video(tmp_path)
    (tmp_path / "4.png").write_bytes(b"no picture")
    assert [frame.index for frame in video.frames(range(9, 4, -1))] == [9, 8, 7, 6, 5]
    assert video.frame(3).index == 3
    with pytest.raises(DecodeError, match="Frame 4"):
        video.frame(4)
    came = []
    with pytest.raises(DecodeError, match="Frame 4"):
        came.extend(frame.index for frame in video.frames(range(7, 0, -1)))
    assert came == [7, 6, 5]


def test_one_damaged_page_of_a_tiff(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    first, *others = map(Image.fromarray, FRAMES)
    first.save(path, save_all=True, append_images=others, compression="tiff_deflate")
    video = open_video(path)
    with Image.open(path) as image:
        image.seek(6)
        begin = image.tag_v2[273][0]
    data = bytearray(path.read_bytes())
    data[begin : begin + 20] = b"\xff" * 20
    path.write_bytes(data)
    assert (video.frame(8).image == FRAMES[8]).all()
    with pytest.raises(DecodeError, match="Frame 00006"):
        video.frame(6)
    with pytest.raises(DecodeError, match="Frame 00006"):
        list(video.frames(range(9, 0, -1)))


RANGES = st.builds(
    range,
    st.integers(-20, 40),
    st.integers(-20, 40),
    st.integers(-7, 7).filter(bool),
)
OWN = st.builds(range, st.integers(0, 20), st.integers(0, 40), st.integers(1, 6))


@given(RANGES, OWN)
def test_numbers_of_both(wanted: range, own: range) -> None:
    assert list(overlap(wanted, own)) == [number for number in wanted if number in own]


def test_numbers_of_sources_without_end() -> None:
    endless = range(2**63 - 1)
    assert overlap(endless, range(5, 9)) == range(5, 9)
    assert overlap(range(7, 2**62, 5), endless)[:2] == range(7, 17, 5)
    assert list(overlap(endless[::-1], range(3))) == [2, 1, 0]
