"""What a model learned and no graph holds, as files that its code reads."""

from collections.abc import Iterable, Set
from pathlib import Path

from safetensors.torch import save

from segue.files import write_bytes
from segue.nn.exported.manifest import CONSTANTS
from segue.nn.weights import CONSTANTS_KEY, MODEL_KEY, Load


def write_constants(loads: Iterable[Load], held: Set[int], folder: Path) -> None:
    """Write the constants of every weights file, which may be none.

    Args:
        loads: Modules, and the weights files that filled them.
        held: Identities of parameters and buffers that graphs hold.
        folder: The export.

    Raises:
        WriteError: The disk refuses.
    """
    (folder / CONSTANTS).mkdir()
    for load in loads:
        own = load.module.state_dict(keep_vars=True)
        rest = {
            key: value.detach().contiguous() for key, value in own.items() if id(value) not in held
        }
        metadata = {**load.metadata, MODEL_KEY: load.model_name, CONSTANTS_KEY: "true"}
        path = folder / CONSTANTS / f"{load.path.stem}.safetensors"
        write_bytes(path, save(rest, metadata))
