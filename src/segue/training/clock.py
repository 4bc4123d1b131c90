"""Where the time of a run goes."""

import time
from collections.abc import Iterator
from typing import Any


class Clock:
    """Where the time of a run goes: waiting for samples, or computing."""

    def __init__(self) -> None:
        self.waited = 0.0
        self.started = time.perf_counter()

    def waiting(self, stream: Iterator[Any]) -> Iterator[Any]:
        """The stream, with the time it takes to answer counted."""
        while True:
            asked = time.perf_counter()
            try:
                item = next(stream)
            except StopIteration:
                return
            self.waited += time.perf_counter() - asked
            yield item

    def shares(self) -> dict[str, float]:
        """Share of the time since the start that was spent waiting."""
        return {"waiting": self.waited / max(1e-9, time.perf_counter() - self.started)}
