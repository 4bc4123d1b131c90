"""Files of several pictures that Pillow reads better than FFmpeg: animated WebP and GIF, TIFF of several pages."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from segue.errors import DecodeError, VideoError
from segue.media.depth import as_frame, find_stretch, spread
from segue.media.frames import (
    DEFAULT_FRAME_RATE,
    HELD_BYTES,
    SourceDescription,
    VideoFrame,
    index_name,
    overlap,
)
from segue.media.stills import READ_ERRORS, page_numbers, read_pages

_MILLISECOND = Fraction(1, 1000)
_NO_DURATION = 100
"""Milliseconds that browsers show a picture without a duration of its own."""
_KINDS = {
    "WEBP": "WebP animation",
    "GIF": "GIF animation",
    "AVIF": "AVIF sequence",
    "TIFF": "TIFF of several pages",
}


class PagedVideo:
    """The pictures of one file as frames, with the times of the file where it has some (WebP, GIF, AVIF).

    Values of more than 8 bits are stretched, by the same factor in all frames.

    Args:
        path: The file.
        frame_rate: Frames per second of files without times (TIFF).

    Raises:
        VideoError: The first picture does not decode, or a page of a TIFF has another size.
    """

    seekable = True
    frame_names: tuple[str, ...] | None = None
    damaged: tuple[str, ...] = ()

    def __init__(self, path: Path, frame_rate: Fraction = DEFAULT_FRAME_RATE) -> None:
        self.path = path
        self.files = (path,)
        self.name = path.stem
        self.choices: dict[str, Any] = {}
        try:
            with Image.open(path) as image:
                kind = str(image.format)
                self._numbers = page_numbers(image)
                self._check_sizes(image)
            self._stretch = find_stretch(self._sample())
            values, shown = next(read_pages(path, self._numbers))
        except OSError as error:
            raise VideoError(f"{path} cannot be used: {error}. Replace the file.") from None
        self.size_hw = (values.shape[0], values.shape[1])
        self.num_frames: int | None = len(self._numbers)
        self.indices = range(len(self._numbers))
        self._timed = shown > 0
        self.frame_rate: Fraction | None = Fraction(1000, shown) if self._timed else frame_rate
        self.time_base = _MILLISECOND if self._timed else 1 / frame_rate
        doubt = self._stretch.doubt if self._stretch else None
        self.description = SourceDescription(
            str(path), stream=_KINDS.get(kind, kind), doubts=(doubt,) if doubt else ()
        )

    def __len__(self) -> int:
        """Number of pictures."""
        return len(self._numbers)

    def __getitem__(self, index: int) -> VideoFrame:
        """One frame by its index, from 0; negative ones count from the end.

        Raises:
            IndexError: No such frame.
            DecodeError: The frame, or one before it, does not decode.
        """
        return self.frame(self.indices[index])

    def frame(self, index: int) -> VideoFrame:
        """One frame by its index, from 0; a page of a TIFF alone, of an animation all pictures up to it are decoded.

        Raises:
            IndexError: No such frame.
            DecodeError: The frame, or one that it needs, does not decode.
        """
        for frame in self.frames(range(index, index + 1)):
            return frame
        last = len(self) - 1
        raise IndexError(f"{self.path} has no frame {index}. Its frames are 0 to {last}.")

    def __iter__(self) -> Iterator[VideoFrame]:
        """Frames from the first one, see ``Video``."""
        yield from self.frames(self.indices)
        if _is_cut_off(self.path):
            raise self._broken(len(self), "the file is cut off")

    def frames(self, wanted: range) -> Iterator[VideoFrame]:
        """The frames with these indices, in their order.

        The pictures of an animation build on those before them. Backwards it is decoded from its start again for each
        part that fits in ``HELD_BYTES``.

        Raises:
            DecodeError: As in ``Video``.
        """
        wanted = overlap(wanted, self.indices)
        if not self._timed:
            return self._pages(wanted)
        return self._animated(wanted) if wanted.step > 0 else self._animated_back(wanted[::-1])

    def _pages(self, wanted: range) -> Iterator[VideoFrame]:
        values = self._values(wanted)
        for index in wanted:
            image = self._frame(next(values)[0], index)
            yield VideoFrame(image, index, index_name(index), index * self.time_base)

    def _animated(self, wanted: range) -> Iterator[VideoFrame]:
        time = Fraction(0)
        for index, (values, shown) in enumerate(self._values(range(wanted.stop))):
            if index in wanted:
                yield VideoFrame(self._frame(values, index), index, index_name(index), time)
            time += (shown or _NO_DURATION) * _MILLISECOND

    def _animated_back(self, wanted: range) -> Iterator[VideoFrame]:
        height, width = self.size_hw
        most = max(1, HELD_BYTES // (3 * height * width))
        for stop in range(len(wanted), 0, -most):
            yield from reversed(list(self._animated(wanted[max(0, stop - most) : stop])))

    def _values(self, wanted: range) -> Iterator[tuple[np.ndarray, int]]:
        pages = read_pages(self.path, [self._numbers[index] for index in wanted])
        for index in wanted:
            try:
                values = next(pages)
            except OSError as error:
                raise self._broken(index, str(error)) from None
            yield values

    def _broken(self, index: int, reason: str) -> DecodeError:
        return DecodeError(
            f"Frame {index_name(index)} of {self.path} does not decode ({reason}). "
            f"The {index} frames before it are fine. Replace the file."
        )

    def __repr__(self) -> str:
        height, width = self.size_hw
        return f"PagedVideo({str(self.path)!r}, {len(self)} pictures, {height}x{width})"

    def _sample(self) -> Iterator[np.ndarray]:
        picked = [self._numbers[place] for place in spread(len(self._numbers))]
        try:
            for values, _ in read_pages(self.path, picked):
                yield values
                if values.dtype == np.uint8:
                    return  # all pages have one depth
        except OSError:
            return  # said when the frame is reached

    def _check_sizes(self, image: Image.Image) -> None:
        """Only a TIFF can have pages of several sizes, and only there the sizes cost nothing."""
        if image.format != "TIFF":
            return
        sizes = []
        for number in self._numbers:
            image.seek(number)
            sizes.append(image.size)
        odd = next((number for number, size in enumerate(sizes) if size != sizes[0]), None)
        if odd is not None:
            (width, height), (first_width, first_height) = sizes[odd], sizes[0]
            raise VideoError(
                f"Page {odd} of {self.path} is {width}x{height}, the first one {first_width}x{first_height} "
                "(width x height). All frames need one size: save the pages of one size to a file of their own."
            )

    def _frame(self, values: np.ndarray, index: int) -> Any:
        place = f"Frame {index_name(index)} of {self.path}"
        if values.shape[:2] != self.size_hw:
            (height, width), (new_height, new_width) = self.size_hw, values.shape[:2]
            raise DecodeError(
                f"{place} is {new_width}x{new_height}, the first one {width}x{height} (width x height). "
                "All frames need one size."
            )
        try:
            return as_frame(values, self._stretch)
        except VideoError as error:
            raise DecodeError(f"{place} {error}") from None


def _is_cut_off(path: Path) -> bool:
    """Whether the end of an animation is missing; Pillow shows what is there without a word."""
    with path.open("rb") as file:
        head = file.read(12)
        size = file.seek(0, 2)
        file.seek(max(0, size - 16))
        tail = file.read()
    if head[:3] == b"GIF":
        return not tail.rstrip(b"\0").endswith(b";")
    if head[:2] in (b"II", b"MM"):
        try:
            with Image.open(path) as image:
                return not getattr(image, "n_frames", 1)
        except READ_ERRORS:
            return True  # the table of a later page is not there
    if head[:4] == b"RIFF":
        return size < 8 + int.from_bytes(head[4:8], "little")
    return False
