"""Any model that begins a video without a mask, asked about single frames."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from segue.errors import SettingsError
from segue.models.interface import LookaheadModel, Proposer, SemanticModel, VideoModel
from segue.types import Frame, Mask, Prediction, Proposals

OWN = 0.5
"""Share of its pixels that a proposal has for itself: one that mostly shows what surer ones show is no other object."""


def as_proposer(model: Proposer | VideoModel[Any]) -> Proposer:
    """The model itself if it proposes objects, else one that begins a new video with every frame in question.

    Args:
        model: A ``Proposer``, or a model that finds objects by itself.

    Raises:
        SettingsError: The model names classes.
    """
    if isinstance(model, Proposer):
        return model
    if isinstance(model, SemanticModel):
        raise SettingsError(f"{model.name} names classes and finds no objects. Use another model.")
    return Beginner(model)


class Beginner:
    """A video model as a proposer: what it says of the first frame of a video.

    Args:
        model: Finds objects by itself, as ``load_model("rvos-lite", without_masks=True)`` does.
    """

    def __init__(self, model: VideoModel[Any]) -> None:
        self._model = model

    @property
    def name(self) -> str:
        """See ``Proposer``."""
        return self._model.name

    @property
    def reach(self) -> tuple[int, int]:
        """As many later frames as the model must see."""
        return 0, self._model.lookahead

    def propose(self, window: Sequence[Frame | None]) -> Proposals:
        """See ``Proposer``.

        Raises:
            MaskError: The model needs a mask.
        """
        frames = [frame for frame in window if frame is not None]
        answer, state = self._model.start(frames[0])
        for frame in frames[1:]:
            answer, state = self._model.step(frame, state)
        if answer is None and isinstance(self._model, LookaheadModel):
            answer = self._model.finish(state)[0]
        assert answer is not None, "A model that owes answers gives them when the video has ended."
        return _proposals(answer)


def _proposals(answer: Prediction) -> Proposals:
    shown = {i: answer.mask(i) for i, score in answer.scores.items() if not score.absent}
    shown = {i: mask for i, mask in shown.items() if mask.any()}
    order = sorted(shown, key=lambda i: (-answer.scores[i].confidence, i))
    height, width = answer.labels.shape
    return Proposals(
        np.array([shown[i] for i in order], np.bool_).reshape(-1, height, width),
        np.array([answer.scores[i].confidence for i in order], np.float32),
        np.array([_box(shown[i]) for i in order], np.float32).reshape(-1, 4),
    )


def _box(mask: Mask) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def apart(proposals: Proposals, least: int = 1) -> list[int]:
    """The proposals that show objects of their own, the surest first.

    Args:
        proposals: Of one frame.
        least: Pixels that an object must have.
    """
    order = np.argsort(-proposals.scores, kind="stable").tolist()
    taken = np.zeros(proposals.masks.shape[1:], np.bool_)
    kept = []
    for place in order:
        mask = proposals.masks[place]
        area = np.count_nonzero(mask)
        if area >= least and np.count_nonzero(mask & ~taken) >= OWN * area:
            kept.append(place)
            taken |= mask
    return kept
