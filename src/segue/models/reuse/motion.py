"""Where the picture has moved since the last computed frame."""

import threading

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from segue.nn.flow import search_flow

Seen = UInt8[np.ndarray, "rows columns 3"]
Flow = Float32[np.ndarray, "rows columns 2"]


class Motion:
    """Optical flow between views (DIS, Kroeger et al., ECCV 2016, at its fastest setting).

    May be used by several threads at once.
    """

    def __init__(self) -> None:
        self._own = threading.local()

    def back(self, now: Seen, before: Seen) -> Flow:
        """Where each place of ``now`` was in ``before``: pixels, x before y."""
        grey_now, grey_before = (cv2.cvtColor(view, cv2.COLOR_RGB2GRAY) for view in (now, before))
        return search_flow(self._search(), grey_now, grey_before)

    def _search(self) -> cv2.DISOpticalFlow:
        """The thread's own: it computes in buffers that it keeps."""
        if not hasattr(self._own, "search"):
            self._own.search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        found: cv2.DISOpticalFlow = self._own.search
        return found

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


def places_of(flow: Flow) -> Flow:
    """Where each pixel came from, x before y."""
    rows, columns = flow.shape[:2]
    grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), -1).astype(np.float32)
    places: np.ndarray = grid + flow
    return places
