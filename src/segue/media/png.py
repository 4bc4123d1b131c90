"""Arrays as PNG without a palette: frames without loss, ids and classes as grey values of 8 or 16 bits."""

import io
from pathlib import Path

import numpy as np
from jaxtyping import UInt8, UInt16
from PIL import Image

from segue.files import write_bytes, writing
from segue.types import Frame


def write_png(
    path: Path,
    values: Frame | UInt8[np.ndarray, "height width"] | UInt16[np.ndarray, "height width"],
) -> None:
    """An RGB frame, or one value per pixel; the same bytes every time.

    Raises:
        WriteError: The system refuses.
    """
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG", compress_level=6)
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, buffer.getvalue())
