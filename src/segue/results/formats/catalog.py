"""The table of formats: name -> the document. Nothing is imported before it is asked for."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from segue.errors import FormatError
from segue.results.results import Document
from segue.settings import load_place, look_up


@dataclass(frozen=True, slots=True)
class FormatEntry:
    """One line of the table."""

    place: str
    """``module:attribute`` of a ``Document``; one that is also ``Readable`` can be read back."""
    summary: str
    """Half a line for lists and help."""
    pictures: bool = False
    """Whether the document shows the frames, so that the video is needed."""
    holds: Literal["objects", "classes", "both"] = "both"
    """What the labels may be."""
    gives_masks: bool = False
    """Whether a given mask file may be of this format; false where ``segue.media`` reads such files by itself."""


_OWN = {
    "tracks.json": FormatEntry(
        "segue.results.formats.tracks_json:TRACKS_JSON", "numbers per frame and object, one JSON"
    ),
    "tracks.csv": FormatEntry(
        "segue.results.formats.tracks_csv:TRACKS_CSV", "the same as a table, one row per object"
    ),
    "review.csv": FormatEntry(
        "segue.results.formats.review_csv:REVIEW_CSV", "the frames to check, by need, with reasons"
    ),
    "areas": FormatEntry(
        "segue.results.formats.areas:AREAS",
        "share of each class, a table and a chart",
        holds="classes",
    ),
    "reuse": FormatEntry("segue.results.formats.reuse:REUSE", "what the reuse gate did, a chart"),
    "flicker": FormatEntry(
        "segue.results.formats.flicker:FLICKER", "flips and returns per pixel, in run.json"
    ),
    "overlay": FormatEntry(
        "segue.results.formats.overlay:OVERLAY", "the labels painted in, mp4", pictures=True
    ),
    "png": FormatEntry(
        "segue.results.formats.png:LABEL_MAPS", "label maps as palette PNG, one per frame"
    ),
    "objects": FormatEntry(
        "segue.results.formats.objects:OBJECTS",
        "black and white PNG, one per object and frame",
        gives_masks=True,
    ),
    "davis": FormatEntry(
        "segue.results.formats.davis:DAVIS",
        "a DAVIS-2017 data set of this video",
        pictures=True,
        holds="objects",
        gives_masks=True,
    ),
    "cutout-webm": FormatEntry(
        "segue.results.formats.cutout:CUTOUT_WEBM",
        "objects without background, VP9 with alpha",
        pictures=True,
        holds="objects",
    ),
    "cutout-mov": FormatEntry(
        "segue.results.formats.cutout:CUTOUT_MOV",
        "objects without background, ProRes 4444",
        pictures=True,
        holds="objects",
    ),
    "cutout-png": FormatEntry(
        "segue.results.formats.cutout:CUTOUT_PNG",
        "objects without background, one RGBA picture per frame",
        pictures=True,
        holds="objects",
    ),
}
"""Pictures, videos and tables; pictures can be read back."""

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
        holds="objects",
    ),
    "labelme": FormatEntry(
        "segue.results.formats.labelme:LABELME",
        "labelme/: a JSON file of polygons per frame",
        gives_masks=True,
    ),
}
"""Files of other programs, which can be read back."""

FORMATS: dict[str, FormatEntry] = {**_OWN, **_EXCHANGE}

_IMPOSSIBLE = {
    "cutout-mp4": "H.264 in mp4 has no transparency. Take cutout-webm (VP9) or cutout-mov (ProRes 4444)."
}
"""Formats that people ask for and that cannot exist -> the reason."""


def find_format(name: str) -> Document:
    """The document of a name.

    Raises:
        SettingsError: There is none; the message names the nearest.
        FormatError: There can be none; the message says why.
    """
    if name in _IMPOSSIBLE:
        raise FormatError(_IMPOSSIBLE[name])
    document: Document = load_place(look_up(FORMATS, "format", name).place)
    return document


def check_formats(names: Iterable[str], labels: Literal["objects", "classes"]) -> None:
    """Refuse what ``write_documents`` would refuse in the end, before the work begins.

    Args:
        names: Of formats.
        labels: What the results will be.

    Raises:
        SettingsError: There is no such format.
        FormatError: There can be none, or it cannot hold such results.
    """
    for name in names:
        find_format(name)
        holds = FORMATS[name].holds
        if holds not in (labels, "both"):
            raise FormatError(
                f"The format {name} holds {holds}, and the results are {labels}. Choose another format."
            )
