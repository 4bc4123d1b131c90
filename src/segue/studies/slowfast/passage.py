"""One network through one video: the masks that it writes, and how long it takes."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segue.media.palette import write_mask
from segue.models.slowfast.model import SlowFastModel
from segue.studies.reuse_gate.clip import Clip
from segue.types import Prediction


@dataclass(frozen=True)
class Passage:
    """What was measured."""

    seconds: float
    """In the model: no decoding, no writing."""
    by_frame: tuple[float, ...]
    """Of each step that gave an answer; those of a video's first frames and last answers do less."""


class _Stopwatch:
    def __init__(self) -> None:
        self.laps: list[float] = []
        self.answered: list[float] = []

    def time(self, act: Callable[..., Any], *given: Any) -> Any:
        began = time.perf_counter()
        result = act(*given)
        self.laps.append(time.perf_counter() - began)
        return result

    def answer(self) -> None:
        """The last lap gave an answer."""
        self.answered.append(self.laps[-1])


def go_through(model: SlowFastModel, clip: Clip, masks: Path) -> Passage:
    """Write what is found in a video, a mask per frame.

    Args:
        model: What is measured.
        clip: The video.
        masks: A folder for the masks.

    Raises:
        VideoError: A frame cannot be read.
        WriteError: The system refuses.
    """
    watch = _Stopwatch()
    names = iter(path.stem for path in clip.frame_paths)
    for prediction in _answers(model, clip, watch):
        write_mask(masks / f"{next(names)}.png", prediction.labels)
    return Passage(sum(watch.laps), tuple(watch.answered))


def warm_up(model: SlowFastModel, clip: Clip) -> None:
    """Everything once, before anything is measured."""
    frame = clip.frame(0)
    _, state = model.start(frame)
    for _ in range(model.settings.window):
        _, state = model.step(frame, state)


def _answers(model: SlowFastModel, clip: Clip, watch: _Stopwatch) -> Iterator[Prediction]:
    state: Any = None
    for index in range(len(clip)):
        frame = clip.frame(index)
        given = (model.step, frame, state) if index else (model.start, frame)
        prediction, state = watch.time(*given)
        if prediction is not None:
            watch.answer()
            yield prediction
    yield from watch.time(model.finish, state)
