"""A key for what a network computes: equal keys mean equal results."""

import functools
import hashlib
import io
import pickle
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn


def fingerprint(module: nn.Module, inputs: tuple[Tensor, ...]) -> str | None:
    """A key of a network's weights, settings and code, of the versions of what converts it, and of its inputs' shapes.

    Returns:
        64 hexadecimal digits; ``None`` if the network holds what cannot be told from others of its name, such as a
        local function or a class that was typed into a console.
    """
    content, files = _content(module), _code_files(module)
    if content is None or files is None:
        return None
    shapes = [(str(i.dtype), tuple(i.shape)) for i in inputs]
    digest = hashlib.sha256(repr((_versions(), shapes)).encode())
    digest.update(_own_code())
    for file in sorted(files):
        digest.update(file.read_bytes())
    digest.update(content)
    return digest.hexdigest()


class _ContentPickler(pickle.Pickler):
    """Writes what objects hold, and nothing of where they lie in memory. It is hashed only, never read back."""

    def persistent_id(self, thing: Any) -> Any:
        if isinstance(thing, Tensor):
            values = thing.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
            shape = str(thing.dtype), tuple(thing.shape)
            return "tensor", *shape, hashlib.sha256(values.data).hexdigest()
        if isinstance(thing, set):  # the order of a set of strings differs between runs
            return "set", sorted(map(repr, thing))
        return None


def _content(module: nn.Module) -> bytes | None:
    written = io.BytesIO()
    try:
        _ContentPickler(written, protocol=5).dump(module)
    except (pickle.PicklingError, AttributeError, TypeError, RuntimeError):
        return None
    return written.getvalue()


@functools.cache
def _versions() -> tuple[str, ...]:
    names = ("openvino", "torch", "timm")
    return tuple(f"{name} {version(name)}" for name in names)


@functools.cache
def _own_code() -> bytes:
    """Networks call functions of any module of the package's network layers, so all of them count."""
    package = Path(__file__).parents[2]
    digest = hashlib.sha256()
    for folder in ("nn", "models"):
        for path in sorted((package / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.digest()


def _code_files(module: nn.Module) -> set[Path] | None:
    """Where the classes of a network's parts are written, of whichever package."""
    places = {sys.modules[type(part).__module__] for part in module.modules()}
    files = [getattr(place, "__file__", None) for place in places]
    return None if None in files else {Path(file) for file in files if file}
