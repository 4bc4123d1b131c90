"""Features of frames on disk, so that runs that begin with the same detector compute each frame once together."""

import hashlib
from collections.abc import Hashable
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from segue.files import write_bytes, writing
from segue.models.slowfast.network import Maps, SlowFastNetwork


class KeptMaps:
    """Features of frames in half precision, a file each; others of the same backbone and size may use them too.

    Args:
        parent: Receives a folder that is named by the backbone and by the size at which it sees frames.
    """

    def __init__(self, parent: Path) -> None:
        self._parent = self._folder = parent

    def begin(self, network: SlowFastNetwork) -> None:
        """The features are those of a network whose backbone does not learn from now on."""
        settings = network.settings
        size = f"{settings.short_side} {settings.long_side}"
        self._folder = self._parent / _fingerprint(network.backbone, size)

    def find(self, key: Hashable) -> Maps | None:
        """Features of a frame; ``None`` if they are not there, or cannot be read."""
        path = self._path(key)
        if not path.is_file():
            return None
        try:
            return dict(load_file(path))
        except (SafetensorError, OSError):
            return None

    def keep(self, key: Hashable, maps: Maps) -> Maps:
        """Write features of a frame, and give them as they will be read.

        Raises:
            WriteError: Disk full.
        """
        rounded = {name: one.half().contiguous() for name, one in maps.items()}
        with writing(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        write_bytes(self._path(key), save({name: one.cpu() for name, one in rounded.items()}))
        return rounded

    def _path(self, key: Hashable) -> Path:
        name = hashlib.sha256(repr(key).encode()).hexdigest()[:24]
        return self._folder / f"{name}.safetensors"


def _fingerprint(backbone: nn.Module, also: str) -> str:
    digest = hashlib.sha256(also.encode())
    for name, tensor in sorted(backbone.state_dict().items()):
        digest.update(name.encode())
        digest.update(_bytes(tensor))
    return digest.hexdigest()[:16]


def _bytes(tensor: Tensor) -> bytes:
    return tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes()
