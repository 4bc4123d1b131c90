"""Frames from Python: arrays, PIL images, files and mixtures of them, in a list, a dict or an iterator."""

from collections.abc import Iterable, Iterator, Mapping, Sized
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from PIL import Image

from segue.errors import DecodeError, VideoError
from segue.media.depth import as_frame, find_stretch, spread
from segue.media.frames import (
    ANY_INDEX,
    DEFAULT_FRAME_RATE,
    SourceDescription,
    VideoFrame,
    index_name,
    over_black,
    overlap,
)
from segue.media.stills import image_values, read_values
from segue.types import Frame

_IN_TURN = "An iterator gives its frames only in order. Give a list to go to any of them."


@runtime_checkable
class _Placed(Protocol):
    """What gives its items by their place."""

    def __getitem__(self, index: int) -> Any:
        """The item at a place."""
        ...


class ArrayVideo:
    """Pictures from Python as a video, shown at a constant rate; an iterator can be read once only.

    A picture is an array, a PIL image, the path of an image file, or a frame of another video. Arrays are
    ``height width`` (grey) or ``height width channels`` with one, three (RGB) or four channels (alpha goes on black).
    Their values: uint8; bool (true is white); floats from 0 to 1; anything else is scaled as in image files, by one
    factor for all pictures (see ``media/depth.py``), which of an iterator the first picture decides.

    Args:
        pictures: A list, an array of several pictures, a dict from names to pictures, or an iterator.
        frame_rate: Frames per second.

    Raises:
        VideoError: No pictures, or a first one that is none.
    """

    files: tuple[Path, ...] = ()
    damaged: tuple[str, ...] = ()

    def __init__(
        self, pictures: Iterable[Any] | Image.Image, frame_rate: Fraction = DEFAULT_FRAME_RATE
    ) -> None:
        self.name = "frames"
        self.choices: dict[str, Any] = {}
        self.frame_rate: Fraction | None = frame_rate
        self.time_base = 1 / frame_rate
        self.frame_names: tuple[str, ...] | None = None
        if isinstance(pictures, Mapping):
            self.frame_names = _checked_names(pictures)
            pictures = list(pictures.values())
        elif isinstance(pictures, Image.Image) or _is_one_picture(pictures):
            pictures = [pictures]
        self._begin(pictures)
        doubt = self._stretch.doubt if self._stretch else None
        self.description = SourceDescription("arrays", doubts=(doubt,) if doubt else ())

    def _begin(self, pictures: Iterable[Any]) -> None:
        iterator = iter(pictures)
        first = next(iterator, None)
        if first is None:
            raise VideoError("The iterator gave no frames. Give at least one array.")
        values = _values(first, self._name(0))
        self._kind = values.dtype
        self.size_hw = (values.shape[0], values.shape[1])
        self._once = iterator is pictures
        self._pictures: Any = chain([first], iterator) if self._once else pictures
        self.num_frames: int | None = None
        if isinstance(pictures, Sized) and not self._once:
            self.num_frames = len(pictures)
        self.seekable = self.num_frames is not None and isinstance(self._pictures, _Placed)
        self.indices = ANY_INDEX if self.num_frames is None else range(self.num_frames)
        self._stretch = find_stretch(self._sample(values))

    def __len__(self) -> int:
        """Number of pictures.

        Raises:
            TypeError: They come from an iterator.
        """
        if self.num_frames is None:
            raise TypeError("Frames from an iterator have no known number. Give a list.")
        return self.num_frames

    def __getitem__(self, index: int) -> VideoFrame:
        """One frame by its index, from 0; negative ones count from the end.

        Raises:
            IndexError: No such frame.
            TypeError: The pictures come from an iterator.
            VideoError: The picture is none.
        """
        if self.num_frames is None:
            raise TypeError("Frames from an iterator cannot be taken by index. Give a list.")
        number = self.indices[index]
        return self._frame(number, self._pictures[number])

    def frame(self, index: int) -> VideoFrame:
        """One frame by its index, from 0.

        Raises:
            IndexError: No such frame.
            VideoError: The picture is none, or the pictures come from an iterator.
        """
        if not self.seekable:
            raise VideoError(_IN_TURN)
        if index not in self.indices:
            last = len(self.indices) - 1
            raise IndexError(f"There is no frame {index}. The frames are 0 to {last}.")
        return self._frame(index, self._pictures[index])

    def __iter__(self) -> Iterator[VideoFrame]:
        """Frames from the first one, see ``Video``.

        Raises:
            VideoError: A picture is none, or an iterator is read twice.
        """
        return self.frames(self.indices)

    def frames(self, wanted: range) -> Iterator[VideoFrame]:
        """The frames with these indices, in their order; of an iterator the others are read and dropped.

        Raises:
            VideoError: As in ``__iter__``, or backwards from an iterator.
        """
        wanted = overlap(wanted, self.indices)
        if self.seekable:
            return (self._frame(index, self._pictures[index]) for index in wanted)
        if wanted.step < 0:
            raise VideoError(_IN_TURN)
        return self._in_turn(wanted)

    def _in_turn(self, wanted: range) -> Iterator[VideoFrame]:
        pictures = self._pictures
        if pictures is None:
            raise VideoError("This iterator was read already. Give a list to read it twice.")
        if self._once:
            self._pictures = None
        for index, picture in enumerate(pictures):
            if index >= wanted.stop:
                return
            if index in wanted:
                yield self._frame(index, picture)

    def index_at(self, time: Fraction) -> int:
        """Index of the first frame that is not shown before a time in seconds."""
        return -int(-time // self.time_base)

    def time_of(self, index: int) -> Fraction:
        """When a frame is shown, in seconds."""
        return index * self.time_base

    def _name(self, index: int) -> str:
        return self.frame_names[index] if self.frame_names is not None else index_name(index)

    def _frame(self, index: int, picture: Any) -> VideoFrame:
        name = self._name(index)
        values = _values(picture, name)
        if values.shape[:2] != self.size_hw:
            raise DecodeError(
                f"Frame {name} has shape {values.shape}, the ones before it "
                f"{(*self.size_hw, 3)}. All frames need one size."
            )
        if values.dtype != self._kind:
            raise VideoError(
                f"Frame {name} holds {values.dtype} values, the ones before it {self._kind}. All frames need one type."
            )
        try:
            image: Frame = as_frame(values, self._stretch)
        except VideoError as error:
            raise VideoError(f"Frame {name} {error}") from None
        return VideoFrame(image, index, name, index * self.time_base)

    def _sample(self, first: np.ndarray) -> Iterator[np.ndarray]:
        yield first
        if self.seekable and first.dtype not in (np.uint8, np.bool_):
            assert self.num_frames is not None
            for index in spread(self.num_frames)[1:]:
                yield _values(self._pictures[index], self._name(index))


def _is_one_picture(pictures: Any) -> bool:
    """Whether an array is a picture and not several of them; three or four columns are taken for channels."""
    if not isinstance(pictures, np.ndarray):
        return False
    return pictures.ndim == 2 or (pictures.ndim == 3 and pictures.shape[2] in (3, 4))


def _checked_names(pictures: Mapping[Any, Any]) -> tuple[str, ...]:
    names = tuple(index_name(key) if isinstance(key, int) else str(key) for key in pictures)
    for name in names:
        if not name or Path(name).name != name or names.count(name) > 1:
            raise VideoError(
                f"{name!r} cannot name a frame: result files are called so. Give short names, each once."
            )
    return names


def _values(picture: Any, name: str) -> np.ndarray:
    """Grey or RGB values of any depth."""
    if isinstance(picture, VideoFrame):
        return picture.image
    if isinstance(picture, str | Path):
        return read_values(Path(picture))
    if isinstance(picture, Image.Image):
        return image_values(picture)
    try:
        values = np.asarray(picture)
    except (TypeError, ValueError, RuntimeError) as error:
        raise VideoError(
            f"Frame {name}: a {type(picture).__name__} is no array ({error})."
        ) from None
    channels = values.shape[2] if values.ndim == 3 else 1
    if (
        values.ndim in (2, 3)
        and channels in (1, 3, 4)
        and values.size
        and values.dtype.kind in "buif"
    ):
        return over_black(values) if channels == 4 else values
    came = type(picture).__name__
    if isinstance(picture, np.ndarray) or values.ndim:
        came = f"{values.dtype} of shape {values.shape}"
    first = values.ndim == 3 and values.shape[0] in (1, 3, 4)
    hint = " Channels come last: swap the axes, as in array.transpose(1, 2, 0)." if first else ""
    raise VideoError(
        f"Frame {name}: expected a grey or RGB array of shape (height, width) or (height, width, 3), "
        f"got {came}.{hint}"
    )
