"""Feature maps on disk, so that runs whose trunk does not learn compute those of each picture once together."""

import hashlib
from collections.abc import Hashable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from segue.files import write_bytes, writing


class MapStore:
    """Maps of pictures in half precision, a file each; others of the same trunk may use them too.

    Args:
        parent: Receives a folder that is named by the trunk.
    """

    def __init__(self, parent: Path) -> None:
        self._parent = self._folder = parent

    def name_by(self, trunk: nn.Module, also: str = "") -> None:
        """The maps are those of a trunk that does not learn from now on; ``also`` tells what else they depend on."""
        self._folder = self._parent / _fingerprint(trunk, also)

    def find(self, key: Hashable) -> dict[str, Tensor] | None:
        """Maps of a picture; ``None`` if they are not there, or cannot be read."""
        path = self._path(key)
        if not path.is_file():
            return None
        try:
            return dict(load_file(path))
        except (SafetensorError, OSError):
            return None

    def keep(self, key: Hashable, maps: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Write maps of a picture, and give them as they will be read.

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


def _fingerprint(trunk: nn.Module, also: str) -> str:
    digest = hashlib.sha256(also.encode())
    for name, tensor in sorted(trunk.state_dict().items()):
        digest.update(name.encode())
        digest.update(_bytes(tensor))
    return digest.hexdigest()[:16]


def _bytes(tensor: Tensor) -> bytes:
    return tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes()
