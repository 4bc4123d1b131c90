"""Which earlier frame lends its context: a list that forgets, so that a video of any length needs the same memory."""

from dataclasses import dataclass, replace

from jaxtyping import Float
from torch import Tensor

Context = Float[Tensor, "1 classes channels"]


@dataclass(frozen=True, slots=True)
class References:
    """Contexts of earlier frames, the oldest first."""

    contexts: tuple[Context, ...] = ()
    ages: tuple[int, ...] = ()
    """How many frames ago each was seen; a frame that is far away from the one before counts as several."""

    def older(self, frames: int, distance: int) -> "References":
        """After some more frames; of those that are far enough away, only the newest is kept.

        Args:
            frames: At least 1.
            distance: Frames that are far enough.
        """
        ages = tuple(age + frames for age in self.ages)
        enough = sum(age >= distance for age in ages)
        first = max(enough - 1, 0)
        return References(self.contexts[first:], ages[first:])

    @property
    def chosen(self) -> Context | None:
        """That of the frame to refer to, the oldest that is kept; ``None`` before the first frame."""
        return self.contexts[0] if self.contexts else None

    def with_newest(self, context: Context) -> "References":
        """And the context of the frame that was just seen."""
        return replace(self, contexts=(*self.contexts, context), ages=(*self.ages, 0))


def frames_passed(trust: float, distance: int) -> int:
    """How many frames a step counts as: 1 where the frame before is trusted fully, ``distance`` where not at all."""
    return 1 + round((1 - trust) * max(distance - 1, 0))
