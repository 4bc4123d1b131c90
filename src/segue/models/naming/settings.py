"""What can be set of every model that names classes."""

from typing import Annotated

from pydantic import Field

from segue.class_names import VSPW_CLASSES
from segue.nn.backends.catalog import BackendName, Precision
from segue.settings import Settings


class NamingSettings(Settings):
    """A network that names classes, and what computes it. Another network needs other weights."""

    classes: Annotated[tuple[str, ...], Field(min_length=2, max_length=255)] = VSPW_CLASSES
    """Names of the classes, by number."""
    backend: BackendName = "auto"
    """What computes the network; ``auto``: OpenVINO on the CPU, torch elsewhere."""
    precision: Precision = "float32"
    """``int8``: convolutions in eight bits, which needs ranges beside the weights, see ``docs/runtime.md``."""
    seed: int = 0
    """Of random weights."""
    random_weights: bool = False
    """Run with untrained weights: classes mean nothing, timings do."""

    @property
    def trained_with(self) -> dict[str, str]:
        """What a weights file keeps of the settings, as strings."""
        return {"classes": ", ".join(self.classes)}
