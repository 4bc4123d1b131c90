"""One door to every source of frames."""

import glob
from collections.abc import Iterable, Iterator, Sized
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from segue.errors import DecodeError, NotFoundError, VideoError
from segue.media.container import FileVideo
from segue.media.folder_hints import explain_empty, refuse_masks_among
from segue.media.frames import DEFAULT_FRAME_RATE, SourceDescription, Video, VideoFrame, index_name
from segue.media.images import ImageVideo, is_image, list_images, natural_key
from segue.types import Frame

__all__ = [
    "DEFAULT_FRAME_RATE",
    "ArrayVideo",
    "SourceDescription",
    "Video",
    "VideoFrame",
    "open_video",
]


def open_video(
    source: str | Path | Iterable[Any], *, frame_rate: Fraction = DEFAULT_FRAME_RATE
) -> Video:
    """The frames of a video file, a folder of images, a pattern, or arrays.

    Args:
        source: A video file (mp4, mov, mkv, avi, webm, gif, ...), an image, a folder of images, a
            pattern like ``'folder/*.jpg'``, or RGB arrays, uint8, ``height width 3``.
        frame_rate: Frames per second for images and arrays; video files carry their own times.

    Raises:
        NotFoundError: No such file or folder, or a pattern that matches nothing.
        VideoError: Not a video, audio only, no frames, images of mixed size, unfit arrays.
    """
    if not isinstance(source, str | Path):
        return ArrayVideo(source, frame_rate)
    path = Path(source)
    if path.is_dir():
        return _open_folder(path, frame_rate)
    if path.is_file():
        return ImageVideo([path], path.stem, frame_rate) if is_image(path) else FileVideo(path)
    if glob.has_magic(str(source)):
        return _open_pattern(str(source), frame_rate)
    raise NotFoundError(f"No file or folder {source}. Give a video, a folder of images or a glob.")


class ArrayVideo:
    """RGB arrays as a video: a list, an array ``time height width 3``, or a generator.

    A generator can be read once only.

    Raises:
        VideoError: No arrays, or a first one that is not uint8 of shape ``height width 3``.
    """

    frame_names: tuple[str, ...] | None = None
    description = SourceDescription("arrays")

    def __init__(self, arrays: Iterable[Any], frame_rate: Fraction = DEFAULT_FRAME_RATE) -> None:
        iterator = iter(arrays)
        first = next(iterator, None)
        if first is None:
            raise VideoError("The iterator gave no frames. Give at least one array.")
        height, width = _checked(first, 0).shape[:2]
        self.name = "frames"
        self.size_hw = (height, width)
        self.frame_rate: Fraction | None = frame_rate
        self.time_base = 1 / frame_rate
        self.num_frames: int | None = len(arrays) if isinstance(arrays, Sized) else None
        self._arrays: Iterable[Any] | None = arrays
        self._once = iterator is arrays
        if self._once:
            self._arrays = chain([first], iterator)

    def __iter__(self) -> Iterator[VideoFrame]:
        """Frames from the first one, see ``Video``.

        Raises:
            VideoError: An array is no frame, or a generator is read twice.
        """
        arrays = self._arrays
        if arrays is None:
            raise VideoError("This iterator was read already. Give a list to read it twice.")
        if self._once:
            self._arrays = None
        for index, array in enumerate(arrays):
            image = _checked(array, index)
            if image.shape[:2] != self.size_hw:
                raise DecodeError(
                    f"Frame {index_name(index)} has shape {image.shape}, the ones before it "
                    f"{(*self.size_hw, 3)}. All frames need one size."
                )
            yield VideoFrame(image, index, index_name(index), index * self.time_base)


def _checked(array: Any, index: int) -> Frame:
    good = isinstance(array, np.ndarray) and array.dtype == np.uint8
    if good and array.ndim == 3 and array.shape[2] == 3 and array.size:
        return np.ascontiguousarray(array)
    came = type(array).__name__
    if isinstance(array, np.ndarray):
        came = f"{array.dtype} of shape {array.shape}"
    raise VideoError(
        f"Frame {index_name(index)}: expected an RGB array, uint8 of shape (height, width, 3), "
        f"got {came}."
    )


def _open_folder(folder: Path, frame_rate: Fraction) -> Video:
    paths = list_images(folder)
    if not paths:
        hint = explain_empty(folder) or "Give a folder of frames or a video file."
        raise VideoError(f"{folder} holds no images. {hint}")
    refuse_masks_among(folder, paths)
    return ImageVideo(paths, folder.resolve().name, frame_rate)


def _open_pattern(pattern: str, frame_rate: Fraction) -> Video:
    paths = [Path(found) for found in glob.glob(pattern, recursive=True)]
    images = sorted(filter(is_image, paths), key=lambda path: natural_key(path.stem))
    if not images:
        found = f"{len(paths)} files, but no image" if paths else "nothing"
        raise NotFoundError(f"The pattern {pattern!r} matches {found}. Check folder and suffix.")
    return ImageVideo(images, images[0].resolve().parent.name, frame_rate)
