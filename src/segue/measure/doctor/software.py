"""Packages, devices and decoders: what is installed, and what of it loads."""

import importlib
import importlib.metadata
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from segue import __version__

_PACKAGES = (
    "av",
    "numpy",
    "opencv-python-headless",
    "openvino",
    "onnxruntime",
    "pillow",
    "pydantic",
    "safetensors",
    "scipy",
    "threadpoolctl",
    "timm",
    "torch",
    "torchvision",
)
_CODECS = ("h264", "hevc", "vp9", "av1", "mpeg4", "prores", "mjpeg", "ffv1")
_ENCODERS = ("libx264", "prores_ks", "png")


@dataclass(frozen=True, slots=True)
class Device:
    """What networks can compute on."""

    runtime: str
    """``openvino`` or ``torch``."""
    device: str
    name: str
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Software:
    """All of it."""

    versions: dict[str, str | None]
    """``None``: not installed."""
    devices: tuple[Device, ...]
    ffmpeg: dict[str, str]
    """Libraries of FFmpeg in PyAV, and their versions."""
    decoders: dict[str, bool]
    encoders: dict[str, bool]
    failures: dict[str, str] = field(default_factory=dict)
    """Package -> why it does not load."""

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def examine_software() -> Software:
    """What is installed and loads on this computer; torch is imported, which takes seconds."""
    failures: dict[str, str] = {}
    devices = (
        *_tried("openvino", _openvino_devices, failures, ()),
        *_tried("torch", _torch_devices, failures, ()),
    )
    ffmpeg, decoders, encoders = _tried("av", _codecs, failures, ({}, {}, {}))
    for package in ("numpy", "cv2"):
        _tried(package, partial(importlib.import_module, package), failures, None)
    return Software(
        versions={"segue": __version__, **{name: _version(name) for name in _PACKAGES}},
        devices=devices,
        ffmpeg=ffmpeg,
        decoders=decoders,
        encoders=encoders,
        failures=failures,
    )


def _tried(package: str, look: Callable[[], Any], failures: dict[str, str], without: Any) -> Any:
    """What a package says; whatever goes wrong in the package is noted, and is no reason to stop."""
    try:
        return look()
    except Exception as error:
        lines = str(error).strip().splitlines()
        failures[package] = (lines or [type(error).__name__])[0][:200]
        return without


def _openvino_devices() -> tuple[Device, ...]:
    from segue.nn.openvino_runtime import core

    return tuple(
        Device(
            "openvino",
            device,
            str(core().get_property(device, "FULL_DEVICE_NAME")),
            tuple(core().get_property(device, "OPTIMIZATION_CAPABILITIES")),
        )
        for device in core().available_devices
    )


def _torch_devices() -> tuple[Device, ...]:
    import torch

    found = [Device("torch", "cpu", "processor")]
    for number in range(torch.cuda.device_count()):
        found.append(Device("torch", f"cuda:{number}", torch.cuda.get_device_name(number)))
    if torch.backends.mps.is_available():
        found.append(Device("torch", "mps", "Apple GPU"))
    return tuple(found)


def _codecs() -> tuple[dict[str, str], dict[str, bool], dict[str, bool]]:
    import av

    libraries = {name: ".".join(map(str, version)) for name, version in av.library_versions.items()}
    return (
        libraries,
        {name: _has(av, name, "r") for name in _CODECS},
        {name: _has(av, name, "w") for name in _ENCODERS},
    )


def _has(av: Any, name: str, mode: str) -> bool:
    try:
        av.codec.Codec(name, mode)
    except ValueError:  # av.codec.codec.UnknownCodecError
        return False
    return True


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
