"""Convolutions in whole numbers of eight bits: a third of the time of float32 where the backend computes them as such.

What a convolution reads is rounded to 256 values between the lowest and the highest that was usual in training frames,
its weights to 129 values per output channel. torch only imitates the rounding, so that the cost in accuracy can be seen
anywhere; OpenVINO finds the rounding in the graph and computes with bytes (Jacob et al., "Quantization and Training of
Neural Networks for Efficient Integer-Arithmetic-Only Inference", CVPR 2018; weights in half of the range as in
OpenVINO's cure for "saturation").
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import cast

import torch
from jaxtyping import Float
from safetensors.torch import save
from torch import Tensor, nn

from segue.errors import WeightsError
from segue.files import write_bytes
from segue.nn.fuse import for_inference
from segue.nn.weights import MODEL_KEY, read_weights

Range = Float[Tensor, " 2"]
"""The lowest and the highest value that a convolution usually reads."""
Ranges = Mapping[str, Range]
"""By the name of the convolution."""

_WEIGHTS_KEY = "segue_weights"
_STEPS = 255
_WEIGHT_STEPS = 64
"""To either side of zero, half of what a byte holds. Processors without instructions for bytes (VNNI, AMX) add two
products in 16 bits, and cut off what does not fit: 2 * 255 * 64 fits, 2 * 255 * 127 does not."""
_BYTE = 127
"""What OpenVINO must see as the range of the weights, to know bytes in them."""


def calibrate(module: nn.Module, samples: Iterable[tuple[Tensor, ...]]) -> Ranges:
    """What each convolution of a network reads: the mean over samples of the lowest and of the highest value.

    Args:
        module: The network.
        samples: Inputs of its ``forward``; some dozens of training frames, never frames that it is judged on.
    """
    fast = for_inference(module)
    found = watch(fast)
    with torch.no_grad():
        for inputs in samples:
            fast(*inputs)
    return {name: torch.stack(seen).mean(0) for name, seen in found.items() if seen}


def watch(module: nn.Module) -> dict[str, list[Tensor]]:
    """By convolution of a network: the lowest and the highest value of what it reads, one pair per call from now on."""
    found: dict[str, list[Tensor]] = {}
    for name, part in module.named_modules():
        if isinstance(part, nn.Conv2d):
            part.register_forward_pre_hook(_note(found.setdefault(name, [])))
    return found


def quantised(module: nn.Module, ranges: Ranges | None) -> nn.Module:
    """A copy of a network for inference whose convolutions round what they read, and their weights.

    Args:
        module: With the weights that the ranges were found with.
        ranges: From ``calibrate``; a convolution without one keeps float32, as do all with ``None``.

    Raises:
        WeightsError: A range for a convolution that the network does not have.
    """
    fast = for_inference(module)
    for name, limits in (ranges or {}).items():
        parent, _, last = name.rpartition(".")
        try:
            convolution = fast.get_submodule(name)
        except AttributeError:
            raise WeightsError(
                f"A range is given for the convolution {name!r}, which the network does not have. Calibrate it anew."
            ) from None
        setattr(fast.get_submodule(parent), last, _RoundedConv(convolution, limits))
    return fast


def save_ranges(ranges: Ranges, path: Path, *, model_name: str, weights_digest: str) -> None:
    """Write ranges to a safetensors file; it appears complete or not at all.

    Args:
        ranges: From ``calibrate``.
        path: The file; an existing one is replaced.
        model_name: The model that they are for.
        weights_digest: Says with which weights they were found, see ``load_ranges``.

    Raises:
        WriteError: The file could not be written.
    """
    metadata = {MODEL_KEY: model_name, _WEIGHTS_KEY: weights_digest}
    write_bytes(
        path, save({name: limits.contiguous() for name, limits in ranges.items()}, metadata)
    )


def load_ranges(path: Path, *, model_name: str, weights_digest: str) -> Ranges:
    """Ranges from a file.

    Raises:
        NotFoundError: There is no such file.
        WeightsError: The file is damaged, is for another model, or was found with other weights.
    """
    return read_weights(path, model_name=model_name, expected={_WEIGHTS_KEY: weights_digest})


def ranges_file(weights: Path) -> Path:
    """Where the ranges that belong to a weights file are: beside it, as ``NAME.int8.safetensors``."""
    return weights.with_suffix(".int8.safetensors")


def ranges_beside(weights: Path, model_name: str) -> Ranges:
    """The ranges that were found with a weights file.

    Raises:
        WeightsError: There are none, or they are damaged, for another model, or were found with other weights.
    """
    path = ranges_file(weights)
    if not path.is_file():
        raise WeightsError(
            f"int8 needs the ranges of what the convolutions of {model_name} read, and there is no {path}. Find "
            "them on training data, or set precision=float32.",
            option=f"Find them with: segue backends calibrate {model_name} --weights {weights} --data FOLDER.",
        )
    return load_ranges(path, model_name=model_name, weights_digest=digest_of(weights))


def digest_of(weights: Path) -> str:
    """What ties ranges to a weights file: its SHA-256."""
    with weights.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _RoundedConv(nn.Module):
    """A convolution of rounded values with rounded weights."""

    weight_steps: Tensor
    weight_zeros: Tensor

    def __init__(self, convolution: nn.Module, limits: Range) -> None:
        super().__init__()
        self.convolution = cast(nn.Conv2d, convolution)
        low, high = min(float(limits[0]), 0.0), max(float(limits[1]), 1e-6)
        self.step = (high - low) / _STEPS
        self.zero = round(-low / self.step)
        weight = self.convolution.weight.detach()
        steps = (weight.abs().amax((1, 2, 3)) / _WEIGHT_STEPS).clamp_min(1e-8)
        self.register_buffer("weight_steps", steps)
        self.register_buffer("weight_zeros", torch.zeros(len(weight), dtype=torch.int32))

    def forward(self, x: Tensor) -> Tensor:
        old = self.convolution
        rounded = torch.fake_quantize_per_tensor_affine(x, self.step, self.zero, 0, _STEPS)
        weight = torch.fake_quantize_per_channel_affine(
            old.weight, self.weight_steps, self.weight_zeros, 0, -_BYTE, _BYTE
        )
        return nn.functional.conv2d(
            rounded, weight, old.bias, old.stride, old.padding, old.dilation, old.groups
        )


def _note(seen: list[Tensor]) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
    def note(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        seen.append(torch.stack(inputs[0].aminmax()).float().cpu())

    return note
