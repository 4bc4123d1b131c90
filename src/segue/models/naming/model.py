"""The head of every streaming model that names classes: what is the same, whatever the network remembers."""

from abc import ABC, abstractmethod
from typing import Generic, Protocol, TypeVar, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from segue.models.naming.answers import PixelClasses, named, refuse_labels
from segue.models.naming.settings import NamingSettings
from segue.types import Frame, GivenLabels, Prediction


@runtime_checkable
class NamingState(Protocol):
    """What is asked of the memory of a video."""

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width of the video's frames."""
        ...

    @property
    def frames(self) -> int:
        """Frames seen so far."""
        ...


StateT = TypeVar("StateT", bound=NamingState)
NetworkT = TypeVar("NetworkT", bound=nn.Module)
SettingsT = TypeVar("SettingsT", bound=NamingSettings)


class NamingModel(ABC, Generic[StateT, NetworkT, SettingsT]):
    """Implements ``SemanticModel[StateT]`` without labels: it names what it sees by itself, and never looks ahead.

    ``prediction.labels`` holds the number of a class per pixel, from 0, and ``prediction.scores`` has an entry per
    class. A model says what it remembers (``begin``), and what it sees (``_seen``, ``look``).

    Args:
        name: The name of the variant.
        network: With trained weights, where it shall run.
        settings: What the network was built with.
    """

    lookahead = 0
    state_type: type[StateT]
    parameters_per_object = 0

    def __init__(self, name: str, network: NetworkT, settings: SettingsT) -> None:
        self.name = name
        self.network = network
        self.settings = settings
        self._device = next(network.parameters()).device

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; the position is the number that stands in ``prediction.labels``."""
        return self.settings.classes

    def start(self, frame: Frame, labels: GivenLabels | None = None) -> tuple[Prediction, StateT]:
        """Begin a video.

        Raises:
            MaskError: Labels were given.
        """
        return self.step(frame, self.begin(frame), labels)

    def step(
        self, frame: Frame, state: StateT, labels: GivenLabels | None = None
    ) -> tuple[Prediction, StateT]:
        """Go on by one frame.

        Raises:
            VideoError: The frame has another size than the first one.
            MaskError: Labels were given.
        """
        refuse_labels(self.name, labels, state.frames)
        with torch.no_grad():
            classes, after = self._seen(frame, state)
        return named(classes, state.size_hw), after

    @abstractmethod
    def begin(self, frame: Frame) -> StateT:
        """The memory before the first frame; of the frame only the size matters."""

    @abstractmethod
    def look(
        self, frame: Frame, state: StateT
    ) -> tuple[Float[Tensor, "classes height width"], StateT]:
        """Logits of a frame and the memory after it, always by torch; for validation.

        Raises:
            VideoError: The frame has another size than the first one.
        """

    @abstractmethod
    def _seen(self, frame: Frame, state: StateT) -> tuple[PixelClasses, StateT]:
        """The classes of the padded frame, by the backend, and the memory after it."""
