"""The values stored in a label file: palette indices, ids, classes, as they are."""

from pathlib import Path

import numpy as np
from jaxtyping import UInt8, UInt16
from PIL import Image

from segue.errors import MaskError
from segue.media.plain_png import read_plain_png

_READ_ERRORS = (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError)


def read_label_values(
    path: Path,
) -> UInt8[np.ndarray, "height width"] | UInt16[np.ndarray, "height width"]:
    """The stored values of a mask file: palette indices, grey levels, 0 and 1 for 1-bit files; 16 bits stay 16.

    Raises:
        MaskError: The file is no image, is damaged, or holds colours or ids beyond 16 bits.
    """
    plain = read_plain_png(path)
    if plain is not None:
        return plain
    try:
        with Image.open(path) as image:
            image.load()
            # Official annotations and masks saved by OpenCV may be grey in several channels.
            bands = image.getbands()
            values = np.asarray(image)
    except _READ_ERRORS as error:
        raise MaskError(
            f"{path} is not a readable mask ({error}). It may be cut short; write it again."
        ) from None
    if values.ndim == 3:
        colours = values[..., :-1] if bands[-1] == "A" else values
        if (colours != colours[..., :1]).any():
            raise MaskError(
                f"{path} holds colours, expected one value per pixel. Save it as a palette or "
                "grey PNG."
            )
        values = colours[..., 0]
    if values.dtype in (np.uint8, np.uint16):
        return values
    if values.dtype == np.bool_:
        return values.astype(np.uint8)  # not a view: Pillow's true may be any byte
    if values.min() < 0 or values.max() > np.iinfo(np.uint16).max:
        raise MaskError(f"{path} holds the value {values.max()}, expected 0 to 65535.")
    return values.astype(np.uint16)
