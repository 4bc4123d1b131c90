"""Sequences of the truth beside their predictions, frame by frame, as mask files."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import numpy as np
from jaxtyping import Integer

from segue.data.sample import AnnotatedObject, VideoSequence
from segue.errors import MaskError, NotFoundError
from segue.evaluation.own_runs import masks_of_run, sequence_of_run
from segue.media.images import natural_key
from segue.media.label_file import read_label_values
from segue.problems import Problem

Values = Integer[np.ndarray, "height width"]
"""What is stored in a mask file."""


@dataclass(frozen=True, slots=True)
class FramePair:
    """The mask files of one frame."""

    truth: Path
    predicted: Path | None
    """``None`` if there is no prediction."""
    image: Path | None = None
    """The frame itself, where the dataset holds it."""

    @property
    def name(self) -> str:
        """Name of the frame."""
        return self.truth.stem


@dataclass(frozen=True, slots=True)
class SequencePair:
    """The annotated frames of one sequence, in order."""

    name: str
    frames: tuple[FramePair, ...]
    objects: tuple[AnnotatedObject, ...] = ()
    """Filled where the dataset has metadata of objects."""

    def frame(self, name: str) -> FramePair:
        """The frame of a name."""
        return next(frame for frame in self.frames if frame.name == name)


def pair_sequences(
    predictions: Path, truth: Path, layouts: Sequence[str], split: str | None
) -> tuple[list[SequencePair], list[Problem]]:
    """The sequences of the truth with their predictions, and what only the predictions have.

    Predictions lie in ``<sequence>/``; those of a single sequence may also lie in the folder itself or in ``masks/``
    below it, where ``segue track`` puts them. What it wrote for one video is scored against the sequence of its name.

    Args:
        predictions: The folder of predicted masks.
        truth: A root in one of the layouts.
        layouts: Names of layouts that the truth may have, the one to explain first.
        split: Which part of the truth; ``None`` for the layout's default.

    Raises:
        NotFoundError: A folder, or all predictions of a sequence, are not there.
    """
    for folder in (predictions, truth):
        if not folder.is_dir():
            raise NotFoundError(f"No folder {folder}. Give a folder of masks.")
    sequences = _true_sequences(masks_of_run(truth), layouts, split)
    problems: list[Problem] = []
    masks = masks_of_run(predictions)
    if masks != predictions:
        sequences, problems = sequence_of_run(predictions, sequences)
        predictions = masks
    folders = _prediction_folders(predictions, [sequence.name for sequence in sequences])
    pairs = []
    problems += _extra_sequences(predictions, folders)
    for sequence in sequences:
        found = _masks(folders[sequence.name])
        pairs.append(_paired(sequence, folders[sequence.name], found))
        problems.extend(_extra_frames(sequence, found.values()))
    return pairs, problems


def missing_frames(sequence: str, frames: Iterable[FramePair]) -> Iterator[Problem]:
    """Frames without a prediction."""
    for frame in frames:
        if frame.predicted is None:
            message = f"There is no prediction for {frame.truth}. It counts as an empty mask."
            yield Problem("missing-frame", sequence, frame.name, message)


def read_pair(frame: FramePair) -> tuple[Values, Values]:
    """Stored values of the prediction and of the truth; zeros where there is no prediction.

    Raises:
        MaskError: A file cannot be read, or the sizes differ; the file is named.
    """
    truth = read_label_values(frame.truth)
    if frame.predicted is None:
        return np.zeros_like(truth), truth
    predicted = read_label_values(frame.predicted)
    if predicted.shape != truth.shape:
        raise MaskError(
            f"{frame.predicted} is {_size(predicted)}, the truth {frame.truth} is {_size(truth)} "
            "(width x height). Write predictions at the size of the frames."
        )
    return predicted, truth


def _true_sequences(truth: Path, layouts: Sequence[str], split: str | None) -> list[VideoSequence]:
    # Imported here: the processes that score import this file too, and their start counts.
    from segue.data.catalog import find_layout
    from segue.data.recognise import explain_wrong_layout, recognise

    found = [find_layout(name) for name in layouts]
    layout = next((layout for layout in found if layout.recognise(truth)), found[0])
    others = [name for name in recognise(truth) if name not in layouts]
    if others and layout.name == "folder" != layouts[0]:
        # Some datasets are folders of masks too, but hold other things than this protocol scores.
        raise NotFoundError(f"{truth} looks like {others[0]}, you said {layouts[0]}.")
    try:
        return layout.sequences(truth, split or layout.default_split)
    except NotFoundError as error:
        hint = explain_wrong_layout(truth, layout.name)
        raise NotFoundError(f"{error} {hint}".rstrip()) from None


def _prediction_folders(predictions: Path, names: list[str]) -> dict[str, Path]:
    """Where the predictions of each sequence lie."""
    alone = [predictions, predictions / "masks"] if len(names) == 1 else []
    found = {name: _first_with_masks([masks_of_run(predictions / name), *alone]) for name in names}
    absent = [name for name, folder in found.items() if folder is None]
    if absent:
        held = ", ".join(_folders(predictions)) or "no folders of PNG files"
        raise NotFoundError(
            f"No predictions for {len(absent)} of {len(names)} sequences: {', '.join(absent)}. "
            f"{predictions} holds {held}. "
            "Give the folder that holds one folder of PNG files per sequence."
        )
    return {name: folder for name, folder in found.items() if folder}


def _extra_sequences(predictions: Path, folders: dict[str, Path]) -> list[Problem]:
    used = {folder.resolve() for folder in folders.values()}
    if predictions.resolve() in used:
        return []
    message = "The truth has no sequence {}. It is left out."
    extra = [
        name
        for name in _folders(predictions)
        if masks_of_run(predictions / name).resolve() not in used
    ]
    return [Problem("extra-sequence", name, "", message.format(name)) for name in extra]


def _paired(sequence: VideoSequence, folder: Path, found: dict[str, Path]) -> SequencePair:
    images = sequence.frame_paths or repeat(None)
    frames = tuple(
        FramePair(mask, found.get(mask.stem), image)
        for mask, image in zip(sequence.mask_paths, images, strict=False)
        if mask is not None
    )
    if frames and not any(frame.predicted for frame in frames):
        held = ", ".join([path.name for path in found.values()][:5])
        raise NotFoundError(
            f"No file of {folder} is named like a mask of the truth, such as "
            f"{frames[0].truth.name}; it holds {held}. Name predictions alike."
        )
    return SequencePair(sequence.name, frames, sequence.objects)


def _extra_frames(sequence: VideoSequence, found: Iterable[Path]) -> Iterator[Problem]:
    paths = (*sequence.frame_paths, *(mask for mask in sequence.mask_paths if mask))
    known = {path.stem for path in paths}
    for path in found:
        if path.stem not in known:
            message = f"The truth has no frame for {path}. It is left out."
            yield Problem("extra-frame", sequence.name, path.stem, message)


def _masks(folder: Path) -> dict[str, Path]:
    """PNG files by name, in natural order."""
    found = (path for path in folder.glob("*.png") if not path.name.startswith("."))
    return {path.stem: path for path in sorted(found, key=lambda path: natural_key(path.stem))}


def _folders(folder: Path) -> list[str]:
    """Names of the folders with masks, and of runs, in natural order."""
    names = (path.name for path in folder.iterdir() if path.is_dir() and _masks(masks_of_run(path)))
    return sorted(names, key=natural_key)


def _first_with_masks(folders: Iterable[Path]) -> Path | None:
    return next((folder for folder in folders if _masks(folder)), None)


def _size(values: Values) -> str:
    return f"{values.shape[1]}x{values.shape[0]}"
