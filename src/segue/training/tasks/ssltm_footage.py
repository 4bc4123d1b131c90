"""From data settings to videos to learn from: labels within a budget, pseudo-labels, frames without any."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from segue.data.catalog import find_layout
from segue.data.label_budget import Budgeted, apply_budget
from segue.data.label_clips import LabelFootage
from segue.data.sample import VideoSequence
from segue.data.semantic_classes import CLASS_SETS
from segue.errors import InputError, NotFoundError
from segue.training.tasks.ssltm_settings import DataSettings


def budgeted(data: DataSettings) -> Budgeted:
    """The videos of the training split with the labels that count.

    Raises:
        NotFoundError: The data are not there, or no video of a name.
        InputError: The budget leaves no label.
    """
    sequences = _videos(data, data.split, data.videos)
    return apply_budget(sequences, data.labels)


def training_footage(data: DataSettings) -> LabelFootage:
    """All videos to learn from; ``unlabelled`` tells which frames have no label.

    Raises:
        NotFoundError: The data are not there.
        InputError: The budget leaves no label.
        MaskError: A label file that cannot be used; it is named.
    """
    sequences = list(budgeted(data).sequences)
    if data.unlabelled is not None:
        more = data.unlabelled
        sequences += map(_blank, find_layout(more.layout).sequences(more.root, more.split))
    if data.pseudo is not None:
        sequences = [with_pseudo_labels(sequence, data.pseudo) for sequence in sequences]
    return _footage(sequences, data)


def validation_footage(data: DataSettings) -> LabelFootage:
    """The videos of the validation split, with all their labels; errors as in ``training_footage``."""
    assert data.validation_split is not None
    return _footage(_videos(data, data.validation_split, data.validation_videos), data)


def pseudo_path(folder: Path, sequence: VideoSequence, index: int) -> Path:
    """Where the pseudo-label of a frame is."""
    return folder / sequence.name / f"{sequence.frame_paths[index].stem}.png"


def with_pseudo_labels(sequence: VideoSequence, folder: Path) -> VideoSequence:
    """The video with pseudo-labels where frames have no label.

    Raises:
        InputError: One is missing.
    """
    masks = [
        pseudo_path(folder, sequence, i) if path is None else path
        for i, path in enumerate(sequence.mask_paths)
    ]
    for path in masks:
        if not path.is_file():
            raise InputError(f"No pseudo-label {path}. Write the labels of all frames first.")
    return replace(sequence, mask_paths=tuple(masks))


def class_pixels(footage: LabelFootage, num_classes: int) -> Int64[np.ndarray, " classes"]:
    """Pixels of each class in all labels."""
    pixels = np.zeros(256, np.int64)
    for sequence, index in footage.labelled:
        labels = footage.read(sequence, index)[1]
        assert labels is not None
        pixels += np.bincount(labels.ravel(), minlength=256)
    counted: Int64[np.ndarray, " classes"] = pixels[:num_classes]
    return counted


def _videos(data: DataSettings, split: str, names: Sequence[str] | None) -> list[VideoSequence]:
    """The videos of a split, or those of some names."""
    sequences = find_layout(data.layout).sequences(data.root, split)
    if names is None:
        return sequences
    known = {sequence.name: sequence for sequence in sequences}
    for name in names:
        if name not in known:
            raise NotFoundError(
                f"No video {name!r} in the split {split!r} of {data.root}; there are {', '.join(sorted(known))}. "
                "Correct the name in the settings of the data."
            )
    return [known[name] for name in names]


def _blank(sequence: VideoSequence) -> VideoSequence:
    return replace(sequence, mask_paths=(None,) * len(sequence.frame_paths))


def _footage(sequences: Sequence[VideoSequence], data: DataSettings) -> LabelFootage:
    return LabelFootage(
        sequences, data.table, values=CLASS_SETS[data.layout].values, in_memory=data.in_memory
    )
