"""What a job understood of its inputs: said before the work, and kept in ``run.json``."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from segue.inference.find.found import Found, Looking
from segue.inference.job import Job
from segue.inference.session.changes import Direction
from segue.media.frames import SourceDescription, Video, index_name
from segue.media.mask_effects import mask_effects
from segue.media.masks import object_ids
from segue.types import Labels

_TINY = 64
"""Pixels, at the size that the model sees, up to which an object is mostly lost on the next frames: segue-lite lost 41
of 42 squares of 1x1 to 8x8 pixels that moved by two pixels a frame, and followed all six of 12x12 (ours)."""


@dataclass(frozen=True, slots=True)
class GivenMask:
    """One mask, and what it does."""

    index: int
    """Of the frame, from 0."""
    name: str
    """Of the frame, as in the names of the result files."""
    effects: tuple[str, ...]
    """Phrases such as ``object 1 (14.2 % of the frame)`` and ``corrects object 1``."""


@dataclass(frozen=True, slots=True)
class GivenObject:
    """Where an object comes in."""

    object_id: int
    index: int
    """Of the frame whose mask shows the object first."""
    share: float
    """Of the frame's pixels, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Understood:
    """Source, sizes, masks and doubts of one job."""

    source: SourceDescription
    num_frames: int | None
    """``None`` where the source does not say."""
    frame_rate: str | None
    """Frames per second as a fraction, such as ``30000/1001``."""
    size_hw: tuple[int, int]
    working_hw: tuple[int, int]
    """Height and width that the model sees."""
    masks: tuple[GivenMask, ...]
    objects: tuple[GivenObject, ...]
    doubts: tuple[str, ...]
    """Sentences about what could have been meant otherwise."""
    direction: Direction = "forward"
    """From which masks frames are answered."""
    frames_before: int = 0
    """Frames of the job before the first mask, which get no objects; answered backwards there are none."""
    frames_after: int | None = 0
    """Frames after the last mask, which get no objects where all is answered backwards; ``None``: all up to an end that
    is not known."""
    finds: bool = False
    """Whether objects are to be followed that no mask gives: the model finds them."""
    looking: Looking | None = None
    """Who looks for objects, before they are carried."""
    found: Found | None = None
    """What was found."""

    def to_json(self) -> dict[str, Any]:
        """As plain values, for ``run.json``."""
        source = self.source
        return {
            "video": source.place,
            "stream": source.stream,
            "frames": self.num_frames,
            "frame_rate": self.frame_rate,
            "size_hw": list(self.size_hw),
            "working_hw": list(self.working_hw),
            "colour": source.colour,
            "pixel_aspect": str(source.pixel_aspect),
            "start_s": float(source.start_time),
            "direction": self.direction,
            "frames_before_first_mask": self.frames_before,
            "frames_after_last_mask": self.frames_after,
            "objects": {
                str(item.object_id): {"frame": item.index, "share": round(item.share, 4)}
                for item in self.objects
            },
            "masks": [
                {"frame": mask.index, "name": mask.name, "effects": list(mask.effects)}
                for mask in self.masks
            ],
            "doubts": list(self.doubts),
        }


def understand(job: Job) -> Understood:
    """What a job understood; nothing is decoded, and no model is needed.

    Raises:
        SettingsError: The job's ``max_side`` is too small.
    """
    video, masks = job.video, job.task.masks
    rate, source, wanted = video.frame_rate, video.description, video.indices
    effects = mask_effects(masks)
    direction = job.direction or "forward"
    num_frames = len(video.frame_names) if video.frame_names else video.num_frames
    working_hw = job.working_hw
    objects = tuple(_objects(masks))
    own = (*_tiny(objects, working_hw), *(_single(video.name) if masks and num_frames == 1 else ()))
    return Understood(
        source=source,
        num_frames=num_frames,
        frame_rate=str(rate) if rate else None,
        size_hw=video.size_hw,
        working_hw=working_hw,
        masks=tuple(GivenMask(i, _name(video, i), phrases) for i, phrases in effects.items()),
        objects=objects,
        doubts=tuple(dict.fromkeys((*source.doubts, *job.doubts, *own))),
        direction=direction,
        frames_before=(
            len(range(wanted.start, min(masks), wanted.step))
            if masks and direction == "forward"
            else 0
        ),
        frames_after=_after(video, max(masks)) if masks and direction == "backward" else 0,
        finds=job.task.kind == "objects" and not masks and job.looking is None,
        looking=job.looking,
        found=job.found,
    )


def _tiny(objects: Sequence[GivenObject], working_hw: tuple[int, int]) -> tuple[str, ...]:
    """A doubt about objects that are too small to be followed."""
    height, width = working_hw
    tiny = [item.object_id for item in objects if round(item.share * height * width) <= _TINY]
    if not tiny:
        return ()
    named = ", ".join(map(str, tiny[:4])) + (f" and {len(tiny) - 4} more" if len(tiny) > 4 else "")
    return (
        f"object {named}: at most {_TINY} pixels at the size that the model sees; so small an object is mostly lost at "
        "once",
    )


def _single(name: str) -> tuple[str, ...]:
    return (f"{name} is a single picture: there is nothing to follow, and its mask comes back",)


def _after(video: Video, last: int) -> int | None:
    """How many frames come after one; ``None`` if that is not known."""
    if video.num_frames is None:
        return None
    done = len(range(video.indices.start, last + 1, video.indices.step))
    return max(0, video.num_frames - done)


def _name(video: Video, index: int) -> str:
    names = video.frame_names
    return names[index] if names and index < len(names) else index_name(index)


def _objects(masks: Mapping[int, Labels]) -> Iterator[GivenObject]:
    known: set[int] = set()
    for index, labels in sorted(masks.items()):
        for number in sorted(set(object_ids(labels)) - known):
            known.add(number)
            yield GivenObject(number, index, float(np.mean(labels == number)))
