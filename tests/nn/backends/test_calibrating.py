"""Ranges found while a model works are those of its inputs."""

import pytest
import torch

from fakes.graphs import carrying, inputs
from segue.errors import InputError
from segue.nn.backends.calibrating import CalibratingBackend
from segue.nn.backends.catalog import create_backend, using
from segue.nn.backends.int8 import calibrate
from segue.nn.backends.torch_backend import TorchBackend


def test_the_ranges_are_those_of_what_went_in() -> None:
    network, backend = carrying(), CalibratingBackend()
    graph = backend.prepare(network)
    with pytest.raises(InputError, match="at least two frames"):
        backend.ranges()
    expected = calibrate(network, [inputs()])
    found = graph(*inputs())
    assert all(map(torch.equal, found, TorchBackend().prepare(network)(*inputs())))
    assert expected.keys() == backend.ranges().keys()
    for name, limits in backend.ranges().items():
        assert torch.equal(limits, expected[name])


def test_models_that_are_built_inside_use_the_given_backend() -> None:
    backend = CalibratingBackend()
    with using(backend):
        assert create_backend("openvino", "cpu") is backend
        assert create_backend("auto", "cuda") is backend
    assert create_backend("torch", "cpu").name == "torch"
    with pytest.raises(KeyError), using(backend):
        raise KeyError
    assert create_backend("torch", "cpu") is not backend
