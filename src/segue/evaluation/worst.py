"""Which frames a model got wrong most, to be looked at."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from segue.evaluation.interface import Scored


@dataclass(frozen=True, slots=True)
class WorstFrame:
    """A scored frame."""

    case: int
    """Place of its sequence in the report."""
    frame: int
    """Place in ``Scored.frame_names``."""
    score: float


def worst_frames(
    scored: Sequence[Scored], most: int = 12, per_sequence: int = 3
) -> list[WorstFrame]:
    """The frames with the lowest scores, worst first; perfect ones are never among them.

    A failure lasts for many frames that look alike. So frames of one sequence keep a tenth of its scored frames
    between them (ours).

    Args:
        scored: The sequences of a report.
        most: Frames in all.
        per_sequence: Frames of one sequence.
    """
    candidates = sorted(
        (WorstFrame(case, frame, score) for case, item in enumerate(scored)
         for frame, score in enumerate(item.frame_scores) if score < 1 and not math.isnan(score)),
        key=lambda worst: worst.score,
    )  # fmt: skip
    chosen: list[WorstFrame] = []
    taken: Counter[int] = Counter()
    for candidate in candidates:
        if len(chosen) == most:
            break
        gap = max(1, len(scored[candidate.case].frame_scores) // 10)
        near = any(
            other.case == candidate.case and abs(other.frame - candidate.frame) < gap
            for other in chosen
        )
        if not near and taken[candidate.case] < per_sequence:
            chosen.append(candidate)
            taken[candidate.case] += 1
    return chosen
