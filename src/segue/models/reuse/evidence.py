"""What speaks for and against carrying masks over: the masks moved along the optical flow, and what changed."""

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

Seen = UInt8[np.ndarray, "rows columns 3"]
Masks = UInt8[np.ndarray, "objects rows columns"]
Flow = Float32[np.ndarray, "rows columns 2"]
Evidence = Float32[np.ndarray, "objects channels rows columns"]

CHANNELS = 10
MOVED = 0
"""The channel that holds the moved mask."""
_LARGE = 16.0
"""Pixels of motion that count as 1."""
_LONG = 10.0
"""Frames since the last computed one that count as 1."""


class Motion:
    """Optical flow between views (DIS, Kroeger et al., ECCV 2016, at its fastest setting)."""

    def __init__(self) -> None:
        self._search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)

    def back(self, now: Seen, before: Seen) -> Flow:
        """Where each place of ``now`` was in ``before``: pixels, x before y."""
        grey_now, grey_before = (cv2.cvtColor(view, cv2.COLOR_RGB2GRAY) for view in (now, before))
        flow: np.ndarray = self._search.calc(grey_now, grey_before, None)
        return flow

    def further(self, now: Seen, before: Seen, flow: Flow | None) -> Flow:
        """Where each place of ``now`` was in an earlier view, from the flow of ``before`` to that one.

        Short steps are found more reliably than long ones: over three frames of DAVIS-2016 train, masks moved so fit
        the truth with an IoU of 0.76, against 0.72 by the flow found at once.
        """
        step = self.back(now, before)
        if flow is None:
            return step
        passed: np.ndarray = step + cv2.remap(
            flow, places_of(step), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return passed


def gather(now: Seen, last: Seen, masks: Masks, flow: Flow, gap: int) -> Evidence:
    """What the carrying network looks at, per object.

    Args:
        now: This frame.
        last: The last computed frame, through the same window.
        masks: The objects on it, 0 to 255.
        flow: From ``now`` back to ``last``.
        gap: How many frames lie between them, 1 for neighbours.

    Returns:
        Moved mask, colours of this frame, how far they are from the moved last frame's, flow, and ``gap``; all about
        in [-1, 1].
    """
    rows, columns = flow.shape[:2]
    places = places_of(flow)
    found = np.empty((len(masks), CHANNELS, rows, columns), np.float32)
    moved = cv2.remap(last, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    colours = now.transpose(2, 0, 1).astype(np.float32) / 255
    found[:, 1:4] = colours
    found[:, 4:7] = colours - moved.transpose(2, 0, 1).astype(np.float32) / 255
    found[:, 7:9] = np.clip(flow.transpose(2, 0, 1) / _LARGE, -1, 1)
    found[:, 9] = min(gap / _LONG, 1.0)
    for row, mask in zip(found, masks, strict=True):
        row[MOVED] = cv2.remap(mask, places, None, cv2.INTER_LINEAR) / 255
    return found


def places_of(flow: Flow) -> Flow:
    """Where each pixel came from, x before y."""
    rows, columns = flow.shape[:2]
    grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), -1).astype(np.float32)
    places: np.ndarray = grid + flow
    return places
