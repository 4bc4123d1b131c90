"""``objects/<id>/<frame>.png``: one black and white picture per object and frame."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from segue.errors import FormatError
from segue.files import replacing_folder
from segue.media.png import write_png
from segue.results.label_pictures import pictures_of, read_picture, results_of_pictures
from segue.results.reading import paint_masks
from segue.results.results import Results, Written
from segue.types import BACKGROUND, VOID, Labels, Mask

_WHITE = 255


class ObjectPictures:
    """White where the object is. Every object has a picture of every frame, all black where it is absent."""

    def write(self, results: Results, out: Path) -> Written:
        """See ``Document``; of classes, one folder per class number that occurs."""
        target = out / "objects"
        numbers = _numbers(results)
        with replacing_folder(target) as folder:
            for record in results.records:
                labels = results.labels(record)
                for number in numbers:
                    picture = np.where(labels == number, np.uint8(_WHITE), np.uint8(0))
                    write_png(folder / str(number) / f"{record.name}.png", picture)
        return Written((target,))

    def recognises(self, path: Path) -> bool:
        """See ``Readable``: a folder of folders that are named by numbers and hold PNG files."""
        folders = _folders(path)
        return bool(folders) and any(folders[0].glob("*.png"))

    def read(self, path: Path, size_hw: tuple[int, int] | None = None) -> Results:
        """See ``Readable``: grey of 128 and more is the object; of objects that overlap, the highest id is on top."""
        files = {int(folder.name): pictures_of(folder) for folder in _folders(path)}
        frames = sorted({frame for pictures in files.values() for frame in pictures})
        if not frames:
            raise FormatError(
                f"{path} holds no folder with PNG files that is named by the id of an object."
            )
        return results_of_pictures(path.name, frames, partial(_draw, files), size_hw)


def _draw(files: Mapping[int, Mapping[str, Path]], frame: str) -> Labels:
    """The label map of a frame that has at least one picture."""
    found = {n: pictures[frame] for n, pictures in files.items() if frame in pictures}
    masks = ((number, _inside(read_picture(path))) for number, path in found.items())
    size_hw = read_picture(next(iter(found.values()))).shape
    return paint_masks(size_hw, masks, f"frame {frame}")


def _numbers(results: Results) -> Sequence[int]:
    found = {number for record in results.records for number in record.objects}
    if results.classes is None:
        return sorted(found - {BACKGROUND, VOID})
    return sorted(
        n for n in found if any(r.objects[n].area for r in results.records if n in r.objects)
    )


def _folders(path: Path) -> list[Path]:
    """By number; those that name no object are left out."""
    if not path.is_dir():
        return []
    named = [one for one in path.iterdir() if one.is_dir() and one.name.isdecimal()]
    numbers = range(BACKGROUND + 1, VOID)
    return sorted((one for one in named if int(one.name) in numbers), key=lambda one: int(one.name))


def _inside(picture: Labels) -> Mask:
    # 1-bit files come out as 0 and 1.
    inside: Mask = picture > (0 if picture.max(initial=0) <= 1 else _WHITE // 2)
    return inside


OBJECTS = ObjectPictures()
