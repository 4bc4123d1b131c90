"""What every video model offers: memory goes in as a value and comes back as a value.

``VideoModel`` is what all have in common. What only some can do is a protocol of its own, and asked by ``isinstance``.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from segue.errors import SettingsError
from segue.media.resize import bounded_hw
from segue.nn.reuse.settings import ReuseSettings
from segue.settings import Settings
from segue.types import Frame, GivenLabels, Prediction, Proposals

if TYPE_CHECKING:
    from torch import Tensor, nn  # takes seconds, and a plan needs no network

StateT = TypeVar("StateT")

PartClock = Callable[[str], AbstractContextManager[None]]
"""A part of a model's work by name, such as ``backbone`` -> a block whose time counts for that part."""


@runtime_checkable
class VideoModel(Protocol[StateT]):
    """A model that goes through a video one frame at a time: it carries objects, or names classes.

    What is said here about labels holds for models that follow objects; ``SemanticModel`` tells what differs for
    those that name classes.

    Nothing about a video is kept in the model: one model may serve many videos at once, also in threads, and a state
    may be stored, copied, or used twice. ``step`` never changes the state that it is given, and no call changes the
    model.
    """

    @property
    def name(self) -> str:
        """The name under which the model is listed."""
        ...

    @property
    def lookahead(self) -> int:
        """How many later frames the model must see before it can speak about one (0 for a causal model).

        With a lookahead of L the first L calls of a video answer ``None``, and call number n answers frame n - L. Such
        a model is a ``LookaheadModel``.
        """
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

    def start(
        self, frame: Frame, labels: GivenLabels | None = None
    ) -> tuple[Prediction | None, StateT]:
        """Begin a video.

        Args:
            frame: The first frame, RGB.
            labels: The objects on it, of the frame's size. Ids need not be consecutive; void pixels (255)
                teach nothing. ``None`` for a model that finds objects, or names classes, by itself.

        Returns:
            The prediction for this frame (the given labels, void as background), ``None`` with a lookahead, and the
            memory to hand to ``step``.

        Raises:
            MaskError: No labels although the model needs some, no object in them, or labels of another size than the
                frame.
        """
        ...

    def step(
        self, frame: Frame, state: StateT, labels: GivenLabels | None = None
    ) -> tuple[Prediction | None, StateT]:
        """Go on by one frame.

        Args:
            frame: The next frame, of the same size as the first.
            state: What the previous call returned. Not changed.
            labels: Objects that are known on this frame: new ids enter, known ids are corrected. Objects that do not
                occur in it are predicted as usual.

        Returns:
            The prediction for the frame that is now due, ``None`` if none is, and the new memory.

        Raises:
            VideoError: The frame has another size than the first one.
            MaskError: Labels of another size than the frame.
        """
        ...


@runtime_checkable
class LookaheadModel(VideoModel[StateT], Protocol[StateT]):
    """A video model that speaks about a frame only when it has seen later ones."""

    def finish(self, state: StateT) -> Sequence[Prediction]:
        """The answers still owed when the video has ended, in the order of the frames.

        They are as many as the frames that were shown and not yet answered: the lookahead, or all frames of a shorter
        video.

        Args:
            state: What the last call returned. Not changed.
        """
        ...


@runtime_checkable
class ScalingModel(VideoModel[StateT], Protocol[StateT]):
    """A video model that takes frames at the video's own size and works on smaller or larger ones by itself.

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
class SizingModel(ScalingModel[StateT], Protocol[StateT]):
    """A scaling model with a rule of its own for the size at which it works, such as a larger one for small videos.

    ``working_hw`` asks it. Its entry in the table of models names the same rule, for those who have not built it.
    """

    def working_hw(self, size_hw: tuple[int, int]) -> tuple[int, int]:
        """Height and width at which frames are worked on, unless ``resized`` says otherwise.

        Args:
            size_hw: Height and width of the video.

        Raises:
            SettingsError: The ``max_side`` of ``bounded`` is too small.
        """
        ...


@runtime_checkable
class ReusingModel(VideoModel[StateT], Protocol[StateT]):
    """A video model with a reuse gate: frames may be carried over from the last computed one."""

    @property
    def reuse(self) -> ReuseSettings | None:
        """When they are, unless ``step`` is told otherwise; ``None`` if this model computes every frame."""
        ...

    def step(
        self,
        frame: Frame,
        state: StateT,
        labels: GivenLabels | None = None,
        *,
        threshold: float | None = None,
    ) -> tuple[Prediction | None, StateT]:
        """Go on by one frame; see ``VideoModel.step``.

        Args:
            frame: As there.
            state: As there.
            labels: As there.
            threshold: In place of that of ``reuse``, for this frame.
        """
        ...


@runtime_checkable
class HidingModel(VideoModel[StateT], Protocol[StateT]):
    """A video model that can be told that objects are not seen on the last frame."""

    def hidden(self, state: StateT, object_ids: Collection[int]) -> StateT:
        """The memory in which these objects have left the picture; they may come back, and are searched for anew.

        Args:
            state: What the last call returned. Not changed.
            object_ids: Those that the model does not know are passed over.
        """
        ...


@runtime_checkable
class SemanticModel(VideoModel[StateT], Protocol[StateT]):
    """A video model that names the class of every pixel by itself.

    ``prediction.labels`` holds class numbers from 0, none of which means background, and ``prediction.scores`` has an
    entry per class. Given labels are refused with a ``MaskError``.
    """

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; the position is the number that stands in ``prediction.labels``."""
        ...


@runtime_checkable
class ConfiguredModel(Protocol):
    """A model that tells what it was built with."""

    @property
    def settings(self) -> Settings:
        """All settings, defaults included."""
        ...


@runtime_checkable
class NetworkModel(Protocol):
    """A model that computes with one network."""

    @property
    def network(self) -> "nn.Module":
        """The network, with its weights."""
        ...


def bounded(model: VideoModel[Any], max_side: int | None) -> VideoModel[Any]:
    """The model for frames worked on at ``max_side``, if it scales frames by itself; else the model as it is.

    Raises:
        SettingsError: ``max_side`` is too small.
    """
    return model.bounded(max_side) if isinstance(model, ScalingModel) else model


def working_hw(
    model: VideoModel[Any], size_hw: tuple[int, int], max_side: int | None
) -> tuple[int, int]:
    """Height and width at which a model works on the frames of a video.

    Args:
        model: The host is asked if it has a gate around it.
        size_hw: Height and width of the video.
        max_side: As in ``bounded``.

    Raises:
        SettingsError: ``max_side`` is too small.
    """
    works = ungated(bounded(model, max_side))
    if isinstance(works, SizingModel):
        return works.working_hw(size_hw)
    return bounded_hw(size_hw, max_side)


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


@runtime_checkable
class HostedModel(Protocol):
    """A model that asks a gate first, and leaves the frames that have to be computed to a host."""

    @property
    def host(self) -> VideoModel[Any]:
        """The model that computes every frame that it is given."""
        ...


@runtime_checkable
class TellingModel(VideoModel[StateT], Protocol[StateT]):
    """A model whose memory holds the probabilities of the last frame, at whatever size it works."""

    def probabilities(self, state: StateT) -> "Tensor | None":
        """They, by object or class; ``None`` if this network remembers none.

        Args:
            state: What the last call returned. Not changed.
        """
        ...


@runtime_checkable
class TimedModel(Protocol):
    """A model that tells which part of its work it is doing."""

    def timed(self, clock: PartClock) -> VideoModel[Any]:
        """The same model, which does each part of its work within ``clock(part)``; this one stays as it is.

        Args:
            clock: Is entered for one part within another, too.
        """
        ...


@runtime_checkable
class Proposer(Protocol):
    """A model that says which objects it sees at one moment of a video, without a mask and without a memory.

    So a video can be looked at here and there, in any order. A proposer may be a ``VideoModel`` as well.
    """

    @property
    def name(self) -> str:
        """The name under which the model is listed."""
        ...

    @property
    def reach(self) -> tuple[int, int]:
        """How many frames before, and after, the one in question the model wants to see."""
        ...

    def propose(self, window: Sequence[Frame | None]) -> Proposals:
        """Objects on the frame in question, which comes behind the first ``reach[0]`` of the window.

        Args:
            window: As many frames as ``reach`` says and one, one after the other, of one size, RGB; ``None`` for frames
                before the first and behind the last one of the video, and for those that do not decode. The frame in
                question is always there.
        """
        ...


def ungated(model: VideoModel[Any]) -> VideoModel[Any]:
    """The model that computes every frame: the host of one with a gate around it, else the model itself."""
    return model.host if isinstance(model, HostedModel) else model


def untimed(part: str) -> AbstractContextManager[None]:
    """A ``PartClock`` that measures nothing."""
    return nullcontext()
