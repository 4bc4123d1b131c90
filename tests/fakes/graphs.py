"""Small networks that a backend can make ready, one per thing that may go wrong."""

import torch
from torch import Tensor, nn


class Carrying(nn.Module):
    """A frame and a state go in, an answer and the next state come out."""

    def __init__(self, share: float = 0.5) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8))
        self.share = share

    def forward(self, frame: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        seen = self.layers(frame.float()).relu()
        state = self.share * state + (1 - self.share) * seen
        return state.sum(1), state


class Untranslatable(nn.Module):
    """Something that torch computes and OpenVINO does not know."""

    def forward(self, x: Tensor) -> tuple[Tensor]:
        return (torch.special.bessel_j0(x),)


def carrying(share: float = 0.5) -> Carrying:
    """With running statistics that are not the initial ones; the same on every call."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = Carrying(share)
        with torch.no_grad():
            network.train()(torch.rand(2, 3, 8, 8), torch.zeros(2, 8, 8, 8))
    return network.eval()


def inputs(height: int = 8, width: int = 12, batch: int = 1) -> tuple[Tensor, Tensor]:
    """A frame and a state."""
    generator = torch.Generator().manual_seed(height)
    return (
        torch.rand(batch, 3, height, width, generator=generator),
        torch.rand(batch, 8, height, width, generator=generator),
    )
