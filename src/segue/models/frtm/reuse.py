"""The gated path: an object that hardly changed is carried over from its last computed frame.

Only the backbone down to stride 8 and the shallow half of the decoder then run. What is carried over is always that of
the last computed frame, so that errors do not add up; and nothing is learned from it. ``copy`` alone goes from frame
to frame, and costs next to nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from jaxtyping import Float
from torch import Tensor

from segue.errors import SettingsError
from segue.models.frtm.network import GATE_STRIDE, TARGET_STRIDE, FrtmNetwork, Sight, resize
from segue.models.frtm.settings import FrtmReuseSettings
from segue.models.frtm.target_model import TargetModel
from segue.nn.reuse.gate import Choice, choose

GateFunction = Callable[[int, int], float]
"""Object id and index of the frame to a probability of reuse: stands in for the learned gate."""


@dataclass(frozen=True)
class Carried:
    """What is kept of an object for the frames that are not computed."""

    template: Float[Tensor, "1 keys keys"]
    """Made on the object's first frame."""
    scores: Float[Tensor, "1 1 rows columns"]
    """Of the last computed frame; after a given mask, that mask."""
    refined: Float[Tensor, "1 channels rows columns"]
    """The decoder's map at stride 16, of the same frame."""
    compared: Float[Tensor, "1 1 _ _"]
    """What the gate is shown of the last computed frame."""
    probability: Float[Tensor, "height width"]
    """Of the last frame, whether computed or not."""
    run: int = 0
    """Frames in a row that were not computed, until now."""


@dataclass(frozen=True)
class Answer:
    """What the gate says about one object on one frame."""

    gate: float
    """Probability of reuse."""
    choice: Choice
    dissimilarity: Float[Tensor, "1 width rows8 columns8"]


class Reuse:
    """The gate of a model.

    Args:
        network: A network with the parts of a gate.
        settings: When and how objects are carried over.
        gate: In place of the learned gate.

    Raises:
        SettingsError: The network has no such parts.
    """

    def __init__(
        self, network: FrtmNetwork, settings: FrtmReuseSettings, gate: GateFunction | None = None
    ) -> None:
        if network.reuse is None:
            raise SettingsError("The network has no reuse gate. Build it with gated=True.")
        self._network = network
        self._parts = network.reuse
        self._settings = settings
        self._gate = gate

    def begin(
        self, seen: Sight, mask: Float[Tensor, "height width"], model: TargetModel
    ) -> Carried:
        """An object whose mask is given on this frame, with the target model that was fitted to it."""
        mask4 = mask[None, None]
        features = seen.features[TARGET_STRIDE]
        refined = self._network.refiner.refine(seen.reduced, model.score(model.project(features)))
        scores = resize(mask4, features.shape[-2:], "nearest")
        template = self._parts.template(seen.shallow[GATE_STRIDE], mask4)
        return Carried(template, scores, refined, self._compared(scores, mask), mask)

    def remember(
        self, carried: Carried, probability: Float[Tensor, "height width"], *, computed: bool
    ) -> Carried:
        """The same with the object's probability on this frame.

        Args:
            carried: With the maps of this frame, if it was computed.
            probability: Of the object.
            computed: Whether it was.
        """
        compared = self._compared(carried.scores, probability) if computed else carried.compared
        run = 0 if computed else carried.run + 1
        return replace(carried, compared=compared, probability=probability, run=run)

    def _compared(self, scores: Tensor, probability: Tensor) -> Tensor:
        return scores if self._parts.compared == "score" else probability[None, None]

    def ask(
        self,
        seen: Sight,
        carried: Carried,
        object_id: int,
        frame: int,
        threshold: float | None = None,
    ) -> Answer:
        """Whether the object has to be computed on this frame.

        Args:
            seen: The frame.
            carried: The object.
            object_id: For a gate that was given.
            frame: Index of the frame in the video, likewise.
            threshold: In place of that of the settings.
        """
        features = seen.shallow[GATE_STRIDE]
        dissimilarity = self._parts.dissimilarity(features, carried.compared, carried.template)
        given = self._gate(object_id, frame) if self._gate else None
        gate = float(self._parts.gate(dissimilarity)) if given is None else given
        settings = self._settings if threshold is None else self._settings.at(threshold)
        longest = self._settings.longest
        spent = longest is not None and carried.run >= longest
        return Answer(gate, "compute" if spent else choose(gate, settings), dissimilarity)

    def carry_over(
        self, seen: Sight, carried: Carried, answer: Answer
    ) -> Float[Tensor, "height width"]:
        """The object's probability on a frame that is not computed."""
        if answer.choice == "copy":
            return carried.probability
        delta = self._parts.delta(answer.dissimilarity)
        refined = self._parts.translator(carried.refined, delta)
        scores = carried.scores + delta
        return self._network.finish(seen.reduced_shallow, scores, refined, seen.size)[0]
