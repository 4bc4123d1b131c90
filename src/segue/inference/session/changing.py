"""Changes on their way into the ledger: checked first, and taken over also while a run goes on."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from segue.errors import InputError, MaskError
from segue.inference.session.changes import (
    Absent,
    Correct,
    Direct,
    Direction,
    Edit,
    Forget,
    Give,
    Rename,
)
from segue.inference.session.checks import check_changes, checked_mask
from segue.inference.session.edits import Edits
from segue.inference.session.events import Noted
from segue.inference.session.ground import Ground
from segue.inference.session.running import Running
from segue.inference.session.stored_changes import apply_to_stored
from segue.media.masks import object_ids
from segue.models.interface import SemanticModel
from segue.results.records import Reach
from segue.types import Labels


class Changing:
    """Takes the changes of a session over.

    Args:
        ground: Of the session.
        running: Of the session.
    """

    def __init__(self, ground: Ground, running: Running) -> None:
        self.ground, self.running = ground, running

    @property
    def edits(self) -> Edits:
        """All changes so far."""
        return self.ground.ledger.edits

    @property
    def indices(self) -> range:
        """The numbers of the frames, as far as is known."""
        indices, end = self.ground.video.indices, self.ground.store.end
        stop = indices.stop if end is None else min(indices.stop, end)
        return range(indices.start, stop, indices.step)

    def objects(self) -> set[int]:
        """See ``Session.objects``."""
        found = self.edits.objects()
        for record in list(self.ground.store.records.values()):
            found |= set(record.objects)
        return found

    def give(self, masks: Mapping[int, Labels]) -> None:
        """See ``Session.give_all``."""
        checked = {f: self._checked(f, labels) for f, labels in sorted(masks.items())}
        self._add([(Give(f, tuple(object_ids(labels))), labels) for f, labels in checked.items()])

    def correct(self, frame: int, labels: Labels, until: Reach) -> None:
        """See ``Session.correct``."""
        if until not in ("end", "next-given"):
            raise InputError(f"Expected until='end' or until='next-given', got {until!r}.")
        labels = self._checked(frame, labels)
        new = sorted(set(object_ids(labels)) - self.objects())
        self._add([(Correct(frame, tuple(object_ids(labels)), until), labels)])
        if new and self.ground.store.records:
            self.ground.emit(
                Noted(
                    f"Object {', '.join(map(str, new))} of the mask of frame {frame} is new: "
                    f"known are {', '.join(map(str, sorted(self.objects() - set(new)))) or 'none'}."
                )
            )

    def say(self, edit: Edit) -> None:
        """Take over a change that comes without a mask.

        Raises:
            MaskError: As of ``check``.
            OutputError: The session was closed.
        """
        self.check([edit])
        self._add([(edit, None)])

    def apply(self, edit: Forget | Rename) -> None:
        """A change of what is stored, noted before, so that it can be finished after a crash.

        Raises:
            MaskError: As of ``check``.
            OutputError: A run is going on, or the session was closed.
        """
        self.check([edit])
        with self.running.lock:
            self.running.check_idle()
            edits = self.edits + edit
            self.ground.ledger.add(edits, pending=edits.newest)
            self.finish_pending()

    def check(self, changes: Sequence[Edit]) -> None:
        """See ``Session.check_changes``."""
        check_changes(changes, self.objects(), self.indices)

    def finish_pending(self) -> None:
        """Finish a change of what is stored that was cut off."""
        ledger = self.ground.ledger
        number = ledger.pending
        if number is None:
            return
        edit = self.edits.items[number - 1]
        assert isinstance(edit, Forget | Rename)
        apply_to_stored(self.ground.store, edit)
        ledger.done()

    def prepare(self, span: range | None, direction: Direction | None) -> None:
        """Note what a run is asked for, before it begins.

        Args:
            span: As of ``Session.run``.
            direction: As of ``Session.run``.
        """
        edits, records = self.edits, self.ground.store.records
        if not records or (not edits.tape and not edits.free):
            # Nothing was given: the model finds its objects by itself, or says that it cannot.
            edits = replace(edits, free=not any(edits.masks(f) for f in edits.frames))
        start, stop = (span.start, span.stop) if span is not None else (0, None)
        if direction is not None and not edits.is_directed(direction, start, stop):
            edits += Direct(direction, start, stop, first=not records)
        if edits != self.edits:
            self.ground.ledger.add(edits)

    def _checked(self, frame: int, labels: Any) -> Labels:
        """A mask that was given, as labels of the video's size.

        Raises:
            MaskError: See ``Session.give``.
        """
        if isinstance(self.ground.model, SemanticModel):
            raise MaskError(f"{self.ground.model.name} names classes and takes no mask.")
        return checked_mask(frame, labels, self.ground.video.size_hw, self.indices)

    def _add(self, made: Sequence[tuple[Edit, Labels | None]]) -> None:
        """Take changes over, also while a run goes on."""
        with self.running.lock:
            self.running.check_open()
            work = self.running.work
            if work is None:
                self._record(made)
                return
            with work.feeding.lock:
                passed = []
                for number, (edit, _) in enumerate(made, start=self.edits.newest + 1):
                    if isinstance(edit, Give | Correct | Absent) and work.feeding.meet(
                        number, edit.frame
                    ):
                        passed.append(edit.frame)
                self._record(made)
        if passed:
            self.ground.emit(
                Noted(
                    f"The run has passed frame {', '.join(map(str, passed))}: what the mask changes is "
                    "computed by the next run."
                )
            )

    def _record(self, made: Sequence[tuple[Edit, Labels | None]]) -> None:
        edits, maps = self.edits, {}
        for edit, labels in made:
            edits += edit
            if labels is not None:
                maps[edits.newest] = np.ascontiguousarray(labels, np.uint8)
        self.ground.ledger.add(edits, maps)
