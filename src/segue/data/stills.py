"""Still images with masks: a folder with ``JPEGImages`` and ``Annotations``, one mask per picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from segue.errors import NotFoundError
from segue.media.images import read_image
from segue.media.label_file import read_label_values
from segue.types import BACKGROUND, VOID, Frame, Labels

_PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})


@dataclass(frozen=True, slots=True)
class Still:
    """One picture and its mask."""

    picture: Path
    mask: Path

    def read(self) -> tuple[Frame, Labels]:
        """The picture and the ids of its objects, 0 elsewhere; void is background.

        Raises:
            VideoError: A picture that cannot be read.
            MaskError: A mask that cannot be read.
        """
        picture, values = read_image(self.picture), read_label_values(self.mask)
        ids = np.unique(values)
        black_and_white = ids[-1] == VOID and len(ids) <= 2
        labels = values > 0 if black_and_white else np.where(values == VOID, BACKGROUND, values)
        labels = labels.astype(np.uint8)
        if labels.shape != picture.shape[:2]:
            size = picture.shape[1::-1]
            labels = np.asarray(cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST))
        return picture, labels


def find_stills(folders: Sequence[Path]) -> list[Still]:
    """The pictures of some folders that have a mask, in the order of their names.

    Raises:
        NotFoundError: A folder without any.
    """
    found: list[Still] = []
    for folder in folders:
        masks = {path.stem: path for path in sorted((folder / "Annotations").glob("*.png"))}
        pictures = sorted((folder / "JPEGImages").glob("*"))
        pairs = [
            Still(picture, masks[picture.stem])
            for picture in pictures
            if picture.suffix.lower() in _PICTURES and picture.stem in masks
        ]
        if not pairs:
            raise NotFoundError(
                f"{folder} holds no pictures with masks. Expected JPEGImages/NAME.jpg (or webp, png) and "
                "Annotations/NAME.png."
            )
        found += pairs
    return found
