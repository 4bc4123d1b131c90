"""Memory at the output: what the frame before said, moved along, is averaged with what this frame says (ours).

A frame-by-frame network errs anew on every frame; its answers, followed along the motion of the picture, average out.
Where the motion is wrong, or something comes into view, the brightness differs, and the old answer is let go.
"""

import torch
from jaxtyping import Float
from torch import Tensor

Probabilities = Float[Tensor, "batch classes height width"]

_TOLERANCE = 20 / 255
"""A difference of the brightness by which the old answer's share falls to 1/e."""


def blend(
    now: Probabilities,
    before: Probabilities,
    difference: Float[Tensor, "batch 1 height width"],
    share: float | Float[Tensor, ""],
) -> Probabilities:
    """Probabilities of both.

    Args:
        now: Of this frame alone.
        before: Of the frame before, moved along; zeros where nothing is known, as before the first frame.
        difference: Of the brightness from where it came from, in [0, 1].
        share: Weight of ``before`` where the brightness is the same.
    """
    kept = share * torch.exp(-difference / _TOLERANCE)
    known = before.sum(1, keepdim=True)
    return kept * before + (1 - kept * known) * now
