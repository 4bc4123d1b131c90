"""What a computed frame costs: by number of objects and threads, and the least that it could."""

import statistics
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from segue.errors import InputError
from segue.nn.counting import count_macs
from segue.threads import owned
from segue.types import BACKGROUND, VOID, Frame, Labels

_SIDE = 1024
"""Of the matrices whose product tells how fast the processor multiplies."""
_PRODUCTS = 20


def cut(labels: Labels, num_objects: int) -> Labels:
    """The pixels of all objects, dealt out to so many objects as strips from left to right.

    So any number of objects covers the same pixels.

    Raises:
        InputError: There are fewer columns than objects.
    """
    inside = (labels != BACKGROUND) & (labels != VOID)
    columns = np.flatnonzero(inside.any(0))
    if len(columns) < num_objects:
        raise InputError(
            f"{num_objects} objects need as many columns of pixels in the first mask, which has {len(columns)}. "
            "Give fewer.",
            option="Pass a smaller number as --objects.",
        )
    strip = np.zeros(labels.shape[1], np.uint8)
    for number, part in enumerate(np.array_split(columns, num_objects), start=1):
        strip[part] = number
    found: Labels = np.where(inside, strip, np.uint8(BACKGROUND))
    return found


def object_cost(
    model: Any, frames: Sequence[Frame], labels: Labels, num_objects: int
) -> dict[str, Any]:
    """Median milliseconds of a computed frame with one object and with several, which take turns.

    Args:
        model: Without a reuse gate.
        frames: The first has the mask.
        labels: All objects of the mask count as one.
        num_objects: From 2.

    Raises:
        InputError: As in ``cut``.
    """
    counts = (1, num_objects)
    states = {n: model.start(frames[0], cut(labels, n))[1] for n in counts}
    laps: dict[int, list[float]] = {n: [] for n in counts}
    for frame in frames[1:]:
        for n in counts:
            begin = time.perf_counter()
            _, states[n] = model.step(frame, states[n])
            laps[n].append(1e3 * (time.perf_counter() - begin))
    one, several = (statistics.median(laps[n]) for n in counts)
    return {
        "objects": num_objects,
        "one_object_ms": round(one, 2),
        "all_objects_ms": round(several, 2),
        "per_object_ms": round((several - one) / (num_objects - 1), 2),
    }


def thread_cost(model: Any, frames: Sequence[Frame], labels: Labels) -> dict[str, float]:
    """Median milliseconds of a computed frame by number of threads: one, and as many as torch has now."""
    medians = {}
    for threads in sorted({1, torch.get_num_threads()}):
        with owned(threads):
            _, state = model.start(frames[0], labels)
            laps = []
            for frame in frames[1:]:
                begin = time.perf_counter()
                _, state = model.step(frame, state)
                laps.append(1e3 * (time.perf_counter() - begin))
        medians[str(threads)] = round(statistics.median(laps), 2)
    return medians


def floor(model: Any, frame: Frame, labels: Labels) -> dict[str, float | None]:
    """The time of a computed frame if all of it were one product of large matrices.

    Multiply-accumulates by the rate at which this computer multiplies float32 matrices now. Less is possible, with
    fewer bits or by Winograd's trick; what is computed outside torch is not counted.
    """
    _, state = model.start(frame, labels)
    gmacs, rate = count_macs(model.step, frame, state) / 1e9, matrix_rate()
    return {
        "gmac_per_frame": round(gmacs, 3) or None,
        "matrix_gmac_per_s": round(rate, 1),
        "floor_ms": round(1e3 * gmacs / rate, 2) or None,
    }


def matrix_rate() -> float:
    """Billions of multiply-accumulates per second in float32 products of large matrices, at best."""
    left, right = torch.rand(_SIDE, _SIDE), torch.rand(_SIDE, _SIDE)
    fastest = np.inf
    for _ in range(_PRODUCTS):
        begin = time.perf_counter()
        left @ right
        fastest = min(fastest, time.perf_counter() - begin)
    return float(_SIDE**3 / fastest / 1e9)


def peak_memory_mib() -> float | None:
    """The most memory that this process has held so far; ``None`` where the system does not say."""
    try:
        import resource
        import sys
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)
