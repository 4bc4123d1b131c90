"""Watching which graphs a model computes, and with what."""

import inspect
from dataclasses import dataclass, field

from torch import Tensor, nn

from segue.errors import SettingsError
from segue.nn.backends.int8 import Ranges
from segue.nn.backends.interface import Graph
from segue.nn.backends.torch_backend import TorchBackend, TorchGraph
from segue.nn.exported.backend import Copying, graph_name
from segue.nn.exported.manifest import Port

_MOST_CALLS = 6
"""Calls of a graph that are kept, each with other shapes."""

Tensors = tuple[Tensor, ...]


@dataclass(frozen=True)
class Call:
    """What went into a graph, and what came out."""

    inputs: Tensors
    outputs: Tensors

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Of the inputs."""
        return tuple(tuple(i.shape) for i in self.inputs)

    @property
    def size(self) -> int:
        """Numbers that go in and come out."""
        return sum(tensor.numel() for tensor in (*self.inputs, *self.outputs))


@dataclass
class Recorded:
    """A part of a model, and the calls of it."""

    name: str
    source: nn.Module
    """With the model's own parameters."""
    graph: TorchGraph
    """What computes: a copy for inference, with rounded numbers for int8."""
    calls: list[Call] = field(default_factory=list)

    def __call__(self, *inputs: Tensor) -> Tensors:
        """See ``Graph``."""
        outputs = self.graph(*inputs)
        call = Call(
            tuple(i.detach().clone().contiguous() for i in inputs),
            tuple(o.detach().clone().contiguous() for o in outputs),
        )
        known = call.shapes in (other.shapes for other in self.calls)
        if not known and len(self.calls) < _MOST_CALLS:
            self.calls.append(call)
        return outputs

    @property
    def smallest(self) -> Call:
        """The call with the fewest numbers."""
        return min(self.calls, key=lambda call: call.size)

    def inputs(self) -> tuple[Port, ...]:
        """Sides that were the same in all calls are fixed, others may have any size."""
        names = _names(self.source, len(self.calls[0].inputs))
        return _ports(names, [call.inputs for call in self.calls])

    def outputs(self) -> tuple[Port, ...]:
        """As ``inputs``, numbered."""
        outputs = [call.outputs for call in self.calls]
        return _ports([f"{self.name}_{i}" for i in range(len(outputs[0]))], outputs)


class RecordingBackend:
    """Implements ``Backend`` with torch, and keeps what it computes; see ``using``."""

    name = "torch"

    def __init__(self) -> None:
        self.recorded: dict[str, Recorded] = {}

    def prepare(self, module: nn.Module, ranges: Ranges | None = None) -> Graph:
        """See ``Backend.prepare``.

        Raises:
            SettingsError: Two parts of a model have one name.
        """
        name = graph_name(module)
        if name in self.recorded:
            raise SettingsError(
                f"Two parts of the model are called {name}, so their graphs cannot be told apart in an export."
            )
        recorded = Recorded(name, module, TorchBackend().prepare(module, ranges))
        self.recorded[name] = recorded
        return recorded

    @property
    def used(self) -> dict[str, Recorded]:
        """Those that were called."""
        return {name: one for name, one in self.recorded.items() if one.calls}

    def held(self) -> set[int]:
        """Identities of the parameters and buffers that graphs hold."""
        modules = [recorded.source for recorded in self.used.values()]
        modules += [m for source in modules if isinstance(source, Copying) for m in source.copied]
        return {id(t) for m in modules for t in (*m.parameters(), *m.buffers())}


def _names(module: nn.Module, count: int) -> list[str]:
    """Names of the inputs of a network: of the arguments of its ``forward``, numbered where there are several."""
    names: list[str] = []
    for name, parameter in inspect.signature(module.forward).parameters.items():
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            names += [f"{name}_{i}" for i in range(count - len(names))]
        else:
            names.append(name)
    return names[:count]


def _ports(names: list[str], calls: list[Tensors]) -> tuple[Port, ...]:
    ports = []
    for name, tensors in zip(names, zip(*calls, strict=True), strict=True):
        sides = zip(*(tensor.shape for tensor in tensors), strict=True)
        shape = tuple(side[0] if len(set(side)) == 1 else None for side in sides)
        ports.append(Port(name=name, dtype=str(tensors[0].numpy().dtype), shape=shape))
    return tuple(ports)
