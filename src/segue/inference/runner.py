"""The streaming runner: frames go in, predictions come out, and only the model's memory is kept."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

import numpy as np

from segue.errors import MaskError
from segue.inference.progress import Progress
from segue.media.masks import object_ids
from segue.media.resize import Resizer
from segue.media.video import Video, VideoFrame
from segue.models.interface import ScalingModel, VideoModel, as_semantic, bounded
from segue.types import BACKGROUND, Labels, Prediction

Result = tuple[VideoFrame, Prediction]


class Runner:
    """One pass of a model over one video; the memory between two frames is ``state``.

    Without masks the model has to name classes, and starts with the first frame; with masks it starts with the first
    of them, and the frames before it come with an empty prediction.

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
        self._model = bounded(model, max_side)
        self._masks = masks
        self._first = min(masks, default=0)
        self.working_hw = Resizer.for_max_side(size_hw, max_side).working_hw
        """Height and width that the network sees."""
        self._source_hw = size_hw
        self._waiting: deque[VideoFrame] = deque()
        self._calls = 0
        self._unmet = set(masks)
        self._next = 0

    @property
    def _resizer(self) -> Resizer:
        """Does nothing for a model that scales frames by itself."""
        scales = isinstance(self._model, ScalingModel)
        return Resizer(self._source_hw, self._source_hw if scales else self.working_hw)

    def resize(self, working_hw: tuple[int, int], state: Any) -> None:
        """Go on at another working size, with the memory for it; predictions stay at the size of the video."""
        self.working_hw = working_hw
        self.state = state

    def run(self, video: Video, progress: Progress) -> Iterator[Result]:
        """All results of a video, the last ones after its end.

        Raises:
            DecodeError: A frame does not decode; the results before it are valid.
            MaskError: There are masks of frames that never came; all results are valid.
        """
        results = chain(filter(None, map(self.feed, video)), self.drain())
        for done, result in enumerate(results, start=1):
            progress.advance(done, video.num_frames)
            yield result
        self.check_end()

    def feed(self, frame: VideoFrame) -> Result | None:
        """Go on by one frame; the result is about this frame, or an earlier one with lookahead."""
        self._meet(frame)
        if frame.index < self._first:
            return frame, Prediction(np.zeros(frame.image.shape[:2], np.uint8))
        prediction = self._ask(frame)
        ready = self._queue(frame)
        return (ready, self._restore(ready, prediction)) if ready else None

    def skip(self, frame: VideoFrame) -> VideoFrame | None:
        """Pass a frame that the given state has already seen; returns the frame that was answered then."""
        self._meet(frame)
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
        if self._unmet:
            raise MaskError(absent_sentence(self._unmet, range(self._next)))

    def _meet(self, frame: VideoFrame) -> None:
        self._unmet.discard(frame.index)
        passed = sorted(index for index in self._unmet if index < frame.index)
        if passed:
            raise MaskError(
                f"There is a mask for frame {passed[0]}, but that frame does not decode and is left out. "
                "Give a mask for a frame that decodes."
            )
        self._next = frame.index + 1

    def _queue(self, frame: VideoFrame) -> VideoFrame | None:
        self._waiting.append(frame)
        self._calls += 1
        return self._waiting.popleft() if self._calls > self._model.lookahead else None

    def _ask(self, frame: VideoFrame, given: bool = True) -> Prediction:
        labels = self._masks.get(frame.index) if given else None
        image = self._resizer.shrink(frame.image)
        small = None if labels is None else self._resizer.shrink_labels(labels)
        if self.state is not None:
            prediction, self.state = self._model.step(image, self.state, small)
        elif small is not None:
            prediction, self.state = self._model.start(image, small)
        else:
            prediction, self.state = as_semantic(self._model).start(image)
        return prediction

    def _restore(self, frame: VideoFrame, prediction: Prediction) -> Prediction:
        """The prediction at full size; what the user drew beats its own copy through a smaller one."""
        if self._resizer.is_identity:
            return prediction
        labels = self._resizer.restore(prediction.labels)
        given = self._masks.get(frame.index)
        if given is not None:
            ids = object_ids(given)
            fringe = np.isin(labels, ids) & (given == BACKGROUND)
            labels = np.where(np.isin(given, ids), given, np.where(fringe, BACKGROUND, labels))
        return Prediction(labels.astype(np.uint8), prediction.scores)


def absent_sentence(masks: Iterable[int], indices: range) -> str:
    """That there are masks for frames which a video does not have.

    Args:
        masks: The numbers of these frames.
        indices: The numbers of the video's frames.
    """
    steps = f", one of {indices.step}" if indices.step > 1 else ""
    has = f"has frames {indices[0]} to {indices[-1]}{steps}" if indices else "has no frames"
    return (
        f"The video {has}, but there is a mask for frame {', '.join(map(str, sorted(masks)))}. "
        "Give masks of frames that exist."
    )
