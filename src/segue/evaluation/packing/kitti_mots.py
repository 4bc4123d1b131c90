"""KITTI-MOTS test: one text file of run-length masks per sequence, directly in the archive.

The line format and the rules (no overlaps, classes 1 and 2, ids once per frame) are those of ``mots_tools`` and
TrackEval. That the files lie directly in the archive is what KITTI asks of its tracking benchmark; for MOTS we found
no text that says so.
"""

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from segue.data.catalog import find_layout
from segue.data.check import visible
from segue.data.mots_text import CAR, IDS_PER_CLASS, PEDESTRIAN, check_tracks, masks_of_ids
from segue.data.sample import VideoSequence
from segue.errors import NotFoundError
from segue.evaluation.packing.frames import no_dataset
from segue.evaluation.packing.interface import Member, Submission
from segue.evaluation.packing.masks import (
    MaskFile,
    Rule,
    judge,
    masks_of,
    read_mask,
    size_of,
)
from segue.media.images import list_images
from segue.media.label_file import read_label_values
from segue.problems import Problem

_TEST = "test"
_TEST_SEQUENCES = tuple(f"{number:04}" for number in range(29))
_UNKNOWN = [VideoSequence(name, (), ()) for name in _TEST_SEQUENCES]
"""What is asked for without a dataset: names alone."""
_CLASSES = (CAR, PEDESTRIAN)
_VALUES = frozenset(
    {0, *(c * IDS_PER_CLASS + number for c in _CLASSES for number in range(IDS_PER_CLASS))}
)
_MEANING = "class * 1000 + instance in 16 bits, class 1 for cars and 2 for pedestrians"


class KittiMotsPacker:
    """Packs text files as they are, and 16-bit PNGs as text; see ``Packer``."""

    summary = "KITTI-MOTS test: 0000.txt to 0028.txt, from text or 16-bit PNGs"

    def prepare(self, predictions: Path, root: Path | None, split: str | None) -> Submission:
        """See ``Packer``."""
        if not predictions.is_dir():
            raise NotFoundError(f"No folder {predictions}. Give the folder of the predictions.")
        wanted = _from_dataset(root, split) if root else _UNKNOWN
        names = {sequence.name for sequence in wanted}
        if not any(_text(predictions, name) or masks_of(predictions / name) for name in names):
            found = ", ".join(path.name for path in visible(predictions)[:5]) or "nothing"
            raise NotFoundError(
                f"{predictions} holds neither {wanted[0].name}.txt nor PNG files in a folder "
                f"{wanted[0].name}, nor any other of the {len(wanted)} sequences. It holds {found}."
            )
        problems = [] if root else [no_dataset()]
        problems += _extra(predictions, names)
        members = []
        for sequence in wanted:
            text, masks = _text(predictions, sequence.name), masks_of(predictions / sequence.name)
            if text:
                problems += check_tracks(sequence, text, _frames(sequence), _CLASSES)
                members.append(Member(text.name, text.read_bytes))
            elif masks:
                problems += _check_masks(masks, sequence)
                members.append(Member(f"{sequence.name}.txt", partial(_as_text, masks)))
            else:
                problems.append(_missing(predictions, sequence.name))
        return Submission(tuple(members), tuple(problems))


def _from_dataset(root: Path, split: str | None) -> list[VideoSequence]:
    if split is not None and split != _TEST:
        return find_layout("kitti-mots").sequences(root, split)
    return [_with_frames(root / "testing" / "image_02" / name) for name in _TEST_SEQUENCES]


def _with_frames(folder: Path) -> VideoSequence:
    # The layout knows sequences by their truth, which nobody has of these.
    frames = tuple(list_images(folder)) if folder.is_dir() else ()
    if not frames:
        raise NotFoundError(
            f"{folder} holds no frames. Give the dataset that holds testing/image_02, or none.",
            option="The dataset is --data.",
        )
    return VideoSequence(folder.name, frames, (None,) * len(frames))


def _text(predictions: Path, name: str) -> Path | None:
    path = predictions / f"{name}.txt"
    return path if path.is_file() else None


def _extra(predictions: Path, names: set[str]) -> Iterator[Problem]:
    for path in visible(predictions):
        sequence = path.stem if path.suffix == ".txt" or path.is_dir() else None
        if sequence not in names and (path.suffix == ".txt" or masks_of(path)):
            yield Problem(
                "extra-sequence", path.stem, "", f"{path} is not asked for. It is left out."
            )


def _missing(predictions: Path, name: str) -> Problem:
    message = (
        f"Neither {name}.txt nor PNG files in a folder {name} of {predictions}. Predict the "
        "sequence; an empty text file says that there is nothing in it."
    )
    return Problem("missing-sequence", name, "", message, fatal=True)


def _frames(sequence: VideoSequence) -> range:
    """Numbers of the frames; without end where nobody knows the length."""
    return range(len(sequence.frame_paths) or sequence.num_frames or sys.maxsize)


def _check_masks(masks: dict[str, Path], sequence: VideoSequence) -> Iterator[Problem]:
    measure = sequence.frame_paths[0] if sequence.frame_paths else next(iter(masks.values()))
    rule = Rule(size_of(measure), _VALUES, _MEANING)
    frames = _frames(sequence)
    found = set()
    for name, path in masks.items():
        if not name.isdecimal() or int(name) not in frames:
            message = (
                f"{path} is not named by the number of a frame, such as 000000.png. Rename it."
            )
            yield Problem("name", sequence.name, name, message, fatal=True)
            continue
        found.add(int(name))
        file = MaskFile(path, sequence.name, name)
        values = read_mask(file)
        if isinstance(values, Problem):
            yield values
        else:
            yield from judge(file, values, rule)
    for number in range(len(sequence.frame_paths)):
        if number not in found:
            message = "No PNG file; the frame is sent as one without objects."
            yield Problem("missing-frame", sequence.name, f"{number:06}", message)


def _as_text(masks: dict[str, Path]) -> bytes:
    """16-bit PNGs as MOTS text, by frame and track id."""
    lines = []
    for name, path in sorted(masks.items(), key=lambda item: int(item[0])):
        for item in masks_of_ids(int(name), read_label_values(path)):
            numbers = item.frame, item.track_id, item.class_id, item.mask.height, item.mask.width
            lines.append(b"%d %d %d %d %d %s\n" % (*numbers, item.mask.counts))
    return b"".join(lines)


KITTI_MOTS = KittiMotsPacker()
