"""What the training loop itself remembers from step to step."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from segue.training.schedule import Plateau


@dataclass(slots=True)
class State:
    """The loop between two steps; all of it is in the checkpoint."""

    step: int = 0
    stage: int = -1
    best: float | None = None
    plateau: Plateau = field(default_factory=Plateau)
    unreadable: dict[str, int] = field(default_factory=dict)
    """Files that this process could not read, see ``segue.training.unreadable``."""

    def to_json(self) -> dict[str, Any]:
        """Plain values for a checkpoint."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "State":
        """The reverse."""
        return cls(**{**values, "plateau": Plateau(**values["plateau"])})
