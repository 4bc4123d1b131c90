"""The table of formats: name -> the document. Nothing is imported before it is asked for."""

from dataclasses import dataclass

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
    """Whether it shows the frames, so that the video has to be there."""


FORMATS: dict[str, FormatEntry] = {
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
        "segue.results.formats.areas:AREAS", "share of each class, a table and a chart"
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
        "segue.results.formats.objects:OBJECTS", "black and white PNG, one per object and frame"
    ),
    "davis": FormatEntry(
        "segue.results.formats.davis:DAVIS", "a DAVIS-2017 data set of this video", pictures=True
    ),
    "cutout-webm": FormatEntry(
        "segue.results.formats.cutout:CUTOUT_WEBM",
        "objects without background, VP9 with alpha",
        pictures=True,
    ),
    "cutout-mov": FormatEntry(
        "segue.results.formats.cutout:CUTOUT_MOV",
        "objects without background, ProRes 4444",
        pictures=True,
    ),
    "cutout-png": FormatEntry(
        "segue.results.formats.cutout:CUTOUT_PNG",
        "objects without background, one RGBA picture per frame",
        pictures=True,
    ),
}

_IMPOSSIBLE = {
    "cutout-mp4": "H.264 in mp4 has no transparency. Take cutout-webm (VP9) or cutout-mov (ProRes 4444)."
}
"""What is often asked for, and why there is none."""


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
