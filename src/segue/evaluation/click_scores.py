"""What a simulated user's clicks took, and the numbers made of it; the rules are in ``docs/protocols/clicks.md``."""

from collections.abc import Sequence
from dataclasses import dataclass

from segue.data.simulated_clicks import Area

MOST_CLICKS = 20
GOALS = (0.85, 0.90)
"""IoU that is asked for; the user stops at the last one."""
_NOISE = 0.01
"""A click that lowers the IoU by more has done harm."""


@dataclass(frozen=True, slots=True)
class Played:
    """What one item took."""

    name: str
    ious: tuple[float, ...]
    """Before the first click, then after each."""
    seconds: tuple[float, ...]
    """Time of each click."""

    def clicks_to(self, goal: float) -> int:
        """Clicks until the IoU first reached a goal; ``MOST_CLICKS`` if it never did."""
        reached = (number for number, iou in enumerate(self.ious) if iou >= goal)
        return next(reached, MOST_CLICKS)

    def failed(self, goal: float) -> bool:
        """Whether the goal was never reached."""
        return max(self.ious) < goal

    def iou_after(self, clicks: int) -> float:
        """The IoU after so many clicks, the last one where the user stopped before."""
        return self.ious[min(clicks, len(self.ious) - 1)]

    @property
    def harmful(self) -> int:
        """Clicks after the first that lowered the IoU by more than a point."""
        steps = zip(self.ious[1:], self.ious[2:], strict=False)
        return sum(after < before - _NOISE for before, after in steps)

    @property
    def correcting(self) -> int:
        """Clicks after the first."""
        return max(0, len(self.seconds) - 1)


def iou(predicted: Area, truth: Area, valid: Area) -> float:
    """Intersection over union of the pixels that count; 1 where both are empty."""
    union = ((predicted | truth) & valid).sum()
    return float((predicted & truth & valid).sum() / union) if union else 1.0


def mean_clicks(played: Sequence[Played], goal: float) -> float:
    """NoC of a set."""
    return sum(p.clicks_to(goal) for p in played) / len(played)
