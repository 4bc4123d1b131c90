"""Something that is wrong with a file or folder, told where it is: by data checks, evaluation and packers."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

ProblemKind = Literal[
    "missing-sequence",  # one side has it, the other has not
    "extra-sequence",
    "missing-frame",  # a frame without the file it should have
    "extra-frame",
    "unreadable",  # cut short, not an image, not the text it should be
    "size",  # of another size than its frame
    "colours",  # an RGB picture where indices are due
    "unknown-id",  # an object or class that the truth or the dataset does not have
    "void",  # 255 where a prediction or a class is due
    "foreground-value",  # 1 on one side, 255 on the other
    "soft",  # probabilities as grey levels where labels are due
    "overlap",  # two masks of a frame share pixels
    "repeated-id",  # a track twice in a frame
    "listing",  # a list or metadata file and the folders do not agree
    "name",  # a file or folder that is not named as the layout asks
]


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding."""

    kind: ProblemKind
    sequence: str
    """The sequence it belongs to; empty for the dataset as a whole."""
    frame: str
    """Name of the frame (file stem or number); empty for the whole sequence."""
    message: str
    """One sentence: the file, what was expected, what came, what to do or what was done."""
    fatal: bool = False
    """True if the data cannot be used as it is; false if there is an official rule or a safe reading."""

    def __str__(self) -> str:
        place = "/".join(part for part in (self.sequence, self.frame) if part)
        return f"{place}: {self.message}" if place else self.message


def count_by_kind(problems: Iterable[Problem]) -> dict[str, int]:
    """How many of each kind, in the order of their first occurrence."""
    counts: dict[str, int] = {}
    for problem in problems:
        counts[problem.kind] = counts.get(problem.kind, 0) + 1
    return counts
