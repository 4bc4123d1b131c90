"""The folder that ``segue track`` wrote for one video: its masks, and the sequence that they belong to."""

import re
from collections.abc import Sequence
from pathlib import Path

from segue.data.sample import VideoSequence
from segue.errors import NotFoundError
from segue.problems import Problem

_HEAD = 4096
"""Characters of ``tracks.json`` that hold the name of the video."""


def masks_of_run(folder: Path) -> Path:
    """``OUT/masks`` if a folder is the ``OUT`` of ``segue track``, else the folder itself."""
    masks = folder / "masks"
    return masks if (folder / "run.json").is_file() and masks.is_dir() else folder


def sequence_of_run(
    out: Path, sequences: Sequence[VideoSequence]
) -> tuple[list[VideoSequence], list[Problem]]:
    """The sequence of the truth that a run is about, and a problem if others are left out.

    Args:
        out: What ``segue track`` wrote for one video.
        sequences: Those of the truth; a single one is taken whatever its name.

    Raises:
        NotFoundError: None of several has the name of the video or of the folder.
    """
    if len(sequences) == 1:
        return list(sequences), []
    names = dict.fromkeys((name_of_run(out), out.resolve().name))
    found = [sequence for name in names for sequence in sequences if sequence.name == name][:1]
    if not found:
        known = ", ".join(sequence.name for sequence in sequences[:5])
        raise NotFoundError(
            f"{out} holds the masks of one video, {next(iter(names))!r}; the truth has {len(sequences)} sequences, "
            f"none of this name: {known}{', ...' if len(sequences) > 5 else ''}. Give the folder with the true masks "
            "of this video."
        )
    message = (
        f"{out} holds the masks of one video: only {found[0].name} of the {len(sequences)} sequences of the truth is "
        "scored."
    )
    return found, [Problem("missing-sequence", "", "", message)]


def name_of_run(out: Path) -> str:
    """The name of the video; that of the folder if no document tells."""
    try:
        with (out / "tracks.json").open(encoding="utf-8") as document:
            found = re.search(r'"video":\s*"([^"\\]*)"', document.read(_HEAD))
    except (OSError, UnicodeDecodeError):
        found = None
    return found[1] if found else out.resolve().name
