"""The files about what was found: ``found.json`` with scores and masks, and ``found.png`` to look at."""

import json
from pathlib import Path

from segue.errors import FormatError
from segue.files import write_json, writing
from segue.inference.find.found import Found
from segue.media.masks import write_mask
from segue.media.overlay import contact_sheet, paint, write_image
from segue.media.resize import resize_labels
from segue.types import Frame

DOCUMENT, PICTURE = "found.json", "found.png"
_COLUMNS = 4


def write_found(found: Found, folder: Path) -> None:
    """Write ``found.json``, and ``found.png`` if the pictures are at hand.

    Args:
        found: Of a video.
        folder: Is made if need be.

    Raises:
        WriteError: The system refuses.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / DOCUMENT, found.to_json())
    if found.pictures:
        write_image(folder / PICTURE, sheet(found))


def write_proposals(found: Found, folder: Path) -> None:
    """Write a label map of every frame that shows an object: ``masks/<frame>.png``.

    Args:
        found: Of a video.
        folder: Exists.

    Raises:
        WriteError: The system refuses.
    """
    masks = folder / "masks"
    with writing(masks):
        masks.mkdir(exist_ok=True)
    names = {one.frame: one.name for item in found.objects for one in item.sightings}
    for frame in found.seen:
        write_mask(masks / f"{names[frame]}.png", found.labels(frame))


def read_found(folder: Path) -> Found | None:
    """What ``write_found`` wrote there; ``None`` if nothing is there, or nothing that can be used."""
    try:
        return Found.from_json(json.loads((folder / DOCUMENT).read_text(encoding="utf-8")))
    except (OSError, ValueError, FormatError):
        return None


def sheet(found: Found) -> Frame:
    """The frames that were looked at with the objects painted in; captions say how sure, and where surest."""
    cells = [
        paint(picture, resize_labels(found.labels(frame), picture.shape[:2]))
        for frame, picture in sorted(found.pictures.items())
    ]
    captions = [_caption(found, frame) for frame in sorted(found.pictures)]
    return contact_sheet(cells, min(_COLUMNS, len(cells)), captions)


def _caption(found: Found, frame: int) -> str:
    seen = [
        f"{item.object_id}: {one.score:.2f}{' surest' if one is item.best else ''}"
        for item in found.objects
        for one in item.sightings
        if one.frame == frame
    ]
    return f"frame {frame}   {', '.join(seen) or 'nothing'}"
