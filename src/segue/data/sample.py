"""What a dataset holds: sequences of frame files, with what is annotated in them."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class AnnotatedObject:
    """One object of a sequence, where a dataset says more about it than its pixels."""

    object_id: int
    category: str = ""
    frames: tuple[str, ...] = ()
    """Names of the annotated frames that show it, in order; it starts in the first."""
    seen: bool | None = None
    """Whether its category occurs in the training split (YouTube-VOS); ``None`` where nobody asks."""

    @property
    def start(self) -> str | None:
        """Name of the frame in which it starts; ``None`` where no frame shows it."""
        return self.frames[0] if self.frames else None


@dataclass(frozen=True, slots=True)
class VideoSequence:
    """One video of a dataset, as files in temporal order."""

    name: str
    frame_paths: tuple[Path, ...]
    mask_paths: tuple[Path | None, ...]
    """The mask of each frame, or ``None`` where there is none; as long as ``frame_paths``."""
    objects: tuple[AnnotatedObject, ...] = ()
    """Filled by layouts with metadata of objects; empty if the masks say it all."""
    tracks_path: Path | None = None
    """One file that annotates all frames (MOTS text), where a layout has it."""
    num_frames: int = 0
    """Length of the sequence where no frame files are there to be counted (MOTS text alone); else 0."""
