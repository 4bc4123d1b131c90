"""Atomic checkpoints of a training run, in one file.

Weights, parts that are only kept, optimiser, running average and the state of the loop.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialise
from torch import Tensor, nn

from segue.errors import WeightsError
from segue.files import write_bytes

_NAME = "checkpoint.safetensors"


def save(
    folder: Path,
    state: Mapping[str, Any],
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    average: Mapping[str, Tensor],
    kept: Mapping[str, nn.Module],
) -> None:
    """Write everything after a step; an older checkpoint is replaced only once the new one is whole.

    Random generators are not in it: what is random at a step follows from the seed and the step.

    Args:
        folder: Of the run.
        state: Of the loop.
        network: What is trained.
        optimiser: With its moments.
        average: Of the network's weights.
        kept: Parts that are not trained, by name.

    Raises:
        WriteError: The file cannot be written; the older checkpoint stays.
    """
    tensors = {f"network/{k}": v for k, v in network.state_dict().items()}
    tensors |= {f"average/{k}": v for k, v in average.items()}
    for name, part in kept.items():
        tensors |= {f"kept/{name}/{k}": v for k, v in part.state_dict().items()}
    for index, values in optimiser.state_dict()["state"].items():
        tensors |= {
            f"optimiser/{index}/{k}": torch.as_tensor(v) for k, v in values.items() if v is not None
        }
    # Channels-last weights are views with other strides, and safetensors keeps plain arrays only.
    whole = {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}
    write_bytes(folder / _NAME, serialise(whole, {"state": json.dumps(dict(state))}))


def exists(folder: Path) -> bool:
    """Whether a run left something to go on with."""
    return (folder / _NAME).is_file()


def remove(folder: Path) -> None:
    """Leave nothing to go on with."""
    (folder / _NAME).unlink(missing_ok=True)


def restore(
    folder: Path,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    average: dict[str, Tensor],
    kept: Mapping[str, nn.Module],
) -> dict[str, Any] | None:
    """Load the folder's checkpoint into the four, and return the loop's state; ``None`` without a checkpoint.

    Raises:
        WeightsError: The checkpoint is damaged or belongs to another network.
    """
    path = folder / _NAME
    if not path.is_file():
        return None
    try:
        with safe_open(path, "pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            state: dict[str, Any] = json.loads((file.metadata() or {})["state"])
        network.load_state_dict(_below(tensors, "network/"))
        average.update(_below(tensors, "average/"))
        for name, part in kept.items():
            part.load_state_dict(_below(tensors, f"kept/{name}/"))
        moments: dict[int, dict[str, Tensor]] = {}
        for key, value in _below(tensors, "optimiser/").items():
            index, name = key.split("/")
            moments.setdefault(int(index), {})[name] = value
        groups = optimiser.state_dict()["param_groups"]
        optimiser.load_state_dict({"state": moments, "param_groups": groups})
    except (SafetensorError, KeyError, RuntimeError, ValueError) as error:
        raise WeightsError(
            f"{path} is not a checkpoint of this network ({error}). Remove it to start again."
        ) from None
    return state


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
