"""Convolutions in eight bits: close to float32, in bytes where OpenVINO computes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from fakes.convolutions import Chain, difference, make_chain, samples
from fakes.graphs import carrying
from segue.errors import NotFoundError, WeightsError
from segue.nn.backends.cache import GraphCache
from segue.nn.backends.int8 import calibrate, load_ranges, quantised, save_ranges
from segue.nn.backends.openvino_backend import OpenVinoBackend
from segue.nn.backends.torch_backend import TorchBackend

PATH = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])


@pytest.fixture
def chain() -> Chain:
    return make_chain()


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
    (compiled,) = graph._compiled._compiled.values()
    layers = compiled._request.get_compiled_model().get_runtime_model().get_ops()
    said = [layer.get_rt_info() for layer in layers]
    kinds = [
        info["runtimePrecision"].astype(str)
        for info in said
        if info["layerType"].astype(str) == "Convolution"
    ]
    assert len(kinds) == 4
    assert set(kinds) <= {"u8", "i8"}


def test_a_processor_without_instructions_for_bytes_computes_the_same(tmp_path: Path) -> None:
    """Such a processor adds products in 16 bits; weights of the full range overflow there, and differ by 0.07."""
    script = Path(__file__).with_name("int8_process.py")
    environment = {
        **os.environ,
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "PYTHONPATH": PATH,
    }
    said = subprocess.run(
        [sys.executable, str(script), str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert float(said.stdout) < 1e-3, said.stderr


def test_two_products_fit_in_16_bits(chain: Chain) -> None:
    """The largest activation twice, times the largest weights that rounding may give."""
    fast = quantised(chain, calibrate(chain, samples()))
    for layer in (part for part in fast.modules() if hasattr(part, "weight_steps")):
        weight = layer.convolution.weight
        rounded = (weight / layer.weight_steps[:, None, None, None]).round()
        assert rounded.abs().amax((1, 2, 3)).min() > 32
        assert 2 * 255 * rounded.abs().max() <= 2**15 - 1


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
