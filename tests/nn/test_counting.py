"""Operations are counted from shapes; the products are not computed."""

import torch
from torch import nn

from segue.nn.counting import count_macs


def test_convolutions_and_products_are_counted() -> None:
    conv = nn.Conv2d(3, 8, 3, padding=1)
    assert count_macs(conv, torch.rand(1, 3, 10, 12)) == 3 * 8 * 9 * 10 * 12
    assert count_macs(torch.matmul, torch.rand(4, 5), torch.rand(5, 6)) == 4 * 5 * 6


def test_groups_transposed_strides_and_batches() -> None:
    grouped = nn.Conv2d(8, 8, 3, groups=8, padding=1)
    assert count_macs(grouped, torch.rand(1, 8, 10, 12)) == 8 * 9 * 10 * 12
    wider = nn.ConvTranspose2d(3, 5, 2, stride=2)
    assert count_macs(wider, torch.rand(1, 3, 4, 4)) == 3 * 5 * 4 * 16
    assert count_macs(torch.bmm, torch.rand(2, 4, 5), torch.rand(2, 5, 6)) == 2 * 4 * 5 * 6
    assert count_macs(nn.Linear(5, 6), torch.rand(4, 5)) == 4 * 5 * 6


def test_no_product_is_computed() -> None:
    seen = []

    def once() -> None:
        seen.append(torch.ones(2, 3) @ torch.ones(3, 4))
        seen.append(torch.ones(2, 3) + 1)

    assert count_macs(once) == 24
    assert seen[0].shape == (2, 4)
    assert not seen[0].any()
    assert (seen[1] == 2).all()


def test_large_maps_of_zeros_are_not_computed_either() -> None:
    seen = []
    layers = [nn.Conv2d(1, 4, 1), nn.BatchNorm2d(4).eval(), nn.ReLU(inplace=True), nn.GELU()]
    layers[1].bias.data.fill_(2)

    def through(size: int) -> None:
        seen.append(nn.Sequential(*layers)(torch.rand(1, 1, size, size)))

    assert [count_macs(through, 4), count_macs(through, 200)] == [4 * 16, 4 * 40_000]
    assert seen[0].all()
    assert seen[1].shape == (1, 4, 200, 200)
    assert not seen[1].any()
