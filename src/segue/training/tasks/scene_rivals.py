"""How the rivals of SSLTM are asked and what they learn besides: two of them need the motion between frames."""

from typing import Any

import torch
from torch import Tensor, nn

from segue.models.scene_parsing.objective import MOTION, flow_back
from segue.nn.class_losses import visibility, warped_smoothness
from segue.training.tasks.scene_networks import SceneAnswer


def ask(network: nn.Module, frames: Tensor, reference: Tensor | None) -> SceneAnswer:
    """The answer for clips; NetWarp is given the flow between their last two frames, found by DIS.

    Args:
        network: Of ``segue.models.scene_parsing``.
        frames: Clips, the oldest frame first.
        reference: ``None``: no rival looks at a frame far away.
    """
    moving = bool(getattr(network, "needs_flow", False)) and frames.shape[1] > 1
    answer: SceneAnswer = network(frames, reference, flow_back(frames) if moving else None)
    return answer


def more_losses(answer: Any, frames: Tensor) -> dict[str, Tensor]:
    """ETC's agreement along the motion, where an answer holds the frame before, too; else nothing."""
    if getattr(answer, "before", None) is None:
        return {}
    flow = flow_back(frames)[:, None]
    pair = torch.stack([answer.before, answer.logits], 1)
    return {"motion": MOTION * warped_smoothness(pair, flow, visibility(frames[:, -2:], flow))}
