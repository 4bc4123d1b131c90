"""Small KITTI-MOTS sets whose predictions hold every kind of error, as text and as 16-bit PNG."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from pycocotools import mask as coco

CAR, PEDESTRIAN, IGNORE = 1, 2, 10
Video = list[np.ndarray]
"""One label map per frame: class * 1000 + instance, 10000 for ignore regions."""


@dataclass(frozen=True)
class MotsSet:
    """Folders of truth and predictions with one text per sequence; ``pngs`` hold the same as folders of PNG."""

    truth: Path
    predictions: Path
    lengths: Mapping[str, int]
    truth_pngs: Path
    predicted_pngs: Path


def write_errors(root: Path, seed: int, size_hw: tuple[int, int] = (60, 120)) -> MotsSet:
    """Two or three sequences; what is wrong where is drawn from the seed."""
    draw = np.random.default_rng(seed)
    lengths: dict[str, int] = {}
    folders = [root / name for name in ("truth", "predictions", "truth_pngs", "predicted_pngs")]
    for index in range(draw.integers(2, 4)):
        name = f"{index:04d}"
        classes = [(CAR, PEDESTRIAN), (CAR,), (PEDESTRIAN,)][draw.choice(3, p=(0.6, 0.2, 0.2))]
        truth = world(draw, int(draw.integers(10, 26)), size_hw, classes)
        predicted = damage(draw, truth)
        lengths[name] = len(truth)
        write_text(folders[0] / f"{name}.txt", truth, draw)
        write_text(folders[1] / f"{name}.txt", predicted, draw)
        write_pngs(folders[2] / name, truth)
        write_pngs(folders[3] / name, predicted)
    return MotsSet(folders[0], folders[1], lengths, folders[2], folders[3])


def world(
    draw: np.random.Generator, length: int, size_hw: tuple[int, int], classes: tuple[int, ...]
) -> Video:
    """Boxes and ellipses that move, hide each other, come and go; ignore regions lie under them."""
    height, width = size_hw
    video = [np.zeros(size_hw, np.int64) for _ in range(length)]
    for frame in video:
        left = int(draw.integers(0, width))
        frame[: height // 3, left : left + width // 4] = IGNORE * 1000
    for instance in range(1, draw.integers(3, 8)):
        label = int(draw.choice(classes)) * 1000 + instance
        first = int(draw.integers(0, length // 2))
        last = int(draw.integers(first + 1, length + 1))
        centre = draw.uniform((0, 0), size_hw)
        speed = draw.uniform(-2, 2, 2)
        radii = draw.uniform((4, 6), (height / 4, width / 6))
        for time in range(first, last):
            shape = _shape(size_hw, centre + time * speed, radii, box=instance % 2 == 0)
            video[time][shape] = label
    for time in draw.integers(0, length, 2):
        video[time][:] = 0
    return video


def _shape(size_hw, centre, radii, box: bool) -> np.ndarray:
    rows, columns = np.indices(size_hw)
    away = np.stack([rows - centre[0], columns - centre[1]]) / radii[:, None, None]
    return np.abs(away).max(axis=0) < 1 if box else (away**2).sum(axis=0) < 1


def damage(draw: np.random.Generator, truth: Video) -> Video:
    """A prediction: the truth with masks moved, missed, merged, split, swapped, renamed, and false ones."""
    if draw.random() < 0.05:
        return [np.zeros_like(frame) for frame in truth]
    video = [np.where(frame == IGNORE * 1000, 0, frame) for frame in truth]
    labels = sorted(set(np.unique(np.concatenate(video)).tolist()) - {0})
    errors = (_miss, _shift, _split, _split_in_two, _rename, _reclass, _shrink)
    for label in labels:
        for error in draw.choice(len(errors), 2):
            first, last = sorted(draw.integers(0, len(video) + 1, 2).tolist())
            for frame in video[first:last]:
                errors[error](draw, frame, label)
    if len(labels) > 1:
        _swap(video[draw.integers(len(video)) :], *draw.choice(labels, 2, replace=False))
        _merge(video[draw.integers(len(video)) :], *draw.choice(labels, 2, replace=False))
    for number in range(draw.integers(0, 4)):
        _invent(draw, video, 1000 * int(draw.integers(1, 3)) + 900 + number)
    video[draw.integers(len(video))][:] = 0
    return video


def _miss(draw: np.random.Generator, frame: np.ndarray, label: int) -> None:
    if draw.random() < 0.7:
        frame[frame == label] = 0


def _shift(draw: np.random.Generator, frame: np.ndarray, label: int) -> None:
    """Moved over the background by up to half of itself; may reach ignore regions and other objects."""
    moved = np.roll(frame == label, draw.integers(-6, 7, 2), (0, 1))
    frame[frame == label] = 0
    frame[moved & (frame == 0)] = label


def _split(draw: np.random.Generator, frame: np.ndarray, label: int) -> None:
    """The right part is another object."""
    columns = np.flatnonzero((frame == label).any(axis=0))
    if len(columns):
        right = frame[:, int(draw.choice(columns)) :]
        right[right == label] = label + 100


def _split_in_two(draw: np.random.Generator, frame: np.ndarray, label: int) -> None:
    """Two parts of the same area, so that both overlap with the object by exactly one half where it can be halved."""
    pixels = np.flatnonzero(frame == label)
    frame.flat[pixels[: len(pixels) // 2]] = label + int(draw.integers(2)) * 100
    frame.flat[pixels[len(pixels) // 2 :]] = label + 200


def _rename(draw: np.random.Generator, frame: np.ndarray, label: int) -> None:
    frame[frame == label] = label + 300


def _reclass(draw: np.random.Generator, frame: np.ndarray, label: int) -> None:
    other = {CAR: PEDESTRIAN, PEDESTRIAN: CAR}[label // 1000]
    frame[frame == label] = other * 1000 + label % 1000 + 400


def _shrink(draw: np.random.Generator, frame: np.ndarray, label: int) -> None:
    """About the threshold of a match."""
    pixels = np.flatnonzero(frame == label)
    frame.flat[pixels[int(len(pixels) * draw.uniform(0.4, 1)) :]] = 0


def _swap(video: Video, first: int, second: int) -> None:
    for frame in video:
        one, other = frame == first, frame == second
        frame[one], frame[other] = second, first


def _merge(video: Video, first: int, second: int) -> None:
    for frame in video:
        frame[frame == second] = first


def _invent(draw: np.random.Generator, video: Video, label: int) -> None:
    """A false object near the top, where the ignore regions are: on, half on, or off them."""
    height, width = video[0].shape
    left, top = draw.integers(0, width), draw.integers(0, height // 2)
    for frame in video[draw.integers(len(video)) :]:
        box = frame[top : top + 8, left : left + 12]
        box[box == 0] = label


def write_text(path: Path, video: Video, draw: np.random.Generator | None = None) -> None:
    """MOTS text; objects of a frame in any order."""
    lines = []
    for time, frame in enumerate(video):
        labels = [label for label in np.unique(frame).tolist() if label]
        if draw is not None:
            draw.shuffle(labels)
        for label in labels:
            rle = coco.encode(np.asfortranarray(frame == label, np.uint8))
            height, width = frame.shape
            counts = rle["counts"].decode()
            lines.append(f"{time} {label} {label // 1000} {height} {width} {counts}\n")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines))


def write_pngs(folder: Path, video: Video) -> None:
    """One 16-bit PNG per frame."""
    folder.mkdir(parents=True, exist_ok=True)
    for time, frame in enumerate(video):
        Image.fromarray(frame.astype(np.uint16)).save(folder / f"{time:06d}.png")
