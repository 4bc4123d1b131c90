"""The table of formats: name -> the document. Nothing is imported before it is asked for."""

from dataclasses import dataclass

from segue.results.results import Document
from segue.settings import load_place, look_up


@dataclass(frozen=True, slots=True)
class FormatEntry:
    """One line of the table."""

    place: str
    """``module:attribute`` of a ``Document``; one that is also ``Readable`` can be read back."""
    summary: str
    """Half a line for lists and help."""
    gives_masks: bool = False
    """Whether files of this format are asked for when masks are given; false where masks of media are read anyway."""


_EXCHANGE = {
    "coco": FormatEntry(
        "segue.results.formats.coco:COCO",
        "coco.json: run-length masks, an annotation per object and frame",
        gives_masks=True,
    ),
    "yolo": FormatEntry(
        "segue.results.formats.yolo:YOLO",
        "yolo/: segmentation labels, a text file of polygons per frame",
        gives_masks=True,
    ),
    "cvat": FormatEntry(
        "segue.results.formats.cvat:CVAT",
        "cvat.xml: CVAT for video 1.1, a mask per object and frame",
        gives_masks=True,
    ),
    "cvat-polygons": FormatEntry(
        "segue.results.formats.cvat:CVAT_POLYGONS",
        "cvat-polygons.xml: CVAT for video 1.1, a track of polygons per object",
    ),
    "mots": FormatEntry(
        "segue.results.formats.mots:MOTS",
        "mots/: MOTS text, and 16-bit PNG files of ids",
        gives_masks=True,
    ),
    "labelme": FormatEntry(
        "segue.results.formats.labelme:LABELME",
        "labelme/: a JSON file of polygons per frame",
        gives_masks=True,
    ),
}
"""Files of other programs, which can be read back."""

FORMATS: dict[str, FormatEntry] = {**_EXCHANGE}


def find_format(name: str) -> Document:
    """The document of a name.

    Raises:
        SettingsError: There is none; the message names the nearest.
    """
    document: Document = load_place(look_up(FORMATS, "format", name).place)
    return document
