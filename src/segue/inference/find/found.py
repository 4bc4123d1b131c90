"""What was found in a video, and where; as JSON, and as masks to carry."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from segue.errors import FormatError
from segue.media.rle import RunLengths, decode, encode
from segue.types import Frame, Labels, Mask

VERSION = 1
"""Of ``found.json``."""


@dataclass(frozen=True, slots=True)
class Looking:
    """That objects are looked for before they are carried."""

    finder: str
    """Name of the model that looks."""
    looks: int
    """Frames that it looks at, at most."""
    objects: int
    """Objects that are carried, at most."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One object on one of the frames that were looked at."""

    frame: int
    """Index in the video."""
    name: str
    """Of the frame, as result files carry it."""
    score: float
    """How sure the model is, 0 to 1."""
    mask: RunLengths
    """All of the object, at the size of the video; masks of several objects may overlap."""
    box_xyxy: tuple[float, float, float, float]
    """Left, top, right, bottom in pixels."""
    share: float
    """Of the frame's pixels, 0 to 1."""
    motion: float = 0.0
    """How far the object moves otherwise than what is around it, 0 to 1; 0 in a video of one frame."""


@dataclass(frozen=True, slots=True)
class FoundObject:
    """One object of a video."""

    object_id: int
    """Its rank, from 1."""
    score: float
    """How much it is an object of the video, 0 to 1: how often and how surely it was seen, whether it moves, its size;
    see ``segue.inference.find.ranking``."""
    surest: int
    """Place in ``sightings`` of the one whose mask is to be carried."""
    sightings: tuple[Sighting, ...]
    """In the order of the frames."""

    @property
    def best(self) -> Sighting:
        """Where the model is surest of the object."""
        return self.sightings[self.surest]

    @property
    def motion(self) -> float:
        """Mean of its sightings."""
        return float(np.mean([one.motion for one in self.sightings]))

    @property
    def share(self) -> float:
        """Mean of its sightings."""
        return float(np.mean([one.share for one in self.sightings]))


@dataclass(frozen=True)
class Found:
    """The objects of a video that a model found, the best first."""

    finder: str
    """Name of the model."""
    size_hw: tuple[int, int]
    """Of the video."""
    looks: tuple[int, ...]
    """Indices of the frames that were looked at."""
    objects: tuple[FoundObject, ...] = ()
    damaged: tuple[int, ...] = ()
    """Indices of frames that were to be looked at, and do not decode."""
    made_with: Mapping[str, Any] = field(default_factory=dict)
    """What the result depends on besides the video, as plain values."""
    pictures: Mapping[int, Frame] = field(default_factory=dict, compare=False, repr=False)
    """Small copies of the frames that were looked at, by index; none where the result was read from a file."""

    def masks(self, objects: int | None = None) -> dict[int, Labels]:
        """The masks to carry the best objects from: each on the frame where it is surest, by its rank.

        Args:
            objects: How many at most; ``None``: all.

        Returns:
            Frame index -> labels. Where masks overlap, the better object wins.
        """
        chosen = self.objects[:objects]
        frames = sorted({item.best.frame for item in chosen})
        return {
            frame: self._painted((o, o.best) for o in chosen if o.best.frame == frame)
            for frame in frames
        }

    def labels(self, frame: int) -> Labels:
        """All objects on a frame that was looked at, by their rank; where masks overlap, the better object wins."""
        return self._painted(
            (item, one) for item in self.objects for one in item.sightings if one.frame == frame
        )

    @cached_property
    def seen(self) -> tuple[int, ...]:
        """Indices of the frames that show an object."""
        return tuple(sorted({one.frame for item in self.objects for one in item.sightings}))

    def _painted(self, items: Iterator[tuple[FoundObject, Sighting]]) -> Labels:
        labels = np.zeros(self.size_hw, np.uint8)
        for item, one in sorted(items, key=lambda pair: -pair[0].object_id):
            labels[decode(one.mask)] = item.object_id
        return labels

    def summary(self) -> dict[str, Any]:
        """As plain values, without masks."""
        return {
            "finder": self.finder,
            "looks": list(self.looks),
            "damaged": list(self.damaged),
            "objects": [_summary(item, self.looks) for item in self.objects],
        }

    def to_json(self) -> dict[str, Any]:
        """As plain values; masks are COCO run lengths."""
        return {
            "version": VERSION,
            "size_hw": list(self.size_hw),
            **self.summary(),
            "objects": [
                {**_summary(item, self.looks), "sightings": [*map(_as_json, item.sightings)]}
                for item in self.objects
            ],
            "made_with": dict(self.made_with),
        }

    @classmethod
    def from_json(cls, document: Any) -> "Found":
        """What ``to_json`` gave.

        Raises:
            FormatError: It is something else, or damaged.
        """
        try:
            if document["version"] != VERSION:
                raise FormatError(f"Expected findings of version {VERSION}. Find again.")
            height, width = document["size_hw"]
            return cls(
                finder=document["finder"],
                size_hw=(height, width),
                looks=tuple(document["looks"]),
                objects=tuple(
                    _object(item, (height, width), number)
                    for number, item in enumerate(document["objects"], start=1)
                ),
                damaged=tuple(document["damaged"]),
                made_with=document["made_with"],
            )
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, FormatError):
                raise
            raise FormatError(
                f"Expected what was found in a video, got something else ({type(error).__name__}). Find again."
            ) from None


def sighting(frame: int, name: str, mask: Mask, score: float, motion: float) -> Sighting:
    """A sighting with box and share of a mask that is not empty."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = (float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))
    share = float(np.count_nonzero(mask) / mask.size)
    return Sighting(frame, name, round(score, 4), encode(mask), box, share, round(motion, 4))


def best_sighting(sightings: Sequence[Sighting], sureness: Sequence[float]) -> int:
    """Place of the surest; of equals the earliest."""
    return max(range(len(sightings)), key=lambda place: (sureness[place], -place))


def _summary(item: FoundObject, looks: Sequence[int]) -> dict[str, Any]:
    return {
        "id": item.object_id,
        "score": round(item.score, 4),
        "seen": len(item.sightings),
        "of": len(looks),
        "surest_frame": item.best.frame,
        "surest_name": item.best.name,
        "share": round(item.best.share, 4),
        "motion": round(item.motion, 4),
    }


def _as_json(one: Sighting) -> dict[str, Any]:
    return {
        "frame": one.frame,
        "name": one.name,
        "score": one.score,
        "box_xyxy": list(one.box_xyxy),
        "share": round(one.share, 6),
        "motion": one.motion,
        "rle": one.mask.counts.decode("ascii"),
    }


def _object(item: Mapping[str, Any], size_hw: tuple[int, int], number: int) -> FoundObject:
    seen = tuple(_sighting(one, size_hw) for one in item["sightings"])
    surest = [one.frame for one in seen].index(item["surest_frame"])
    return FoundObject(number, float(item["score"]), surest, seen)


def _sighting(one: Mapping[str, Any], size_hw: tuple[int, int]) -> Sighting:
    left, top, right, bottom = map(float, one["box_xyxy"])
    return Sighting(
        frame=int(one["frame"]),
        name=str(one["name"]),
        score=float(one["score"]),
        mask=RunLengths(*size_hw, one["rle"].encode("ascii")),
        box_xyxy=(left, top, right, bottom),
        share=float(one["share"]),
        motion=float(one["motion"]),
    )


def with_origin(found: Found, made_with: Mapping[str, Any]) -> Found:
    """The same, with what it depends on."""
    return replace(found, made_with=made_with)
