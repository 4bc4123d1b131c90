"""Memory at the output: what the frame before said, moved along, is blended with what this frame says (ours).

A frame-by-frame network errs anew on every frame; its answers, followed along the motion of the picture, average out.
Where the motion is wrong, or something comes into view, a small learned gate closes.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

Probabilities = Float[Tensor, "batch classes height width"]


class Blend(nn.Module):
    """Decides per pixel how much of the moved answer is kept.

    From four numbers and their neighbours: do both answers agree, how sure is each, and how much has the brightness
    changed on the way.
    """

    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Sequential(
            nn.Conv2d(4, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 3, padding=1)
        )

    def forward(
        self,
        now: Probabilities,
        before: Probabilities,
        difference: Float[Tensor, "batch 1 height width"],
    ) -> Probabilities:
        """Probabilities of both.

        Args:
            now: Of this frame alone.
            before: Of the frame before, moved along; zeros where nothing is known, as before the first frame.
            difference: Of the brightness from where it came from, in [0, 1].
        """
        known = before.sum(1, keepdim=True)
        agree = (now * before).sum(1, keepdim=True)
        sure = [p.amax(1, keepdim=True) for p in (now, before)]
        kept = self.gate(torch.cat([agree, *sure, 4 * difference], 1)).sigmoid()
        blended: Tensor = kept * before + (1 - kept * known) * now
        return blended
