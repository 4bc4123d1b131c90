"""A batch whose loss is not a number: kept, named, and said."""

from pathlib import Path

from safetensors.torch import save
from torch import Tensor

from segue.errors import DivergedError
from segue.files import write_bytes
from segue.training.batches import parts
from segue.training.task import Batch


def diverged(folder: Path, batch: Batch, step: int, process: int, loss: float) -> DivergedError:
    """The error to raise, after the batch was written to the folder of the run.

    Args:
        folder: Of the run.
        batch: What was learned.
        step: Which step that was.
        process: Which process computed it.
        loss: Not a finite number.

    Raises:
        WriteError: Disk full or read-only.
    """
    path = folder / f"diverged_step_{step}_process_{process}.safetensors"
    held = dict(parts(batch))
    write_bytes(path, save({k: v.contiguous() for k, v in held.items() if isinstance(v, Tensor)}))
    named = (value for key, value in held.items() if key.rpartition("/")[2] == "name")
    names = ", ".join(str(one) for value in named for one in value) or "without names"
    return DivergedError(
        f"The loss is {loss} at step {step}. Its samples ({names}) are in {path}; "
        f"{folder} keeps the last checkpoint. Lower the learning rate, or clip gradients."
    )
