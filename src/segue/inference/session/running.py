"""At most one run of a session at a time, and when it may begin, be stopped, and be waited for."""

import threading
from collections.abc import Callable

from segue.errors import OutputError
from segue.inference.session.events import RunReport
from segue.inference.session.passes import Work


class Running:
    """The run that goes on in a session, if there is one.

    Args:
        closes: Whether nothing can be done any more once the session was closed, as in a folder.
    """

    def __init__(self, *, closes: bool) -> None:
        self.lock = threading.RLock()
        """Held while a run begins or ends, and while changes are taken over."""
        self.work: Work | None = None
        self._closes = closes
        self._closed = False
        self._cancel = threading.Event()
        self._idle = threading.Event()
        """Set while no run goes on."""
        self._idle.set()

    def check_open(self) -> None:
        """Refuse work after the end.

        Raises:
            OutputError: The session was closed.
        """
        if self._closed and self._closes:
            raise OutputError("The session was closed. Open it again, with Session.open.")

    def check_idle(self) -> None:
        """Refuse work beside a run.

        Raises:
            OutputError: A run is going on already, or the session was closed.
        """
        self.check_open()
        if self.work is not None:
            raise OutputError("A run is going on in this session. Wait until it has ended.")

    def begin(
        self, make: Callable[[Callable[[], bool]], Work], cancel: threading.Event | None
    ) -> Work:
        """Begin a run.

        Args:
            make: Gets what says whether the run is to stop; returns the run.
            cancel: Stops it, too, once it is set.

        Raises:
            OutputError: As of ``check_idle``.
        """

        def stopped() -> bool:
            return self._cancel.is_set() or (cancel is not None and cancel.is_set())

        with self.lock:
            self.check_idle()
            self._cancel.clear()
            work = self.work = make(stopped)
            self._idle.clear()
        return work

    def end(self, work: Work) -> RunReport:
        """The run is over, whatever came of it; returns what it did."""
        with self.lock:
            self.work = None
        report = work.report()
        self._idle.set()
        return report

    def cancel(self) -> None:
        """Stop the run within one frame."""
        self._cancel.set()

    def close(self, *, wait: bool) -> None:
        """Let no other run begin, stop the one that goes on, and wait for its end if that is asked for."""
        self._closed = True
        self._cancel.set()
        if wait:
            self._idle.wait()
