import torch
from torch import Tensor, nn

from segue.nn.backends.int8 import Ranges
from segue.nn.backends.interface import Backend
from segue.nn.backends.patient import PatientBackend, patient
from segue.nn.backends.torch_backend import TorchBackend


class Doubling(nn.Module):
    def forward(self, values: Tensor) -> tuple[Tensor, ...]:
        return (values * 2,)


class Compiling:
    """A backend that remembers for which shapes it was asked."""

    name = "compiling"

    def __init__(self) -> None:
        self.asked: list[tuple[int, ...]] = []

    def prepare(self, module: nn.Module, ranges: Ranges | None = None):
        def graph(*inputs: Tensor) -> tuple[Tensor, ...]:
            self.asked += [tuple(i.shape) for i in inputs]
            return module(*inputs)

        return graph


def test_only_shapes_that_come_often_are_compiled() -> None:
    compiling = Compiling()
    graph = PatientBackend(compiling, calls=2).prepare(Doubling())
    for number in range(4):
        (found,) = graph(torch.full((3,), float(number)))
        assert found.tolist() == [2.0 * number] * 3
        graph(torch.zeros(10 + number))
    assert compiling.asked == [(3,), (3,)]


def test_each_network_counts_for_itself() -> None:
    compiling = Compiling()
    backend = PatientBackend(compiling, calls=1)
    for graph in (backend.prepare(Doubling()), backend.prepare(Doubling())):
        graph(torch.zeros(3))
    assert not compiling.asked


def test_torch_needs_no_patience() -> None:
    torch_backend = TorchBackend()
    assert patient(torch_backend) is torch_backend
    waiting = patient(Compiling())
    assert isinstance(waiting, Backend)
    assert waiting.name == "compiling"
