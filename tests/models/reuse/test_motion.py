import threading
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from segue.models.reuse.motion import Flow, Motion, Seen


def moved(seed: int, size_hw: tuple[int, int]) -> tuple[Seen, Seen]:
    texture = np.random.default_rng(seed).integers(0, 256, (*size_hw, 3), np.uint8)
    before = cv2.GaussianBlur(texture, (0, 0), 3)
    return np.ascontiguousarray(np.roll(before, seed, 1)), before


def test_the_flow_leads_back() -> None:
    flow = Motion().back(*moved(4, (120, 160)))
    assert abs(float(np.median(flow[..., 0])) + 4) < 0.5
    assert abs(float(np.median(flow[..., 1]))) < 0.5


def test_two_threads_may_search_at_once() -> None:
    """OpenCV's search keeps buffers; shared by threads it destroys memory."""
    motion, pairs = Motion(), [moved(3, (240, 320)), moved(4, (200, 352))]
    alone = [motion.back(*pair) for pair in pairs]
    gate = threading.Barrier(2)

    def search(pair: tuple[Seen, Seen]) -> list[Flow]:
        gate.wait()
        return [motion.back(*pair) for _ in range(10)]

    with ThreadPoolExecutor(2) as pool:
        for expected, found in zip(alone, pool.map(search, pairs), strict=True):
            assert all(np.array_equal(expected, flow) for flow in found)
