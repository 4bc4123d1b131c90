"""The streaming runner: frames go in, predictions come out, and only the model's memory is kept."""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from segue.errors import MaskError
from segue.inference.progress import Progress, Silent
from segue.media.mask_args import GivenMasks
from segue.media.masks import check_masks, fit_mask, object_ids
from segue.media.resize import Resizer
from segue.media.video import Video, VideoFrame
from segue.models.interface import VideoModel
from segue.types import BACKGROUND, Labels, Prediction

Result = tuple[VideoFrame, Prediction]


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
        model: Any model of the table.
        video: What ``open_video`` returned.
        masks: What ``read_masks`` returned, or frame number (from 0) -> labels of the frame's size.
        partial: Later masks may leave out objects of earlier ones, which are then predicted there.
        progress: Hears about every finished frame.
        max_side: Work on frames whose longer side has at most so many pixels; predictions come
            back at the frame's own size.

    Yields:
        Every frame of the video in order, with its prediction.

    Raises:
        MaskError: No mask, an empty one, one of another size, or one past the end of the video.
        DecodeError: A frame does not decode; the predictions before it are valid.
    """
    given = masks.by_frame if isinstance(masks, GivenMasks) else masks
    check_plan(video, given, partial=partial, max_side=max_side)
    listener = progress or Silent()
    tracker = Tracker(model, given, video.size_hw, max_side=max_side)
    for done, result in enumerate(tracker.run(video), start=1):
        listener.advance(done, video.num_frames)
        yield result
    tracker.check_end()


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
    if video.frame_names is not None:
        # Files on disk can be counted; a container only estimates, and is held to it at its end.
        _refuse_late(masks, len(video.frame_names))


class Tracker:
    """One pass of a model over one video; the memory between two frames is ``state``.

    With a model that looks ahead by L frames, call number n of the model speaks about frame n - L:
    the first L answers are dropped, and at the end the last frame is shown L more times.
    """

    def __init__(
        self,
        model: VideoModel[Any],
        masks: Mapping[int, Labels],
        size_hw: tuple[int, int],
        *,
        max_side: int | None = None,
        state: Any = None,
    ) -> None:
        self.state = state
        self._model = model
        self._masks = masks
        self._first = min(masks)
        resizer = Resizer.for_max_side(size_hw, max_side)
        self._resizer = None if resizer.is_identity else resizer
        self._waiting: deque[VideoFrame] = deque()
        self._calls = 0
        self._seen = 0

    def run(self, video: Video) -> Iterator[Result]:
        """All results of a video, the last ones after its end."""
        for frame in video:
            result = self.feed(frame)
            if result:
                yield result
        yield from self.drain()

    def feed(self, frame: VideoFrame) -> Result | None:
        """Go on by one frame; the result is about this frame, or an earlier one with lookahead."""
        self._seen = frame.index + 1
        if frame.index < self._first:
            return frame, _empty(frame)
        prediction = self._ask(frame)
        ready = self._queue(frame)
        return (ready, self._restore(ready, prediction)) if ready else None

    def skip(self, frame: VideoFrame) -> VideoFrame | None:
        """Pass a frame that the given state has already seen; returns the frame that was answered then."""
        self._seen = frame.index + 1
        return frame if frame.index < self._first else self._queue(frame)

    def drain(self) -> Iterator[Result]:
        """The results that were waiting for frames that do not come any more."""
        if not self._waiting:
            return
        last = self._waiting[-1]
        for _ in range(self._model.lookahead):
            prediction = self._ask(last, given=False)
            self._calls += 1
            if self._calls > self._model.lookahead:
                ready = self._waiting.popleft()
                yield ready, self._restore(ready, prediction)

    def check_end(self) -> None:
        """Refuse masks for frames that never came.

        Raises:
            MaskError: The message names the frames.
        """
        _refuse_late(self._masks, self._seen)

    def _queue(self, frame: VideoFrame) -> VideoFrame | None:
        self._waiting.append(frame)
        self._calls += 1
        return self._waiting.popleft() if self._calls > self._model.lookahead else None

    def _ask(self, frame: VideoFrame, given: bool = True) -> Prediction:
        labels = self._masks.get(frame.index) if given else None
        image, small = frame.image, labels
        if self._resizer:
            image = self._resizer.shrink(image)
            small = None if labels is None else self._resizer.shrink_labels(labels)
        if self.state is None:
            assert small is not None, "the first frame asked about is the first one with a mask"
            prediction, self.state = self._model.start(image, small)
        else:
            prediction, self.state = self._model.step(image, self.state, small)
        return prediction

    def _restore(self, frame: VideoFrame, prediction: Prediction) -> Prediction:
        """The prediction at full size; what the user drew beats its own copy through a smaller one."""
        if not self._resizer:
            return prediction
        labels = self._resizer.restore(prediction.labels)
        given = self._masks.get(frame.index)
        if given is not None:
            ids = object_ids(given)
            fringe = np.isin(labels, ids) & (given == BACKGROUND)
            labels = np.where(np.isin(given, ids), given, np.where(fringe, BACKGROUND, labels))
        return Prediction(labels.astype(np.uint8), prediction.scores)


def _empty(frame: VideoFrame) -> Prediction:
    return Prediction(np.zeros(frame.image.shape[:2], np.uint8))


def _refuse_vanishing(labels: Labels, resizer: Resizer) -> None:
    height, width = resizer.working_hw
    lost = sorted(set(object_ids(labels)) - set(object_ids(resizer.shrink_labels(labels))))
    if lost:
        raise MaskError(
            f"Object {lost[0]} is too small to be seen at {width}x{height} pixels. "
            "Give a larger --max-side."
        )


def _refuse_late(masks: Mapping[int, Labels], num_frames: int) -> None:
    late = sorted(index for index in masks if not 0 <= index < num_frames)
    if late:
        raise MaskError(
            f"The video has frames 0 to {num_frames - 1}, but there is a mask for frame "
            f"{', '.join(map(str, late))}. Give masks of frames that exist."
        )
