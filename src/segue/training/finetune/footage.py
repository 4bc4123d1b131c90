"""The masked frames of one video, and those around them, read and checked before anything is trained."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from segue.data.given_clips import MaskedFrame
from segue.errors import DecodeError, MaskError
from segue.media.label_file import read_label_values
from segue.media.mask_args import mask_items
from segue.media.mask_fit import fit_given
from segue.media.mask_inputs import given_masks
from segue.media.mask_values import size_text
from segue.media.resize import DEFAULT_MAX_SIDE, Resizer, resize_labels
from segue.media.video import Video
from segue.types import VOID, Frame, Labels


@dataclass(frozen=True)
class Footage:
    """Frames of at most 854 pixels, as models see them, and their masks; frames far from a mask are not kept."""

    name: str
    """Of the video."""
    masked: tuple[MaskedFrame, ...]
    """In the order of the video, at least one."""
    doubts: tuple[str, ...] = ()
    """What was understood and may be wrong, one sentence each."""
    around: Mapping[int, Frame] = field(default_factory=dict)
    """Frames without a mask near one, by their places in the video; for models that see several frames at once."""
    every: int = 1
    """Places between one frame of the video and the next."""

    def frame_at(self, index: int) -> Frame | None:
        """A frame with a mask or near one; ``None``: the video has no such frame, or it does not decode."""
        masked = next((one.frame for one in self.masked if one.index == index), None)
        return self.around.get(index) if masked is None else masked

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width of all frames."""
        height, width = self.masked[0].labels.shape
        return height, width

    def fingerprint(self) -> str:
        """The same for the same frames and masks."""
        digest = hashlib.sha256()
        for one in self.masked:
            digest.update(f"{one.index} {one.labels.shape}".encode())
            digest.update(one.frame.tobytes())
            digest.update(one.labels.tobytes())
        for index in sorted(self.around):
            digest.update(f"{index}".encode())
            digest.update(self.around[index].tobytes())
        return digest.hexdigest()


def read_objects(video: Video, masks: Any, *, fit: bool = False, reach: int = 0) -> Footage:
    """The frames whose objects somebody masked.

    Args:
        video: The opened video.
        masks: As in ``segue.track``.
        fit: Masks of another size are resized.
        reach: Frames that are kept before and after each of them; those that do not decode are left out.

    Raises:
        NotFoundError: No such mask.
        MaskError: A mask without an object, one of another size than the frames, or one past the end of the video.
        DecodeError: A masked frame does not decode.
    """
    given = given_masks(masks, video.frame_names, video.indices.start)
    given = fit_given(given, video.size_hw, pixel_aspect=video.description.pixel_aspect, fit=fit)
    named = {i: (labels, str(given.paths.get(i, ""))) for i, labels in given.by_frame.items()}
    found = _frames(video, named)
    if not any(one.shows_objects for one in found):
        height, width = found[0].labels.shape
        raise MaskError(
            f"Frames are learned with at most {DEFAULT_MAX_SIDE} pixels a side, and no object is left at "
            f"{width}x{height} pixels. Draw at least one larger object."
        )
    doubts = (*video.description.doubts, *given.doubts)
    return Footage(video.name, found, doubts, _around(video, found, reach), video.indices.step)


def read_classes(video: Video, masks: Any, classes: Sequence[str], *, fit: bool = False) -> Footage:
    """The frames for which there is a class per pixel; 255 is unknown.

    Args:
        video: The opened video.
        masks: A path, or several, as in ``segue.track``; or a dict from the index or name of a frame to a path or an
            array of the numbers of classes.
        classes: Their names, by number.
        fit: Label maps of another size are resized.

    Raises:
        NotFoundError: No such label map.
        MaskError: No label map, one of another size than the frames, with a number that is no class, or past the end.
        DecodeError: A labelled frame does not decode.
    """
    doubts: list[str] = []
    named = {}
    for index, values, name in _label_maps(video, masks, doubts):
        _check_classes(values, classes, name)
        named[index] = (_of_size(values.astype(np.uint8), video.size_hw, name, fit), name)
    if not named or all((labels == VOID).all() for labels, _ in named.values()):
        raise MaskError(
            "None of the label maps names a class, so there is nothing to learn. Give at least one, with a class "
            f"for each pixel: {_spelled(classes)}."
        )
    return Footage(video.name, _frames(video, named), (*video.description.doubts, *doubts))


def _frames(video: Video, named: Mapping[int, tuple[Labels, str]]) -> tuple[MaskedFrame, ...]:
    resizer = Resizer.for_max_side(video.size_hw, DEFAULT_MAX_SIDE)
    found = []
    for index in sorted(named):
        labels, name = named[index]
        try:
            frame = video.frame(index).image
        except IndexError:
            raise MaskError(
                f"{name or 'A mask'} is for frame {index}, and {video.name} has no such frame; frames are numbered "
                "from 0. Give masks of this video."
            ) from None
        found.append(MaskedFrame(index, resizer.shrink(frame), resizer.shrink_labels(labels), name))
    return tuple(found)


def _around(video: Video, masked: Sequence[MaskedFrame], reach: int) -> dict[int, Frame]:
    resizer = Resizer.for_max_side(video.size_hw, DEFAULT_MAX_SIDE)
    step = video.indices.step
    wanted = {one.index + step * k for one in masked for k in range(-reach, reach + 1)}
    found = {}
    for index in sorted(wanted - {one.index for one in masked}):
        if index not in video.indices:
            continue
        try:
            found[index] = resizer.shrink(video.frame(index).image)
        except (IndexError, DecodeError):  # the video ends before, or is damaged there
            continue
    return found


def _label_maps(
    video: Video, masks: Any, doubts: list[str]
) -> Iterator[tuple[int, np.ndarray, str]]:
    """Index of a frame, the stored values, and what messages call them."""
    names, first = video.frame_names, video.indices.start
    if isinstance(masks, Mapping):
        for key, value in masks.items():
            index = _index(key, names)
            is_path = isinstance(value, str | Path)
            values = read_label_values(Path(value)) if is_path else np.asarray(value)
            yield index, values, str(value) if is_path else f"The label map of frame {key}"
        return
    listed = [masks] if isinstance(masks, str | Path) else list(masks)
    for spec in listed:
        for item in mask_items(str(spec), names, first, doubts):
            if item.path is None or item.path.is_dir():
                raise MaskError(
                    f"{item.name} is a folder whose files are not named like frames, such as 00037.png. Label maps "
                    "need the name of their frame."
                )
            yield item.frame, read_label_values(item.path), str(item.path)


def _index(key: Any, names: Sequence[str] | None) -> int:
    if isinstance(key, str) and names is not None and key in names:
        return list(names).index(key)
    if isinstance(key, int | np.integer) and not isinstance(key, bool) and key >= 0:
        return int(key)
    raise MaskError(
        f"The label map for {key!r}: expected the index of a frame from 0, or its name."
    )


def _check_classes(values: np.ndarray, classes: Sequence[str], name: str) -> None:
    if values.ndim != 2 or not np.issubdtype(values.dtype, np.integer):
        raise MaskError(
            f"{name} is an array of {values.dtype} and shape {values.shape}, expected whole numbers, height x width."
        )
    odd = sorted(set(np.unique(values).tolist()) - {*range(len(classes)), VOID})
    if odd:
        raise MaskError(
            f"{name} holds the value {odd[0]}, which is no class. Expected 255 for unknown, or {_spelled(classes)}."
        )


def _spelled(classes: Sequence[str]) -> str:
    return ", ".join(f"{number} {name}" for number, name in enumerate(classes))


def _of_size(labels: Labels, size_hw: tuple[int, int], name: str, fit: bool) -> Labels:
    if labels.shape == size_hw:
        return labels
    if not fit:
        raise MaskError(
            f"{name} is {size_text(labels.shape)}, the frame {size_text(size_hw)} (width x height). Give a "
            "label map of the frame's size, or have it resized.",
            option="Pass --fit-mask to resize it.",
        )
    return resize_labels(labels, size_hw)
