"""Figure 1: how alike are the true masks of successive frames?"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from segue.errors import InputError
from segue.files import write_json, writing
from segue.settings import Settings
from segue.studies.reuse_gate.clip import Clip, read_clips
from segue.studies.reuse_gate.measure import SCORES
from segue.studies.reuse_gate.settings import DataSettings
from segue.studies.study import Values
from segue.training.loop import Watch
from segue.types import Mask

SIMILAR = 0.7
"""Above it the paper calls two masks very similar."""
OVERLAPS = "overlaps.json"
"""Holds every IoU."""


class OverlapSettings(Settings):
    """What figure 1 depends on."""

    data: DataSettings


class Overlapping:
    """One row: the pairs of successive true masks of a dataset. Nothing is run."""

    def settings(self, values: Values) -> OverlapSettings:
        """See ``Method.settings``."""
        return OverlapSettings.parse(values)

    def obstacle(self, settings: OverlapSettings) -> str:
        """The data are all it needs."""
        return ""

    def scores(self, settings: OverlapSettings, folder: Path, watch: Watch) -> Mapping[str, float]:
        """See ``Method.scores``; it takes seconds and is worked out anew each time.

        Raises:
            InputError: No object is on two successive frames.
        """
        overlaps = [iou for clip in read_clips(settings.data) for iou in overlaps_of(clip)]
        if not overlaps:
            raise InputError(
                f"{settings.data.root} has no two successive masks of an object to compare. "
                "Name a split with all masks: data.split=NAME."
            )
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        scores = {
            "similar": float(np.mean(np.array(overlaps) > SIMILAR)),
            "mean": float(np.mean(overlaps)),
            "pairs": len(overlaps),
        }
        write_json(folder / OVERLAPS, overlaps)
        write_json(folder / SCORES, scores)
        return scores


def overlaps_of(clip: Clip) -> Iterator[float]:
    """IoU of every object on every two successive annotated frames, if it is on one of them at least."""
    before: Mapping[int, Mask] = {}
    annotated = [index for index in range(len(clip)) if clip.mask_paths[index]]
    for place, index in enumerate(annotated):
        now = clip.masks(index)
        if place:
            yield from (_iou(before.get(i), now.get(i)) for i in sorted({**before, **now}))
        before = now


def _iou(one: Mask | None, other: Mask | None) -> float:
    if one is None or other is None:
        return 0.0
    return float((one & other).sum() / (one | other).sum())
