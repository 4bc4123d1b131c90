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


FORMATS: dict[str, FormatEntry] = {}


def find_format(name: str) -> Document:
    """The document of a name.

    Raises:
        SettingsError: There is none; the message names the nearest.
    """
    document: Document = load_place(look_up(FORMATS, "format", name).place)
    return document
