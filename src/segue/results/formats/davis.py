"""``davis/``: the video as a DAVIS-2017 data set of one sequence, for training and for scoring tools."""

from pathlib import Path

from PIL import Image

from segue.errors import FormatError
from segue.files import replacing, replacing_folder, writing
from segue.media.palette import write_mask
from segue.results.label_pictures import pictures_of, read_picture, results_of_pictures
from segue.results.results import Results, Written
from segue.types import Frame

_SIZE = "480p"
"""The folder's name, which tools look for, whatever the size is."""
_SPLITS = ("train", "val")
_JPEG_QUALITY = 95


class DavisDataset:
    """Frames as JPEG, palette PNG masks, and the sequence listed in the splits ``train`` and ``val``.

    It begins with the first frame that has an object, since tools take the objects from the first mask. Objects that
    enter later are in the masks, but the official tool for given objects leaves them out.
    """

    def write(self, results: Results, out: Path) -> Written:
        """See ``Document``."""
        if results.classes is not None:
            raise FormatError(
                f"DAVIS holds objects, and the results of {results.name} are classes. Take png."
            )
        first = _first_index(results)
        target, name = out / "davis", results.name
        with replacing_folder(target) as root:
            images = _folder(root / "JPEGImages" / _SIZE / name)
            masks = _folder(root / "Annotations" / _SIZE / name)
            for frame, record in results.frames():
                if record.index >= first:
                    _write_jpeg(images / f"{record.name}.jpg", frame.image)
                    write_mask(masks / f"{record.name}.png", results.labels(record))
            for split in _SPLITS:
                listing = _folder(root / "ImageSets" / "2017") / f"{split}.txt"
                listing.write_text(f"{name}\n", encoding="utf-8")
        return Written((target,))

    def recognises(self, path: Path) -> bool:
        """See ``Readable``: ``Annotations`` beside ``ImageSets``."""
        return (path / "ImageSets").is_dir() and (path / "Annotations").is_dir()

    def read(self, path: Path, size_hw: tuple[int, int] | None = None) -> Results:
        """See ``Readable``; the masks must be those of one sequence."""
        found = sorted({one.parent for one in path.glob("Annotations/*/*/*.png")})
        if len(found) != 1:
            raise FormatError(
                f"{path} holds masks of {len(found)} sequences, expected one. "
                "Give the folder of one sequence inside Annotations."
            )
        files = pictures_of(found[0])
        return results_of_pictures(
            found[0].name, [*files], lambda frame: read_picture(files[frame]), size_hw
        )


def _first_index(results: Results) -> int:
    for record in results.records:
        if any(one.area for one in record.objects.values()):
            return record.index
    raise FormatError(
        f"DAVIS begins with a mask, and {results.name} has no object on any frame. Take png."
    )


def _folder(path: Path) -> Path:
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)
    return path


def _write_jpeg(path: Path, frame: Frame) -> None:
    with replacing(path) as temporary:
        Image.fromarray(frame).save(temporary, "JPEG", quality=_JPEG_QUALITY)


DAVIS = DavisDataset()
