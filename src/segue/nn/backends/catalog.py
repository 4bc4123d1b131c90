"""Which backends there are, and which one a computer uses by itself."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

from segue.errors import SettingsError
from segue.nn.backends.interface import Backend
from segue.settings import load_entry

BackendName = Literal["auto", "torch", "openvino"]
Precision = Literal["float32", "int8"]

BACKENDS = {
    "torch": "segue.nn.backends.torch_backend:TorchBackend",
    "openvino": "segue.nn.backends.openvino_backend:OpenVinoBackend",
}
"""By name: where the class is."""


_given: ContextVar[Backend | None] = ContextVar("backend", default=None)
_whole: ContextVar[Backend | None] = ContextVar("whole_backend", default=None)


@contextmanager
def using(backend: Backend, *, whole: bool = False) -> Iterator[None]:
    """Models that are built inside compute with this backend, whatever their settings say.

    Args:
        backend: The backend.
        whole: Whether it also computes what torch computes otherwise, whatever the backend: small parts, and shapes
            that are seldom seen. So the weights of an export need be nowhere but in its graphs.
    """
    token, token_of_whole = _given.set(backend), _whole.set(backend if whole else None)
    try:
        yield
    finally:
        _given.reset(token)
        _whole.reset(token_of_whole)


def whole_backend() -> Backend | None:
    """The backend of the ``using`` block around, if it computes the whole of a model."""
    return _whole.get()


def create_backend(name: str, device: str) -> Backend:
    """A backend; inside ``using``, the one that is given there.

    Args:
        name: ``torch``, ``openvino``, or ``auto``: OpenVINO on the CPU, torch elsewhere. Where OpenVINO is missing,
            ``auto`` is torch, with a warning.
        device: Where networks run: ``cpu``, ``cuda``, ...

    Raises:
        SettingsError: No backend of that name; OpenVINO was asked for and is missing, or for another device.
    """
    given = _given.get()
    if given is not None:
        return given
    on_cpu = device.partition(":")[0] == "cpu"
    if name == "openvino" and not on_cpu:
        raise SettingsError(
            f"The backend openvino computes on the CPU, not on {device!r}. Choose the device cpu, or the backend torch."
        )
    if name == "auto":
        return _openvino_or_torch() if on_cpu else _create("torch")
    try:
        return _create(name)
    except ImportError as error:
        raise SettingsError(
            f"The backend openvino cannot be loaded: {error}. Run: pip install openvino. Or choose the backend torch."
        ) from None


def _create(name: str) -> Backend:
    backend: Backend = load_entry(BACKENDS, "backend", name)()
    return backend


def _openvino_or_torch() -> Backend:
    try:
        return _create("openvino")
    except ImportError as error:
        warnings.warn(
            f"OpenVINO cannot be loaded ({error}). Torch computes instead, with the same result, more slowly. "
            "Run: pip install openvino. Or choose the backend torch.",
            RuntimeWarning,
            stacklevel=3,
        )
        return _create("torch")
