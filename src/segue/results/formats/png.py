"""``png/``: one palette PNG per frame, named like the frame, as DAVIS and PASCAL VOC have them."""

from pathlib import Path

from PIL import Image

from segue.errors import FormatError
from segue.files import replacing_folder
from segue.media.palette import write_mask
from segue.results.label_pictures import pictures_of, read_picture, results_of_pictures
from segue.results.results import Results, Written

_SINGLE_VALUES = ("P", "L", "1")


class LabelMaps:
    """Every pixel holds the id of its object (or class): 0 background, 255 void."""

    def write(self, results: Results, out: Path) -> Written:
        """See ``Document``."""
        target = out / "png"
        with replacing_folder(target) as folder:
            for record in results.records:
                write_mask(folder / f"{record.name}.png", results.labels(record), results.colours)
        return Written((target,))

    def recognises(self, path: Path) -> bool:
        """See ``Readable``: a folder with PNG files of one value per pixel, 8 bits each."""
        first = next(iter(pictures_of(path).values()), None) if path.is_dir() else None
        if first is None:
            return False
        try:
            with Image.open(first) as picture:
                return picture.mode in _SINGLE_VALUES
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            return False

    def read(self, path: Path, size_hw: tuple[int, int] | None = None) -> Results:
        """See ``Readable``."""
        files = pictures_of(path)
        if not files:
            raise FormatError(f"{path} holds no PNG file, expected one per frame.")
        return results_of_pictures(
            path.name, [*files], lambda frame: read_picture(files[frame]), size_hw
        )


LABEL_MAPS = LabelMaps()
