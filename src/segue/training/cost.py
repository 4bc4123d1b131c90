"""What a run cost so far: seconds on the wall and of the processor, over all its restarts."""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from segue.files import write_json

FILE = "cost.json"
"""In the folder of a run."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What the steps until the last checkpoint took.

    Steps that were lost in a kill are not in it; the steps that replace them are.
    """

    seconds: float = 0.0
    processor_seconds: float = 0.0
    """Of all threads of the leading process; without the processes that prepare samples."""
    steps: int = 0

    @classmethod
    def read(cls, folder: Path) -> "Cost":
        """What the file of a folder says; nothing where there is none, or it is damaged."""
        try:
            return cls(**json.loads((folder / FILE).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return cls()


class Meter:
    """Adds what this process spends to what a run has cost before.

    Args:
        folder: Of the run.
        fresh: The run begins; what a file of an earlier one says does not count.
    """

    def __init__(self, folder: Path, *, fresh: bool) -> None:
        self._folder = folder
        self._before = Cost() if fresh else Cost.read(folder)
        self._began = time.perf_counter(), time.process_time()

    def write(self, steps: int) -> None:
        """Keep what was spent until now.

        Raises:
            WriteError: Disk full or read-only.
        """
        wall, processor = self._began
        spent = Cost(
            round(self._before.seconds + time.perf_counter() - wall, 3),
            round(self._before.processor_seconds + time.process_time() - processor, 3),
            steps,
        )
        write_json(self._folder / FILE, asdict(spent))
