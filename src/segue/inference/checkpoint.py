"""A model's memory as one file: tensors as safetensors, everything else as JSON in its header; no pickle.

The memory of any model is a frozen dataclass of tensors, arrays, numbers, strings, tuples, dicts and dataclasses
(``models/interface.py``). Its type hints say how to rebuild it, so a file never names code to run. Tensors keep their
device and their strides, because a network may answer with other last bits for another memory layout, and a resumed
run has to give the same bytes as one that was never cut.
"""

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import safetensors
import safetensors.torch
import torch

from segue.errors import WeightsError
from segue.files import replacing

StateT = TypeVar("StateT")
FORMAT = "segue-state-1"


def save_state(path: Path, state: Any, notes: Mapping[str, int | str] | None = None) -> None:
    """Write a memory and a few notes about it, whole or not at all.

    Args:
        path: The file.
        state: A dataclass instance as described above.
        notes: What the caller wants back with it, for example the number of frames done.

    Raises:
        WriteError: The disk refuses.
        TypeError: The state holds something that cannot be stored; the message says where.
    """
    tensors: dict[str, torch.Tensor] = {}
    tree = _encode(state, tensors, "state")
    header = {"format": FORMAT, "tree": json.dumps(tree), "notes": json.dumps(dict(notes or {}))}
    with replacing(path) as temporary:
        temporary.write_bytes(safetensors.torch.save(tensors, metadata=header))


def load_state(path: Path, state_type: type[StateT]) -> tuple[StateT, dict[str, Any]]:
    """The memory and the notes that ``save_state`` wrote.

    Args:
        path: The file.
        state_type: The dataclass that was saved.

    Raises:
        WeightsError: The file is missing, damaged, or holds the memory of another model.
    """
    try:
        with safetensors.safe_open(str(path), framework="pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if header.get("format") != FORMAT:
            raise ValueError(f"format {header.get('format')!r} instead of {FORMAT!r}")
        state = _decode(json.loads(header["tree"]), state_type, tensors)
        return state, json.loads(header["notes"])
    except (OSError, safetensors.SafetensorError, ValueError, TypeError, LookupError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise WeightsError(
            f"{path} cannot be read as the saved memory of {state_type.__name__} ({reason}). "
            "Start again from the first frame.",
            option="Pass --overwrite.",
        ) from None


def _encode(value: Any, tensors: dict[str, torch.Tensor], place: str) -> Any:
    """JSON for a value; tensors go aside. Each kind has its own JSON shape, so unions stay apart."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, torch.Tensor):
        return {
            "tensor": _put(value.detach(), tensors),
            "device": str(value.device),
            **_layout(value),
        }
    if isinstance(value, np.ndarray):
        return {"array": _put(torch.from_numpy(np.ascontiguousarray(value)), tensors)}
    if isinstance(value, tuple):
        return [_encode(item, tensors, f"{place}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, Mapping):
        return {"items": [[k, _encode(v, tensors, f"{place}[{k!r}]")] for k, v in value.items()]}
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        parts = {n: _encode(getattr(value, n), tensors, f"{place}.{n}") for n in names}
        return {"record": type(value).__name__, "fields": parts}
    raise TypeError(f"{place}: a {type(value).__name__} cannot be part of a model's memory.")


def _put(tensor: torch.Tensor, tensors: dict[str, torch.Tensor]) -> str:
    name = str(len(tensors))
    # A copy, since safetensors refuses tensors that share storage.
    tensors[name] = tensor.cpu().clone(memory_format=torch.contiguous_format)
    return name


def _layout(tensor: torch.Tensor) -> dict[str, list[int]]:
    if tensor.is_contiguous() or 0 in tensor.stride():
        return {}
    return {"stride": list(tensor.stride())}


def _decode(node: Any, hint: Any, tensors: Mapping[str, torch.Tensor]) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        hint = next((option for option in arguments if _fits(node, option)), None)
        if hint is None:
            raise ValueError(f"nothing in {arguments} fits {str(node)[:60]}")
        return _decode(node, hint, tensors)
    if origin is typing.Annotated:
        return _decode(node, arguments[0], tensors)
    if not _fits(node, hint):
        raise ValueError(f"{str(node)[:60]} is no {hint}")
    if _is_array(hint):
        return _get(node, tensors)
    if origin is tuple or hint is tuple:
        return _decode_tuple(node, arguments, tensors)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {key: _decode(item, arguments[1], tensors) for key, item in node["items"]}
    if dataclasses.is_dataclass(hint):
        return _decode_record(node, hint, tensors)
    return float(node) if hint is float else node


def _decode_tuple(node: Any, arguments: Any, tensors: Mapping[str, torch.Tensor]) -> Any:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        arguments = arguments[:1] * len(node)
    return tuple(_decode(i, hint, tensors) for i, hint in zip(node, arguments, strict=True))


def _decode_record(node: Any, hint: Any, tensors: Mapping[str, torch.Tensor]) -> Any:
    hints = typing.get_type_hints(hint)
    names = [field.name for field in dataclasses.fields(hint)]
    if set(names) != set(node["fields"]):
        raise ValueError(f"{hint.__name__} has the fields {names}, found {list(node['fields'])}")
    record = object.__new__(hint)
    # Past __init__, so that fields with init=False and derived ones come back as they were.
    for name in names:
        object.__setattr__(record, name, _decode(node["fields"][name], hints[name], tensors))
    return record


def _get(node: Any, tensors: Mapping[str, torch.Tensor]) -> Any:
    if "array" in node:
        return tensors[node["array"]].numpy()
    tensor = tensors[node["tensor"]]
    if "stride" not in node:
        return tensor.to(node["device"])
    strided = torch.empty_strided(
        tensor.shape, node["stride"], dtype=tensor.dtype, device=node["device"]
    )
    return strided.copy_(tensor)


def _fits(node: Any, hint: Any) -> bool:
    """Whether a JSON node can be what a hint asks for; enough to choose within a union."""
    origin = typing.get_origin(hint)
    if hint is Any:
        return True
    if hint is None or hint is type(None):
        return node is None
    if origin in (typing.Union, types.UnionType):
        return any(_fits(node, option) for option in typing.get_args(hint))
    if origin is typing.Annotated:
        return _fits(node, typing.get_args(hint)[0])
    if origin is typing.Literal:
        return node in typing.get_args(hint)
    if _is_array(hint):
        kind = "array" if issubclass(getattr(hint, "array_type", hint), np.ndarray) else "tensor"
        return isinstance(node, dict) and kind in node
    if origin is tuple or hint is tuple:
        return isinstance(node, list)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return isinstance(node, dict) and "items" in node
    if dataclasses.is_dataclass(hint):
        return isinstance(node, dict) and node.get("record") == getattr(hint, "__name__", "")
    if hint is float:
        return isinstance(node, (int, float)) and not isinstance(node, bool)
    return type(node) is hint


def _is_array(hint: Any) -> bool:
    kind = getattr(hint, "array_type", hint)
    return isinstance(kind, type) and issubclass(kind, (torch.Tensor, np.ndarray))
