"""What a dataset layout can do: list its sequences, check its files, be recognised."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from segue.data.sample import VideoSequence
from segue.errors import SettingsError
from segue.problems import Problem

MaskKind = Literal["foreground", "objects", "tracks"]
"""What masks of objects hold: anything but background is the one object; ids in 8 bits, 255 is void; or ids of MOTS,
with a class."""


@dataclass(frozen=True)
class Layout:
    """One layout; each file of ``segue.data`` that describes one ends with such a record."""

    name: str
    summary: str
    """Half a line for tables and help."""
    tree: str
    """The folders and files as text, one per line; shown by help and errors."""
    default_split: str
    holds: MaskKind | Literal["classes"]
    """What its masks say: which objects there are, or a class per pixel."""
    sequences: Callable[[Path, str], list[VideoSequence]]
    """Sequences of ``(root, split)`` in their official order.

    Raises NotFoundError (a folder, list or split is not there; the message shows what was expected) or InputError.
    """
    check: Callable[[Path, str], Iterator[Problem]]
    """Everything missing or damaged in ``(root, split)``; reads every file, holds one at a time."""
    recognise: Callable[[Path], bool]
    """Whether a folder looks like a root of this layout; looks at a few names only, never raises."""

    def object_kind(self) -> MaskKind:
        """What its masks of objects hold.

        Raises:
            SettingsError: They hold classes.
        """
        if self.holds == "classes":
            raise SettingsError(
                f"The masks of {self.name} hold classes, not objects to follow. Use a layout of objects, such as "
                "davis2017."
            )
        return self.holds
