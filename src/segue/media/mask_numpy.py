"""Masks in NumPy files: ``.npy`` with one array, ``.npz`` with one array or with one per object."""

import zipfile
from pathlib import Path

import numpy as np

from segue.errors import MaskError
from segue.media.mask_arrays import array_values, stack_values
from segue.media.mask_values import MaskValues

_READ_ERRORS = (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile)


def read_npy(path: Path) -> MaskValues:
    """The mask of an ``.npy`` file, see ``array_values``.

    Raises:
        MaskError: Damaged, Python objects instead of numbers, or no mask.
    """
    try:
        array = np.load(path, allow_pickle=False)
    except _READ_ERRORS as error:
        raise MaskError(f"{path} is not a whole .npy file of numbers ({error}).") from None
    if not isinstance(array, np.ndarray):
        raise MaskError(f"{path} holds several arrays, like an .npz file. Name it so.")
    return array_values(array, str(path))


def read_npz(path: Path) -> MaskValues:
    """The mask of an ``.npz`` file: its only array, or one object per array.

    Raises:
        MaskError: Damaged, Python objects instead of numbers, no array, or arrays that are no masks.
    """
    try:
        # Opened here: NumPy leaves a damaged file open.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as opened:
            arrays = {name: opened[name] for name in opened.files}
    except (*_READ_ERRORS, AttributeError, TypeError) as error:
        raise MaskError(f"{path} is not a whole .npz file of numbers ({error}).") from None
    if not arrays:
        raise MaskError(f"{path} holds no array.")
    if len(arrays) == 1:
        return array_values(next(iter(arrays.values())), str(path))
    flat = {name: array for name, array in arrays.items() if array.ndim == 2}
    if len(flat) < len(arrays):
        odd = next(name for name in arrays if name not in flat)
        raise MaskError(
            f"{path} holds {len(arrays)} arrays; {odd!r} has the shape {arrays[odd].shape}, expected (height, width) "
            "for one object each. Save one array."
        )
    return stack_values(flat, str(path))
