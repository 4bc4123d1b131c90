"""Losses by hand, flow between frames that were shifted, and one step of training of every network."""

import math
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from segue.models.scene_parsing.build import create_network
from segue.models.scene_parsing.network import Answer
from segue.models.scene_parsing.objective import flow_back, losses
from segue.models.scene_parsing.settings import VARIANTS, variant
from segue.types import VOID

LIGHT: dict[str, Any] = {
    "backbone": "efficientnet-lite0",
    "width": 16,
    "classes": ("a", "b", "c"),
}


def test_losses_are_weighted_as_in_the_released_code() -> None:
    logits = torch.zeros(1, 2, 2, 2)
    logits[:, 1] = math.log(3)
    labels = torch.tensor([[[1, 1], [0, VOID]]])
    found = losses(Answer(logits, torch.zeros(1, 2, 1, 1)), labels)
    # Twice the chance 3/4, once 1/4; the auxiliary head does not know.
    expected = (2 * math.log(4 / 3) + math.log(4)) / 3
    assert found["classes"].item() == pytest.approx(expected, abs=1e-6)
    assert found["auxiliary"].item() == pytest.approx(0.4 * math.log(2), abs=1e-6)
    assert set(found) == {"classes", "auxiliary"}


def test_the_agreement_is_on_logits_of_visible_pixels() -> None:
    before, now = torch.zeros(1, 2, 2, 2), torch.full((1, 2, 2, 2), 3.0)
    frames = torch.full((1, 2, 3, 2, 2), 0.5)
    answer = Answer(now, None, before)
    labels = torch.zeros(1, 2, 2, dtype=torch.long)
    still = torch.zeros(1, 2, 2, 2)
    found = losses(answer, labels, frames=frames, flow=still)
    assert found["motion"].item() == pytest.approx(0.1 * 9)
    frames[:, 1, 0] += 0.229 * math.log(2)  # half visible
    found = losses(answer, labels, frames=frames, flow=still)
    assert found["motion"].item() == pytest.approx(0.1 * 9 / 4, rel=1e-4)
    assert "motion" not in losses(answer, labels)


def test_flow_goes_from_the_last_frame_back() -> None:
    rng = np.random.default_rng(0)
    wide = cv2.GaussianBlur(rng.integers(0, 256, (96, 160, 3)).astype(np.uint8), (0, 0), 3)
    wide = cv2.normalize(wide, None, 0, 255, cv2.NORM_MINMAX)
    before, now = wide[:, 8:136], wide[:, 4:132]  # the picture moves 4 pixels to the right
    clip = torch.from_numpy(np.stack([before, before, now])).permute(0, 3, 1, 2)[None] / 255
    flow = flow_back(clip)
    assert flow.shape == (1, 2, 96, 128)
    inside = flow[0, :, 24:72, 24:104]
    assert inside[0].median() == pytest.approx(-4, abs=0.5)
    assert inside[1].median() == pytest.approx(0, abs=0.5)


@pytest.mark.parametrize("name", VARIANTS)
def test_every_network_learns_from_one_step(name: str) -> None:
    torch.manual_seed(0)
    network = create_network(variant(name, LIGHT)).train()
    frames = torch.rand(2, 2, 3, 64, 96)
    flow = torch.randn(2, 2, 64, 96)
    labels = torch.randint(3, (2, 64, 96))
    found = losses(network(frames, flow=flow), labels, frames=frames, flow=flow)
    torch.stack(list(found.values())).sum().backward()
    assert ("motion" in found) == (name == "etc")
    assert ("auxiliary" in found) == (name not in ("upernet", "segmenter"))
    # At first NetWarp gives the old features no weight, so that nothing is learned about how they move.
    dead = ("refine",) if name == "netwarp" else ()
    for key, parameter in network.named_parameters():
        assert parameter.grad is not None or key.startswith(dead), key
        assert gradient(parameter).isfinite().all(), key
    assert any(gradient(p).any() for p in network.trunk.parameters())


def gradient(parameter: Tensor) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
