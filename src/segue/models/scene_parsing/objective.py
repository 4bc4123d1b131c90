"""What these networks are trained for: cross-entropy of the labelled frame, of its auxiliary head, and ETC's agreement.

Weights are those of VSPW's code; ETC's loss is on logits, as there.
"""

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import Tensor

from segue.models.scene_parsing.network import Answer, Clips, Flow
from segue.nn.class_losses import cross_entropy, visibility, warped_smoothness
from segue.nn.flow import Dis, FlowFinder
from segue.nn.resize import resized
from segue.types import VOID, Frame

AUXILIARY = 0.4
"""Weight of the auxiliary head."""
MOTION = 0.1
"""Weight of ETC's agreement along the motion."""


def losses(
    answer: Answer,
    labels: Integer[Tensor, "batch height width"],
    *,
    frames: Clips | None = None,
    flow: Flow | None = None,
    auxiliary: float = AUXILIARY,
    motion: float = MOTION,
    void: int = VOID,
) -> dict[str, Float[Tensor, ""]]:
    """Losses by name, each with its weight; their sum is what is learned.

    ``classes`` always, ``auxiliary`` where the network has such a head, ``motion`` where the answer holds the frame
    before (ETC in training) and the flow is given.

    Args:
        answer: Of clips.
        labels: Of their last frames, numbers of classes.
        frames: The clips; only ``motion`` needs them.
        flow: From the last frame back to the one before, in pixels; only ``motion`` needs it.
        auxiliary: Weight of the auxiliary head.
        motion: Weight of the agreement.
        void: The number that teaches nothing.
    """
    found = {"classes": cross_entropy(answer.logits, labels, void=void)}
    if answer.auxiliary is not None:
        logits = resized(answer.auxiliary, answer.logits)
        found["auxiliary"] = auxiliary * cross_entropy(logits, labels, void=void)
    if answer.before is not None and frames is not None and flow is not None:
        pair = torch.stack([answer.before, answer.logits], 1)
        visible = visibility(frames[:, -2:], flow[:, None])
        found["motion"] = motion * warped_smoothness(pair, flow[:, None], visible)
    return found


def flow_back(frames: Clips, finder: FlowFinder | None = None) -> Flow:
    """The flow from the last frame of each clip back to the one before.

    Args:
        frames: Values in [0, 1], at least two per clip.
        finder: What finds it; DIS by default, on the CPU.
    """
    finder = finder or Dis()
    pictures = (frames[:, -2:] * 255).round().to("cpu", torch.uint8).permute(0, 1, 3, 4, 2)
    flows = [flow_between(pair[1].numpy(), pair[0].numpy(), finder) for pair in pictures]
    return torch.stack(flows).to(frames.device)


def flow_between(
    frame: Frame, before: Frame, finder: FlowFinder
) -> Float[Tensor, "2 height width"]:
    """The flow from a frame back to the one before, in pixels, x before y."""
    found = finder(np.ascontiguousarray(frame), np.ascontiguousarray(before))
    return torch.from_numpy(found).permute(2, 0, 1)
