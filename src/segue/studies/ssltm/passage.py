"""One network through one video: the classes that it writes, and how long it takes."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segue.data.sample import VideoSequence
from segue.media.images import read_image
from segue.media.png import write_png
from segue.models.interface import SemanticModel


@dataclass(frozen=True)
class Passage:
    """What was measured: no decoding, no writing."""

    by_frame: tuple[float, ...]
    """Seconds in the model."""


def go_through(model: SemanticModel[Any], video: VideoSequence, folder: Path) -> Passage:
    """Write the classes of every frame of a video, a PNG each that holds their numbers.

    Args:
        model: What is measured.
        video: Its frames.
        folder: Receives ``<video>/<frame>.png``.

    Raises:
        VideoError: A frame cannot be read.
        WriteError: The system refuses.
    """
    state, seconds = None, []
    for path in video.frame_paths:
        frame = read_image(path)
        began = time.perf_counter()
        said, state = model.start(frame) if state is None else model.step(frame, state)
        seconds.append(time.perf_counter() - began)
        assert said is not None  # no network of these studies looks ahead
        write_png(folder / video.name / f"{path.stem}.png", said.labels)
    return Passage(tuple(seconds))


def warm_up(model: SemanticModel[Any], video: VideoSequence) -> None:
    """Everything once, before anything is measured."""
    frame = read_image(video.frame_paths[0])
    _, state = model.start(frame)
    model.step(frame, state)
