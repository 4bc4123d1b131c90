"""Training clips of one object: which frames, seen how, with what pasted in. Draw first, then apply.

A clip is an *anchor* (the frame whose mask is given) and a *run* of consecutive frames somewhere else in the sequence,
entered with the mask of the frame before it. So a model learns to carry a mask as well as to find the object again,
from few frames. Half of the clips get a second object, cut out of another sequence with its own motion: it occludes,
distracts, or is itself the object to follow (ours).
"""

import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8
from PIL import Image
from pydantic import Field

from segue.data.sample import VideoSequence
from segue.errors import InputError
from segue.media.stills import READ_ERRORS
from segue.settings import Settings

Share = Annotated[float, Field(ge=0, le=1)]


class ClipSettings(Settings):
    """What clips look like."""

    size_hw: tuple[int, int] = (320, 448)
    """Size of every frame of a clip; multiples of 32."""
    run: Annotated[int, Field(ge=1)] = 3
    """Frames after the anchor."""
    max_stride: Annotated[int, Field(ge=1)] = 4
    """Largest step between two frames of the run."""
    scale: tuple[float, float] = (0.65, 1.7)
    """Zoom against the stored frames, log-uniform."""
    rotation_degrees: float = 12.0
    """Largest rotation of a clip."""
    motion: float = 0.03
    """Extra camera motion from frame to frame, as a share of the size."""
    colour: float = 0.3
    """Strength of brightness, contrast and saturation changes."""
    paste: Share = 0.5
    """Share of clips with an object from another sequence."""
    paste_target: Share = 0.3
    """Share of those clips in which the pasted object is the one to follow."""
    previous_lost: Share = 0.1
    """Share of clips whose run starts without a previous mask."""


@dataclass(frozen=True)
class Footage:
    """A sequence in memory."""

    frames: UInt8[np.ndarray, "time height width 3"]
    masks: Bool[np.ndarray, "time height width"]


@dataclass(frozen=True)
class Clip:
    """One training example; frame 0 is the anchor."""

    frames: UInt8[np.ndarray, "time height width 3"]
    masks: Bool[np.ndarray, "time height width"]
    previous: Bool[np.ndarray, "height width"]
    """The mask before the run, damaged as a prediction would be; empty if lost."""


@dataclass(frozen=True)
class _View:
    """Where one source is looked at, per frame: 2x3 matrices from source to clip pixels."""

    sequence: int
    frames: tuple[int, ...]
    matrices: tuple[Float32[np.ndarray, "2 3"], ...]


def load_footage(sequences: Sequence[VideoSequence], threads: int = 2) -> list[Footage]:
    """Every annotated frame of the sequences, decoded; any mask value above 0 is the object.

    Frames of which picture or mask cannot be read are left out; one warning names and counts them.

    Raises:
        InputError: A sequence of which nothing can be read.
    """
    unreadable: list[str] = []

    def load(sequence: VideoSequence) -> Footage:
        pairs = [
            (f, m) for f, m in zip(sequence.frame_paths, sequence.mask_paths, strict=True) if m
        ]
        frames, masks = [], []
        for paths in pairs:
            # A few DAVIS masks are stored as RGB, the others as indices.
            read = [_picture(path, mode) for path, mode in zip(paths, ("RGB", "L"), strict=True)]
            frame, mask = (one if isinstance(one, np.ndarray) else None for one in read)
            unreadable.extend(one for one in read if isinstance(one, str))
            if frame is not None and mask is not None:
                frames.append(frame)
                masks.append(mask > 0)
        if not frames:
            raise InputError(
                f"Sequence {sequence.name!r} has no frame that can be read with its mask: "
                f"{unreadable[-1] if pairs else 'it has no masks.'}"
            )
        return Footage(np.stack(frames), np.stack(masks))

    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(load, sequences))
    if unreadable:
        more = f", and {len(unreadable) - 5} more" if len(unreadable) > 5 else ""
        named = "; ".join(unreadable[:5]) + more
        warnings.warn(
            f"Training goes on without {len(unreadable)} frames that cannot be read: {named}.",
            stacklevel=2,
        )
    return found


def _picture(path: Path, mode: str) -> np.ndarray | str:
    """A picture, or why it cannot be read."""
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert(mode))
    except READ_ERRORS as error:
        return f"{path} ({error})"


def draw_clip(footage: Sequence[Footage], settings: ClipSettings, rng: np.random.Generator) -> Clip:
    """A random clip; the same generator state gives the same clip."""
    for _ in range(50):
        clip = _draw(footage, settings, rng)
        if clip.masks[0].sum() >= 64 and clip.masks[1:].any():
            return clip
    raise ValueError("No clip with a visible object in 50 draws: are the masks empty?")


def _draw(footage: Sequence[Footage], settings: ClipSettings, rng: np.random.Generator) -> Clip:
    main = int(rng.integers(len(footage)))
    view = _draw_view(footage, main, settings, rng, centre_share=0.25)
    frames, masks = _render(footage[main], view, settings.size_hw)
    if rng.random() < settings.paste:
        other = int(rng.integers(len(footage)))
        second = _draw_view(footage, other, settings, rng, centre_share=0.45)
        masks = _paste(
            frames,
            masks,
            _render(footage[other], second, settings.size_hw),
            follow=rng.random() < settings.paste_target,
            behind=rng.random() < 0.4,
        )
    order = np.r_[0, 2 : len(frames)]  # index 1 is the frame before the run: only its mask is used
    previous = np.zeros_like(masks[1])
    if rng.random() >= settings.previous_lost:
        previous = damage(masks[1], rng)
    return Clip(recolour(frames[order], settings.colour, rng), masks[order], previous)


def _draw_view(
    footage: Sequence[Footage],
    sequence: int,
    settings: ClipSettings,
    rng: np.random.Generator,
    centre_share: float,
) -> _View:
    """Frames and geometry: the object's centre lands within ``centre_share`` of the clip's centre."""
    length = len(footage[sequence].frames)
    indices = _draw_frames(length, settings, rng)
    height, width = settings.size_hw
    angle = np.deg2rad(rng.uniform(-1, 1) * settings.rotation_degrees)
    flip = rng.choice([-1.0, 1.0])
    low, high = np.log(settings.scale)
    scale = np.exp(rng.uniform(low, high))
    aspect = np.exp(rng.uniform(-0.1, 0.1))
    linear = scale * np.array(
        [
            [flip * np.cos(angle) * aspect, -np.sin(angle)],
            [flip * np.sin(angle) * aspect, np.cos(angle)],
        ]
    )
    place = np.array([width, height]) * (0.5 + rng.uniform(-1, 1, 2) * centre_share)
    matrices = []
    reference = int(rng.choice(indices))
    centre = _centre(footage[sequence].masks[reference])
    for _ in indices:
        jitter = 1 + rng.normal(0, settings.motion, 2) * rng.integers(2)
        shift = rng.normal(0, settings.motion, 2) * (width, height)
        matrix = linear * jitter
        offset = place + shift - matrix @ centre
        matrices.append(np.column_stack([matrix, offset]).astype(np.float32))
    return _View(sequence, tuple(indices), tuple(matrices))


def _draw_frames(length: int, settings: ClipSettings, rng: np.random.Generator) -> list[int]:
    """Anchor, the frame before the run, and the run; forwards or backwards in time."""
    steps = settings.run
    stride = int(rng.integers(1, max(1, min(settings.max_stride, (length - 1) // steps)) + 1))
    before = int(rng.integers(0, length - stride * steps))
    run = [before + stride * step for step in range(steps + 1)]
    anchor = (
        int(rng.integers(0, length)) if rng.random() < 0.5 else int(rng.integers(0, before + 1))
    )
    indices = [anchor, *run]
    return [length - 1 - i for i in indices] if rng.random() < 0.5 else indices


def _centre(mask: Bool[np.ndarray, "height width"]) -> Float32[np.ndarray, " 2"]:
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return (np.array(mask.shape[::-1]) / 2).astype(np.float32)
    return np.array([columns.mean(), rows.mean()], np.float32)


def _render(
    footage: Footage, view: _View, size_hw: tuple[int, int]
) -> tuple[UInt8[np.ndarray, "time height width 3"], Bool[np.ndarray, "time height width"]]:
    size_wh = size_hw[::-1]
    frames, masks = [], []
    for index, matrix in zip(view.frames, view.matrices, strict=True):
        frames.append(
            cv2.warpAffine(
                footage.frames[index],
                matrix,
                size_wh,
                flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REFLECT_101,
            )
        )
        soft = cv2.warpAffine(
            footage.masks[index].astype(np.uint8) * 255,
            matrix,
            size_wh,
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        masks.append(soft >= 128)
    return np.stack(frames), np.stack(masks)


def _paste(
    frames: UInt8[np.ndarray, "time height width 3"],
    masks: Bool[np.ndarray, "time height width"],
    other: tuple[UInt8[np.ndarray, "time height width 3"], Bool[np.ndarray, "time height width"]],
    *,
    follow: bool,
    behind: bool,
) -> Bool[np.ndarray, "time height width"]:
    """Paste a second object into the frames in place; the masks of the object to follow come back."""
    other_frames, other_masks = other
    visible = other_masks & ~masks if behind else other_masks
    for frame, source, shown in zip(frames, other_frames, visible, strict=True):
        alpha = cv2.GaussianBlur(shown.astype(np.float32), (3, 3), 0)[..., None]
        frame[:] = (frame * (1 - alpha) + source * alpha).astype(np.uint8)
    return visible if follow else masks & ~visible


def damage(
    mask: Bool[np.ndarray, "height width"], rng: np.random.Generator
) -> Bool[np.ndarray, "height width"]:
    """A mask with the faults that predictions have: shifted, grown, shrunk, with a bite missing or a blob too many."""
    height, width = mask.shape
    extent = max(8.0, float(mask.sum()) ** 0.5)
    shift = rng.normal(0, 0.04 * extent, 2)
    move = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
    damaged = cv2.warpAffine(mask.astype(np.uint8), move, (width, height), flags=cv2.INTER_NEAREST)
    radius = int(rng.integers(0, max(2, round(0.06 * extent) + 1)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    damaged = (cv2.dilate if rng.random() < 0.5 else cv2.erode)(damaged, kernel)
    if rng.random() < 0.5:
        spot = (_centre(mask) + rng.normal(0, 0.5 * extent, 2)).astype(int)
        blob = max(2, int(rng.uniform(0.1, 0.35) * extent))
        damaged = cv2.circle(damaged, tuple(map(int, spot)), blob, int(rng.integers(2)), -1)
    return np.asarray(damaged, dtype=bool)


def recolour(
    frames: UInt8[np.ndarray, "time height width 3"], strength: float, rng: np.random.Generator
) -> UInt8[np.ndarray, "time height width 3"]:
    """One change of light and colour for the clip, and a slight one per frame."""
    gain = 1 + rng.uniform(-1, 1) * strength
    saturation = 1 + rng.uniform(-1, 1) * strength
    tint = 1 + rng.uniform(-1, 1, 3) * strength * 0.25
    blur = rng.random() < 0.1
    mix = saturation * np.eye(3) + (1 - saturation) / 3  # towards or away from grey
    changed = []
    for frame in frames:
        if blur:
            frame = cv2.GaussianBlur(frame, (0, 0), rng.uniform(0.5, 1.5))
        light = gain * (1 + rng.normal(0, strength * 0.1))
        offset = np.full(3, rng.normal(0, 20 * strength))
        matrix = np.column_stack([(tint * light)[:, None] * mix, offset])
        changed.append(cv2.transform(frame, matrix))
    return np.stack(changed)
