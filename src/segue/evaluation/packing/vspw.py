"""VSPW test: a folder per video, classes 0..123 as they are scored.

The class values are those of the official scripts, whose label files hold 1..124. The form of the archive is not
documented where we could read it; it follows the folders that those scripts read.
"""

from pathlib import Path

from segue.data.catalog import find_layout
from segue.evaluation.packing.frames import FramePacker, WantedSequence
from segue.evaluation.packing.masks import Rule, size_of

NUM_CLASSES = 124
_CLASSES = frozenset(range(NUM_CLASSES))
_MEANING = "a class, one less than in the label files"


def _wanted(root: Path, split: str | None) -> list[WantedSequence]:
    return [
        WantedSequence(
            video.name,
            tuple(path.stem for path in video.frame_paths),
            Rule(size_of(video.frame_paths[0]), _CLASSES, _MEANING),
        )
        for video in find_layout("vspw").sequences(root, split or "test")
    ]


def _guessed(first: Path) -> Rule:
    return Rule(size_of(first), _CLASSES, _MEANING)


VSPW = FramePacker(
    summary="VSPW test: <video>/<frame>.png, classes 0 to 123",
    wanted=_wanted,
    guessed=_guessed,
)
