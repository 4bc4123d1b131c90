"""The files of MOTS evaluation: a text or a folder of 16-bit PNGs per sequence, on either side."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import UInt16

from segue.data.catalog import find_layout
from segue.data.check import spell, visible
from segue.data.mots_text import (
    IDS_PER_CLASS,
    IGNORE_REGION,
    MOTS_CLASSES,
    TrackedMask,
    masks_of_ids,
    read_mots,
)
from segue.data.recognise import recognise
from segue.data.sample import VideoSequence
from segue.errors import InputError, MaskError, NotFoundError
from segue.evaluation.interface import Gathered
from segue.media.label_file import read_label_values
from segue.media.rle import decode
from segue.problems import Problem

_FIRST_FRAME = {"kitti-mots": 0, "mots-challenge": 1}
"""Layouts that may hold the truth, and the number of their first frame."""
_EXPECTED = (
    "SEQUENCE.txt (MOTS text) or SEQUENCE/000000.png, ... (16 bits, class * 1000 + instance)"
)


@dataclass(frozen=True)
class MotsFiles:
    """One side of a sequence: a text, or PNGs."""

    text: Path | None = None
    pngs: Mapping[int, Path] = field(default_factory=dict)
    """By frame number; empty where there is a text."""


@dataclass(frozen=True)
class MotsCase:
    """One sequence."""

    name: str
    truth: MotsFiles
    predicted: MotsFiles
    frames: range | None = None
    """Numbers of its frames; ``None`` where the dataset does not tell."""
    images: Mapping[int, Path] = field(default_factory=dict)
    """The frames themselves, where the dataset holds them."""


class MotsSide:
    """The masks of one side, frame by frame: a text is held as run lengths, PNGs are read when asked for."""

    def __init__(self, files: MotsFiles) -> None:
        """Open the files.

        Raises:
            NotFoundError: The text is not there.
            MaskError: The text cannot be used, or the first PNG cannot be read.
        """
        self._files = files
        self._text = read_mots(files.text, allow_overlaps=True) if files.text else {}
        self.listed = frozenset(self._text or files.pngs)
        """Frames with a line in the text, or with a PNG."""
        self.size_hw = self._find_size()
        """Height and width of the first mask; ``None`` if there is none."""

    def _find_size(self) -> tuple[int, int] | None:
        for masks in self._text.values():
            return masks[0].mask.height, masks[0].mask.width
        for path in self._files.pngs.values():
            height, width = read_label_values(path).shape
            return height, width
        return None

    def masks(self, frame: int) -> tuple[TrackedMask, ...]:
        """The masks of a frame; none where nothing is listed.

        Raises:
            MaskError: The PNG cannot be read, is of another size than the first, or holds ids of unknown classes.
        """
        if frame in self._files.pngs:
            return _read_png(self._files.pngs[frame], frame, self.size_hw)
        return self._text.get(frame, ())

    def refuse_overlaps(self) -> None:
        """Read a text again to name the masks in it that overlap; PNGs cannot hold such masks.

        Raises:
            MaskError: There are some; file, frame and tracks are named.
        """
        if self._files.text:
            read_mots(self._files.text)

    def place(self, frame: int) -> str:
        """A frame of this side in words, for messages."""
        return str(self._files.pngs.get(frame) or f"{self._files.text}, frame {frame}")

    def label_map(self, frame: int, size_hw: tuple[int, int]) -> UInt16[np.ndarray, "height width"]:
        """The masks of a frame as one picture of ``class * 1000 + instance``, 10000 for ignore regions."""
        labels = np.zeros(size_hw, np.uint16)
        for item in self.masks(frame):
            instance = item.track_id % IDS_PER_CLASS if item.class_id != IGNORE_REGION else 0
            labels[decode(item.mask)] = item.class_id * IDS_PER_CLASS + instance
        return labels


def _read_png(path: Path, frame: int, size_hw: tuple[int, int] | None) -> tuple[TrackedMask, ...]:
    values = read_label_values(path)
    if size_hw and values.shape != size_hw:
        raise MaskError(
            f"{path} is {_spell(values.shape)}, expected {_spell(size_hw)} (height x width) "
            "as the first frame of the sequence. Write it again."
        )
    ids = np.flatnonzero(np.bincount(values.ravel())).tolist()
    foreign = [label for label in ids if label and label // IDS_PER_CLASS not in MOTS_CLASSES]
    if foreign:
        classes = ", ".join(f"{key} ({name})" for key, name in MOTS_CLASSES.items())
        raise MaskError(
            f"{path} holds {spell(foreign)} in {8 * values.itemsize} bits, expected a 16-bit PNG of 0 and "
            f"class * 1000 + instance with the classes {classes}. Write it again."
        )
    return tuple(masks_of_ids(frame, values))


def scored_frames(case: MotsCase, truth: MotsSide, predicted: MotsSide) -> list[int]:
    """Numbers of the frames that are scored.

    Those of the dataset, or with a PNG of the truth. Where text alone does not tell how long the sequence is: from the
    first to the last frame that either side lists.
    """
    if case.truth.pngs:
        return sorted(truth.listed)
    if case.frames is not None:
        return sorted({*case.frames, *truth.listed})
    listed = truth.listed | predicted.listed
    return list(range(min(listed), max(listed) + 1)) if listed else []


def find_problems(case: MotsCase, frames: Sequence[int], predicted: MotsSide) -> Iterable[Problem]:
    """Predictions in frames that are not scored, and scored frames without their PNG."""
    for frame in sorted(predicted.listed.difference(frames)):
        message = f"{predicted.place(frame)} belongs to no frame of the truth. It is not scored."
        yield Problem("extra-frame", case.name, frame_name(frame), message)
    pngs = case.predicted.pngs
    for frame in sorted(set(frames).difference(pngs)) if pngs else ():
        folder = next(iter(pngs.values())).parent
        message = f"{folder} has no PNG of this frame. It is scored as without objects."
        yield Problem("missing-frame", case.name, frame_name(frame), message)


def check_sizes(truth: MotsSide, predicted: MotsSide) -> None:
    """Refuse masks that are not of the size of the truth.

    Raises:
        MaskError: They are not; the first frame of each side is named.
    """
    if truth.size_hw and predicted.size_hw and truth.size_hw != predicted.size_hw:
        raise MaskError(
            f"{predicted.place(min(predicted.listed))} is {_spell(predicted.size_hw)}, expected "
            f"{_spell(truth.size_hw)} (height x width) as {truth.place(min(truth.listed))}. "
            "Write masks at the size of the frames."
        )


def frame_name(number: int) -> str:
    """A frame as the files of KITTI-MOTS name it."""
    return f"{number:06d}"


def _spell(size_hw: tuple[int, ...]) -> str:
    return "x".join(map(str, size_hw))


def gather_mots(predictions: Path, truth: Path, split: str | None) -> Gathered:
    """The sequences of the truth and their predictions.

    Raises:
        NotFoundError: A folder is not there or holds nothing, or a sequence has no predictions; all are named.
        InputError: A PNG whose name is no frame number; a split where there are none.
    """
    wanted = _find_truth(truth, split)
    found = _find_files(predictions)
    missing = [case.name for case in wanted if case.name not in found]
    if missing:
        raise NotFoundError(
            f"{predictions} has no predictions of {len(missing)} of {len(wanted)} sequences: "
            f"{', '.join(missing)}. Expected {_EXPECTED}; a sequence without any object has an empty "
            f"text. Found: {_names(predictions)}."
        )
    cases = [
        MotsCase(case.name, case.truth, found[case.name], case.frames, case.images)
        for case in wanted
    ]
    extra = sorted(found.keys() - {case.name for case in cases})
    message = f"{predictions} holds it, {truth} does not. It is not scored."
    return Gathered(cases, tuple(Problem("extra-sequence", name, "", message) for name in extra))


def _find_truth(root: Path, split: str | None) -> list[MotsCase]:
    """Cases that have no predictions yet."""
    for name, first in _FIRST_FRAME.items():
        layout = find_layout(name)
        if layout.recognise(root):
            sequences = layout.sequences(root, split or layout.default_split)
            return [_truth_case(sequence, first) for sequence in sequences]
    others = [name for name in recognise(root) if find_layout(name).holds != "tracks"]
    if others and others != ["folder"]:
        raise NotFoundError(f"{root} looks like {others[0]}, you said kitti-mots.")
    found = _find_files(root)
    if not found:
        raise NotFoundError(
            f"{root} holds no truth: expected the root of KITTI-MOTS or MOTSChallenge, or files "
            f"{_EXPECTED}. Found: {_names(root)}."
        )
    if split:
        raise InputError(
            f"{root} is no root of a dataset, so it has no split {split!r}; leave it out."
        )
    return [MotsCase(name, files, MotsFiles()) for name, files in found.items()]


def _truth_case(sequence: VideoSequence, first: int) -> MotsCase:
    pngs = () if sequence.tracks_path else [path for path in sequence.mask_paths if path]
    if not sequence.tracks_path and not pngs:
        raise NotFoundError(
            f"Sequence {sequence.name!r} has neither text nor PNG masks, so it cannot be scored. "
            "Add its truth, or choose another split."
        )
    length = sequence.num_frames or len(sequence.frame_paths) or len(sequence.mask_paths)
    return MotsCase(
        sequence.name,
        MotsFiles(sequence.tracks_path, _by_number(pngs)),
        MotsFiles(),
        range(first, first + length) if length else None,
        _by_number(sequence.frame_paths),
    )


def _find_files(folder: Path) -> dict[str, MotsFiles]:
    """Files of each sequence by its name; a text goes before a folder."""
    if not folder.is_dir():
        raise NotFoundError(f"{folder} is no folder, expected one with {_EXPECTED}.")
    found: dict[str, MotsFiles] = {}
    for path in visible(folder):
        if path.is_dir() and (pngs := [png for png in visible(path) if png.suffix == ".png"]):
            found.setdefault(path.name, MotsFiles(pngs=_by_number(pngs)))
        elif path.suffix == ".txt":
            found[path.stem] = MotsFiles(text=path)
    return found


def _by_number(paths: Iterable[Path]) -> dict[int, Path]:
    numbered: dict[int, Path] = {}
    for path in paths:
        if not path.stem.isdecimal():
            raise InputError(
                f"{path} is not named by the number of its frame, as 000000.png is. Rename it."
            )
        numbered[int(path.stem)] = path
    return numbered


def _names(folder: Path) -> str:
    names = [path.name for path in visible(folder)]
    return ", ".join(names[:10]) + (", ..." if len(names) > 10 else "") or "nothing"
