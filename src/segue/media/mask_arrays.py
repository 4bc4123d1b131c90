"""What the numbers of an array mean as a mask, by the same rules as for files."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from segue.errors import MaskError
from segue.media.mask_pictures import colours, cut_out
from segue.media.mask_profile import profile
from segue.media.mask_values import MaskValues, ObjectValue, binary, grey

_MAX_VALUE = 2**31 - 1
_FEW = 16
"""So few columns are no picture: the axes are in another order (ours)."""
_SAME = 0.5
"""Two masks that overlap by more are hardly two objects of one frame (ours)."""


def array_values(array: np.ndarray, name: str) -> MaskValues:
    """The objects of an array: bool, 0/1, 0/255, ids, probabilities, colours, or one plane per object.

    Args:
        array: ``height width`` of any number type, ``height width 3`` or ``height width 4`` of uint8, or
            ``objects height width`` where each plane holds one object.
        name: What messages call the mask.

    Raises:
        MaskError: Another shape or type, values that are no ids, soft edges that cannot be cut, or a photo.
    """
    if array.ndim == 3 and 1 in (array.shape[0], array.shape[-1]):
        array = array[0] if array.shape[0] == 1 else array[..., 0]
    if not array.size:
        raise MaskError(f"{name} is empty: its shape is {array.shape}.")
    if array.ndim == 3 and array.shape[-1] in (3, 4) and array.dtype == np.uint8:
        return (colours if array.shape[-1] == 3 else cut_out)(array, name)
    if array.ndim == 3 and array.shape[-1] < min(_FEW, *array.shape[:2]):
        raise MaskError(
            f"{name} has the shape {array.shape}, expected (objects, height, width) or uint8 colours. If the last axis "
            "counts objects, move that axis to the front: numpy.moveaxis(mask, -1, 0)."
        )
    if array.ndim == 3:
        return replace(stack_values(_planes(array), name), ordered=True)
    if array.ndim != 2:
        raise MaskError(
            f"{name} has the shape {array.shape}, expected (height, width), (height, width, 3) of "
            "colours, or (objects, height, width)."
        )
    if array.dtype == np.bool_:
        return binary(array, "true")
    if np.issubdtype(array.dtype, np.integer):
        return grey(_whole(array, name), name)
    if np.issubdtype(array.dtype, np.floating):
        return _fractions(array, name)
    raise MaskError(f"{name} holds {array.dtype} values, expected whole numbers, bool or float.")


def stack_values(planes: Mapping[str, np.ndarray], name: str) -> MaskValues:
    """One object per plane; where two overlap, the later one wins.

    Args:
        planes: Name of each object -> its mask, all of one size.
        name: What messages call the mask.

    Raises:
        MaskError: A plane with several objects, sizes that differ, or planes that show the same object.
    """
    masks = {key: _one_object(plane, f"{name}, plane {key},") for key, plane in planes.items()}
    masks = {key: mask for key, mask in masks.items() if mask.any()}
    sizes = {mask.shape for mask in masks.values()}
    if len(sizes) > 1:
        raise MaskError(f"{name} holds masks of several sizes: {sorted(sizes)}. Give one size.")
    return merge_objects(masks, name)


def merge_objects(masks: Mapping[str, np.ndarray], name: str) -> MaskValues:
    """Named masks of one size as one map; where two overlap, the later one wins, and a doubt says so.

    Raises:
        MaskError: Two of them show the same object.
    """
    size = next(iter(masks.values())).shape if masks else (1, 1)
    values = np.zeros(size, np.int32)
    objects: list[ObjectValue] = []
    overlapping = []
    for number, (key, mask) in enumerate(masks.items(), start=1):
        beneath = [objects[n - 1].source for n in np.unique(values[mask]).tolist() if n]
        for other in beneath:
            _refuse_same(masks, other, key, name)
        if beneath:
            overlapping.append(f"{key!r} is cut out of {', '.join(map(repr, beneath))}")
        values[mask] = number
        objects.append(ObjectValue(number, f"object {key}", key, None))
    doubt = f"objects overlap, and the later one wins: {'; '.join(overlapping[:3])}"
    return MaskValues(values, tuple(objects), doubts=(doubt,) if overlapping else ())


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two bool masks of one size; 0 if both are empty."""
    union = int(np.count_nonzero(a | b))
    return int(np.count_nonzero(a & b)) / union if union else 0.0


def _planes(array: np.ndarray) -> dict[str, np.ndarray]:
    return {str(number): plane for number, plane in enumerate(array, start=1)}


def _refuse_same(masks: Mapping[str, np.ndarray], first: str, second: str, name: str) -> None:
    share = overlap(masks[first], masks[second])
    if share > _SAME:
        raise MaskError(
            f"{name}: the masks {first!r} and {second!r} overlap by {100 * share:.0f} %, so they show one object, "
            "perhaps on two frames. Give each frame its own mask: {0: first, 1: second}."
        )


def _one_object(plane: np.ndarray, name: str) -> np.ndarray:
    found = array_values(plane, name)
    if len(found.objects) > 1:
        raise MaskError(
            f"{name} holds {len(found.objects)} objects, expected one object per plane. For masks of several "
            "frames give each frame its own mask: {0: first, 1: second}."
        )
    mask: np.ndarray = (
        found.values == found.objects[0].value
        if found.objects
        else np.zeros(found.values.shape, np.bool_)
    )
    return mask


def _whole(array: np.ndarray, name: str) -> np.ndarray:
    low, high = int(array.min()), int(array.max())
    if low < 0 or high > _MAX_VALUE:
        odd = low if low < 0 else high
        raise MaskError(f"{name} holds the value {odd}, expected ids from 0 to {_MAX_VALUE}.")
    return array.astype(np.int32)


def _fractions(array: np.ndarray, name: str) -> MaskValues:
    """Probabilities in 0..1, or whole numbers stored as floats."""
    array = array.astype(np.float64)  # Half floats cannot be compared with large ids.
    if not np.isfinite(array).all():
        raise MaskError(f"{name} holds values that are no numbers (NaN or infinite).")
    if (array == np.round(array)).all():
        if array.min() < 0 or array.max() > _MAX_VALUE:
            raise MaskError(f"{name} holds values from {array.min():g} to {array.max():g}.")
        return grey(array.astype(np.int32), name)
    if array.min() < 0 or array.max() > 1:
        raise MaskError(
            f"{name} holds fractions from {array.min():g} to {array.max():g}, expected ids or "
            "probabilities from 0 to 1. Cut scores yourself: mask = scores > 0."
        )
    _refuse_picture(array, name)
    num = len(np.unique(array))
    doubt = f"probabilities ({num} values from 0 to 1) are cut in the middle, at 0.5"
    return binary(array > 0.5, "probability above 0.5", doubt)


def _refuse_picture(array: np.ndarray, name: str) -> None:
    """Refuse a grey photo in fractions: most of its values are neither near 0 nor near 1."""
    levels = np.round(array * 255).astype(np.int32)
    found = profile(levels)
    between = (levels > 51) & (levels < 204)
    if found.is_photo and between.mean() > 0.3:
        raise MaskError(
            f"{name} holds fractions, and {100 * between.mean():.0f} % of them are neither near 0 "
            "nor near 1: this looks like a photo, not like a mask. Give a mask."
        )
