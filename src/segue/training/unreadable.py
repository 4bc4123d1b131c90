"""Training files that cannot be read: each is named once, others are drawn in their place, and all is counted."""

import json
import warnings
from collections.abc import Iterable
from pathlib import Path

from segue.files import write_bytes
from segue.training.batches import UNREADABLE, parts
from segue.training.task import Batch

FILE = "unreadable.json"
"""In the folder of a run: what was said of each file -> how often another sample was drawn because of it."""


def count_unreadable(counts: dict[str, int], batches: Iterable[Batch]) -> None:
    """Add what could not be read for some batches to the counts, and warn of each file that is new.

    Args:
        counts: By sentence, changed in place.
        batches: As they come from ``segue.training.batches``.
    """
    held = (part for batch in batches for part in parts(batch))
    found = (samples for name, samples in held if name.rpartition("/")[2] == UNREADABLE)
    for sentence in (s for samples in found for one in samples for s in one):
        if sentence not in counts:
            warnings.warn(
                f"{sentence} Training goes on: other samples are drawn in its place.", stacklevel=2
            )
        counts[sentence] = counts.get(sentence, 0) + 1


def write_unreadable(counts: dict[str, int], folder: Path) -> None:
    """Keep the counts with the run; no file where all could be read.

    Raises:
        WriteError: Disk full or read-only.
    """
    if counts:
        write_bytes(folder / FILE, (json.dumps(counts, indent=2) + "\n").encode())


def say_unreadable(counts: dict[str, int], folder: Path) -> None:
    """Warn once more at the end of a run, with the numbers."""
    if counts:
        warnings.warn(
            f"{len(counts)} files could not be read, and {sum(counts.values())} samples were drawn in the place of "
            f"others: {folder / FILE} names them.",
            stacklevel=2,
        )
