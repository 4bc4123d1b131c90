"""How often each number occurs in labels."""

import cv2
import numpy as np
from jaxtyping import Int64

from segue.types import Labels

_EXACT = 1 << 24
"""OpenCV counts in float32, which is exact up to here."""


def label_counts(labels: Labels) -> Int64[np.ndarray, " 256"]:
    """Pixels by number; several times as fast as ``bincount``, which makes a copy of eight bytes per pixel."""
    rows = max(1, _EXACT // max(1, labels.shape[1]))
    counts = np.zeros(256, np.int64)
    for top in range(0, len(labels), rows):
        band = labels[top : top + rows]
        counts += cv2.calcHist([band], [0], None, [256], [0, 256]).ravel().astype(np.int64)
    return counts
