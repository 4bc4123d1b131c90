"""JPEG and PNG pictures one after the other in a pipe, as FFmpeg's ``image2pipe`` and many cameras write them.

Each picture is cut out by its own format, so it is handed on with its last byte; FFmpeg would wait for the next one.
"""

import io
import re
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageOps

from segue.errors import DecodeError
from segue.media.depth import Stretch, as_frame
from segue.media.frames import index_name
from segue.media.live_feed import LiveTraits, Picture
from segue.media.live_pipe import Pipe
from segue.media.stills import READ_ERRORS, image_values
from segue.types import Frame

_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_BARE = frozenset({0x01, 0xFF, *range(0xD0, 0xD9)})
"""JPEG markers without a length: TEM, fill bytes, RST0 to RST7, start of image."""
_END, _SCAN = 0xD9, 0xDA
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
"""What ends the data of a scan."""
_MOST_BYTES = 1 << 28
"""Of one picture; more is no picture."""


def is_picture(head: bytes) -> bool:
    """Whether a stream begins with a JPEG or PNG picture."""
    return head.startswith((_JPEG, _PNG))


class PictureFeed:
    """Pictures out of a pipe, see ``Feed``; what stands between two of them is passed over.

    Args:
        pipe: From its first byte.
        lossy: Leave out pictures that do not decode, instead of ending there.
    """

    def __init__(self, pipe: Pipe, *, lossy: bool) -> None:
        self.traits = LiveTraits(stream="pictures one after the other")
        self.colour: str | None = None
        self._pipe = pipe
        self._lossy = lossy
        self._lost = 0

    @property
    def damaged(self) -> tuple[str, ...]:
        """See ``Feed``."""
        pictures = "picture" if self._lost == 1 else "pictures"
        return (f"{self._lost} {pictures} in the pipe",) if self._lost else ()

    def pictures(self) -> Iterator[Picture]:
        """See ``Feed``."""
        for index, data in enumerate(split(self._pipe)):
            try:
                image = Image.open(io.BytesIO(data))
                size_hw = (image.height, image.width)
                image.load()
            except READ_ERRORS as error:
                if self._lossy:
                    self._lost += 1
                    continue
                raise DecodeError(
                    f"Picture {index_name(index)} of {self._pipe.place} does not decode ({error}). "
                    "The pictures before it are fine. Check what writes them.",
                    option="Pass --skip-damaged to go on with the pictures after it.",
                ) from None
            yield Picture(size_hw, lambda image=image: _upright(image))  # type: ignore[misc]

    def close(self) -> None:
        """See ``Feed``."""
        self._pipe.close()


def split(pipe: Pipe) -> Iterator[bytes]:
    """The files of the pictures in a pipe.

    Raises:
        StalledError: Nothing came in time.
        DecodeError: The pipe ended in the middle of a picture, or holds something else.
    """
    held = bytearray()
    while True:
        size = _size(held)
        while size is None and (more := pipe.read()):
            held += more
            size = _size(held)
            if size is None and len(held) > _MOST_BYTES:
                raise DecodeError(f"{pipe.place} holds no JPEG or PNG pictures. Check what writes.")
        if size is None:
            break
        data = bytes(held[: abs(size)])
        del held[: abs(size)]
        if size > 0:
            yield data
    if held.strip(b"\0\r\n \xff"):
        raise DecodeError(
            f"{pipe.place} ended in the middle of a picture ({len(held)} bytes of it came). The pictures before it "
            "are fine. Check what writes them."
        )


def _size(held: bytearray) -> int | None:
    """Bytes of the picture at the beginning; None while it is not whole, negative what lies before a picture."""
    starts = [place for place in (held.find(_JPEG), held.find(_PNG)) if place >= 0]
    if starts and min(starts) > 0:
        return -min(starts)
    if not starts:
        # The first bytes of the next picture may be there already.
        return -(len(held) - len(_PNG)) if len(held) > len(_PNG) else None
    return _png_size(held) if held.startswith(_PNG) else _jpeg_size(held)


def _png_size(held: bytearray) -> int | None:
    place = len(_PNG)
    while place + 8 <= len(held):
        kind = bytes(held[place + 4 : place + 8])
        place += 12 + int.from_bytes(held[place : place + 4], "big")
        if kind == b"IEND":
            return place if place <= len(held) else None
    return None


def _jpeg_size(held: bytearray) -> int | None:
    place = 2
    while place + 4 <= len(held):
        marker = held[place + 1]
        if marker == _END:
            return place + 2
        if marker in _BARE:
            place += 1 if marker == 0xFF else 2
            continue
        place += 2 + int.from_bytes(held[place + 2 : place + 4], "big")
        if marker == _SCAN:
            found = _MARKER.search(held, place)
            if found is None:
                return None
            place = found.start()
    # The end may be the last two bytes.
    return place + 2 if held[place : place + 2] == bytes((0xFF, _END)) else None


def _upright(image: Image.Image) -> Frame:
    values = image_values(ImageOps.exif_transpose(image))
    deep = Stretch(65_535.0, 65_535.0) if values.dtype == np.uint16 else None
    return as_frame(values, deep)
