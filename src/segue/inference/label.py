"""A class for every pixel of a video."""

import warnings
from collections.abc import Iterator
from typing import Any

from segue.inference.progress import Progress, Silent
from segue.inference.runner import Result, Runner
from segue.media.video import Video, open_video
from segue.models.interface import VideoModel, as_semantic


def label(
    model: VideoModel[Any],
    video: Any,
    *,
    progress: Progress | None = None,
    max_side: int | None = None,
) -> Iterator[Result]:
    """Name the class of every pixel of a video, frame by frame, in constant memory.

    What is doubtful about the video is told as a ``UserWarning``.

    Args:
        model: Any model of the table that names classes; ``model.classes`` tells what the numbers mean.
        video: What ``open_video`` returned or takes: a path, or pictures.
        progress: Hears about every finished frame.
        max_side: As in ``track``.

    Yields:
        Every frame of the video in order, with its prediction.

    Raises:
        NotFoundError: No such file or folder.
        VideoError: The video cannot be opened.
        SettingsError: The model follows given objects.
        DecodeError: A frame does not decode; the predictions before it are valid.
    """
    video = video if isinstance(video, Video) else open_video(video)
    for doubt in video.description.doubts:
        warnings.warn(doubt, UserWarning, stacklevel=2)
    runner = Runner(as_semantic(model), {}, video.size_hw, max_side=max_side)
    yield from runner.run(video, progress or Silent())
