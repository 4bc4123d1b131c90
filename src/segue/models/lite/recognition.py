"""Whether what is found of an object is that object: a look-alike, or a piece of another scene, is not (ours).

The target model predicts the mask itself at stride 8. In the object it says nearly 1, in what only looks like the
object less. The decoder sees more of the picture, but is sure of look-alikes, too.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

RECOGNISED = 0.66
"""Likeness of a mask of the object, as a share of that of its given mask, which is 0.90 to 1 for single objects.

The likeness of masks of objects of DAVIS-2016 train that are followed is about 0.83 (99 of 100), of objects that come
back after a cut 0.72, of halves of them that enter from the side 0.69 (95 of 100); what is found in other sequences,
where the object is not, has less than 0.67 in three of four. Beside look-alikes even a given mask has only 0.5.
"""
_FOREIGN = 0.4
"""The share below which a mask at the object's last place is of something else; objects that change are low, too."""
_SURE = 0.8
"""Mean probability of the mask of an object that comes back; 0.87 in 99 of 100."""
_LARGE = 0.03
"""Share of the object's usual area."""
_ANYTHING = 0.41
"""What the target model says at least of one cell where the object is, be it as small as half a cell, as that share."""

Scores = Float[Tensor, "objects codes2 height8 width8"]
"""What the target models of each object see: the one of the given masks, then the adaptive one. The first channel of
either is the mask."""
Logits = Float[Tensor, "objects height2 width2"]
"""Of the masks, in the same part of the frame."""


def may_be_there(scores: Float[Tensor, "codes2 height8 width8"], own: float) -> bool:
    """Whether anything in the frame looks like the object, whose given mask has the likeness ``own``."""
    return float(scores[0].max()) > _ANYTHING * own


def likeness(logits: Logits, scores: Scores) -> Float[Tensor, " objects"]:
    """What the surer target model says of each mask, as a share of what it should say; 1 for an empty one."""
    return likeness_of(F.avg_pool2d((logits > 0).float(), 4), scores)


def likeness_of(
    inside: Float[Tensor, "objects height8 width8"], scores: Scores
) -> Float[Tensor, " objects"]:
    """The same of masks that are told by their share of each cell."""
    # Cells that the mask hardly enters show the background.
    weights = torch.where(inside >= inside.amax((1, 2), keepdim=True) / 2, inside, 0)
    wanted = (inside * weights).sum((1, 2))
    masks = scores[:, [0, scores.shape[1] // 2]]
    said = (masks * weights[:, None]).sum((2, 3)).amax(1)
    return torch.where(wanted > 0, said / wanted.clamp_min(1e-6), 1.0)


def is_foreign(logits: Float[Tensor, "1 height2 width2"], scores: Scores, own: float) -> bool:
    """Whether a mask where the object was is surely of something else; ``own`` as above."""
    return float(likeness(logits, scores)) < _FOREIGN * own


def is_back(
    logits: Float[Tensor, "1 height2 width2"], scores: Scores, own: float, usual: float
) -> bool:
    """Whether a mask is of an object that was away; true for an empty one.

    Args:
        logits: The mask.
        scores: Of the object.
        own: Likeness of its given mask.
        usual: Area of the object over the last frames on which it was looked for, in stride-8 cells.
    """
    shown = logits > 0
    if not shown.any():
        return True
    sure, area = logits.sigmoid()[shown].mean(), shown.sum() / 16
    if sure < _SURE or area < _LARGE * usual:
        return False
    return float(likeness(logits, scores)) >= RECOGNISED * own
