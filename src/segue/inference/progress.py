"""How the runner tells somebody how far it is."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class Progress(Protocol):
    """Hears about every finished frame; the command line draws a bar from it."""

    def advance(self, done: int, total: int | None, note: str = "") -> None:
        """One more frame is finished.

        Args:
            done: Frames finished so far.
            total: Frames of the video, or None where the source does not say.
            note: What is going on, for a person ("replaying masks", a sequence's name).
        """
        ...


class Silent:
    """The progress that nobody watches."""

    def advance(self, done: int, total: int | None, note: str = "") -> None:
        """Nothing happens."""
