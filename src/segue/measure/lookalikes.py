"""Whether a model keeps equal objects apart that cross and hide one another, on synthetic clips with exact truth."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from segue.inference.track import track
from segue.metrics.agreement import agreements
from segue.metrics.kept_identity import IdentityCounts, identity_counts
from segue.metrics.packed import no_pixels, pack_objects
from segue.models.interface import VideoModel
from segue.synthetic.lookalikes import CROSSING
from segue.synthetic.scene import Scene
from segue.synthetic.world import scenes
from segue.types import Labels

CLIPS = 20
"""Half of them with two copies, half with four."""
SEED = 0
SIZE_HW = (480, 854)


@dataclass(frozen=True, slots=True)
class ClipScore:
    """What a model made of one clip."""

    clip: str
    copies: int
    identities: IdentityCounts
    """Of the last frame."""
    region: float
    """J, mean over objects and over frames but the first, in [0, 1]."""
    boundary: float
    """F, likewise."""


@dataclass(frozen=True, slots=True)
class LookalikeScore:
    """Sums over clips."""

    clips: int
    identities: IdentityCounts
    region: float
    """J, mean over clips, in [0, 1]."""
    boundary: float
    """F, likewise."""

    @property
    def j_and_f(self) -> float:
        """The mean of both."""
        return (self.region + self.boundary) / 2


def lookalike_clips(
    clips: int = CLIPS, seed: int = SEED, size_hw: tuple[int, int] = SIZE_HW
) -> list[Scene]:
    """The clips of the measure; the defaults are those of the published numbers.

    Args:
        clips: How many.
        seed: Another one gives other clips.
        size_hw: Height and width of the frames.
    """
    return scenes("lookalikes", clips, CROSSING, seed, size_hw)


def follow_lookalikes(model: VideoModel[Any], clip: Scene) -> ClipScore:
    """Give a model the true mask of the first frame of a clip, and score all others.

    Args:
        model: Follows given objects.
        clip: With copies in its first frame and its last.

    Raises:
        SegueError: As in ``track``.
    """
    frames = list(clip.frames())
    truths = [frame.instances.astype(np.uint8) for frame in frames]
    results = track(model, [frame.image for frame in frames], truths[0])
    found = [prediction.labels for _, prediction in results]
    values = [_agreement(ours, theirs) for ours, theirs in zip(found[1:], truths[1:], strict=True)]
    region, boundary = np.mean(values, axis=0).tolist()
    copies = int(truths[0].max())
    return ClipScore(clip.name, copies, identity_counts(found[-1], truths[-1]), region, boundary)


def sum_up(scores: Sequence[ClipScore]) -> dict[str, LookalikeScore]:
    """The sums by number of copies ("2", "4"), and of all clips ("all")."""
    groups = {str(n): [s for s in scores if s.copies == n] for n in sorted(_copies(scores))}
    return {name: _sum(group) for name, group in {**groups, "all": list(scores)}.items() if group}


def _copies(scores: Iterable[ClipScore]) -> Iterator[int]:
    yield from {score.copies for score in scores}


def _sum(scores: Sequence[ClipScore]) -> LookalikeScore:
    return LookalikeScore(
        len(scores),
        sum((score.identities for score in scores), IdentityCounts()),
        float(np.mean([score.region for score in scores])),
        float(np.mean([score.boundary for score in scores])),
    )


def _agreement(predicted: Labels, truth: Labels) -> tuple[float, float]:
    """J and F, mean over the objects that are in either; a copy that is wholly hidden has no place to be right in."""
    height, width = truth.shape
    ours, theirs = pack_objects(predicted), pack_objects(truth)
    empty = no_pixels((height, width))
    values = [
        agreements([ours.get(key, empty)], [theirs.get(key, empty)], (height, width))[0][0].values
        for key in sorted(ours.keys() | theirs.keys())
    ]
    region, boundary = np.mean(values or [(1.0, 1.0)], axis=0).tolist()
    return region, boundary
