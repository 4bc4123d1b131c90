"""Files of pictures cut out of a stream of bytes."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fakes.live_streams import picture_bytes, scene
from segue.errors import DecodeError
from segue.media.live_pictures import is_picture, split
from segue.media.live_pipe import Pipe


class Bytes(Pipe):
    """A pipe that gives bytes in pieces of some sizes."""

    def __init__(self, data: bytes, pieces: list[int]) -> None:
        super().__init__(-1, "bytes", 1.0)
        self._data = io.BytesIO(data)
        self._pieces = pieces

    def read(self, size: int = 1 << 16) -> bytes:
        return self._data.read(self._pieces.pop() if self._pieces else size)


def with_thumbnail() -> bytes:
    """A JPEG whose header holds another JPEG."""
    inner, outer = picture_bytes(1, "JPEG")[0], picture_bytes(2, "JPEG")[1]
    length = (len(inner) + 2).to_bytes(2, "big")
    return outer[:2] + b"\xff\xe1" + length + inner + outer[2:]


def progressive() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(scene(3, (40, 40))).save(buffer, "JPEG", progressive=True, quality=95)
    return buffer.getvalue()


FILES = [*picture_bytes(2), *picture_bytes(2, "JPEG"), with_thumbnail(), progressive()]


@given(
    st.lists(st.sampled_from(FILES), max_size=5),
    st.lists(st.integers(1, 900), max_size=60),
    st.sampled_from([b"", b"\r\n", b"\r\n--boundary\r\nContent-Type: image/jpeg\r\n\r\n"]),
)
def test_every_file_comes_out_as_it_went_in(
    files: list[bytes], pieces: list[int], between: bytes
) -> None:
    data = b"".join(between + file for file in files)
    assert list(split(Bytes(data, pieces))) == files


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("missing", [1, 2, 5, 50])
def test_a_file_that_is_cut(file: bytes, missing: int) -> None:
    whole = picture_bytes(1)[0]
    found = split(Bytes(whole + file[:-missing], []))
    assert next(found) == whole
    with pytest.raises(DecodeError, match="middle of a picture"):
        next(found)


def test_what_is_a_picture() -> None:
    assert all(is_picture(file[:16]) for file in FILES)
    assert not is_picture(b"\x47" * 16)
    assert not is_picture(b"")
