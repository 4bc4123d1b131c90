"""Objects of given masks, carried through a video."""

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from segue.errors import MaskError, SettingsError
from segue.inference.progress import Progress, Silent
from segue.inference.runner import Result, Runner, absent_sentence
from segue.media.mask_args import GivenMasks
from segue.media.mask_fit import fit_given, fit_mask
from segue.media.mask_inputs import given_masks
from segue.media.masks import check_masks, object_ids
from segue.media.resize import Resizer
from segue.media.video import Video, open_video
from segue.models.interface import SemanticModel, VideoModel, working_hw
from segue.types import Labels


def track(
    model: VideoModel[Any],
    video: Any,
    masks: Any = None,
    *,
    partial: bool = False,
    progress: Progress | None = None,
    max_side: int | None = None,
) -> Iterator[Result]:
    """Carry the objects of the given masks through a video, frame by frame, in constant memory.

    Frames before the first mask come with an empty prediction; objects of later masks enter there. Without masks a
    model that can do so finds objects by itself, numbered in the order of their discovery. What is doubtful about the
    video and the masks is told as a ``UserWarning``.

    Args:
        model: Any model of the table that follows objects.
        video: What ``open_video`` returned or takes: a path, or pictures.
        masks: What ``read_masks`` returned or takes; one mask for the first frame; several, one object each; or a dict
            from frame (index, name, or a pair of either and the object's id) to a mask. A mask is a path, a PIL
            picture, or an array of bools, ids, 0 and 255, probabilities or colours. ``None``: no masks, for a model
            that finds objects by itself, as ``load_model("rvos-lite", without_masks=True)`` does.
        partial: Later masks may leave out objects of earlier ones, which are then predicted there.
        progress: Hears about every finished frame.
        max_side: Work on frames whose longer side has at most so many pixels: ``None`` for ``DEFAULT_MAX_SIDE``, 0 for
            all pixels. Predictions come back at the frame's own size.

    Yields:
        Every frame of the video in order, with its prediction.

    Raises:
        NotFoundError: No such file or folder.
        VideoError: The video cannot be opened.
        MaskError: No mask although the model needs one, one that cannot be used or is of another size, or one past
            the end of the video; or the model names classes and takes none.
        SettingsError: The model names classes and follows no objects.
        DecodeError: A frame does not decode; the predictions before it are valid.
    """
    video = video if isinstance(video, Video) else open_video(video)
    given = None if masks is None else _given(video, masks)
    for doubt in (*video.description.doubts, *(given.doubts if given else ())):
        warnings.warn(doubt, UserWarning, stacklevel=2)
    if given:
        size_hw = working_hw(model, video.size_hw, max_side)
        check_plan(video, given.by_frame, size_hw, partial=partial or given.partial)
    elif isinstance(model, SemanticModel):
        raise SettingsError(
            f"{model.name} names classes and follows no objects. Call segue.label, or use a model of objects."
        )
    by_frame = given.by_frame if given else {}
    runner = Runner(model, by_frame, video.size_hw, max_side=max_side)
    yield from runner.run(video, progress or Silent())


def _given(video: Video, masks: Any) -> GivenMasks:
    """The masks at the size of the video."""
    given = given_masks(masks, video.frame_names, video.indices.start)
    return fit_given(given, video.size_hw, pixel_aspect=video.description.pixel_aspect)


def check_plan(
    video: Video,
    masks: Mapping[int, Labels],
    working_hw: tuple[int, int],
    *,
    partial: bool = False,
) -> None:
    """Refuse, before any work, masks that cannot be used with this video.

    Args:
        video: Not decoded.
        masks: Frame number -> labels.
        working_hw: Height and width that the model sees.
        partial: As in ``track``.

    Raises:
        MaskError: As in ``track``.
    """
    if not masks:
        raise MaskError("Expected at least one mask, got none. Give one of the first frame.")
    resizer = Resizer(video.size_hw, working_hw)
    for index, labels in masks.items():
        fit_mask(labels, video.size_hw)
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
            f"Object {lost[0]} is too small to be seen at {width}x{height} pixels. Work on larger frames.",
            option="Give a larger --max-side.",
        )
