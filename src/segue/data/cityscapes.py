"""The Cityscapes layout: one annotated frame in each clip of 30 frames.

Files are named ``<city>_<drive>_<frame>_<kind>.png``. The annotated frame is the 20th of its clip: the clip of frame f
is f - 19 ... f + 10. In some cities each clip counts from 0, so that f is 19; in others (Hamburg, Frankfurt, ...) the
numbers run on over all clips of a drive, so neither f nor the place of a file in its folder says which clip it is of.
"""

import re
from collections import ChainMap
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from pathlib import Path

from segue.data.check import ReadMask, check_sequence, only, spell, visible
from segue.data.layout import Layout
from segue.data.sample import VideoSequence
from segue.data.semantic_classes import CITYSCAPES_CLASSES
from segue.errors import NotFoundError
from segue.problems import Problem
from segue.types import VOID

FRAMES_BEFORE, FRAMES_AFTER = 19, 10
"""Frames of a clip before and after the annotated one."""

_NAME = re.compile(r"(?P<drive>.+_\d{6})_(?P<frame>\d{6})")
_IMAGE, _LABELS = "_leftImg8bit.png", "_gtFine_labelIds.png"
_TRAIN_IDS, _INSTANCES = "_gtFine_labelTrainIds.png", "_gtFine_instanceIds.png"
_KINDS = ("leftImg8bit", "leftImg8bit_sequence", "gtFine")
_SCORED = frozenset(CITYSCAPES_CLASSES.class_of.values())
_WITH_INSTANCES = {label.value for label in CITYSCAPES_CLASSES.labels if label.has_instances}


@dataclass(frozen=True)
class _Files:
    """What a root has of a split, by ``<city>_<drive>_<frame>``."""

    images: MutableMapping[str, Path]
    clips: MutableMapping[str, Path]
    labels: MutableMapping[str, Path]
    train_ids: MutableMapping[str, Path]
    instances: MutableMapping[str, Path]

    @property
    def annotated(self) -> list[str]:
        """Names of the frames that stand for their clips."""
        return sorted(self.images.keys() | self.labels.keys())


def cityscapes_sequences(root: Path, split: str = "val") -> list[VideoSequence]:
    """The clips of a split, each named after its annotated frame, in alphabetical order.

    Frames are those of the clip that are there; the annotated one alone without ``leftImg8bit_sequence``. Masks hold
    label ids, not train ids.

    Raises:
        NotFoundError: The folder or the split is not there.
    """
    files = _find(root, split)
    return [_sequence(files, name) for name in files.annotated]


def _check(root: Path, split: str) -> Iterator[Problem]:
    files = _find(root, split)
    used: set[str] = set()
    for name in files.annotated:
        used.update(_clip_names(name))
        yield from _check_clip(files, name)
        truth_is_public = bool(files.labels) or split != "test"
        required = (f"{name}_leftImg8bit",) if truth_is_public else ()
        yield from check_sequence(_sequence(files, name), only(CITYSCAPES_CLASSES.values), required)
        yield from _check_others(files, name)
    for name in sorted(files.clips.keys() - used):
        message = f"{files.clips[name]} is in no clip of an annotated frame. It is left out."
        yield Problem("extra-frame", name, name, message)


def _check_clip(files: _Files, name: str) -> Iterator[Problem]:
    if not _NAME.fullmatch(name):
        message = "Its name is not <city>_<drive>_<frame>, with six digits each. Rename its files."
        yield Problem("name", name, "", message, fatal=True)
    missing = [frame for frame in _clip_names(name) if frame not in files.clips]
    if files.clips and missing:
        numbers = spell([int(frame[-6:]) for frame in missing])
        message = f"Its clip lacks {len(missing)} of 30 frames: {numbers}. Copy them."
        yield Problem("missing-frame", name, missing[0], message, fatal=True)
    if files.images and name not in files.images:
        message = f"{files.labels[name]} has no frame {name}{_IMAGE} in leftImg8bit. Copy it."
        yield Problem("missing-frame", name, name, message, fatal=True)


def _check_others(files: _Files, name: str) -> Iterator[Problem]:
    """The files of an annotated frame that are not in its sequence."""
    if name in files.clips and name in files.images:
        image = VideoSequence(name, (files.images[name],), (None,))
        yield from check_sequence(image, _judge_others, required=())
    masks = tuple(found[name] for found in (files.train_ids, files.instances) if name in found)
    yield from check_sequence(VideoSequence(name, (), masks), _judge_others)


def _judge_others(mask: ReadMask) -> Iterator[Problem]:
    """What files of train ids and of instances may hold."""
    if mask.path.name.endswith(_TRAIN_IDS):
        yield from only(_SCORED | {VOID})(mask)
        return
    things = {value // 1000 for value in mask.values if value >= 1000}
    stuff = {value for value in mask.values if value < 1000}
    odd = (things - _WITH_INSTANCES) | (stuff - CITYSCAPES_CLASSES.values)
    if odd:
        message = f"{mask.path} holds instances of the label ids {spell(odd)}. Correct it."
        yield Problem("unknown-id", mask.sequence, mask.frame, message, fatal=True)


def _find(root: Path, split: str) -> _Files:
    files = _Files(
        _list(root / "leftImg8bit" / split, _IMAGE),
        _list(root / "leftImg8bit_sequence" / split, _IMAGE),
        _list(root / "gtFine" / split, _LABELS),
        _list(root / "gtFine" / split, _TRAIN_IDS),
        _list(root / "gtFine" / split, _INSTANCES),
    )
    if not files.annotated:
        known = sorted({path.name for kind in _KINDS for path in visible(root / kind)})
        raise NotFoundError(
            f"{root} holds no annotated frames of {split!r}: expected leftImg8bit/{split}/<city>/*"
            f"{_IMAGE} or gtFine/{split}/<city>/*{_LABELS}. Splits there: "
            f"{', '.join(known) or 'none'}. Give the folder that holds leftImg8bit and gtFine."
        )
    return files


def _list(folder: Path, suffix: str) -> dict[str, Path]:
    """Visible files of all cities with this ending, by what their names say before it."""
    return {
        path.name.removesuffix(suffix): path
        for city in visible(folder)
        if city.is_dir()
        for path in city.iterdir()
        if path.name.endswith(suffix) and not path.name.startswith(".")
    }


def _clip_names(name: str) -> list[str]:
    """The frames of the clip around an annotated frame; that one alone if its name has no number."""
    match = _NAME.fullmatch(name)
    if not match:
        return [name]
    centre = int(match["frame"])
    numbers = range(centre - FRAMES_BEFORE, centre + FRAMES_AFTER + 1)
    return [f"{match['drive']}_{number:06}" for number in numbers]


def _sequence(files: _Files, name: str) -> VideoSequence:
    found = ChainMap(files.clips, files.images)
    labels = files.labels.get(name)
    frames = [frame for frame in _clip_names(name) if frame in found]
    if not frames:
        return VideoSequence(name, (), (labels,), num_frames=1)
    return VideoSequence(
        name,
        tuple(found[frame] for frame in frames),
        tuple(labels if frame == name else None for frame in frames),
    )


def _recognise(root: Path) -> bool:
    return (root / "gtFine").is_dir() or (root / "leftImg8bit").is_dir()


CITYSCAPES = Layout(
    name="cityscapes",
    summary="Cityscapes: 19 classes, one annotated frame in each clip of 30",
    tree="""\
leftImg8bit/<split>/<city>/<city>_<drive>_<frame>_leftImg8bit.png
leftImg8bit_sequence/<split>/<city>/<city>_<drive>_<frame>_leftImg8bit.png   the clips, where needed
gtFine/<split>/<city>/<city>_<drive>_<frame>_gtFine_labelIds.png             0 to 33
gtFine/<split>/<city>/..._labelTrainIds.png, ..._instanceIds.png             checked where they are""",
    default_split="val",
    holds="classes",
    sequences=cityscapes_sequences,
    check=_check,
    recognise=_recognise,
)
