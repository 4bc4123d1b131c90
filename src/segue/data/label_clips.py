"""Clips with semantic labels for training: which frames, seen how. Draw first, then apply.

A clip is a few frames of a video around a labelled one. Flip, crop, zoom, rotation and colour are drawn once for the
whole clip; the record of the draw is plain data, and gives the same clip again. Where a dataset is labelled but has no
video (one frame a second), a virtual camera can move over a single frame instead (ours).
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from pydantic import Field

from segue.data.check import spell
from segue.data.sample import VideoSequence
from segue.errors import InputError, MaskError
from segue.media.images import read_image
from segue.media.label_file import read_label_values
from segue.settings import Settings
from segue.types import VOID, Frame, GivenLabels, Labels

Share = Annotated[float, Field(ge=0, le=1)]


class LabelClipSettings(Settings):
    """What clips look like."""

    length: Annotated[int, Field(ge=1)] = 5
    """Frames of a clip."""
    stride: Annotated[int, Field(ge=1)] = 1
    """Distance between two frames."""
    position: Literal["uniform"] | Annotated[int, Field(ge=0)] = "uniform"
    """Where in the clip the labelled frame is: anywhere, or at this index."""
    size_hw: tuple[int, int] = (512, 1024)
    """Size of the frames of a clip."""
    flip: Share = 0.5
    """Share of clips that are mirrored."""
    crop: Share = 0.4
    """Share of clips that show a window of the frame; the others show the whole frame, resized."""
    scale: tuple[float, float] = (1.0, 1.0)
    """Zoom of windows against the stored frames, log-uniform."""
    rotation_degrees: float = 0.0
    """Largest rotation."""
    colour: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Strength of changes of brightness, contrast, saturation and tint."""
    frame_light: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Strength of changes of brightness from frame to frame."""
    still: Share = 0.0
    """Share of clips made from the labelled frame alone by a virtual camera; all frames then have labels."""
    camera_motion: float = 0.02
    """Motion of the virtual camera from frame to frame, as a share of the size."""
    noise: Annotated[float, Field(ge=0)] = 0.0
    """Standard deviation of the noise that is added to each frame, in grey levels."""


@dataclass(frozen=True, slots=True)
class LabelClipRecord:
    """The draw of one clip, as plain data."""

    sequence: int
    frames: tuple[int, ...]
    """Indices into the sequence."""
    labelled: int
    """Which element of ``frames`` the clip was built around."""
    matrices: tuple[tuple[tuple[float, float, float], tuple[float, float, float]], ...]
    """From source pixels to clip pixels, per frame."""
    colour: tuple[tuple[float, float, float, float], ...]
    """RGB after as a matrix of RGB before and 1, in [0, 255]."""
    lights: tuple[float, ...]
    """Factor on the brightness, per frame."""
    noise: float
    noise_seed: int
    size_hw: tuple[int, int]

    def to_json(self) -> dict[str, Any]:
        """Plain values for a log."""
        return asdict(self)


@dataclass(frozen=True)
class LabelClip:
    """One training example."""

    frames: UInt8[np.ndarray, "time height width 3"]
    labels: UInt8[np.ndarray, "time height width"]
    """Class per pixel; 255 where there is no label."""
    labelled: int
    """The frame that the paper's loss looks at."""


class LabelFootage:
    """Sequences with labels, and where the labelled frames are.

    Args:
        sequences: Of a layout with semantic labels.
        table: Class of each stored label value; 255 for those that are no class.
        values: What label files may hold beside 255; ``None``: anything.
        in_memory: Decode everything once.

    Raises:
        InputError: No frame has a label.
    """

    def __init__(
        self,
        sequences: Sequence[VideoSequence],
        table: UInt8[np.ndarray, " 256"],
        *,
        values: Collection[int] | None = None,
        in_memory: bool = False,
    ) -> None:
        self.sequences = tuple(sequences)
        self.table = table
        self._known = range(256) if values is None else sorted({*values, VOID})
        self._foreign = ~np.isin(np.arange(256), self._known)
        self.labelled = tuple(
            (number, index)
            for number, sequence in enumerate(self.sequences)
            for index, path in enumerate(sequence.mask_paths)
            if path is not None
        )
        if not self.labelled:
            raise InputError(
                f"None of the {len(self.sequences)} sequences has a labelled frame; there is nothing to learn from."
            )
        self._cache: dict[tuple[int, int], tuple[Frame, Labels | None]] = {}
        if in_memory:
            for number, sequence in enumerate(self.sequences):
                for index in range(len(sequence.frame_paths)):
                    self._cache[number, index] = self._read(number, index)

    def __len__(self) -> int:
        """Labelled frames."""
        return len(self.labelled)

    @property
    def unlabelled(self) -> tuple[tuple[int, int], ...]:
        """Sequence and index of every frame without a label."""
        return tuple(
            (number, index)
            for number, sequence in enumerate(self.sequences)
            for index, path in enumerate(sequence.mask_paths)
            if path is None
        )

    def read(self, sequence: int, index: int) -> tuple[Frame, Labels | None]:
        """A frame, and its classes where it has a label.

        Raises:
            MaskError: A label file that cannot be read, has another size or a value outside the classes; it is named.
        """
        found = self._cache.get((sequence, index))
        return self._read(sequence, index) if found is None else found

    def _read(self, sequence: int, index: int) -> tuple[Frame, Labels | None]:
        source = self.sequences[sequence]
        frame = read_image(source.frame_paths[index])
        path = source.mask_paths[index]
        return frame, None if path is None else self._read_labels(path, frame)

    def _read_labels(self, path: Path, frame: Frame) -> Labels:
        values = read_label_values(path)
        if values.shape != frame.shape[:2]:
            raise MaskError(
                f"{path} is {values.shape[1]}x{values.shape[0]}, its frame "
                f"{frame.shape[1]}x{frame.shape[0]} (width x height). Labels need the frame's size."
            )
        if values.max() > VOID:
            raise MaskError(f"{path} holds the label {values.max()}, expected at most 255.")
        foreign = self._foreign[values]
        if foreign.any():
            raise MaskError(
                f"{path} holds the label {values[foreign].min()}, expected {spell(self._known)}. "
                "Correct the file, or remove it."
            )
        classes: Labels = self.table[values]
        return classes


def draw_record(
    footage: LabelFootage, labelled: int, settings: LabelClipSettings, rng: np.random.Generator
) -> LabelClipRecord:
    """A random view of the clip around a labelled frame.

    Args:
        footage: Where from.
        labelled: Which of ``footage.labelled``.
        settings: What clips look like.
        rng: The same state gives the same record.
    """
    return draw_around(footage, footage.labelled[labelled], settings, rng)


def draw_around(
    footage: LabelFootage,
    place: tuple[int, int],
    settings: LabelClipSettings,
    rng: np.random.Generator,
) -> LabelClipRecord:
    """A random view of the clip around any frame, labelled or not.

    Args:
        footage: Where from.
        place: Number of the sequence and of the frame in it.
        settings: What clips look like.
        rng: The same state gives the same record.
    """
    sequence, index = place
    length = settings.length
    position = (
        int(rng.integers(length))
        if settings.position == "uniform"
        else min(settings.position, length - 1)
    )
    still = rng.random() < settings.still
    last = len(footage.sequences[sequence].frame_paths) - 1
    # Beyond the ends of the video its first or last frame stands still.
    frames = [
        index if still else min(max(index + (i - position) * settings.stride, 0), last)
        for i in range(length)
    ]
    size = footage.read(sequence, index)[0].shape[:2]
    base = _draw_view((size[0], size[1]), settings, rng)
    moves = _draw_camera(length, settings, rng) if still else [np.eye(3)] * length
    colour = draw_colour(settings.colour, rng)
    lights = 1 + settings.frame_light * rng.uniform(-1, 1, length)
    return LabelClipRecord(
        sequence,
        tuple(frames),
        position,
        tuple(_as_tuples((move @ base)[:2]) for move in moves),
        tuple(tuple(row) for row in colour.tolist()),
        tuple(lights.tolist()),
        settings.noise * float(rng.random()),
        int(rng.integers(2**31)),
        settings.size_hw,
    )


def render(footage: LabelFootage, record: LabelClipRecord) -> LabelClip:
    """The clip of a record, the same every time."""
    size_wh = record.size_hw[::-1]
    rng = np.random.default_rng(record.noise_seed)
    colour = np.array(record.colour)
    frames, labels = [], []
    for index, matrix, light in zip(record.frames, record.matrices, record.lights, strict=True):
        frame, truth = footage.read(record.sequence, index)
        warp = np.array(matrix)
        seen = cv2.warpAffine(
            frame, warp, size_wh, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )
        seen = cv2.transform(seen, colour * light)
        if record.noise > 0:
            grain = rng.standard_normal(seen.shape[:2], np.float32) * record.noise
            seen = np.clip(seen + grain[..., None], 0, 255).astype(np.uint8)
        frames.append(seen)
        labels.append(_warp_labels(truth, warp, size_wh))
    return LabelClip(np.stack(frames), np.stack(labels), record.labelled)


def _warp_labels(
    labels: GivenLabels | None, matrix: Float[np.ndarray, "2 3"], size_wh: tuple[int, int]
) -> Labels:
    if labels is None:
        return np.full(size_wh[::-1], VOID, np.uint8)
    warped: Labels = cv2.warpAffine(
        labels, matrix, size_wh, flags=cv2.INTER_NEAREST, borderValue=VOID
    )
    return warped


def _draw_view(
    size_hw: tuple[int, int], settings: LabelClipSettings, rng: np.random.Generator
) -> Float[np.ndarray, "3 3"]:
    """From source pixels to clip pixels, for pixel centres at whole numbers."""
    height, width = size_hw
    out_height, out_width = settings.size_hw
    flip = -1.0 if rng.random() < settings.flip else 1.0
    angle = np.deg2rad(rng.uniform(-1, 1) * settings.rotation_degrees)
    if rng.random() < settings.crop:
        low, high = np.log(settings.scale)
        zoom = float(np.exp(rng.uniform(low, high)))
        scales = np.array([zoom, zoom])
        room = np.maximum(0, np.array([width * zoom - out_width, height * zoom - out_height]))
        centre = np.array([width, height]) / 2 + rng.uniform(-0.5, 0.5, 2) * room / zoom
    else:
        scales = np.array([out_width / width, out_height / height])
        centre = np.array([width, height]) / 2
    cosine, sine = np.cos(angle), np.sin(angle)
    linear = np.array([[cosine, -sine], [sine, cosine]]) @ np.diag(scales * (flip, 1.0))
    offset = np.array([out_width, out_height]) / 2 - 0.5 - linear @ (centre - 0.5)
    view = np.eye(3)
    view[:2, :2], view[:2, 2] = linear, offset
    return view


def _draw_camera(
    length: int, settings: LabelClipSettings, rng: np.random.Generator
) -> list[Float[np.ndarray, "3 3"]]:
    """A smooth pan, zoom and roll over the clip, in clip pixels; the identity on average."""
    size = np.array(settings.size_hw[::-1])
    speed = rng.normal(0, settings.camera_motion, 2) * size
    zoom, roll = rng.normal(0, settings.camera_motion), rng.normal(0, settings.camera_motion / 4)
    moves = []
    for time in np.arange(length) - (length - 1) / 2:
        shake = rng.normal(0, settings.camera_motion / 8, 2) * size
        factor, angle = np.exp(zoom * time), roll * time
        linear = factor * np.array(
            [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        )
        move = np.eye(3)
        move[:2, :2] = linear
        move[:2, 2] = size / 2 - linear @ (size / 2) + speed * time + shake
        moves.append(move)
    return moves


def draw_colour(strength: float, rng: np.random.Generator) -> Float[np.ndarray, "3 4"]:
    """A change of brightness, contrast, saturation and tint: RGB after as a matrix of RGB before and 1, in [0, 255]."""
    gain, saturation = 1 + rng.uniform(-1, 1, 2) * strength
    tint = 1 + rng.uniform(-1, 1, 3) * strength * 0.25
    mix = saturation * np.eye(3) + (1 - saturation) / 3  # towards or away from grey
    offset = np.full((3, 1), rng.uniform(-1, 1) * 64 * strength)
    return np.hstack([gain * tint[:, None] * mix, offset])


def _as_tuples(
    matrix: Float[np.ndarray, "2 3"],
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    first, second = (tuple(row) for row in matrix.tolist())
    return first, second
