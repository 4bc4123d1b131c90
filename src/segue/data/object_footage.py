"""The annotated frames of sequences as frames and ids of objects, whatever the layout says about ids."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import UInt8, UInt16

from segue.data.layout import MaskKind
from segue.data.mots_text import IDS_PER_CLASS, IGNORE_REGION, TrackedMask, draw_ids, read_mots
from segue.data.sample import VideoSequence
from segue.errors import InputError, MaskError, VideoError
from segue.media.images import read_image
from segue.media.label_file import read_label_values
from segue.types import BACKGROUND, VOID, Frame

Ids = UInt8[np.ndarray, "height width"] | UInt16[np.ndarray, "height width"]


class ObjectFootage:
    """The annotated frames of sequences.

    Args:
        sequences: With frames; those without annotation are left out.
        kind: What masks hold.
        classes: Of tracks: the numbers of the classes to follow; ``None``: all.
        in_memory: Decode everything once.

    Raises:
        InputError: No sequence has both frames and annotation.
    """

    def __init__(
        self,
        sequences: Sequence[VideoSequence],
        kind: MaskKind,
        *,
        classes: Collection[int] | None = None,
        in_memory: bool = False,
    ) -> None:
        indices = [(sequence, _annotated(sequence)) for sequence in sequences]
        self.sequences = tuple(sequence for sequence, found in indices if found)
        self._indices = tuple(found for _, found in indices if found)
        self._kind: MaskKind = kind
        self._classes = None if classes is None else sorted(classes)
        if not self.sequences:
            raise InputError(
                f"None of the {len(sequences)} sequences has both frames and masks; there is nothing to learn from."
            )
        self._cache: dict[tuple[int, int], tuple[Frame, Ids]] = {}
        if in_memory:
            places = [(s, i) for s in range(len(self.sequences)) for i in range(self.length(s))]
            for place in places:
                # What cannot be read is said when its turn comes.
                with suppress(VideoError, MaskError):
                    self._cache[place] = (self.frame(*place), self.ids(*place))

    def __len__(self) -> int:
        """Annotated frames."""
        return sum(map(len, self._indices))

    def length(self, sequence: int) -> int:
        """Annotated frames of a sequence."""
        return len(self._indices[sequence])

    def index(self, sequence: int, index: int) -> int:
        """Place of an annotated frame among all frames of its sequence."""
        return self._indices[sequence][index]

    def frame(self, sequence: int, index: int) -> Frame:
        """An annotated frame.

        Raises:
            VideoError: A picture that cannot be read.
        """
        found = self._cache.get((sequence, index))
        path = self.sequences[sequence].frame_paths[self._indices[sequence][index]]
        return found[0] if found else read_image(path)

    def ids(self, sequence: int, index: int) -> Ids:
        """Ids of the objects on it, 0 elsewhere.

        Raises:
            MaskError: A mask that cannot be read.
        """
        found = self._cache.get((sequence, index))
        if found:
            return found[1]
        source, number = self.sequences[sequence], self._indices[sequence][index]
        path = source.mask_paths[number]
        return self._objects(
            _draw_tracks(source, number) if path is None else read_label_values(path)
        )

    def _objects(self, values: Ids) -> Ids:
        if self._kind == "foreground":
            return (values > 0).astype(np.uint8)
        if self._kind == "objects":
            return np.where(values == VOID, BACKGROUND, values).astype(values.dtype)
        kinds = values // IDS_PER_CLASS
        wanted = kinds != IGNORE_REGION
        if self._classes is not None:
            wanted &= np.isin(kinds, self._classes)
        return np.where(wanted, values, BACKGROUND).astype(values.dtype)


def _annotated(sequence: VideoSequence) -> tuple[int, ...]:
    if sequence.tracks_path is not None:
        return tuple(range(len(sequence.frame_paths)))
    paths = sequence.mask_paths[: len(sequence.frame_paths)]
    return tuple(index for index, path in enumerate(paths) if path is not None)


def _draw_tracks(sequence: VideoSequence, number: int) -> Ids:
    """Ids of a frame out of the text of its sequence."""
    assert sequence.tracks_path is not None
    frames = _tracks(sequence.tracks_path)
    height, width = next(((m[0].mask.height, m[0].mask.width) for m in frames.values()), (1, 1))
    return draw_ids(frames.get(number, ()), (height, width))


@lru_cache(maxsize=32)
def _tracks(path: Path) -> dict[int, tuple[TrackedMask, ...]]:
    return read_mots(path)
