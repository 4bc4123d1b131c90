"""Labelled and unlabelled samples of SSLTM: clips with a reference frame, each frame once an epoch."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from segue.data.context_clips import (
    ContextClip,
    ContextRecord,
    Place,
    draw_context,
    render_context,
)
from segue.data.label_clips import LabelFootage
from segue.data.strong_views import StrongViewSettings, strengthen
from segue.training.curriculum import Conditions
from segue.training.task import Sample
from segue.training.tasks.ssltm_settings import ClipSettings


@dataclass(frozen=True)
class ContextSamples:
    """Clips that end with some frames, each once an epoch, in a new order every time.

    Without ``strong``: ``frames``, ``reference`` and ``labels``. With it: the strong view of the same as
    ``strong_frames`` and ``strong_reference`` in the place of labels.
    """

    footage: LabelFootage
    places: tuple[Place, ...]
    settings: ClipSettings
    with_reference: bool
    strong: StrongViewSettings | None = None

    def __len__(self) -> int:
        return len(self.places)

    def draw(self, seed: int, number: int, conditions: Conditions) -> Sample:
        """See ``segue.training.task.Samples``."""
        epoch, turn = divmod(number, len(self))
        place = self.places[_order(seed, epoch, len(self))[turn]]
        rng = np.random.default_rng([seed, number])
        record = self._record(place, epoch, conditions, rng)
        return {**self._arrays(render_context(self.footage, record), rng), "name": self.name(place)}

    def _record(
        self, place: Place, epoch: int, conditions: Conditions, rng: np.random.Generator
    ) -> ContextRecord:
        settings = self.settings.model_copy(update={"size_hw": conditions.size_hw})
        if settings.views is None:
            settings = settings.model_copy(update={"length": conditions.clip_length})
        else:
            rng = np.random.default_rng([*place, epoch % settings.views])
        record = draw_context(
            self.footage, place, settings, settings.reference, rng, reverse=settings.reverse
        )
        return record.last(conditions.clip_length)

    def _arrays(self, clip: ContextClip, rng: np.random.Generator) -> Sample:
        sample: Sample = {"frames": clip.frames}
        if self.with_reference:
            sample["reference"] = clip.reference
        if self.strong is None:
            return {**sample, "labels": clip.labels}
        both = strengthen(np.stack([*clip.frames, clip.reference]), self.strong, rng)
        sample["strong_frames"] = both[:-1]
        if self.with_reference:
            sample["strong_reference"] = both[-1]
        return sample

    def name(self, place: Place) -> str:
        """Video and frame."""
        sequence = self.footage.sequences[place[0]]
        return f"{sequence.name}/{sequence.frame_paths[place[1]].stem}"


@lru_cache(maxsize=4)
def _order(seed: int, epoch: int, length: int) -> tuple[int, ...]:
    return tuple(np.random.default_rng([seed, epoch]).permutation(length).tolist())
