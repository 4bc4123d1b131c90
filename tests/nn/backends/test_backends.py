"""Every backend gives what the network gives, in memory of its own."""

import copy
import warnings
from pathlib import Path

import pytest
import torch
from torch import nn

from fakes.graphs import Untranslatable, carrying, inputs
from segue.nn import openvino_runtime
from segue.nn.backends.cache import GraphCache
from segue.nn.backends.interface import Backend
from segue.nn.backends.openvino_backend import OpenVinoBackend
from segue.nn.backends.torch_backend import TorchBackend


@pytest.fixture(params=["torch", "openvino"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    if request.param == "torch":
        return TorchBackend()
    return OpenVinoBackend(GraphCache(tmp_path / "cache"))


@pytest.fixture
def openvino(tmp_path: Path) -> OpenVinoBackend:
    return OpenVinoBackend(GraphCache(tmp_path / "cache"))


def test_a_graph_gives_what_the_network_gives_for_inputs_of_any_shapes(backend: Backend) -> None:
    network = carrying()
    graph = backend.prepare(network)
    for size in [(8, 12, 1), (6, 6, 1), (8, 12, 3), (8, 12, 1)]:
        given = inputs(*size)
        with torch.no_grad():
            expected = network(*given)
        found = graph(*given)
        assert isinstance(found, tuple)
        for one, other in zip(found, expected, strict=True):
            assert one.shape == other.shape
            assert torch.allclose(one, other, atol=1e-5)


def test_outputs_are_not_overwritten_by_the_next_call(backend: Backend) -> None:
    graph = backend.prepare(carrying())
    frame, state = inputs()
    _, first = graph(frame, state)
    kept = first.clone()
    _, second = graph(frame, first)
    assert torch.equal(first, kept)
    assert not torch.equal(first, second)


def test_inputs_may_lie_in_memory_in_any_order_and_are_not_changed(backend: Backend) -> None:
    graph = backend.prepare(carrying())
    frame, state = inputs()
    expected = graph(frame, state)
    mixed = frame.contiguous(memory_format=torch.channels_last)
    before = mixed.clone()
    grown = nn.Parameter(state.repeat(1, 1, 1, 2))[..., :12]
    found = graph(mixed, grown)
    assert torch.equal(mixed, before)
    assert torch.allclose(found[0], expected[0], atol=1e-5)
    assert not found[0].requires_grad


def test_bytes_are_another_graph_than_floats(backend: Backend) -> None:
    graph, network = backend.prepare(carrying()), carrying()
    frame, state = inputs()
    whole = (frame * 255).to(torch.uint8)
    for given in (frame, whole):
        with torch.no_grad():
            expected = network(given, state)
        assert torch.allclose(graph(given, state)[0], expected[0], rtol=1e-4, atol=1e-4)


def test_later_changes_of_the_network_do_not_reach_the_graph(backend: Backend) -> None:
    network = carrying()
    before = copy.deepcopy(network.state_dict())
    graph = backend.prepare(network)
    assert all(torch.equal(before[k], v) for k, v in network.state_dict().items())
    with torch.no_grad():
        network.layers[0].weight.zero_()
    assert torch.allclose(graph(*inputs())[0], carrying()(*inputs())[0], atol=1e-5)


@pytest.mark.parametrize("threads", [1, 64])
def test_any_number_of_threads_gives_the_same(backend: Backend, threads: int) -> None:
    graph, before = backend.prepare(carrying()), torch.get_num_threads()
    expected = graph(*inputs())[0]
    try:
        torch.set_num_threads(threads)
        assert torch.allclose(graph(*inputs())[0], expected, atol=1e-6)
    finally:
        torch.set_num_threads(before)


def test_what_openvino_does_not_know_is_computed_by_torch_with_one_warning(
    openvino: OpenVinoBackend,
) -> None:
    graph, other = openvino.prepare(Untranslatable()), openvino.prepare(Untranslatable())
    x = torch.rand(3)
    with pytest.warns(RuntimeWarning, match="OpenVINO cannot compute") as caught:
        found = graph(x)
    assert len(caught) == 1
    assert torch.allclose(found[0], torch.special.bessel_j0(x))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        graph(torch.rand(4))
        other(x)


def test_wrong_inputs_raise_and_leave_the_graph_as_it_was(openvino: OpenVinoBackend) -> None:
    graph = openvino.prepare(carrying())
    frame, state = inputs()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeError, match="channels"):
            graph(frame[:, :2], state)
        graph(frame, state)


def test_graphs_of_few_shapes_stay_in_memory(
    openvino: OpenVinoBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openvino_runtime, "_MOST_COMPILED", 2)
    graph = openvino.prepare(carrying())
    for width in (3, 4, 3, 5):
        graph(*inputs(4, width))
    assert [frame[-1] for _, (_, frame), _ in graph._compiled] == [3, 5], "those that came last"
