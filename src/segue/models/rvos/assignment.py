"""Which slot of a zero-shot network shows which object: the Hungarian method on soft IoU."""

import torch
from jaxtyping import Bool, Float, Int64
from scipy.optimize import linear_sum_assignment
from torch import Tensor

_INVALID = 10.0
"""Cost of a pair with an object that is not there (the paper's code)."""


def assign(
    logits: Float[Tensor, "slots height width"],
    truth: Float[Tensor, "objects height width"],
    valid: Bool[Tensor, " objects"],
) -> Int64[Tensor, " objects"]:
    """The slot of each object, no slot twice; at most as many objects as slots.

    The cost of a pair is 1 - soft IoU, and 10 if the object is not valid.
    """
    p = logits.detach().float().sigmoid().flatten(1)
    y = truth.float().flatten(1)
    both = y @ p.mT
    union = y.sum(1, keepdim=True) + p.sum(1)[None] - both
    cost = 1 - both / (union + 1e-6)
    cost = torch.where(valid[:, None], cost, torch.full_like(cost, _INVALID))
    _, slots = linear_sum_assignment(cost.cpu().numpy())
    return torch.from_numpy(slots).to(logits.device)
