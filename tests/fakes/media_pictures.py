"""Pictures whose pixels tell where they are."""

import numpy as np


def picture(seed: int = 0, size_hw: tuple[int, int] = (32, 48)) -> np.ndarray:
    """Smooth colours plus one bright block per seed: survives compression, no symmetry."""
    height, width = size_hw
    y, x = np.mgrid[:height, :width]
    image = np.stack([x * 200 // width + 20, y * 200 // height + 20, 0 * x + 60], axis=2)
    image[2:8, 4 + 2 * seed % (width - 8) : 10 + 2 * seed % (width - 8)] = 240
    return image.astype(np.uint8)
