"""What the writers of layouts share: frames as JPEG, masks as palette PNG, text; folders come by themselves."""

import io
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from segue.data.semantic_classes import ClassSet
from segue.errors import OutputError
from segue.files import write_bytes, write_error
from segue.media.palette import write_mask
from segue.synthetic.scene import WORLD_CLASSES
from segue.types import Frame, Labels

JPEG_QUALITY = 95


def stored_values(
    classes: ClassSet, names: Mapping[str, str]
) -> UInt8[np.ndarray, " world_classes"]:
    """What label files of a dataset hold for each class of the world, which may have another name there."""
    found = [classes.value_of(names.get(name, name)) for name in WORLD_CLASSES]
    return np.array(found, np.uint8)


def write_jpeg(path: Path, image: Frame) -> None:
    """A frame as JPEG of quality 95 without colour subsampling; the same bytes every time.

    Raises:
        WriteError: The system refuses.
    """
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    make_folder(path.parent)
    write_bytes(path, buffer.getvalue())


def write_palette_png(path: Path, labels: Labels) -> None:
    """Labels as palette PNG, see ``segue.media.palette``.

    Raises:
        WriteError: The system refuses.
    """
    make_folder(path.parent)
    write_mask(path, labels)


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """A text file of lines.

    Raises:
        WriteError: The system refuses.
    """
    make_folder(path.parent)
    write_bytes(path, "".join(f"{line}\n" for line in lines).encode())


def write_metadata(path: Path, document: Any) -> None:
    """A JSON file.

    Raises:
        WriteError: The system refuses.
    """
    make_folder(path.parent)
    write_bytes(path, (json.dumps(document, indent=1) + "\n").encode())


def renumbering(ids: Iterable[int]) -> UInt8[np.ndarray, "65536"]:
    """What to draw for each id of a scene: 1, 2, ... for those given, in their order, and 0 for all others."""
    numbers = np.zeros(np.iinfo(np.uint16).max + 1, np.uint8)
    for number, object_id in enumerate(ids, start=1):
        numbers[object_id] = number
    return numbers


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A folder next to ``path`` that becomes it when the block ends well, and vanishes otherwise.

    Raises:
        OutputError: There is something at ``path`` other than an empty folder.
        WriteError: The system refuses.
    """
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise OutputError(f"{path} is there already and not empty. Give a new folder.")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    make_folder(temporary)
    try:
        yield temporary
        if path.is_dir():
            path.rmdir()
        temporary.rename(path)
    except OSError as error:
        raise write_error(path, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def make_folder(folder: Path) -> None:
    """A folder and those above it, unless they are there.

    Raises:
        WriteError: The system refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(folder, error) from error
