"""DAVIS-2017 test-dev and test-challenge: folders of sequences directly in the archive.

The server refuses a folder around them. Documented by its own message (codalab-competitions#2709); the form of the
masks is that of the official evaluation, ``davis2017-evaluation``.
"""

from pathlib import Path

import numpy as np

from segue.data.catalog import find_layout
from segue.data.sample import VideoSequence
from segue.errors import MaskError
from segue.evaluation.packing.frames import FramePacker, WantedSequence
from segue.evaluation.packing.masks import Rule, size_of
from segue.media.label_file import read_label_values
from segue.types import MAX_OBJECTS, VOID

_MEANING = "the ids of the first frame"


def _wanted(root: Path, split: str | None) -> list[WantedSequence]:
    return [_sequence(s) for s in find_layout("davis2017").sequences(root, split or "test-dev")]


def _sequence(sequence: VideoSequence) -> WantedSequence:
    first = sequence.mask_paths[0]
    if first is None:
        raise MaskError(
            f"{sequence.name} has no mask of its first frame, which says what ids there are. Copy "
            "the annotations of the split into the dataset."
        )
    rule = Rule(size_of(sequence.frame_paths[0]), _ids(first), _MEANING)
    return WantedSequence(sequence.name, tuple(path.stem for path in sequence.frame_paths), rule)


def _guessed(first: Path) -> Rule:
    try:
        return Rule(size_of(first), _ids(first), _MEANING)
    except MaskError:
        return Rule(size_of(first), frozenset(range(MAX_OBJECTS + 1)), "ids")


def _ids(path: Path) -> frozenset[int]:
    return frozenset({0, *np.unique(read_label_values(path)).tolist()}) - {VOID}


DAVIS2017 = FramePacker(
    summary="DAVIS-2017 test-dev: <sequence>/<frame>.png, every frame, ids of the first mask",
    wanted=_wanted,
    guessed=_guessed,
)
