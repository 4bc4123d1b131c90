"""The streaming runner: frames go in, predictions come out, and only the model's memory is kept."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from segue.errors import MaskError
from segue.inference.progress import Progress
from segue.inference.restored import RestoredProbabilities, hold_given, hold_scores
from segue.media.resize import Resizer
from segue.media.video import Video, VideoFrame
from segue.models.interface import (
    LookaheadModel,
    ReusingModel,
    ScalingModel,
    VideoModel,
    bounded,
    working_hw,
)
from segue.threads import owned
from segue.types import Labels, Prediction

Result = tuple[VideoFrame, Prediction]


@dataclass(frozen=True, slots=True)
class RunnerMemory:
    """Everything that a pass needs to go on, besides the frames that wait."""

    state: Any
    """The model's memory; ``None`` before it has started."""
    waiting: tuple[int, ...] = ()
    """Numbers of the frames that were shown and not yet answered, in the order in which they were shown."""


class Runner:
    """One pass of a model over the frames of a video, with rising or with falling numbers.

    The model starts with the first frame that has a mask, or where ``begins`` says; without masks, with the first
    frame. Frames before that, in the order in which they are fed, come with an empty prediction. A mask of a later
    frame is handed to the model with that frame, and holds there to the pixel.

    With a model that looks ahead, the results of some frames come later, the last ones from ``finish``.

    Args:
        model: Is not changed.
        masks: Frame number -> labels, of the size of the frames.
        size_hw: Height and width of the frames.
        max_side: As in ``Resizer.for_max_side``.
        threshold: Of the reuse gate, in place of the model's own; for a model without one it means nothing.
        begins: Number of the frame with which the model starts.

    Raises:
        SettingsError: ``max_side`` is too small.
    """

    def __init__(
        self,
        model: VideoModel[Any],
        masks: Mapping[int, Labels],
        size_hw: tuple[int, int],
        *,
        max_side: int | None = None,
        threshold: float | None = None,
        begins: int | None = None,
    ) -> None:
        self.threshold = threshold
        self._model = bounded(model, max_side)
        # Protocols are slow to ask, and a model does not change.
        self._scales = isinstance(self._model, ScalingModel)
        self._reusing = self._model if isinstance(self._model, ReusingModel) else None
        self._masks = masks
        self._begins = begins
        self._size_hw = size_hw
        self._state: Any = None
        self._waiting: deque[VideoFrame] = deque()
        self._unmet = set(masks)
        self._last: int | None = None
        self._highest = -1
        self._recalled = False
        self._work_at(working_hw(self._model, size_hw, max_side))

    @property
    def begun(self) -> bool:
        """Whether the model has started."""
        return self._state is not None

    @property
    def memory(self) -> RunnerMemory:
        """What ``recall`` needs to go on after the last frame that was fed."""
        return RunnerMemory(self._state, tuple(frame.index for frame in self._waiting))

    def recall(self, memory: RunnerMemory, waiting: Sequence[VideoFrame] = ()) -> None:
        """Go on from a memory of this or another pass: the next frame is the one that came after it.

        Args:
            memory: With the same model and the same masks up to there.
            waiting: The frames that wait, in the order of ``memory.waiting``.

        Raises:
            ValueError: Other frames wait.
        """
        indices = tuple(frame.index for frame in waiting)
        if indices != memory.waiting:
            raise ValueError(f"Expected the waiting frames {memory.waiting}, got {indices}.")
        self._state = memory.state
        self._waiting = deque(waiting)
        self._unmet = set(self._masks)
        self._last, self._recalled = None, True

    def resize(self, working_hw: tuple[int, int], state: Any) -> None:
        """Go on at another working size, with the memory for it; predictions stay at the size of the video."""
        self._work_at(working_hw)
        self._state = state

    def run(self, video: Video, progress: Progress) -> Iterator[Result]:
        """All results of a video, the last ones after its end.

        Raises:
            DecodeError: A frame does not decode; the results before it are valid.
            MaskError: There are masks of frames that never came; all results are valid.
        """
        results = chain(chain.from_iterable(map(self.feed, video)), self._ending())
        for done, result in enumerate(results, start=1):
            progress.advance(done, video.num_frames)
            yield result
        self.check_end()

    def feed(self, frame: VideoFrame) -> tuple[Result, ...]:
        """Go on by one frame; the results are about this frame, or an earlier one with a lookahead, or none.

        Raises:
            MaskError: The model needs a mask and got none, or there is one of a frame that was left out.
            VideoError: The frame has another size than the first one.
        """
        before = self._last
        self._meet(frame)
        if self._state is None and not self._starts(frame, before):
            return ((frame, Prediction(np.zeros(frame.image.shape[:2], np.uint8))),)
        self._waiting.append(frame)
        with owned():  # also for those who feed a runner in a process of their own
            prediction = self._ask(frame)
        if prediction is None:
            return ()
        ready = self._waiting.popleft()
        return ((ready, self._restore(ready, prediction)),)

    def finish(self) -> tuple[Result, ...]:
        """The results that waited for frames which do not come any more: the video has ended.

        Raises:
            ValueError: The model owes another number of answers, which is a fault of the model.
        """
        if not self._waiting or not isinstance(self._model, LookaheadModel):
            return ()
        with owned():
            answers = self._model.finish(self._state)
        owed, self._waiting = self._waiting, deque()
        return tuple((f, self._restore(f, p)) for f, p in zip(owed, answers, strict=True))

    def check_end(self) -> None:
        """Refuse masks for frames that never came.

        Raises:
            MaskError: The message names the frames.
        """
        if self._unmet and not self._recalled:
            raise MaskError(absent_sentence(self._unmet, range(self._highest + 1)))

    def _ending(self) -> Iterator[Result]:
        yield from self.finish()

    def _work_at(self, size_hw: tuple[int, int]) -> None:
        self.working_hw = size_hw
        """Height and width that the network sees."""
        # Does nothing for a model that scales frames by itself.
        self._resizer = Resizer(self._size_hw, self._size_hw if self._scales else size_hw)

    def _starts(self, frame: VideoFrame, before: int | None) -> bool:
        """Whether the model starts with this frame, the one before having another number."""
        if self._begins is None:
            return not self._masks or frame.index in self._masks
        if before is None:
            return frame.index == self._begins
        # The frame itself may have been left out because it does not decode.
        return min(before, frame.index) <= self._begins <= max(before, frame.index)

    def _meet(self, frame: VideoFrame) -> None:
        """Note that a frame has come, and refuse it if one with a mask was passed over."""
        self._unmet.discard(frame.index)
        if self._last is not None:
            falling = frame.index < self._last
            if self._recalled:  # what lies behind the memory was met before it was made
                self._unmet = {i for i in self._unmet if (i < self._last) == falling}
                self._recalled = False
            passed = [i for i in self._unmet if (i > frame.index) == falling]
            if passed:
                raise MaskError(
                    f"There is a mask for frame {min(passed)}, but that frame does not decode and is left out. "
                    "Give a mask for a frame that decodes."
                )
        self._last, self._highest = frame.index, max(frame.index, self._highest)

    def _ask(self, frame: VideoFrame) -> Prediction | None:
        labels = self._masks.get(frame.index)
        image = self._resizer.shrink(frame.image)
        small = None if labels is None else self._resizer.shrink_labels(labels)
        if self._state is None:
            prediction, self._state = self._model.start(image, small)
        elif self._reusing is not None and self.threshold is not None:
            prediction, self._state = self._reusing.step(
                image, self._state, small, threshold=self.threshold
            )
        else:
            prediction, self._state = self._model.step(image, self._state, small)
        return prediction

    def _restore(self, frame: VideoFrame, prediction: Prediction) -> Prediction:
        """The prediction at full size; what the user drew beats what a model makes of it, and its own smaller copy."""
        given = self._masks.get(frame.index)
        late = given is not None and self._model.lookahead > 0
        if self._resizer.is_identity and not late:
            return prediction
        labels = self._resizer.restore(prediction.labels)
        scores, soft = prediction.scores, prediction.probabilities
        if given is not None:
            labels = hold_given(labels, given)
        if given is not None and late:
            scores = hold_scores(scores, labels, given)
        if soft is not None:
            soft = RestoredProbabilities(soft, self._size_hw)
        return Prediction(labels, scores, soft)


def absent_sentence(masks: Iterable[int], indices: range) -> str:
    """That there are masks for frames which a video does not have.

    Args:
        masks: The numbers of these frames.
        indices: The numbers of the video's frames.
    """
    return (
        f"The video {frames_phrase(indices)}, but there is a mask for frame {', '.join(map(str, sorted(masks)))}. "
        "Give masks of frames that exist."
    )


def frames_phrase(indices: range) -> str:
    """Which frames a video has, such as ``has frames 0 to 9``."""
    steps = f", one of {indices.step}" if indices.step > 1 else ""
    return f"has frames {indices[0]} to {indices[-1]}{steps}" if indices else "has no frames"
