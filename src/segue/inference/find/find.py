"""Finding the objects of a video without a mask."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from segue.errors import DecodeError, InputError
from segue.inference.find.appearance import Appearance, appearance_of, likeness
from segue.inference.find.found import Found, Sighting, sighting
from segue.inference.find.linking import link
from segue.inference.find.looks import LOOKS, Moment, moment, places_of, spread
from segue.inference.find.motion import motions
from segue.inference.find.proposing import apart, as_proposer
from segue.inference.find.ranking import MOST_OBJECTS, ranked
from segue.inference.progress import Progress, Silent
from segue.media.resize import DEFAULT_MAX_SIDE, Resizer, shrink
from segue.media.video import Video, open_video
from segue.models.catalog import FINDER, load_model
from segue.models.interface import Proposer, VideoModel
from segue.types import Frame

_LEAST = 64
"""Pixels, at the size at which models carry objects unless told otherwise, of the smallest object: up to that,
objects are mostly lost at once; see ``segue.inference.understood``."""
_PICTURE_SIDE = 320


def find(
    video: Any,
    model: Proposer | VideoModel[Any] | None = None,
    *,
    objects: int = MOST_OBJECTS,
    looks: int = LOOKS,
    progress: Progress | None = None,
) -> Found:
    """The objects of a video of which no mask is given, the best first; none where nothing is found.

    The model looks at some frames, evenly spread over the video. Proposals of different frames that look alike are
    linked into objects. ``segue.inference.find.ranking`` says how objects are ranked.

    Args:
        video: What ``open_video`` returned or takes, apart from what can be read only once.
        model: A ``Proposer``, or a model that begins a video without a mask; ``None`` loads the default.
        objects: How many are kept at most.
        looks: How many frames are looked at, at most.
        progress: Hears about every frame that was looked at.

    Raises:
        InputError: The video can be read only once; ``objects`` or ``looks`` is below 1.
        NotFoundError: No such video.
        VideoError: The video cannot be opened.
        DecodeError: None of the frames decodes. Single ones that do not are left out.
        MaskError: The model needs a mask.
    """
    for name, value in (("objects", objects), ("looks", looks)):
        if value < 1:
            raise InputError(f"{name} must be at least 1, got {value}.")
    video = video if isinstance(video, Video) else open_video(video)
    places = places_of(video)
    proposer = as_proposer(load_model(FINDER, without_masks=True) if model is None else model)
    eye = _Eye(proposer, video, places)
    chosen = spread(len(places), looks)
    for done, place in enumerate(chosen, start=1):
        eye.look(place)
        (progress or Silent()).advance(done, len(chosen), "")
    if eye.failure is not None and not eye.frames:
        raise eye.failure
    return eye.found(objects)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A sighting, and what it is recognised by."""

    sighting: Sighting
    appearance: Appearance


class _Eye:
    """Looks at frames of a video, and remembers what it saw."""

    def __init__(self, proposer: Proposer, video: Video, places: range) -> None:
        self._proposer, self._video, self._places = proposer, video, places
        self.frames: list[int] = []
        self.damaged: list[int] = []
        self.failure: DecodeError | None = None
        """Of the first frame that does not decode."""
        self._seen: list[list[_Seen]] = []
        self._pictures: dict[int, Frame] = {}
        height, width = Resizer.for_max_side(video.size_hw, DEFAULT_MAX_SIDE).working_hw
        pixels = video.size_hw[0] * video.size_hw[1]
        self._least = max(1, round(_LEAST * pixels / (height * width)))

    def look(self, place: int) -> None:
        """Look at a frame; one that does not decode, or that the video turns out not to have, is left out."""
        try:
            now = moment(self._video, self._places, place, self._proposer.reach)
        except DecodeError as error:
            self.failure = self.failure or error
            self.damaged.append(self._places[place])
            return
        if now is None:
            return
        self.frames.append(now.centre.index)
        self._seen.append(self._sightings(now))
        self._pictures[now.centre.index] = _small(now.centre.image)

    def _sightings(self, now: Moment) -> list[_Seen]:
        proposals = self._proposer.propose(now.window)
        kept = apart(proposals, self._least)
        masks = [np.ascontiguousarray(proposals.masks[place]) for place in kept]
        frame = now.centre
        moving = (
            [0.0] * len(masks)
            if now.neighbour is None
            else motions(frame.image, now.neighbour, masks)
        )
        scores = proposals.scores[kept].tolist()
        return [
            _Seen(
                sighting(frame.index, frame.name, mask, score, motion),
                appearance_of(frame.image, mask),
            )
            for mask, score, motion in zip(masks, scores, moving, strict=True)
        ]

    def found(self, objects: int) -> Found:
        """What was seen, as objects."""
        chains = [
            [self._seen[look][place] for look, place in chain]
            for chain in link(self._seen, lambda a, b: likeness(a.appearance, b.appearance))
        ]

        def typical(number: int, place: int) -> float:
            return _typical([one.appearance for one in chains[number]], place)

        sightings = [[one.sighting for one in chain] for chain in chains]
        return Found(
            finder=self._proposer.name,
            size_hw=self._video.size_hw,
            looks=tuple(self.frames),
            objects=ranked(sightings, max(1, len(self.frames)), typical, objects),
            damaged=tuple(self.damaged),
            pictures=self._pictures,
        )


def _typical(shown: Sequence[Appearance], place: int) -> float:
    """How alike a sighting is to the others of its object; 1 if it is the only one."""
    others = [likeness(shown[place], one) for k, one in enumerate(shown) if k != place]
    return float(np.mean(others)) if others else 1.0


def _small(frame: Frame) -> Frame:
    scale = min(1.0, _PICTURE_SIDE / max(frame.shape[:2]))
    height, width = (max(1, round(side * scale)) for side in frame.shape[:2])
    return frame.copy() if scale == 1 else shrink(frame, (height, width))
