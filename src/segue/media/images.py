"""Image files as frames: folders, natural order, one scale of values for all."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from segue.errors import DecodeError, VideoError
from segue.media.depth import Stretch, find_stretch, spread
from segue.media.frames import DEFAULT_FRAME_RATE, SourceDescription, VideoFrame, overlap
from segue.media.stills import (
    IMAGE_SUFFIXES,
    Header,
    image_colour,
    load_image,
    read_header,
    read_image,
    read_values,
)

__all__ = [
    "IMAGE_SUFFIXES",
    "ImageVideo",
    "is_image",
    "list_images",
    "load_image",
    "natural_key",
    "read_image",
]

_SKIP = "Pass --skip-damaged to go on with the frames after it."


def natural_key(name: str) -> tuple[list[str | int], str]:
    """Sorting key under which ``frame2`` comes before ``frame10``, whatever the names.

    Total: two names share a key only if they are equal.
    """
    parts: list[str | int] = list(re.split(r"(\d+)", name.casefold()))
    parts[1::2] = [int(digits) for digits in parts[1::2]]
    return parts, name


def list_images(folder: Path) -> list[Path]:
    """Image files of a folder in natural order, hidden files left out."""
    return sorted(
        (path for path in folder.iterdir() if is_image(path)),
        key=lambda path: natural_key(path.stem),
    )


def is_image(path: Path) -> bool:
    """True for a visible file whose suffix is that of a still image."""
    named = path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
    return named and path.is_file()


class ImageVideo:
    """Image files, one frame each, shown at a constant rate.

    Sizes are read from the headers of all files at once, pixels only when a frame's turn comes.
    Values of more than 8 bits are stretched, by the same factor in all frames, see ``media/depth.py``.

    Args:
        paths: The files in order.
        name: Of the video.
        frame_rate: Frames per second.
        names: Of the frames; None takes the file stems.
        skip_damaged: Leave out files that do not decode, instead of ending there.
        place: Folder or pattern, for ``description``; None takes the folder of the first file.
        doubts: What ``description`` says besides what is found here.

    Raises:
        VideoError: No files, two with one name, sizes that differ, or a first file that does not
            decode.
    """

    seekable = True

    def __init__(
        self,
        paths: Sequence[Path],
        name: str,
        frame_rate: Fraction = DEFAULT_FRAME_RATE,
        *,
        names: Sequence[str] | None = None,
        skip_damaged: bool = False,
        place: str | None = None,
        doubts: Sequence[str] = (),
    ) -> None:
        if not paths:
            raise VideoError(f"{name} holds no images ({', '.join(sorted(IMAGE_SUFFIXES))}).")
        self.paths = self.files = tuple(paths)
        self.name = name
        self.frame_rate: Fraction | None = frame_rate
        self.time_base = 1 / frame_rate
        self.num_frames: int | None = len(self.paths)
        self.indices = range(len(self.paths))
        self.frame_names: tuple[str, ...] | None = tuple(names or (p.stem for p in self.paths))
        self.choices: Mapping[str, Any] = {"skip_damaged": True} if skip_damaged else {}
        self.damaged: tuple[str, ...] = ()
        self._skip_damaged = skip_damaged
        _check_names(self.paths, self.frame_names)
        self.size_hw = self._first_size()
        headers = self._checked_headers()
        self._stretch = _stretch_of(self.paths, headers)
        self.description = SourceDescription(
            place or str(self.paths[0].parent),
            colour=image_colour(self.paths[0]),
            doubts=(*doubts, *self._doubts(headers), *_stretch_doubt(self._stretch)),
        )

    def __len__(self) -> int:
        """Number of files."""
        return len(self.paths)

    def __getitem__(self, index: int) -> VideoFrame:
        """One frame by its index, from 0; negative ones count from the end.

        Raises:
            IndexError: No such frame.
            DecodeError: The file does not decode.
        """
        return self._frame(self.indices[index])

    def frame(self, index: int) -> VideoFrame:
        """One frame by its index, from 0; nothing else is read.

        Raises:
            IndexError: No such frame.
            DecodeError: The file does not decode.
        """
        if index not in self.indices:
            last = len(self.paths) - 1
            raise IndexError(f"{self.name} has no frame {index}. Its frames are 0 to {last}.")
        return self._frame(index)

    def __iter__(self) -> Iterator[VideoFrame]:
        """Frames from the first one, see ``Video``."""
        return self.frames(self.indices)

    def frames(self, wanted: range) -> Iterator[VideoFrame]:
        """The frames with these indices, in their order; other files are not read.

        Raises:
            DecodeError: As in ``Video``.
        """
        self.damaged = ()
        for index in overlap(wanted, self.indices):
            try:
                frame = self._frame(index)
            except DecodeError:
                if not self._skip_damaged:
                    raise
                self.damaged += (self._names[index],)
                continue
            yield frame

    def index_at(self, time: Fraction) -> int:
        """Index of the first frame that is not shown before a time in seconds."""
        return -int(-time // self.time_base)

    def time_of(self, index: int) -> Fraction:
        """When a frame is shown, in seconds."""
        return index * self.time_base

    def __repr__(self) -> str:
        height, width = self.size_hw
        return f"ImageVideo({self.name!r}, {len(self.paths)} files, {height}x{width})"

    @property
    def _names(self) -> tuple[str, ...]:
        assert self.frame_names is not None
        return self.frame_names

    def _frame(self, index: int) -> VideoFrame:
        path, name = self.paths[index], self._names[index]
        try:
            image = read_image(path, self._stretch)
        except VideoError as error:
            message = f"Frame {name} (number {index}): {error}"
            raise DecodeError(message, option=_SKIP) from None
        if image.shape[:2] != self.size_hw:
            raise DecodeError(self._size_sentence(path, image.shape[:2]))
        return VideoFrame(image, index, name, index * self.time_base)

    def _first_size(self) -> tuple[int, int]:
        for number, path in enumerate(self.paths):
            try:
                height, width = read_image(path).shape[:2]
                return height, width
            except VideoError:
                if not self._skip_damaged or number + 1 == len(self.paths):
                    raise
        raise AssertionError("there is at least one path")

    def _checked_headers(self) -> list[Header | None]:
        headers = [read_header(path) for path in self.paths]
        for path, header in zip(self.paths, headers, strict=True):
            # Damage is reported when the frame is reached: what comes before it is usable.
            if header is not None and header.size_hw != self.size_hw:
                raise VideoError(self._size_sentence(path, header.size_hw))
        return headers

    def _doubts(self, headers: Sequence[Header | None]) -> Iterator[str]:
        for path, header in zip(self.paths, headers, strict=True):
            if header is not None and header.pages > 1:
                yield (
                    f"{path.name} holds {header.pages} pictures, of which only the first is a frame "
                    "here. Give the file alone to have all."
                )
                break
        words = Counter(re.sub(r"\d+", "#", name) for name in self._names)
        if len(words) > 1 and min(words.values()) > 1:
            counts = ", ".join(f"{count} {word!r}" for word, count in sorted(words.items())[:4])
            yield (
                f"The names of the frames are of several kinds ({counts}). If these are several videos, give a "
                "pattern for one of them."
            )
        kinds = Counter(path.suffix.lower() for path in self.paths)
        if len(kinds) > 1:
            counts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
            yield (
                f"The frames are files of several kinds ({counts}). If some of them are masks, give "
                f"a pattern such as '{self.paths[0].parent}/*{_likely_frames(kinds)}'."
            )

    def _size_sentence(self, path: Path, size_hw: tuple[int, int]) -> str:
        height, width = self.size_hw
        return (
            f"All frames need one size: {self.paths[0]} is {width}x{height}, {path} is "
            f"{size_hw[1]}x{size_hw[0]} (width x height). Resize or remove the odd ones."
        )


def _stretch_of(paths: Sequence[Path], headers: Sequence[Header | None]) -> Stretch | None:
    """One scale for all files whose values have more than 8 bits."""
    deep = [path for path, header in zip(paths, headers, strict=True) if header and header.deep]
    return find_stretch(_whole([deep[number] for number in spread(len(deep))]))


def _whole(paths: Sequence[Path]) -> Iterator[Any]:
    for path in paths:
        try:
            yield read_values(path)
        except VideoError:
            continue  # said when the frame is reached


def _stretch_doubt(stretch: Stretch | None) -> tuple[str, ...]:
    return (stretch.doubt,) if stretch and stretch.doubt else ()


def _check_names(paths: Sequence[Path], names: Sequence[str]) -> None:
    seen: dict[str, Path] = {}
    for path, name in zip(paths, names, strict=True):
        other = seen.setdefault(name, path)
        if other == path:
            continue
        if other.parent != path.parent:
            raise VideoError(
                f"Two frames are named {name!r}: {other} and {path}. Rename one, or give one folder."
            )
        kept = _likely_frames([other.suffix, path.suffix])
        raise VideoError(
            f"Two frames are named {name!r}: {other} and {path}. If one of them is a mask, or a copy, give "
            f"the frames as a pattern, like '{path.parent}/*{kept}'."
        )


def _likely_frames(suffixes: Iterable[str]) -> str:
    """Of some file kinds that of the frames rather than that of their masks: masks are seldom JPEG, mostly PNG."""
    return min(
        suffixes,
        key=lambda suffix: (suffix.lower() not in (".jpg", ".jpeg"), suffix.lower() == ".png"),
    )
