"""Short clips with a reference frame far away in the same video, for models that look at both.

The answered frame is the last one of its clip. A clip and its reference are seen the same way: one crop, one mirror,
one change of colour. Where frames are far apart in time (CamVid's ``train``: one a second), clips are views of a single
frame under the virtual camera of ``segue.data.label_clips``, and only the reference is another real frame.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
from jaxtyping import UInt8
from pydantic import Field, model_validator

from segue.data.label_clips import (
    LabelClipRecord,
    LabelClipSettings,
    LabelFootage,
    draw_around,
    render,
)
from segue.settings import Settings
from segue.types import Frame, Labels

Share = Annotated[float, Field(ge=0, le=1)]
Place = tuple[int, int]
"""Number of a sequence, and of a frame in it."""


class ReferenceSettings(Settings):
    """Which frame is the reference."""

    nearest: Annotated[int, Field(ge=0)] = 30
    """Frames from the answered one, at least."""
    farthest: Annotated[int, Field(ge=0)] = 60
    """And at most; a video that is too short gives its farthest frame, one with a single frame this frame itself."""
    direction: Literal["both", "past"] = "both"
    """Whether it may be later, too."""

    @model_validator(mode="after")
    def _in_order(self) -> "ReferenceSettings":
        if self.nearest > self.farthest:
            raise ValueError(
                f"nearest = {self.nearest} is more than farthest = {self.farthest}: exchange them"
            )
        return self


def choose_reference(
    index: int, num_frames: int, settings: ReferenceSettings, rng: np.random.Generator | None = None
) -> int:
    """The reference frame of a frame.

    Args:
        index: Of the answered frame, 0 <= index < num_frames.
        num_frames: Of the video.
        settings: How far away.
        rng: Draws any allowed frame; ``None``: the same each time, the earliest one.
    """
    last = num_frames - 1 if settings.direction == "both" else index
    allowed = [
        i for i in range(last + 1) if settings.nearest <= abs(i - index) <= settings.farthest
    ]
    if not allowed:
        return 0 if index >= last - index else last
    return allowed[0] if rng is None else int(rng.choice(allowed))


@dataclass(frozen=True, slots=True)
class ContextRecord:
    """The draw of one sample, as plain data."""

    clip: LabelClipRecord
    """Its last frame is the answered one."""
    reference: LabelClipRecord
    """A clip of one frame."""

    def last(self, length: int) -> "ContextRecord":
        """The same with the last frames of the clip alone, as they are; without noise their pixels are the same."""
        clip = self.clip
        if length >= len(clip.frames):
            return self
        shorter = replace(
            clip,
            frames=clip.frames[-length:],
            labelled=length - 1,
            matrices=clip.matrices[-length:],
            lights=clip.lights[-length:],
        )
        return replace(self, clip=shorter)


@dataclass(frozen=True)
class ContextClip:
    """One training example."""

    frames: UInt8[np.ndarray, "time height width 3"]
    """The oldest first."""
    reference: Frame
    labels: Labels
    """Of the last frame; void where it has none."""


def draw_context(
    footage: LabelFootage,
    place: Place,
    settings: LabelClipSettings,
    reference: ReferenceSettings,
    rng: np.random.Generator,
    *,
    reverse: float = 0.0,
) -> ContextRecord:
    """A random view of the clip that ends with a frame, and of a frame far away.

    Args:
        footage: Where from.
        place: The answered frame.
        settings: What clips look like; the answered frame is the last one, whatever ``position`` says.
        reference: How far away the reference is.
        rng: The same state gives the same record.
        reverse: Share of the clips that run backwards in time.
    """
    ends = settings.model_copy(update={"position": settings.length - 1})
    clip = draw_around(footage, place, ends, rng)
    sequence, index = place
    num_frames = len(footage.sequences[sequence].frame_paths)
    if rng.random() < reverse:
        mirrored = tuple(min(2 * index - f, num_frames - 1) for f in clip.frames)
        clip = replace(clip, frames=mirrored)
    far = choose_reference(index, num_frames, reference, rng)
    return ContextRecord(clip, _seen_alike(footage, clip, far))


def _seen_alike(footage: LabelFootage, clip: LabelClipRecord, index: int) -> LabelClipRecord:
    """Another frame of the video, as the last one of the clip is seen; frames of other sizes are stretched to it."""
    here, there = (
        np.array(footage.read(clip.sequence, i)[0].shape[:2]) for i in (clip.frames[-1], index)
    )
    scale = np.diag([*(here / there)[::-1], 1.0])
    scale[:2, 2] = (np.diag(scale)[:2] - 1) / 2  # pixel centres are at whole numbers
    first, second = (np.array(clip.matrices[-1]) @ scale).tolist()
    return replace(
        clip,
        frames=(index,),
        labelled=0,
        matrices=((tuple(first), tuple(second)),),
        lights=clip.lights[-1:],
        noise_seed=clip.noise_seed + 1,
    )


def plain_context(
    footage: LabelFootage, place: Place, size_hw: tuple[int, int], reference: ReferenceSettings
) -> ContextRecord:
    """The whole frame and its earliest reference, resized and not changed otherwise; a clip of one frame."""
    settings = LabelClipSettings(length=1, size_hw=size_hw, flip=0, crop=0)
    rng = np.random.default_rng(0)
    clip = draw_around(footage, place, settings, rng)
    num_frames = len(footage.sequences[place[0]].frame_paths)
    return ContextRecord(
        clip, _seen_alike(footage, clip, choose_reference(place[1], num_frames, reference))
    )


def render_context(footage: LabelFootage, record: ContextRecord) -> ContextClip:
    """The sample of a record, the same every time.

    Raises:
        VideoError: A frame cannot be read.
        MaskError: A label file cannot be used.
    """
    clip, far = render(footage, record.clip), render(footage, record.reference)
    return ContextClip(clip.frames, far.frames[0], clip.labels[-1])
