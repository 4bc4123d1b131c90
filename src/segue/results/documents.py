"""Several documents about one video at once."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from segue.files import writing
from segue.results.formats.catalog import FORMATS, find_format
from segue.results.live import write_live
from segue.results.results import Document, LiveDocument, Results, Written

TRACK_DOCUMENTS = ("tracks.json", "reuse", "overlay")
"""What the results of tracking always come with."""
LABEL_DOCUMENTS = ("areas", "reuse", "flicker", "overlay")
"""What the results of labelling always come with."""


def write_documents(names: Sequence[str], results: Results, out: Path) -> Written:
    """Write documents by their names; those that show the video share one pass over its frames.

    Args:
        names: Of the table of formats; a name that comes twice is written once.
        results: Of the video.
        out: The folder of the results, which is made if it is not there.

    Returns:
        All files, notes and doubts, in the order of the names.

    Raises:
        SettingsError: There is no such format; nothing is written.
        FormatError: A format cannot hold these results, see ``Document``.
        VideoError: A format shows the video, which is not there.
        WriteError: The system refuses.
    """
    documents = {name: find_format(name) for name in names}
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    written = dict(_together(documents, results, out))
    for name, document in documents.items():
        if name not in written:
            written[name] = document.write(results, out)
    files = tuple(path for name in documents for path in written[name].files)
    notes: dict[str, Any] = {}
    for name in documents:
        notes |= written[name].notes
    doubts = tuple(doubt for name in documents for doubt in written[name].doubts)
    return Written(files, notes, doubts)


def _together(
    documents: Mapping[str, Document], results: Results, out: Path
) -> Sequence[tuple[str, Written]]:
    """Names and results of the live documents that need the video, written in one pass."""
    live = {
        name: document
        for name, document in documents.items()
        if isinstance(document, LiveDocument) and FORMATS[name].pictures
    }
    if not live:
        return ()
    return tuple(zip(live, write_live([*live.values()], results, out), strict=True))
