"""Videos for a model to work on, and a pass over one of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from segue.inference.runner import Runner
from segue.media.video import Video, VideoFrame
from segue.models.interface import VideoModel
from segue.types import Labels


@dataclass(frozen=True)
class Clip:
    """A video and what is told of it."""

    video: Video
    masks: Mapping[int, Labels] = field(default_factory=dict)
    """Frame number -> labels, of the frame's size; none for models that name classes."""
    num_frames: int | None = None
    """How many frames to take, from the first one; ``None``: all."""

    def frames(self) -> Iterator[VideoFrame]:
        """The frames in order."""
        return islice(iter(self.video), self.num_frames)

    def runner(self, model: VideoModel[Any]) -> Runner:
        """A pass of a model, which is to be fed the frames."""
        return Runner(model, self.masks, self.video.size_hw)
