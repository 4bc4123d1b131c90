import torch

from segue.nn.warp import warp


def test_each_place_takes_what_lies_where_its_flow_points() -> None:
    maps = torch.arange(20.0).reshape(1, 1, 4, 5)
    flow = torch.zeros(1, 2, 4, 5)
    assert torch.allclose(warp(maps, flow), maps)
    flow[:, 0] = 1.0
    moved = warp(maps, flow)
    assert torch.allclose(moved[..., :-1], maps[..., 1:])
    assert torch.allclose(moved[..., -1], maps[..., -1]), "the border stands in for what is outside"
    flow[:, 0], flow[:, 1] = 0.5, -1.0
    assert torch.allclose(warp(maps, flow)[0, 0, 1, 0], (maps[0, 0, 0, 0] + maps[0, 0, 0, 1]) / 2)
