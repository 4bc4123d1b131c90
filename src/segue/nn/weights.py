"""Weights on disk (safetensors only), and how large a network is.

A weights file holds the state dict of a module and, in its metadata, the name of the model it is
for. Nothing is ever unpickled.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from segue.errors import NotFoundError, WeightsError
from segue.files import write_bytes

MODEL_KEY = "segue_model"
"""Metadata key that holds the name of the model."""
CONSTANTS_KEY = "segue_constants"
"""Metadata key of files that hold only what the graphs of an export do not."""

_constants: ContextVar[Path | None] = ContextVar("constants", default=None)
_loads: ContextVar["list[Load] | None"] = ContextVar("loads", default=None)


@dataclass(frozen=True)
class Load:
    """A module that was filled from a weights file."""

    module: nn.Module
    path: Path
    model_name: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    """What the file says of itself."""


@contextmanager
def noting_loads() -> Iterator[list[Load]]:
    """The weights files from which modules are filled inside the block, in order."""
    found: list[Load] = []
    token = _loads.set(found)
    try:
        yield found
    finally:
        _loads.reset(token)


@contextmanager
def constants_from(folder: Path) -> Iterator[None]:
    """Inside, weights that ship are taken from the constants of an export; graphs hold all the others.

    Args:
        folder: ``NAME.safetensors`` by name of the weights.
    """
    token = _constants.set(folder)
    try:
        yield
    finally:
        _constants.reset(token)


def shipped_weights(name: str, *, can_do_without: bool = False) -> Path:
    """The weights that ship with a model.

    Args:
        name: The model.
        can_do_without: Whether it runs untrained with the setting ``random_weights``, which the error then says.

    Raises:
        WeightsError: None do.
    """
    exported = _constants.get()
    if exported is not None and (exported / f"{name}.safetensors").is_file():
        return exported / f"{name}.safetensors"
    path = Path(__file__).parents[1] / "weights" / f"{name}.safetensors"
    if not path.is_file():
        untrained = " Or set random_weights=true to measure its speed; what it says means nothing."
        raise WeightsError(
            f"No trained weights ship with {name}. Give a .safetensors file that was saved for {name}."
            f"{untrained if can_do_without else ''}",
            option="Pass the file as --weights FILE.",
        )
    return path


def ships(name: str) -> bool:
    """Whether weights ship with a model."""
    return (Path(__file__).parents[1] / "weights" / f"{name}.safetensors").is_file()


def read_weights(
    path: Path, *, model_name: str, expected: Mapping[str, str] | None = None
) -> dict[str, Tensor]:
    """The tensors of a weights file, on the CPU.

    Args:
        path: A safetensors file that ``save_weights`` wrote.
        model_name: The model that the file must be for.
        expected: What its metadata must say; an entry that it does not have is not missed.

    Raises:
        NotFoundError: There is no such file.
        WeightsError: The file is not safetensors, is damaged, is for another model, or holds the constants of an
            export.
    """
    return _read(path, model_name, expected)[0]


def _read(
    path: Path, model_name: str, expected: Mapping[str, str] | None
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a file, and what it says of itself."""
    with _opened(path) as file:
        metadata = file.metadata() or {}
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    if CONSTANTS_KEY in metadata and _constants.get() is None:
        raise WeightsError(
            f"{path} holds only the constants of an export, the rest is in its graphs. Give the folder of the export "
            "as the model, or the weights that were exported."
        )
    found = metadata.get(MODEL_KEY)
    if found != model_name:
        whose = f"for model {found!r}" if found else f"without the metadata key {MODEL_KEY!r}"
        raise WeightsError(f"Expected weights for model {model_name!r}; {path} is a file {whose}.")
    for key, value in (expected or {}).items():
        if metadata.get(key, value) != value:
            raise WeightsError(
                f"{path} was trained with {key} {metadata[key]}, expected {value}. Use the settings that the file was "
                "trained with, or another file."
            )
    return tensors, metadata


def read_metadata(path: Path) -> dict[str, str]:
    """What a weights file says of itself, whatever model it is for.

    Raises:
        NotFoundError: There is no such file.
        WeightsError: The file is not safetensors, or is damaged.
    """
    with _opened(path) as file:
        return file.metadata() or {}


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    if not path.is_file():
        raise NotFoundError(f"No weights file {path}. Give the path of a .safetensors file.")
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, OSError) as error:
        raise WeightsError(
            f"{path} is not a readable safetensors file ({error}). "
            "It may be cut short or of another kind; fetch or write it again."
        ) from None


def load_weights(
    module: nn.Module,
    path: Path,
    *,
    model_name: str,
    strict: bool = True,
    optional: tuple[str, ...] = (),
    expected: Mapping[str, str] | None = None,
) -> None:
    """Fill a module from a weights file; either everything fits or nothing is changed.

    Args:
        module: What to fill, in place.
        path: A safetensors file.
        model_name: The model that the file must be for.
        strict: Whether every tensor of the module must be in the file.
        optional: Prefixes of names that may be absent all together even if ``strict``.
        expected: As in ``read_weights``.

    Raises:
        NotFoundError: There is no such file.
        WeightsError: The file is damaged, is for another model, or does not fit the module.
    """
    tensors, metadata = _read(path, model_name, expected)
    if CONSTANTS_KEY in metadata:
        tensors = _unknown(module) | tensors
    _fill(module, tensors, path, model_name, strict, optional)
    loads = _loads.get()
    if loads is not None:
        loads.append(Load(module, path, model_name, metadata))


def _unknown(module: nn.Module) -> dict[str, Tensor]:
    """Not a number wherever graphs compute, so that nothing else can compute with that unnoticed."""
    return {
        key: torch.full_like(value, torch.nan) if value.is_floating_point() else value
        for key, value in module.state_dict().items()
    }


def _fill(
    module: nn.Module,
    tensors: Mapping[str, Tensor],
    path: Path,
    model_name: str,
    strict: bool = True,
    optional: tuple[str, ...] = (),
) -> None:
    own = module.state_dict()
    unknown = sorted(tensors.keys() - own.keys())
    excused = tuple(prefix for prefix in optional if not any(k.startswith(prefix) for k in tensors))
    missing = sorted(k for k in own.keys() - tensors.keys() if not k.startswith(excused or ("\0",)))
    misshapen = sorted(k for k in tensors.keys() & own.keys() if tensors[k].shape != own[k].shape)
    faults = [f"unknown: {_few(unknown)}"] if unknown else []
    faults += [f"missing: {_few(missing)}"] if missing and strict else []
    faults += [
        f"{key} is {tuple(tensors[key].shape)}, expected {tuple(own[key].shape)}"
        for key in misshapen[:3]
    ]
    if faults:
        raise WeightsError(
            f"{path} does not fit model {model_name!r}: {'; '.join(faults)}. "
            "Use the settings that the file was trained with, or another file."
        )
    module.load_state_dict(tensors, strict=False)


def load_narrower(module: nn.Module, path: Path, *, model_name: str) -> None:
    """Fill a module from the weights of one whose layers have fewer inputs; weights of the new inputs become 0.

    So the module computes what the other one did, until it learns.

    Args:
        module: What to fill, in place; new inputs come after the old ones.
        path: A safetensors file.
        model_name: The model that the file must be for.

    Raises:
        NotFoundError: There is no such file.
        WeightsError: The file is damaged, is for another model, or differs in more than inputs.
    """
    tensors = read_weights(path, model_name=model_name)
    own = module.state_dict()
    for key, value in tensors.items():
        wanted = own[key].shape if key in own else value.shape
        missing = wanted[1] - value.shape[1] if len(wanted) > 1 and wanted != value.shape else 0
        if missing > 0:
            extra = value.new_zeros(value.shape[0], missing, *value.shape[2:])
            tensors[key] = torch.cat([value, extra], 1)
    _fill(module, tensors, path, model_name)


def save_weights(
    module: nn.Module,
    path: Path,
    *,
    model_name: str,
    metadata: Mapping[str, str] | None = None,
    half: bool = False,
) -> None:
    """Write a module's state dict; the file appears complete or not at all.

    Args:
        module: What to save.
        path: The .safetensors file; an existing one is replaced.
        model_name: The model that the file is for.
        metadata: More strings to keep in the file.
        half: Keep numbers in 16 bits, which halves the file; they are read back into whatever the module has.

    Raises:
        WriteError: The file could not be written.
    """
    tensors = {key: value.detach().cpu().contiguous() for key, value in module.state_dict().items()}
    if half:
        tensors = {k: v.half() if v.is_floating_point() else v for k, v in tensors.items()}
    content = save(tensors, {**(metadata or {}), MODEL_KEY: model_name})
    write_bytes(path, _in_order(content))


def _in_order(content: bytes) -> bytes:
    """The same file, its metadata sorted: the library writes them in any order; equal weights shall be equal files."""
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[end:]


def describe(module: nn.Module) -> dict[str, Any]:
    """Parameter counts: ``{"total": int, "trainable": int, "by_part": {child: int}}``."""
    parts = {name: _count(child) for name, child in module.named_children()}
    own = sum(p.numel() for p in module.parameters(recurse=False))
    return {
        "total": _count(module),
        "trainable": sum(p.numel() for p in module.parameters() if p.requires_grad),
        "by_part": {**parts, **({"(own)": own} if own else {})},
    }


def _count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def _few(names: list[str]) -> str:
    rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + rest
