"""Maps of another size."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def resized(
    maps: Float[Tensor, "batch channels _ _"], like: Float[Tensor, "*_ height width"]
) -> Float[Tensor, "batch channels height width"]:
    """Maps of another size, bilinearly; at half of it the mean of two by two."""
    size = like.shape[-2:]
    if maps.shape[2:] == size:
        return maps
    return F.interpolate(maps, size=size, mode="bilinear", align_corners=False)
