"""Label maps of both sides: which prediction belongs to which annotated frame, and what both hold."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from segue.data.folder import folder_sequences
from segue.data.layout import Layout
from segue.data.recognise import explain_wrong_layout
from segue.data.sample import VideoSequence
from segue.errors import InputError, MaskError, NotFoundError
from segue.media.label_file import read_label_values
from segue.problems import Problem
from segue.types import VOID

Values = UInt8[np.ndarray, "height width"]
"""Stored values of a label map."""

Key = tuple[str, str]
"""Name of a sequence, name of one of its frames."""

_NAMED = 5
_PLACES = ("", "masks")
"""Folders of predictions that hold frames of more than one sequence, or of the only one."""


@dataclass(frozen=True, slots=True)
class LabelledFrame:
    """One annotated frame."""

    name: str
    truth: Path
    predicted: Path
    image: Path | None = None
    """The frame itself, where the dataset holds it."""


@dataclass(frozen=True)
class SemanticCase:
    """One sequence."""

    name: str
    stretches: tuple[tuple[LabelledFrame, ...], ...]
    """Its annotated frames in order, cut where they do not follow each other: measures over time begin anew there."""
    fps: float | None = None
    """Annotated frames per second of a stretch; ``None`` if they are no video."""
    flow: bool = False
    """Whether to measure consistency along the motion."""

    @property
    def frames(self) -> Iterator[LabelledFrame]:
        """All frames."""
        return chain.from_iterable(self.stretches)


@dataclass(frozen=True, slots=True)
class Matched:
    """The prediction of each annotated frame, and what else was found."""

    predicted: Mapping[Key, Path]
    problems: tuple[Problem, ...]


Locate = Callable[[Path], Iterable[tuple[Key | None, Path]]]
"""The PNG files below a folder of predictions, each with the frame that its name tells, or ``None``."""


def find_sequences(truth: Path, split: str | None, layout: Layout) -> list[VideoSequence]:
    """The sequences of a dataset root, or of a plain folder of label maps.

    Raises:
        NotFoundError: There is no such folder, split or label map; the message says what lies there instead.
        InputError: A split is asked of a plain folder, which has none.
    """
    if not truth.is_dir():
        raise NotFoundError(
            f"No folder {truth}. Give the root of {layout.name} or a folder of label maps."
        )
    if layout.recognise(truth):
        return layout.sequences(truth, split or layout.default_split)
    if split is not None:
        raise InputError(
            f"{truth} is no root of {layout.name}, and only a root has a split {split!r}. "
            f"{explain_wrong_layout(truth, layout.name)} Expected:\n{layout.tree}"
        )
    try:
        return folder_sequences(truth)
    except NotFoundError as error:
        hint = explain_wrong_layout(truth, layout.name)
        raise NotFoundError(
            f"{error} {hint} Or give a root of {layout.name}:\n{layout.tree}"
        ) from None


def match_predictions(predictions: Path, wanted: Sequence[Key], locate: Locate) -> Matched:
    """The prediction of every annotated frame; files that belong to none are reported.

    Raises:
        NotFoundError: No frame is annotated, or one has no prediction. Official tools refuse that too: left out or
            counted as wrong, it would change the score unseen.
        InputError: A frame has two.
    """
    if not predictions.is_dir():
        raise NotFoundError(f"No folder {predictions}. Give the folder that holds the predictions.")
    if not wanted:
        raise NotFoundError(
            "The truth has no label maps to compare with. Give a split that has them."
        )
    found: dict[Key, Path] = {}
    extra: list[Path] = []
    keys = set(wanted)
    for key, path in locate(predictions):
        if key is None or key not in keys:
            extra.append(path)
        elif key in found:
            raise InputError(
                f"Two predictions for frame {key[1]} of {key[0]}: {found[key]} and {path}. "
                "Leave only one of them in the folder."
            )
        else:
            found[key] = path
    missing = [key for key in wanted if key not in found]
    if missing:
        raise NotFoundError(_tell_missing(predictions, missing, len(wanted), extra))
    return Matched(found, tuple(_extra_problems(predictions, extra, {name for name, _ in wanted})))


def locate_by_folder(wanted: Sequence[Key]) -> Locate:
    """Predictions as ``<sequence>/<frame>.png``; in the folder itself (or ``masks``) if frame names are unique."""
    owners = {frame: sequence for sequence, frame in wanted}
    unique = len(owners) == len(wanted)

    def locate(predictions: Path) -> Iterator[tuple[Key | None, Path]]:
        for path in sorted((*predictions.glob("*.png"), *predictions.glob("*/*.png"))):
            folder = "" if path.parent == predictions else path.parent.name
            if folder in _PLACES and unique:
                owner = owners.get(path.stem)
                yield (owner, path.stem) if owner else None, path
            else:
                yield (folder, path.stem), path

    return locate


def locate_by_name(pattern: re.Pattern[str]) -> Locate:
    """Predictions anywhere below a folder, by the start of their names: group 1 the sequence, group 0 the frame."""

    def locate(predictions: Path) -> Iterator[tuple[Key | None, Path]]:
        for path in sorted(predictions.rglob("*.png")):
            match = pattern.match(path.name)
            yield (match[1], match[0]) if match else None, path

    return locate


def read_pair(files: LabelledFrame, reader: Executor) -> tuple[Values, Values]:
    """Stored values of truth and prediction; ``reader`` decodes one while the other is decoded here.

    Raises:
        MaskError: A file cannot be read, or the sizes differ.
    """
    reading = reader.submit(read_values, files.truth)
    predicted = read_values(files.predicted)
    truth = reading.result()
    if truth.shape != predicted.shape:
        expected, found = ("{1}x{0}".format(*side.shape) for side in (truth, predicted))
        raise MaskError(
            f"{files.predicted} is {found}, its truth {files.truth} {expected} (width x height). "
            "Resize predictions to the truth, with nearest neighbours."
        )
    return truth, predicted


def read_values(path: Path) -> Values:
    """The stored values of a label map; what is above 255 becomes 255.

    Raises:
        MaskError: The file is no image, is damaged or holds colours.
    """
    values = read_label_values(path)
    return values if values.dtype == np.uint8 else np.minimum(values, VOID).astype(np.uint8)


def _tell_missing(
    predictions: Path, missing: Sequence[Key], num_wanted: int, extra: Sequence[Path]
) -> str:
    named = _some(f"{sequence}/{frame}" for sequence, frame in missing)
    there = _some(str(path.relative_to(predictions)) for path in extra)
    said = f"It holds {there}, named otherwise." if there else "It holds no other PNG files."
    return (
        f"{predictions} has no prediction for {len(missing)} of {num_wanted} annotated frames: {named}. {said} "
        "Every annotated frame needs one."
    )


def _extra_problems(
    predictions: Path, extra: Sequence[Path], sequences: set[str]
) -> Iterator[Problem]:
    """One per folder: a model may well have run on all frames of a video of which one is annotated."""
    for folder, paths in _by_folder(extra).items():
        known = folder == predictions or folder.name in sequences
        message = (
            f"{folder} holds {len(paths)} PNG files of no annotated frame: "
            f"{_some(path.name for path in paths)}. They are not scored."
        )
        sequence = "" if folder == predictions else folder.name
        yield Problem("extra-frame" if known else "extra-sequence", sequence, "", message)


def _by_folder(paths: Sequence[Path]) -> dict[Path, list[Path]]:
    folders: dict[Path, list[Path]] = {}
    for path in paths:
        folders.setdefault(path.parent, []).append(path)
    return folders


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:_NAMED]) + (", ..." if len(listed) > _NAMED else "")
