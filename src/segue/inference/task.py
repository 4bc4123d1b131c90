"""What a job makes of a video: the one thing in which tracking and labelling differ."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from segue.inference.places import Outputs, Places
from segue.media.video import Video, VideoFrame
from segue.models.catalog import Kind
from segue.models.interface import VideoModel
from segue.types import Labels, Prediction


@runtime_checkable
class Sink(Protocol):
    """Takes the results of a video as they come."""

    @property
    def part(self) -> str:
        """The part of the job that its time is counted under."""
        ...

    @property
    def replays(self) -> bool:
        """Whether a resumed job has to show it the frames of the interrupted one again, from the stored labels."""
        ...

    def write(self, frame: VideoFrame, prediction: Prediction) -> None:
        """Take one frame's result.

        Raises:
            WriteError: The system refuses.
        """
        ...

    def finish(self) -> Mapping[str, Any]:
        """Put what belongs to the whole video into its place; returns what ``run.json`` shall say of it.

        Raises:
            WriteError: The system refuses.
        """
        ...

    def close(self) -> None:
        """Let go of files, also after a failure; never raises."""
        ...


@runtime_checkable
class Task(Protocol):
    """What goes to the model besides frames, and where its results go."""

    @property
    def kind(self) -> Kind:
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

    def check(self, video: Video, max_side: int | None) -> None:
        """Refuse, before any work, what cannot be done with this video.

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

    def sinks(
        self, model: VideoModel[Any], video: Video, places: Places, done: int
    ) -> Sequence[Sink]:
        """Where results go, in this order: first the stored labels, which the others may be shown again.

        Args:
            model: What ``adapt`` returned.
            video: The video.
            places: Where files go; its folders exist.
            done: Finished frames of the interrupted job that this one goes on with.

        Raises:
            OutputError: What the interrupted job left cannot be used.
            WriteError: The system refuses.
        """
        ...
