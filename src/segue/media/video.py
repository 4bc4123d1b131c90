"""One door to every source of frames."""

from collections.abc import Collection, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from PIL import Image

from segue.errors import NotFoundError, VideoError
from segue.media.arrays import ArrayVideo
from segue.media.container import FileVideo
from segue.media.folder_hints import refuse_masks_among
from segue.media.frames import DEFAULT_FRAME_RATE, SourceDescription, Video, VideoFrame
from segue.media.images import ImageVideo, is_image
from segue.media.live import TIMEOUT_S, is_live, open_live
from segue.media.live_video import LiveVideo
from segue.media.pages import PagedVideo
from segue.media.patterns import folder_images, is_pattern, matching_images
from segue.media.span import Moment, Span
from segue.media.stills import is_animated_png, read_header

__all__ = [
    "DEFAULT_FRAME_RATE",
    "ArrayVideo",
    "SourceDescription",
    "Video",
    "VideoFrame",
    "open_live",
    "open_video",
]


def open_video(
    source: Any,
    *,
    frame_rate: Fraction | int | float = DEFAULT_FRAME_RATE,
    stream: int | None = None,
    start: Moment | None = None,
    end: Moment | None = None,
    every: int = 1,
    skip_damaged: bool = False,
    without: Collection[str | Path] = (),
    live: bool = False,
    timeout_s: float = TIMEOUT_S,
) -> Video:
    """The frames of a video file, a live stream, images, or arrays.

    Args:
        source: A video file (mp4, mov, mkv, avi, webm, gif, ...), an image, also an animated one or one of several
            pages, a folder of images, a pattern (``'folder/*.jpg'``, ``'%05d.png'``, ``'s.####.exr'``), image files
            (a list of paths), pictures from Python (a list, array, iterator or dict from names; see ``ArrayVideo``),
            a live stream (an address, a camera, ``-`` for standard input; see ``open_live``), or a video that is open
            already.
        frame_rate: Frames per second of images and arrays; video files carry their own times.
        stream: Which video stream of a file, from 0; None takes the best one.
        start: The first frame that is taken: its number, or a time (``"2.5s"``, ``"0:01:30"``).
        end: The first frame that is not taken any more.
        every: Only each n-th frame.
        skip_damaged: Leave out frames of files that do not decode, instead of ending there; ``Video.damaged`` then
            names them.
        without: Files that are no frames although they lie among them, such as masks.
        live: Of a live stream, see ``open_live``.
        timeout_s: Seconds without a frame after which a live stream counts as stalled.

    Raises:
        NotFoundError: No such file or folder, or a pattern that matches nothing.
        VideoError: Not a video, audio only, no frames, images of mixed size, unfit arrays, no such stream.
        InputError: A span that is none.
    """
    if is_live(source):
        video: Video = open_live(
            source,
            timeout_s=timeout_s,
            frame_rate=frame_rate,
            live=live,
            stream=stream,
            skip_damaged=skip_damaged,
        )
    else:
        video = _open(source, Fraction(frame_rate), stream, skip_damaged, without)
    if stream is not None and not isinstance(video, FileVideo | LiveVideo):
        raise VideoError(
            f"Only video files have streams, and {video.description.place} is none. "
            "Leave out the number of the stream."
        )
    if start is None and end is None and every == 1:
        return video
    return Span(video, start, end, every)


def _open(
    source: Any,
    frame_rate: Fraction,
    stream: int | None,
    skip_damaged: bool,
    without: Collection[str | Path],
) -> Video:
    if isinstance(source, Video):
        return source
    if isinstance(source, str | Path):
        if Path(source).is_file():
            return _open_file(Path(source), frame_rate, stream, skip_damaged)
        images = _listed(str(source))
        if Path(source).is_dir():
            refuse_masks_among(Path(source), _frames_of(images, without))
        return _image_video(images, str(source), frame_rate, skip_damaged, without)
    if isinstance(source, list | tuple) and source and all(map(_is_path, source)):
        paths = [_existing(Path(item)) for item in source]
        return _image_video(paths, None, frame_rate, skip_damaged, without)
    if not isinstance(source, Iterable | Image.Image):
        raise VideoError(
            f"Expected a video: a path, a pattern or pictures, got {type(source).__name__}."
        )
    return ArrayVideo(source, frame_rate)


def _listed(source: str) -> list[Path]:
    """The images of a folder or a pattern."""
    if source and Path(source).is_dir():
        return folder_images(Path(source))
    if is_pattern(source):
        return matching_images(source)
    raise NotFoundError(
        f"No file or folder {source}. Give a video, a folder of images or a pattern."
    )


def _image_video(
    images: Sequence[Path],
    place: str | None,
    frame_rate: Fraction,
    skip_damaged: bool,
    without: Collection[str | Path],
) -> ImageVideo:
    frames = _frames_of(images, without)
    left_out = ", ".join(path.name for path in images if path not in frames)
    return ImageVideo(
        frames,
        images[0].resolve().parent.name,
        frame_rate,
        skip_damaged=skip_damaged,
        place=place,
        doubts=[f"Among the frames lies {left_out}, which is left out."] if left_out else [],
    )


def _frames_of(images: Sequence[Path], without: Collection[str | Path]) -> list[Path]:
    no_frames = {Path(path).resolve() for path in without}
    return [path for path in images if path.resolve() not in no_frames]


def _open_file(path: Path, frame_rate: Fraction, stream: int | None, skip_damaged: bool) -> Video:
    if not is_image(path) or is_animated_png(path):
        return FileVideo(path, stream=stream, skip_damaged=skip_damaged)
    header = read_header(path)
    if header is not None and header.pages > 1:
        return PagedVideo(path, frame_rate)
    return ImageVideo([path], path.stem, frame_rate, place=str(path))


def _is_path(item: Any) -> bool:
    return isinstance(item, str | Path)


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise NotFoundError(f"No image file {path}. Give paths of images that exist.")
    return path
