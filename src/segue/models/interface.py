"""What every video model offers: memory goes in as a value and comes back as a value."""

from typing import Any, Protocol, TypeVar, runtime_checkable

from segue.errors import SettingsError
from segue.types import Frame, GivenLabels, Prediction

StateT = TypeVar("StateT")


@runtime_checkable
class VideoModel(Protocol[StateT]):
    """A model that goes through a video one frame at a time: it carries given objects, or names classes.

    What is said here about labels holds for models that follow objects; ``SemanticModel`` tells what differs for
    those that name classes.

    Nothing about a video is kept in the model: one model may serve many videos at once, and a state may be stored,
    copied, or used twice. ``step`` never changes the state that it is given.
    """

    @property
    def name(self) -> str:
        """The name under which the model is listed."""
        ...

    @property
    def lookahead(self) -> int:
        """How many later frames the model must see before it can speak about one (0 for a causal model)."""
        ...

    @property
    def state_type(self) -> type[StateT]:
        """The frozen dataclass that holds the memory.

        Its fields are tensors, numbers, strings, and tuples, dicts and dataclasses of them.
        """
        ...

    @property
    def parameters_per_object(self) -> int:
        """Numbers that are fitted for each object while a video is processed."""
        ...

    def start(self, frame: Frame, labels: GivenLabels) -> tuple[Prediction, StateT]:
        """Begin a video.

        Args:
            frame: The first frame, RGB.
            labels: The objects on it, of the frame's size. Ids need not be consecutive; void pixels (255)
                teach nothing.

        Returns:
            The prediction for this frame (the given labels, void as background) and the memory to hand to ``step``.

        Raises:
            MaskError: No object in the labels, or labels of another size than the frame.
        """
        ...

    def step(
        self, frame: Frame, state: StateT, labels: GivenLabels | None = None
    ) -> tuple[Prediction, StateT]:
        """Go on by one frame.

        Args:
            frame: The next frame, of the same size as the first.
            state: What the previous call returned. Not changed.
            labels: Objects that are known on this frame: new ids enter, known ids are corrected. Objects that do not
                occur in it are predicted as usual.

        Returns:
            The prediction for this frame and the new memory.

        Raises:
            VideoError: The frame has another size than the first one.
            MaskError: Labels of another size than the frame.
        """
        ...


@runtime_checkable
class ScalingModel(VideoModel[StateT], Protocol[StateT]):
    """A video model that takes frames at the video's own size and works on smaller ones by itself.

    So the model can use the video's own pixels where that pays. Frames of other models are shrunk before they see
    them, and their labels enlarged.
    """

    def bounded(self, max_side: int | None) -> "ScalingModel[StateT]":
        """The same model, which works on frames whose longer side has at most so many pixels.

        Args:
            max_side: As in ``Resizer.for_max_side``.

        Raises:
            SettingsError: ``max_side`` is too small.
        """
        ...

    def resized(self, state: StateT, working_hw: tuple[int, int]) -> StateT:
        """The memory for going on at another working size; frames and predictions keep their size.

        Args:
            state: Not changed.
            working_hw: Height and width that frames are worked on at, of about the same aspect.
        """
        ...


@runtime_checkable
class SemanticModel(VideoModel[StateT], Protocol[StateT]):
    """A video model that names the class of every pixel by itself.

    ``prediction.labels`` holds class numbers from 0, none of which means background, and ``prediction.scores`` has an
    entry per class. Given labels are refused.
    """

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; the position is the number that stands in ``prediction.labels``."""
        ...

    def start(self, frame: Frame, labels: GivenLabels | None = None) -> tuple[Prediction, StateT]:
        """Begin a video.

        Args:
            frame: The first frame, RGB.
            labels: None; the parameter is there because every video model has it.

        Returns:
            The prediction for this frame and the memory to hand to ``step``.

        Raises:
            MaskError: Labels were given.
        """
        ...


def bounded(model: VideoModel[Any], max_side: int | None) -> VideoModel[Any]:
    """The model for frames worked on at ``max_side``, if it scales frames by itself; else the model as it is.

    Raises:
        SettingsError: ``max_side`` is too small.
    """
    return model.bounded(max_side) if isinstance(model, ScalingModel) else model


def as_semantic(model: VideoModel[Any]) -> SemanticModel[Any]:
    """The same model, if it names classes.

    Raises:
        SettingsError: It follows given objects.
    """
    if isinstance(model, SemanticModel):
        return model
    raise SettingsError(
        f"{model.name} follows given objects and names no classes. Give it masks, or use a model that names classes."
    )
