"""Mask files of the truth beside those of the predictions, and their stored values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from segue.data.davis import davis_sequences
from segue.errors import MaskError, NotFoundError
from segue.media.images import natural_key

_READ_ERRORS = (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError)


@dataclass(frozen=True, slots=True)
class Pairing:
    """The mask files of one sequence; a frame without a prediction has ``None``."""

    name: str
    truths: tuple[Path, ...]
    predictions: tuple[Path | None, ...]


def pair(predictions: Path, truth: Path, split: str) -> tuple[list[Pairing], tuple[str, ...]]:
    """The sequences of the truth with their predictions, and what only the predictions have.

    Predictions lie in ``<sequence>/``; those of a single sequence may also lie in the folder itself
    or in ``masks/`` below it, where ``segue track`` puts them.

    Raises:
        NotFoundError: A folder, or all predictions of a sequence, are not there.
    """
    for folder in (predictions, truth):
        if not folder.is_dir():
            raise NotFoundError(f"No folder {folder}. Give a folder of masks.")
    truths = _truths(truth, split)
    single = any(_masks(truth))
    places = [predictions, predictions / "masks"] if single else []
    folders = {name: _first_with_masks([*places, predictions / name]) for name in truths}
    absent = [name for name, folder in folders.items() if folder is None]
    if absent:
        raise NotFoundError(
            f"No predictions for {len(absent)} of {len(truths)} sequences: {_some(absent)}. "
            f"{predictions} holds {_some(_folders(predictions)) or 'no folders of PNG files'}. "
            "Give the folder that holds one folder of PNG files per sequence."
        )
    extra = () if single else tuple(sorted(set(_folders(predictions)) - set(truths)))
    pairings = [_pairing(name, truths[name], folder) for name, folder in folders.items() if folder]
    return pairings, extra


def read_values(path: Path) -> UInt8[np.ndarray, "height width"]:
    """The stored values of a mask file: palette indices, grey levels, 0 and 1 for 1-bit files.

    Raises:
        MaskError: The file is no image, is damaged, or holds colours or ids above 255.
    """
    try:
        with Image.open(path) as image:
            image.load()
            # Official annotations and masks saved by OpenCV may be grey in several channels.
            bands = image.getbands()
            values = np.asarray(image)
    except _READ_ERRORS as error:
        raise MaskError(
            f"{path} is not a readable mask ({error}). It may be cut short; write it again."
        ) from None
    if values.ndim == 3:
        colours = values[..., :-1] if bands[-1] == "A" else values
        if (colours != colours[..., :1]).any():
            raise MaskError(
                f"{path} holds colours, expected one value per pixel. Save it as a palette or "
                "grey PNG."
            )
        values = colours[..., 0]
    if values.max() > np.iinfo(np.uint8).max:
        raise MaskError(f"{path} holds the value {values.max()}, expected at most 255.")
    return values.astype(np.uint8)


def _truths(truth: Path, split: str) -> Mapping[str, tuple[Path, ...]]:
    if (truth / "Annotations").is_dir():
        sequences = davis_sequences(truth, split)
        return {s.name: tuple(m for m in s.mask_paths if m) for s in sequences}
    if any(_masks(truth)):
        return {truth.resolve().name: _masks(truth)}
    names = _folders(truth)
    if not names:
        raise NotFoundError(
            f"No masks in {truth}: expected a DAVIS root, folders of PNG files, or PNG files."
        )
    return {name: _masks(truth / name) for name in names}


def _pairing(name: str, truths: tuple[Path, ...], folder: Path) -> Pairing:
    found = {path.stem: path for path in _masks(folder)}
    paired = tuple(found.get(path.stem) for path in truths)
    if truths and not any(paired):
        raise NotFoundError(
            f"No file of {folder} is named like a mask of the truth, such as {truths[0].name}; "
            f"it holds {_some(path.name for path in found.values())}. Name predictions alike."
        )
    return Pairing(name, truths, paired)


def _masks(folder: Path) -> tuple[Path, ...]:
    """PNG files in natural order: which frame is first and last depends on it."""
    found = (path for path in folder.glob("*.png") if not path.name.startswith("."))
    return tuple(sorted(found, key=lambda path: natural_key(path.stem)))


def _folders(folder: Path) -> list[str]:
    """Names of the folders with masks, in natural order."""
    names = (path.name for path in folder.iterdir() if path.is_dir() and any(_masks(path)))
    return sorted(names, key=natural_key)


def _first_with_masks(folders: Iterable[Path]) -> Path | None:
    return next((folder for folder in folders if any(_masks(folder))), None)


def _some(names: Iterable[str], most: int = 5) -> str:
    listed = list(names)
    return ", ".join(listed[:most]) + (", ..." if len(listed) > most else "")
