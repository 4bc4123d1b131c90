"""What a packer is: it says what belongs into an archive, and what is wrong with it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from segue.problems import Problem


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive."""

    name: str
    """Its place in the archive, with ``/`` between folders."""
    read: Callable[[], bytes]
    """Its content, in the form the server wants; read when it is written."""


@dataclass(frozen=True)
class Submission:
    """What would be uploaded; not to be written while one of the problems is fatal."""

    members: tuple[Member, ...]
    problems: tuple[Problem, ...]

    @property
    def fatal(self) -> tuple[Problem, ...]:
        """The problems that a server would refuse or punish."""
        return tuple(problem for problem in self.problems if problem.fatal)


@runtime_checkable
class Packer(Protocol):
    """One benchmark's archive."""

    @property
    def summary(self) -> str:
        """Half a line for help and docs."""
        ...

    def prepare(self, predictions: Path, root: Path | None, split: str | None) -> Submission:
        """What belongs into the archive; reads every file of the predictions once.

        Args:
            predictions: What a model wrote.
            root: The dataset, which says what is asked for; without it less can be checked.
            split: Part of the dataset; ``None`` for the one the server scores.

        Raises:
            NotFoundError: A folder is not there, or holds nothing that could belong to the benchmark.
        """
        ...
