"""The videos of a dataset as these studies see them: frames, given masks, true masks."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from segue.data.catalog import find_layout
from segue.data.layout import MaskKind
from segue.data.object_starts import ObjectStarts, object_starts
from segue.data.sample import AnnotatedObject, VideoSequence
from segue.errors import MaskError, NotFoundError
from segue.evaluation.pairs import FramePair, SequencePair
from segue.media.images import read_image
from segue.media.label_file import read_label_values
from segue.studies.reuse_gate.settings import DataSettings
from segue.types import BACKGROUND, VOID, Frame, Labels, Mask


@dataclass(frozen=True)
class Clip:
    """One video from the first frame on that has a mask."""

    name: str
    frame_paths: tuple[Path, ...]
    mask_paths: tuple[Path | None, ...]
    objects: tuple[AnnotatedObject, ...]
    kind: MaskKind
    """What its masks hold."""

    def __len__(self) -> int:
        return len(self.frame_paths)

    def frame(self, index: int) -> Frame:
        """One frame."""
        return read_image(self.frame_paths[index])

    def truth(self, index: int) -> Labels | None:
        """True labels; ``None`` where a frame has none.

        Raises:
            MaskError: A file that cannot be read or holds ids beyond 255.
        """
        path = self.mask_paths[index]
        if path is None:
            return None
        values = read_label_values(path)
        if values.max(initial=0) > VOID:
            raise MaskError(f"{path} holds {values.max()}, expected ids up to {VOID}.")
        labels: Labels = (np.minimum(values, 1) if self.kind == "foreground" else values).astype(
            np.uint8
        )
        return labels

    def given(self, index: int) -> Labels | None:
        """What a model is told on a frame: the objects that start there; ``None`` if there are none."""
        return self._starts.by_frame.get(index)

    @cached_property
    def _starts(self) -> ObjectStarts:
        """Read once, since a clip goes through many models."""
        sequence = VideoSequence(self.name, self.frame_paths, self.mask_paths, self.objects)
        return object_starts(sequence, self.kind)

    def masks(self, index: int) -> Mapping[int, Mask]:
        """True masks by object."""
        labels = self.truth(index)
        if labels is None:
            return {}
        ids = np.unique(labels).tolist()
        return {i: labels == i for i in ids if i not in (BACKGROUND, VOID)}

    def beside(self, predictions: Path) -> SequencePair:
        """The annotated frames with the masks that were written for them."""
        frames = zip(self.frame_paths, self.mask_paths, strict=True)
        pairs = (
            FramePair(mask, predictions / f"{frame.stem}.png", frame)
            for frame, mask in frames
            if mask
        )
        return SequencePair(self.name, tuple(pairs), self.objects)


def read_clips(data: DataSettings) -> list[Clip]:
    """The videos of a dataset, in the order of its list.

    Raises:
        NotFoundError: The dataset, its split, or true masks that it names are not there.
        InputError: It is damaged.
    """
    layout = find_layout(data.layout)
    split = data.split or layout.default_split
    sequences = layout.sequences(data.root, split)
    kind = layout.object_kind()
    return [_clip(s, data, split, kind) for s in sequences[data.first :: data.every]]


def _clip(sequence: VideoSequence, data: DataSettings, split: str, kind: MaskKind) -> Clip:
    masks = sequence.mask_paths
    named = {name for item in sequence.objects for name in item.frames}
    pairs = zip(sequence.frame_paths, masks, strict=True)
    absent = [frame.stem for frame, mask in pairs if mask is None and frame.stem in named]
    if absent or not any(masks):
        raise NotFoundError(
            f"Sequence {sequence.name!r} of split {split!r} in {data.root} has no true mask for "
            f"{absent[0] if absent else 'any frame'}. Name a split with all masks: data.split=NAME."
        )
    first = next(index for index, mask in enumerate(masks) if mask)
    kept = slice(first, None if data.frames is None else first + data.frames)
    return Clip(
        sequence.name,
        sequence.frame_paths[kept],
        masks[kept],
        sequence.objects,
        kind,
    )
