"""Classes of any model under the numbers that Cityscapes gives them in label files."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import UInt8

from segue.data.semantic_classes import CITYSCAPES_CLASSES
from segue.models.interface import ConfiguredModel, LookaheadModel, ReusingModel, SemanticModel
from segue.types import Frame, GivenLabels, Prediction

SAME_CLASS = {
    "pavement": "sidewalk",
    "path": "sidewalk",
    "house": "building",
    "handrail or fence": "fence",
    "sign-symbol": "traffic sign",
    "tree": "vegetation",
    "flower": "vegetation",
    "other plant": "vegetation",
    "grass": "terrain",
    "sand": "terrain",
    "pedestrian": "person",
    "bicyclist": "rider",
}
"""Names of other class sets (CamVid, VSPW) and the Cityscapes class that they stand for (ours).

CamVid's bicyclist is a rider together with the bicycle, for which Cityscapes has two classes: rider is taken.
"""
_IDS = {label.name: label.value for label in CITYSCAPES_CLASSES.labels if label.value >= 0}
_UNLABELED = 0


def cityscapes_id(name: str) -> int:
    """The Cityscapes label id of a class: by its name or by ``SAME_CLASS``, else 0, unlabeled."""
    plain = name.replace("_", " ")
    return _IDS.get(SAME_CLASS.get(plain, plain), _UNLABELED)


class CityscapesIds:
    """A semantic model whose numbers are Cityscapes label ids; classes that Cityscapes does not have become 0.

    The score of an id that several classes share is that of the surest of them.

    Args:
        model: Any semantic model.
    """

    classes = tuple(sorted(_IDS, key=lambda name: _IDS[name]))

    def __init__(self, model: SemanticModel[Any]) -> None:
        self.name = model.name
        self.lookahead = model.lookahead
        self.state_type = model.state_type
        self.parameters_per_object = model.parameters_per_object
        # What the model cannot do, this one cannot do either: the protocols are asked for what is there.
        if isinstance(model, ConfiguredModel):
            self.settings = model.settings
        self._reusing = model if isinstance(model, ReusingModel) else None
        if self._reusing is not None:
            self.reuse = self._reusing.reuse
        self._model = model
        self._ids: UInt8[np.ndarray, " classes"] = np.array(
            [cityscapes_id(name) for name in model.classes], np.uint8
        )

    def start(
        self, frame: Frame, labels: GivenLabels | None = None
    ) -> tuple[Prediction | None, Any]:
        """See ``SemanticModel``."""
        prediction, state = self._model.start(frame, labels)
        return self._renumbered(prediction), state

    def step(
        self,
        frame: Frame,
        state: Any,
        labels: GivenLabels | None = None,
        *,
        threshold: float | None = None,
    ) -> tuple[Prediction | None, Any]:
        """See ``ReusingModel``; a model without a gate leaves ``threshold`` alone."""
        if self._reusing is None:
            prediction, state = self._model.step(frame, state, labels)
        else:
            prediction, state = self._reusing.step(frame, state, labels, threshold=threshold)
        return self._renumbered(prediction), state

    def finish(self, state: Any) -> Sequence[Prediction]:
        """See ``LookaheadModel``; a model without a lookahead owes nothing."""
        owed = self._model.finish(state) if isinstance(self._model, LookaheadModel) else ()
        return tuple(p for p in map(self._renumbered, owed) if p is not None)

    def _renumbered(self, prediction: Prediction | None) -> Prediction | None:
        if prediction is None:
            return None
        surest_last = sorted(
            prediction.scores.items(), key=lambda item: (not item[1].absent, item[1].confidence)
        )
        scores = {int(self._ids[number]): score for number, score in surest_last}
        return Prediction(self._ids[prediction.labels], scores)
