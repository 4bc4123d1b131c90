"""Memory of large frames, which goes back to the system as soon as a frame is done with."""

import ctypes
import sys

_LARGE = 8 << 20
"""Bytes of an RGB frame from which it pays: 1080p has six million, 4K 25."""
_ALONE = 4 << 20
"""Bytes from which a piece of memory is one of its own."""
_M_MMAP_THRESHOLD = -3  # malloc.h of glibc


def give_back_frames(size_hw: tuple[int, int]) -> bool:
    """Tell glibc's malloc to keep large frames out of its heap, for this process; returns whether it was told.

    Else it learns to keep them in the heap, where smaller pieces between them hold on to what was freed: about 100 MB
    at 4K. Frames up to 1080p, and other systems, change nothing.
    """
    if 3 * size_hw[0] * size_hw[1] < _LARGE or sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return bool(mallopt and mallopt(_M_MMAP_THRESHOLD, _ALONE))
