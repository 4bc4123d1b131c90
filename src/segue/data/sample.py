"""What a dataset holds: sequences of frame files, some with masks."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class VideoSequence:
    """One video of a dataset, as files in temporal order."""

    name: str
    frame_paths: tuple[Path, ...]
    mask_paths: tuple[Path | None, ...]
    """The mask of each frame, or ``None`` where there is none; as long as ``frame_paths``."""
