"""Convolutions in eight bits: close to float32, in bytes where OpenVINO computes."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from fakes.graphs import carrying
from segue.errors import NotFoundError, WeightsError
from segue.nn.backends.cache import GraphCache
from segue.nn.backends.int8 import calibrate, load_ranges, quantised, save_ranges
from segue.nn.backends.openvino_backend import OpenVinoBackend
from segue.nn.backends.torch_backend import TorchBackend


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


@pytest.fixture
def chain() -> Chain:
    torch.manual_seed(0)
    return Chain().eval()


def samples(count: int = 4) -> list[tuple[Tensor, ...]]:
    generator = torch.Generator().manual_seed(1)
    return [(torch.rand(1, 3, 32, 48, generator=generator) - 0.3,) for _ in range(count)]


def difference(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


def test_rounding_changes_little_and_openvino_rounds_as_torch_does(
    chain: Chain, tmp_path: Path
) -> None:
    ranges = calibrate(chain, samples())
    (given,) = samples(1)
    with torch.no_grad():
        (expected,) = chain(*given)
    (imitated,) = TorchBackend().prepare(chain, ranges)(*given)
    (computed,) = OpenVinoBackend(GraphCache(tmp_path)).prepare(chain, ranges)(*given)
    assert 1e-4 < difference(imitated, expected) < 0.03
    assert 1e-4 < difference(computed, expected) < 0.03
    assert difference(computed, imitated) < 0.02


def test_openvino_computes_with_bytes(chain: Chain, tmp_path: Path) -> None:
    graph = OpenVinoBackend(GraphCache(tmp_path)).prepare(chain, calibrate(chain, samples()))
    graph(*samples(1)[0])
    (compiled,) = graph._compiled.values()
    layers = compiled._request.get_compiled_model().get_runtime_model().get_ops()
    said = [layer.get_rt_info() for layer in layers]
    kinds = [
        info["runtimePrecision"].astype(str)
        for info in said
        if info["layerType"].astype(str) == "Convolution"
    ]
    assert len(kinds) == 4
    assert set(kinds) <= {"u8", "i8"}


def test_the_network_itself_is_not_changed(chain: Chain) -> None:
    before = {name: value.clone() for name, value in chain.state_dict().items()}
    quantised(chain, calibrate(chain, samples()))
    assert {type(layer) for layer in chain.layers} == {nn.Conv2d, nn.ReLU}
    assert all(torch.equal(before[name], value) for name, value in chain.state_dict().items())


def test_ranges_are_means_of_the_extremes(chain: Chain) -> None:
    given = samples()
    limits = calibrate(chain, given)["layers.0"]
    assert limits[0] == pytest.approx(sum(float(s[0].min()) for s in given) / 4)
    assert limits[1] == pytest.approx(sum(float(s[0].max()) for s in given) / 4)


def test_a_convolution_without_a_range_stays(chain: Chain) -> None:
    ranges = {k: v for k, v in calibrate(chain, samples()).items() if k != "layers.0"}
    assert type(quantised(chain, ranges).get_submodule("layers.0")) is nn.Conv2d


def test_a_range_for_nothing_is_refused(chain: Chain) -> None:
    with pytest.raises(WeightsError, match=r"'no\.such'"):
        quantised(carrying(), {"layers.0": torch.tensor([0.0, 1.0]), "no.such": torch.ones(2)})


def test_ranges_on_disk_belong_to_weights(chain: Chain, tmp_path: Path) -> None:
    path, ranges = tmp_path / "ranges.safetensors", calibrate(chain, samples())
    with pytest.raises(NotFoundError):
        load_ranges(path, model_name="chain", weights_digest="a")
    save_ranges(ranges, path, model_name="chain", weights_digest="a")
    found = load_ranges(path, model_name="chain", weights_digest="a")
    assert found.keys() == ranges.keys()
    assert all(torch.equal(found[name], limits) for name, limits in ranges.items())
    with pytest.raises(WeightsError, match="segue_weights"):
        load_ranges(path, model_name="chain", weights_digest="b")
    with pytest.raises(WeightsError, match="'other'"):
        load_ranges(path, model_name="other", weights_digest="a")
