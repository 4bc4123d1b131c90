"""Atomic checkpoints of a training run: weights, optimiser and running average in one safetensors file."""

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from segue.errors import WeightsError
from segue.media.atomic import replacing

_NAME = "checkpoint.safetensors"


def save(
    folder: Path,
    step: int,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    average: dict[str, Tensor],
) -> None:
    """Write the state after ``step`` steps; an older checkpoint is replaced only once the new one is whole.

    Raises:
        WriteError: The file cannot be written; the older checkpoint stays.
    """
    tensors = {f"network/{k}": v for k, v in network.state_dict().items()}
    tensors |= {f"average/{k}": v for k, v in average.items()}
    for index, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser/{index}/{k}": torch.as_tensor(v) for k, v in state.items()}
    # Channels-last weights are views with other strides, and safetensors keeps plain arrays only.
    whole = {k: v.detach().contiguous().clone() for k, v in tensors.items()}
    with replacing(folder / _NAME) as partial:
        save_file(whole, partial, metadata={"step": str(step)})


def restore(
    folder: Path, network: nn.Module, optimiser: torch.optim.Optimizer, average: dict[str, Tensor]
) -> int:
    """Load the folder's checkpoint into the three, and return the number of steps done (0 without a checkpoint).

    Raises:
        WeightsError: The checkpoint is damaged or belongs to another network.
    """
    path = folder / _NAME
    if not path.is_file():
        return 0
    try:
        with safe_open(path, "pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            step = int((file.metadata() or {})["step"])
        network.load_state_dict(_below(tensors, "network/"))
        average.update(_below(tensors, "average/"))
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in _below(tensors, "optimiser/").items():
            index, name = key.split("/")
            state.setdefault(int(index), {})[name] = value
        groups = optimiser.state_dict()["param_groups"]
        optimiser.load_state_dict({"state": state, "param_groups": groups})
    except (SafetensorError, KeyError, RuntimeError, ValueError) as error:
        raise WeightsError(
            f"{path} is not a checkpoint of this network ({error}). Remove it to start again."
        ) from None
    return step


def average_weights(folder: Path) -> dict[str, Tensor]:
    """The averaged weights of the folder's checkpoint, by name."""
    with safe_open(folder / _NAME, "pt") as file:
        keys = [key for key in file.keys() if key.startswith("average/")]  # noqa: SIM118
        return {key.removeprefix("average/"): file.get_tensor(key) for key in keys}


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
