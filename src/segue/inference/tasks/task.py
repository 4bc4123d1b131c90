"""What a job makes of a video: the one thing in which tracking and labelling differ."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from segue.inference.places import Outputs
from segue.media.video import Video
from segue.models.catalog import VideoKind
from segue.models.interface import VideoModel
from segue.types import Labels


@runtime_checkable
class Task(Protocol):
    """What goes to the model besides frames, and where its results go."""

    @property
    def kind(self) -> VideoKind:
        """The kind of model that it takes."""
        ...

    @property
    def outputs(self) -> Outputs:
        """The names of what it writes."""
        ...

    @property
    def masks(self) -> Mapping[int, Labels]:
        """Frame number -> labels that the model is given, of the frame's size."""
        ...

    def identity(self) -> dict[str, Any]:
        """What decides the bytes of the results besides video and model, as plain values."""
        ...

    def check(self, video: Video, working_hw: tuple[int, int]) -> None:
        """Refuse, before any work, what cannot be done with this video.

        Args:
            video: Not decoded.
            working_hw: Height and width that the model sees.

        Raises:
            SegueError: The message says what does not fit.
        """
        ...

    def adapt(self, model: VideoModel[Any]) -> VideoModel[Any]:
        """The model whose answers are stored: the given one, or one around it.

        Raises:
            SettingsError: A model of another kind.
        """
        ...

    @property
    def documents(self) -> tuple[str, ...]:
        """Names of the formats that its results come with."""
        ...

    @property
    def sources(self) -> Mapping[int, str]:
        """Where each object came from, in words."""
        ...
