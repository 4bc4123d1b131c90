"""A network of convolutions of all kinds, and what it reads."""

import torch
from torch import Tensor, nn


class Chain(nn.Module):
    """Convolutions of all kinds that the models have, one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 16, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1, groups=16),
            nn.Conv2d(16, 32, 1),
            nn.ReLU(),
            nn.Conv2d(32, 8, 3, padding=1),
        )

    def forward(self, x: Tensor) -> tuple[Tensor]:
        return (self.layers(x),)


def make_chain() -> Chain:
    """The same on every call."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Chain().eval()


def samples(count: int = 4) -> list[tuple[Tensor, ...]]:
    generator = torch.Generator().manual_seed(1)
    return [(torch.rand(1, 3, 32, 48, generator=generator) - 0.3,) for _ in range(count)]


def difference(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).norm() / expected.norm())
