"""How many operations a network takes: counted from shapes, without the arithmetic."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map
from torch.utils.flop_counter import flop_registry

_LARGE = 1 << 16
"""Numbers in a map that is worth a short cut."""
_NORMS = ("native_batch_norm", "native_layer_norm", "native_group_norm")
_ACTIVATIONS = ("relu", "gelu", "silu", "hardswish", "hardtanh")
_OF_ZEROS_ZEROS = {getattr(torch.ops.aten, name) for name in (*_NORMS, *_ACTIVATIONS)}
"""Not counted; after a product they see zeros, and give zeros (norms: their offset, which is as good as any)."""
_IN_PLACE = {getattr(torch.ops.aten, f"{name}_") for name in _ACTIVATIONS}
"""The same, but they change what they see."""


class _Counting(TorchDispatchMode):
    """Convolutions and matrix products are counted, and answer at once, with zeros of the right shape."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.macs: int = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Nothing is compiled here; to say so would import the compiler, which takes two seconds.
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        packet = func.overloadpacket
        large = bool(args) and isinstance(args[0], Tensor) and args[0].numel() >= _LARGE
        if large and packet in _IN_PLACE:
            return args[0]
        counts = packet in flop_registry
        if not counts and not (large and packet in _OF_ZEROS_ZEROS):
            return func(*args, **kwargs)
        shapes = func(*tree_map(_shape_of, args), **tree_map(_shape_of, kwargs))
        if counts:
            self.macs += int(flop_registry[packet](*args, **kwargs, out_val=shapes)) // 2
        return tree_map(_zeros_of, shapes)


def count_macs(function: Callable[..., Any], *inputs: Any) -> int:
    """Multiply-accumulate operations of one call: convolutions and matrix products only.

    Interpolation, activations and sums are not counted, as in the usual tables. The products are not computed, so what
    the function returns means nothing; a function whose course depends on values is counted as for zeros.
    """
    counting = _Counting()
    with torch.no_grad(), counting:
        function(*inputs)
    return counting.macs


def _shape_of(value: Any) -> Any:
    return value.to("meta") if isinstance(value, Tensor) else value


def _zeros_of(value: Any) -> Any:
    return torch.zeros(value.shape, dtype=value.dtype) if isinstance(value, Tensor) else value
