"""Objects of given masks, carried through a video."""

from collections.abc import Iterator, Mapping
from typing import Any

from segue.errors import MaskError
from segue.inference.progress import Progress, Silent
from segue.inference.runner import Result, Runner, absent_sentence
from segue.media.mask_args import GivenMasks
from segue.media.masks import check_masks, fit_mask, object_ids
from segue.media.resize import Resizer
from segue.media.video import Video
from segue.models.interface import VideoModel
from segue.types import Labels


def track(
    model: VideoModel[Any],
    video: Video,
    masks: Mapping[int, Labels] | GivenMasks,
    *,
    partial: bool = False,
    progress: Progress | None = None,
    max_side: int | None = None,
) -> Iterator[Result]:
    """Carry the objects of the given masks through a video, frame by frame, in constant memory.

    Frames before the first mask come with an empty prediction; objects of later masks enter there.

    Args:
        model: Any model of the table that follows objects.
        video: What ``open_video`` returned.
        masks: What ``read_masks`` returned, or frame number (from 0) -> labels of the frame's size.
        partial: Later masks may leave out objects of earlier ones, which are then predicted there.
        progress: Hears about every finished frame.
        max_side: Work on frames whose longer side has at most so many pixels; predictions come
            back at the frame's own size.

    Yields:
        Every frame of the video in order, with its prediction.

    Raises:
        MaskError: No mask, an empty one, one of another size, or one past the end of the video; or the model names
            classes and takes none.
        DecodeError: A frame does not decode; the predictions before it are valid.
    """
    given = masks.by_frame if isinstance(masks, GivenMasks) else masks
    check_plan(video, given, partial=partial, max_side=max_side)
    runner = Runner(model, given, video.size_hw, max_side=max_side)
    yield from runner.run(video, progress or Silent())


def check_plan(
    video: Video,
    masks: Mapping[int, Labels],
    *,
    partial: bool = False,
    max_side: int | None = None,
) -> None:
    """Refuse, before any work, masks that cannot be used with this video.

    Raises:
        MaskError: As in ``track``.
    """
    if not masks:
        raise MaskError("Expected at least one mask, got none. Give one with --mask.")
    resizer = Resizer.for_max_side(video.size_hw, max_side)
    for index, labels in masks.items():
        fit_mask(labels, video.size_hw, fit=False)
        if not object_ids(labels):
            raise MaskError(f"The mask of frame {index} holds no object. Draw at least one.")
        _refuse_vanishing(labels, resizer)
    check_masks(masks, partial=partial)
    # A container may only estimate how many frames it has; then the masks are held against its end.
    absent = [index for index in masks if index not in video.indices]
    if absent:
        raise MaskError(absent_sentence(absent, video.indices))


def _refuse_vanishing(labels: Labels, resizer: Resizer) -> None:
    height, width = resizer.working_hw
    lost = sorted(set(object_ids(labels)) - set(object_ids(resizer.shrink_labels(labels))))
    if lost:
        raise MaskError(
            f"Object {lost[0]} is too small to be seen at {width}x{height} pixels. "
            "Give a larger --max-side."
        )
