"""Whether what is found of an object that was away is that object: a look-alike in another scene is not (ours).

The target model predicts the mask itself at stride 8. In the object it says nearly 1, in what only looks like the
object less. The decoder sees more of the picture, but is sure of look-alikes, too.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from segue.models.lite.regions import Found

_RECOGNISED = 0.65
"""What the target model says of a mask, as a share of what it should say.

Objects of DAVIS-2016 train that come back after a cut have 0.72 (99 of 100), halves of them that enter from the side
0.69 (95 of 100); what is found in other sequences, where the object is not, has less than 0.67 in three of four.
"""
_SURE = 0.8
"""Mean probability of such a mask: 0.87 of those that come back or enter (99 of 100)."""
_LARGE = 0.03
"""Share of the object's usual area."""
_ANYTHING = 0.4
"""What the target model says at least of one cell where the object is, be it as small as half a cell."""

Scores = Float[Tensor, "codes2 height8 width8"]
"""What the target models of one object see in the frame; channel 0 is the mask by the one of the given masks."""


def may_be_there(scores: Scores) -> bool:
    """Whether anything in the frame looks like the object."""
    return float(scores[0].max()) > _ANYTHING


def is_recognised(found: Found, scores: Scores, usual: float) -> bool:
    """Whether the mask is of the object; true for an empty one.

    Args:
        found: The mask.
        scores: Of the object.
        usual: Area of the object over the last frames on which it was looked for, in stride-8 cells.
    """
    shown = found.logits > 0
    inside = F.avg_pool2d(shown.float(), 4)[0]
    if not shown.any():
        return True
    sure = found.logits.sigmoid()[shown].mean()
    if sure < _SURE or inside.sum() < _LARGE * usual:
        return False
    weights = torch.where(inside >= inside.max() / 2, inside, 0)
    said = (found.region.of(scores[0], 8) * weights).sum() / (inside * weights).sum()
    return float(said) >= _RECOGNISED
