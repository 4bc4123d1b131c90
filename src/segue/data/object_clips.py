"""Training clips of several objects, each in a slot of its own. Draw first, then apply.

A clip is frames of a sequence, some way apart, under one view: flip, rotation, shear, zoom and shift are the same for
all its frames, as in RVOS. Ids of objects, whatever their numbers, become slots 1, 2, ... in ascending order. Objects
cut out of another sequence may be added, and a frame from elsewhere in the sequence put first (both ours).
"""

from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
from jaxtyping import Float32, UInt8, UInt16
from pydantic import Field

from segue.data.clips import recolour
from segue.data.object_footage import Ids, ObjectFootage
from segue.errors import InputError, MaskError
from segue.settings import Settings
from segue.types import BACKGROUND

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]
ClipIds = UInt8[np.ndarray, "time height width"] | UInt16[np.ndarray, "time height width"]
FoundIds = UInt8[np.ndarray, " ids"] | UInt16[np.ndarray, " ids"]

_DRAWS = 50
_LEAST_PIXELS = 16
"""An object of fewer pixels in the first frame of a clip cannot be followed."""


class ObjectClipSettings(Settings):
    """What clips look like; the values are those of RVOS."""

    size_hw: tuple[Count, Count] = (256, 448)
    length: Count = 5
    """Frames of a clip."""
    stride: Count = 1
    """Distance between two of them. Beyond the end of a sequence its last frame stands still."""
    slots: Annotated[int, Field(ge=1, le=254)] = 10
    """Objects of a clip; of more, those with the lowest ids stay."""
    flip: Share = 0.5
    rotation_degrees: float = 10.0
    shift: float = 0.1
    """Largest shift, as a share of the size."""
    shear: float = 0.1
    zoom: tuple[float, float] = (0.7, 1.4)
    """Against the frame resized to the clip's size, drawn for each axis."""
    same_zoom: bool = False
    """Zoom both axes alike (ours)."""
    centre: Share = 0.0
    """Share of clips whose view is centred on an object (ours)."""
    colour: float = 0.0
    """Strength of brightness, contrast and saturation changes (ours)."""
    paste: Share = 0.0
    """Chance that the objects of another sequence are pasted in (ours); slots are then in any order."""
    paste_times: Count = 1
    """How often there is that chance."""
    released: bool = False
    """Look for objects in consecutive frames even if frames are skipped, as the released code of RVOS-MOTS: those that
    only the skipped-to frames show are ignored."""


@dataclass(frozen=True)
class ObjectClip:
    """One training example."""

    frames: UInt8[np.ndarray, "time height width 3"]
    labels: UInt8[np.ndarray, "time height width"]
    """Slots from 1; 0 is background."""


@dataclass(frozen=True)
class _View:
    """Frames of a sequence and the 2x3 matrix from their pixels to those of the clip."""

    sequence: int
    frames: tuple[int, ...]
    size_hw: tuple[int, ...]
    """Of its masks."""
    matrix: Float32[np.ndarray, "2 3"]


def draw_object_clip(
    footage: ObjectFootage,
    settings: ObjectClipSettings,
    rng: np.random.Generator,
    *,
    anchor: bool = False,
) -> ObjectClip:
    """A random clip that begins with the first frame drawn that shows an object; the same state gives the same clip.

    Args:
        footage: Where from.
        settings: What clips look like.
        rng: The source of chance.
        anchor: Put one more frame first, from anywhere in the sequence, that shows an object of the clip.

    Raises:
        InputError: No clip with an object was found.
    """
    for _ in range(_DRAWS):
        clip = _draw(footage, settings, rng, anchor)
        if clip is not None:
            return clip
    raise InputError(
        f"No clip with an object in {_DRAWS} draws, the first being of {footage.sequences[0].name!r}. Are masks empty, "
        "or of other classes than those to follow?"
    )


def _draw(
    footage: ObjectFootage, settings: ObjectClipSettings, rng: np.random.Generator, anchor: bool
) -> ObjectClip | None:
    view = _draw_view(footage, settings, rng, anchor)
    if view is None:
        return None
    ids = _render_ids(footage, view, settings)
    known = (
        np.unique(ids) if not settings.released else _nearby_ids(footage, view, settings, anchor)
    )
    labels = _slots(ids, known[known > 0][: settings.slots])
    first = labels[: 2 if anchor else 1]
    if any(np.count_nonzero(one) < _LEAST_PIXELS for one in first):
        return None
    frames = _render_frames(footage, view, settings)
    for _ in range(int(rng.binomial(settings.paste_times, settings.paste))):
        other = _draw_view(footage, settings, rng, anchor)
        if other is not None:
            labels = _paste(frames, labels, footage, other, settings, behind=rng.random() < 0.5)
    if settings.paste:
        order = rng.permutation(np.arange(1, int(labels.max()) + 1)).astype(np.uint8)
        labels = np.concatenate([np.zeros(1, np.uint8), order])[labels]
    if settings.colour:
        frames = recolour(frames, settings.colour, rng)
    return ObjectClip(frames, labels)


def _draw_view(
    footage: ObjectFootage, settings: ObjectClipSettings, rng: np.random.Generator, anchor: bool
) -> _View | None:
    """Where to look; ``None`` where no object is."""
    lengths = [footage.length(s) for s in range(len(footage.sequences))]
    sequence = int(rng.choice(len(lengths), p=np.array(lengths) / sum(lengths)))
    last = lengths[sequence] - 1
    span = (settings.length - 1) * settings.stride
    start = int(rng.integers(0, max(1, last - span + 1)))
    backwards = anchor and rng.random() < 0.5
    mirrored = bool(rng.random() < settings.flip)

    def places(start: int) -> list[int]:
        found = [min(start + k * settings.stride, last) for k in range(settings.length)]
        return [last - i for i in found] if backwards else found

    shown = [bool(footage.ids(sequence, index).any()) for index in places(start)]
    if not any(shown):
        return None
    frames = places(start + shown.index(True) * settings.stride)
    if anchor:
        frames = [int(rng.integers(0, last + 1)), *frames]
    ids = footage.ids(sequence, frames[1 if anchor else 0])
    return _View(sequence, tuple(frames), ids.shape, _draw_matrix(ids, mirrored, settings, rng))


def _draw_matrix(
    ids: Ids,
    mirrored: bool,
    settings: ObjectClipSettings,
    rng: np.random.Generator,
) -> Float32[np.ndarray, "2 3"]:
    size = np.array(settings.size_hw[::-1], float)
    whole = np.array(ids.shape[::-1], float)
    angle = np.deg2rad(rng.uniform(-1, 1) * settings.rotation_degrees)
    shear = rng.uniform(-1, 1) * settings.shear
    low, high = np.log(settings.zoom)
    zoom = np.exp(rng.uniform(low, high, 2))
    if settings.same_zoom:
        zoom[1] = zoom[0]
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    slant = np.array([[1.0, shear], [0.0, 1.0]])
    flip = np.diag([-1.0 if mirrored else 1.0, 1.0])
    linear = turn @ slant @ np.diag(zoom) @ flip @ np.diag(size / whole)
    centre = whole / 2 - 0.5
    if rng.random() < settings.centre:
        found = np.unique(ids[ids > 0])
        rows, columns = np.nonzero(ids == rng.choice(found))
        centre = np.array([columns.mean(), rows.mean()])
    place = size * (0.5 + rng.uniform(-1, 1, 2) * settings.shift) - 0.5
    return np.column_stack([linear, place - linear @ centre]).astype(np.float32)


def _render_ids(footage: ObjectFootage, view: _View, settings: ObjectClipSettings) -> ClipIds:
    size_wh = settings.size_hw[::-1]
    return np.stack(
        [
            cv2.warpAffine(
                footage.ids(view.sequence, index), view.matrix, size_wh, flags=cv2.INTER_NEAREST
            )
            for index in view.frames
        ]
    )


def _render_frames(
    footage: ObjectFootage, view: _View, settings: ObjectClipSettings
) -> UInt8[np.ndarray, "time height width 3"]:
    size_wh, name = settings.size_hw[::-1], footage.sequences[view.sequence].name
    seen = []
    for index in view.frames:
        frame = footage.frame(view.sequence, index)
        if frame.shape[:2] != view.size_hw:
            raise MaskError(
                f"Sequence {name!r}: frame {index} is {frame.shape[0]}x{frame.shape[1]}, masks are "
                f"{view.size_hw[0]}x{view.size_hw[1]} (height x width). Masks need the size of the frames."
            )
        seen.append(cv2.warpAffine(frame, view.matrix, size_wh, flags=cv2.INTER_LINEAR))
    return np.stack(seen)


def _nearby_ids(
    footage: ObjectFootage, view: _View, settings: ObjectClipSettings, anchor: bool
) -> FoundIds:
    start, last = view.frames[1 if anchor else 0], footage.length(view.sequence) - 1
    window = {min(start + k, last) for k in range(settings.length)}
    found = [np.unique(footage.ids(view.sequence, index)) for index in sorted(window)]
    return np.unique(np.concatenate(found))


def _slots(ids: ClipIds, known: FoundIds) -> UInt8[np.ndarray, "time height width"]:
    table = np.zeros(2**16, np.uint8)
    table[known] = np.arange(1, len(known) + 1)
    return table[ids]


def _paste(
    frames: UInt8[np.ndarray, "time height width 3"],
    labels: UInt8[np.ndarray, "time height width"],
    footage: ObjectFootage,
    view: _View,
    settings: ObjectClipSettings,
    *,
    behind: bool,
) -> UInt8[np.ndarray, "time height width"]:
    """Add the objects of another view to the frames in place, in slots that are free; the new labels come back."""
    ids = _render_ids(footage, view, settings)
    known, used = np.unique(ids), int(labels.max())
    theirs = _slots(ids, known[known > 0][: settings.slots - used])
    shown = (theirs > 0) & ~(behind & (labels > BACKGROUND))
    sources = _render_frames(footage, view, settings)
    for frame, source, mask in zip(frames, sources, shown, strict=True):
        alpha = cv2.GaussianBlur(mask.astype(np.float32), (3, 3), 0)[..., None]
        frame[:] = (frame * (1 - alpha) + source * alpha).astype(np.uint8)
    return np.where(shown, theirs + np.uint8(used), labels)
