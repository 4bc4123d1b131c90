"""Where the time of a job goes."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class Stopwatch:
    """Seconds by part, added up; ``lap`` is the length of the last part measured."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.lap = 0.0
        self._begin = time.perf_counter()

    @property
    def total(self) -> float:
        """Seconds since the watch was made."""
        return time.perf_counter() - self._begin

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Adds the time of the block to a part, also when the block raises."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.lap = time.perf_counter() - begin
            self.seconds[name] = self.seconds.get(name, 0.0) + self.lap

    def each(self, name: str, items: Iterable[T]) -> Iterator[T]:
        """The items, with the time of waiting for each added to a part."""
        iterator = iter(items)
        while True:
            with self.part(name):
                try:
                    item = next(iterator)
                except StopIteration:
                    return
            yield item
