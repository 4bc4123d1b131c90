"""Masks in JSON files: labelme, and COCO with run lengths or polygons."""

import json
from pathlib import Path
from typing import Any

from segue.errors import MaskError
from segue.media.mask_coco import coco_values, is_coco
from segue.media.mask_labelme import labelme_values
from segue.media.mask_values import MaskValues


def read_json(path: Path) -> MaskValues:
    """The objects of a labelme file, or of COCO annotations of one image.

    Raises:
        MaskError: No JSON, another kind of document, or shapes that cannot be drawn; the message names the file.
    """
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise MaskError(f"{path} is not a whole JSON file ({error}).") from None
    if isinstance(document, dict) and "shapes" in document:
        return labelme_values(document, path)
    if is_coco(document):
        return coco_values(document, path)
    held = ", ".join(map(repr, list(document)[:5])) if isinstance(document, dict) else "a list"
    raise MaskError(
        f"{path} holds {held or 'nothing'}, expected the 'shapes' of labelme, or COCO annotations "
        "('annotations', or 'size' and 'counts')."
    )
