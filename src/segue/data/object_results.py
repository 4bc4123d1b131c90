"""Labels of followed objects as results of MOTS: text and 16-bit PNG, with the ids of the data set."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from jaxtyping import UInt16

from segue.data.mots_text import TrackedMask, masks_of_ids, write_mots
from segue.data.sample import VideoSequence
from segue.errors import InputError
from segue.media.png import write_png
from segue.types import VOID, Labels


def write_track_results(
    folder: Path,
    sequence: VideoSequence,
    labels: Iterable[Labels],
    ids: Mapping[int, int],
    *,
    pictures: bool = True,
) -> None:
    """``folder/<sequence>.txt`` and ``folder/<sequence>/<frame>.png``; each holds everything.

    Args:
        folder: Of the results of all sequences.
        sequence: Says what frames are called; a frame without objects has an empty PNG, and no line in the text.
        labels: Of each frame.
        ids: The id of the data set for each number in the labels.
        pictures: Write the PNGs too.

    Raises:
        InputError: A frame that is not named by its number, as files of KITTI-MOTS are.
        WriteError: The system refuses.
    """
    table = np.zeros(VOID + 1, np.uint16)
    table[list(ids)] = list(ids.values())
    frames = (
        (_number(path), path.stem, table[found])
        for path, found in zip(sequence.frame_paths, labels, strict=True)
    )
    write_tracks(folder, sequence.name, frames, pictures=pictures)


def write_tracks(
    folder: Path,
    name: str,
    frames: Iterable[tuple[int, str, UInt16[np.ndarray, "height width"]]],
    *,
    pictures: bool = True,
) -> None:
    """``folder/<name>.txt`` and ``folder/<name>/<frame>.png``; each holds everything.

    Args:
        folder: Of the results of all sequences.
        name: Of the sequence.
        frames: Number, name and ids of each frame, ids as in ``masks_of_ids``.
        pictures: Write the PNGs too.

    Raises:
        WriteError: The system refuses.
    """

    def masks() -> Iterator[TrackedMask]:
        for number, stem, tracks in frames:
            if pictures:
                write_png(folder / name / f"{stem}.png", tracks)
            yield from masks_of_ids(number, tracks)

    write_mots(folder / f"{name}.txt", masks())


def _number(frame: Path) -> int:
    if not frame.stem.isdecimal():
        raise InputError(
            f"{frame} is not named by the number of its frame, as 000000.png is. Rename it."
        )
    return int(frame.stem)
