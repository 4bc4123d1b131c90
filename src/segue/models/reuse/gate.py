"""The gate of window inference: from what a host saw through a window to how far that can be trusted (ours).

It plays the parts of the paper's template matching and gate, on what is there already when the host has looked.
"""

import math

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from segue.models.reuse.host import WindowAnswer
from segue.models.reuse.window import CELL, LARGE_HW, SIZES_HW
from segue.nn.reuse.gate import straight_through
from segue.nn.reuse.objective import GateLossSettings, gate_loss

CHANNELS = 8
SIDE = max(max(size) for size in SIZES_HW + LARGE_HW) // CELL
"""Rows and columns of the evidence: those of any window, the rest is 0."""
_WIDTHS = (16, 24, 24)
_LIKELY = 0.13
"""What an untrained gate says: it reuses little, as in the paper."""
_LONG = 10.0
"""Frames since the last computed one that count as 1."""
_STRONG = 0.25
"""Change of brightness that counts as 1."""

Evidence = Float[Tensor, "objects channels side side"]


def gather(
    answer: WindowAnswer,
    last: Float[Tensor, "objects 1 rows8 columns8"],
    now: UInt8[np.ndarray, "rows columns 3"],
    before: UInt8[np.ndarray, "rows columns 3"],
    gap: int,
    scale: float,
) -> Evidence:
    """What speaks for and against the masks of a window, per object, on a grid of 8x8 pixels.

    Args:
        answer: What the host said.
        last: Share of the objects in each cell, on the frame before.
        now: This frame, through the window.
        before: The last one that was looked at, through the same window.
        gap: Frames since the last computed one, from 1.
        scale: Of the window.

    Returns:
        Mean probability and doubt, the last mask, the two scores, change of colour, ``gap`` and ``scale``.
    """
    probability = answer.logits.float().sigmoid()[:, None]
    doubt = 4 * probability * (1 - probability)
    cells = now.shape[1] // CELL, now.shape[0] // CELL
    change = cv2.resize(cv2.absdiff(now, before), cells, interpolation=cv2.INTER_AREA)
    strength = torch.from_numpy(change.mean(2, dtype=np.float32)).to(last.device)
    changed = (strength / (255 * _STRONG)).clamp_max(1).expand(len(last), 1, -1, -1)
    known = last.new_tensor([min(gap / _LONG, 1.0), math.log2(scale)])
    found = torch.cat(
        [
            F.avg_pool2d(probability, CELL // 2),
            F.avg_pool2d(doubt, CELL // 2),
            last,
            answer.scores.float(),
            changed,
            known[:, None, None].expand(len(last), 2, *last.shape[2:]),
        ],
        1,
    )
    rows, columns = found.shape[2:]
    return F.pad(found, (0, SIDE - columns, 0, SIDE - rows))


class WindowGate(nn.Module):
    """Evidence to the share of a computed mask's quality that the mask of the window has."""

    def __init__(self) -> None:
        super().__init__()
        first, second, third = _WIDTHS
        self.layers = nn.Sequential(
            _convolution(CHANNELS, first),
            _convolution(first, second, 2),
            _convolution(second, third),
        )
        last = nn.Linear(32, 1)
        self.decide = nn.Sequential(nn.Linear(4 * third, 32), nn.ReLU(), last)
        nn.init.constant_(last.bias, math.log(_LIKELY / (1 - _LIKELY)))

    def forward(self, evidence: Evidence) -> Float[Tensor, " objects"]:
        """What the gate says, in [0, 1]."""
        maps = self.layers(evidence)
        shown, doubt, last = (F.avg_pool2d(evidence[:, i : i + 1], 2) for i in range(3))
        means = [(maps * w).sum((2, 3)) / (w.sum((2, 3)) + 1) for w in (shown, doubt, last)]
        said: Tensor = self.decide(torch.cat([*means, maps.amax((2, 3))], 1))
        return said[:, 0].sigmoid()


class Gate(nn.Module):
    """The gate as a backend computes it: a tuple comes out."""

    def __init__(self, gate: WindowGate) -> None:
        super().__init__()
        self.gate = gate

    def forward(self, evidence: Evidence) -> tuple[Float[Tensor, " objects"]]:
        """What the gate says."""
        return (self.gate(evidence),)


def objective(
    gate: WindowGate,
    evidence: Evidence,
    expected: Float[Tensor, " objects"],
    settings: GateLossSettings,
    epoch: float,
) -> Float[Tensor, ""]:
    """The paper's loss of the gate.

    Args:
        gate: In training mode.
        evidence: See ``gather``.
        expected: What it should say.
        settings: Of the loss.
        epoch: Trained so far, for the margin of the target.
    """
    said = gate(evidence).float()
    return gate_loss(said, straight_through(said), expected, epoch, settings)


def _convolution(channels_in: int, channels_out: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
    )
