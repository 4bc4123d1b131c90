"""Cityscapes test: one PNG of label ids per image, 2048 pixels wide and 1024 high.

Documented by ``cityscapesScripts``: a file belongs to an image if it is named ``<city>_<sequence>_<frame>*.png``, there
is exactly one per image, with one channel, of the image's size, with values as in ``labels.py``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from segue.data.catalog import find_layout
from segue.data.semantic_classes import CITYSCAPES_CLASSES
from segue.errors import NotFoundError
from segue.evaluation.packing.frames import no_dataset
from segue.evaluation.packing.interface import Member, Submission
from segue.evaluation.packing.masks import (
    MaskFile,
    Rule,
    encode_png,
    grey_png,
    judge,
    read_mask,
)
from segue.media.label_file import read_label_values
from segue.problems import Problem
from segue.types import VOID

LABEL_IDS = tuple(label.value for label in CITYSCAPES_CLASSES.classes)
"""The label id of each train id 0..18."""
SIZE_HW = (1024, 2048)
NUM_TEST_IMAGES = 1525

_UNLABELED = 0
_NAME = re.compile(r"[A-Za-z-]+_\d{6}_\d{6}")
_LABEL_RULE = Rule(SIZE_HW, CITYSCAPES_CLASSES.values, "a label id")
_TRAIN_RULE = Rule(SIZE_HW, frozenset({*range(len(LABEL_IDS)), VOID}), "a train id, 255 for none")


@dataclass(frozen=True)
class CityscapesPacker:
    """Packs grey PNGs under the names of their images; see ``Packer``."""

    summary: str
    from_train_ids: bool = False

    def prepare(self, predictions: Path, root: Path | None, split: str | None) -> Submission:
        """See ``Packer``."""
        found = _by_image(predictions)
        wanted = _images(root, split) if root else list(found)
        problems = [*_check_names(found, wanted)]
        problems += [] if root else [*_without_dataset(len(wanted))]
        occurring: set[int] = set()
        members = []
        for image in wanted:
            for path in found.get(image, [])[:1]:
                problems += self._check(MaskFile(path, image.split("_")[0], image), occurring)
                members.append(Member(f"{image}.png", partial(self._encode, path)))
        if not self.from_train_ids and _look_like_train_ids(occurring):
            problems.append(_train_ids())
        return Submission(tuple(members), tuple(problems))

    def _check(self, file: MaskFile, occurring: set[int]) -> Iterator[Problem]:
        values = read_mask(file)
        if isinstance(values, Problem):
            yield values
            return
        occurring.update(np.flatnonzero(np.bincount(values.ravel())).tolist())
        yield from judge(file, values, _TRAIN_RULE if self.from_train_ids else _LABEL_RULE)

    def _encode(self, path: Path) -> bytes:
        if not self.from_train_ids:
            return grey_png(path)
        label_ids = np.full(VOID + 1, _UNLABELED, np.uint8)
        label_ids[: len(LABEL_IDS)] = LABEL_IDS
        return encode_png(label_ids[read_label_values(path)])


def _by_image(predictions: Path) -> dict[str, list[Path]]:
    """PNG files anywhere below the folder by the image they are named after.

    Raises:
        NotFoundError: There are none.
    """
    found: dict[str, list[Path]] = {}
    for path in sorted(predictions.rglob("*.png")):
        match = _NAME.match(path.name)
        if match:
            found.setdefault(match[0], []).append(path)
    if not found:
        raise NotFoundError(
            f"{predictions} holds no PNG files named after images of Cityscapes, such as "
            "berlin_000000_000019.png. Give the folder of the predictions."
        )
    return found


def _images(root: Path, split: str | None) -> list[str]:
    """The layout names each clip after its annotated frame."""
    return [clip.name for clip in find_layout("cityscapes").sequences(root, split or "test")]


def _without_dataset(num_images: int) -> Iterator[Problem]:
    yield no_dataset()
    if num_images != NUM_TEST_IMAGES:
        message = (
            f"There are predictions of {num_images} images; the test split has {NUM_TEST_IMAGES}."
        )
        yield Problem("missing-frame", "", "", message, fatal=True)


def _check_names(found: Mapping[str, list[Path]], wanted: list[str]) -> Iterator[Problem]:
    for image in wanted:
        paths, city = found.get(image, []), image.split("_")[0]
        if not paths:
            message = f"No file is named {image}*.png. Predict the image."
            yield Problem("missing-frame", city, image, message, fatal=True)
        if len(paths) > 1:
            message = (
                f"{paths[0]} and {paths[1]} are named after the same image; the server takes exactly one. "
                "Remove the other, such as colour pictures."
            )
            yield Problem("name", city, image, message, fatal=True)
    for image in sorted(set(found) - set(wanted)):
        message = f"{found[image][0]} is not asked for. It is left out."
        yield Problem("extra-frame", image.split("_")[0], image, message)


def _look_like_train_ids(occurring: set[int]) -> bool:
    """Street scenes without a label id above 18 would have no plants, no sky, no cars (label ids 21, 23, 26)."""
    values = occurring - {VOID}
    return bool(values) and max(values) < len(LABEL_IDS)


def _train_ids() -> Problem:
    message = (
        "No value is above 18, so these are train ids, and the server wants label ids. Convert them on "
        "the way with --from-train-ids."
    )
    return Problem("unknown-id", "", "", message, fatal=True)


CITYSCAPES = CityscapesPacker("Cityscapes test: <image>.png of label ids, 2048x1024")
CITYSCAPES_TRAIN_IDS = CityscapesPacker(
    "Cityscapes test, from predictions of train ids", from_train_ids=True
)
