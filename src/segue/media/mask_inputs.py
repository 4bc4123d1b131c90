"""Masks as a Python program has them: paths, arrays, pictures, and several of those."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from segue.errors import MaskError, NotFoundError
from segue.media.mask_args import items_of_path, read_masks
from segue.media.mask_arrays import array_values
from segue.media.mask_given import GivenMasks, MaskItem, collect
from segue.media.mask_pictures import picture_values
from segue.media.mask_place import MaskPlace, index_place, object_id, parse_place
from segue.media.mask_values import MaskValues


def given_masks(
    masks: Any, frame_names: Sequence[str] | None = None, first_frame: int = 0
) -> GivenMasks:
    """Masks of any form, read by the same rules as mask files.

    Args:
        masks: What ``read_masks`` returned or takes; one array, tensor or PIL picture for the first frame; several of
            them, one object each; or a dict from the frame to any of these. A frame is an index, a name, or a pair of
            either and the id of the object: ``{0: first, (37, 2): second}``.
        frame_names: ``Video.frame_names``; None where frames are named by index.
        first_frame: Index of the frame that masks without a frame are for.

    Raises:
        NotFoundError: No such file or folder.
        MaskError: No mask, or one that cannot be used.
    """
    if isinstance(masks, GivenMasks):
        return masks
    if isinstance(masks, Mapping):
        return _from_dict(masks, frame_names)
    if isinstance(masks, str | Path):
        return read_masks(masks, frame_names, first_frame)
    listed = [masks] if _is_picture(masks) else _listed(masks)
    if listed and all(isinstance(item, str | Path) for item in listed):
        return read_masks(listed, frame_names, first_frame)
    place = MaskPlace(first_frame)
    return _collected([item for one in listed for item in _items(one, place)])


def _from_dict(masks: Mapping[Any, Any], names: Sequence[str] | None) -> GivenMasks:
    items: list[MaskItem] = []
    doubts: list[str] = []
    for key, value in masks.items():
        place = _place(key, names)
        doubts += place.doubts
        several = not _is_picture(value) and not isinstance(value, str | Path)
        for one in _listed(value) if several else [value]:
            items += _items(one, place)
    return _collected(items, doubts)


def _collected(items: list[MaskItem], doubts: Sequence[str] = ()) -> GivenMasks:
    if not items:
        raise MaskError("Expected at least one mask, got none. Give one of the first frame.")
    return collect(items, doubts)


def _items(value: Any, place: MaskPlace) -> list[MaskItem]:
    if isinstance(value, str | Path):
        if not Path(value).exists():
            raise NotFoundError(f"No mask file or folder {value} (for frame {place.frame}).")
        return items_of_path(Path(value), place)
    name = f"The mask of frame {place.frame}"
    return [MaskItem(place.frame, name, _loader(value, name), place.object_id)]


def _loader(value: Any, name: str) -> Callable[[], MaskValues]:
    if isinstance(value, Image.Image):
        if value.mode == "F":
            return partial(array_values, np.asarray(value), name)
        return partial(picture_values, value, name)
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise MaskError(f"{name} is no array ({error}).") from None
    if array.dtype == object or array.ndim < 2:
        raise MaskError(
            f"{name} is a {type(value).__name__}, expected a path, an array (height, width) or a picture."
        )
    return partial(array_values, array, name)


def _place(key: Any, names: Sequence[str] | None) -> MaskPlace:
    """The frame of a dict's key, and perhaps the object."""
    if isinstance(key, tuple) and len(key) == 2:
        place = _place(key[0], names)
        return MaskPlace(place.frame, object_id(key[1], f"for {key!r}"), place.doubts)
    if isinstance(key, str):
        return parse_place(key, names, f"for {key!r}")
    if isinstance(key, int | np.integer) and not isinstance(key, bool) and key >= 0:
        return index_place(int(key), names)
    raise MaskError(
        f"The mask for {key!r}: expected the index of a frame from 0, its name, or a pair of frame and object id."
    )


def _is_picture(value: Any) -> bool:
    return isinstance(value, Image.Image) or hasattr(value, "__array__")


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, Iterable):
        raise MaskError(
            f"Expected masks as paths, arrays, pictures or a dict of them, got {type(value).__name__}."
        )
    return list(value)
