"""Changes that are made to stored frames at once: an object gets another number, or goes."""

from contextlib import suppress
from dataclasses import replace

from segue.errors import OutputError
from segue.inference.session.answers import renamed
from segue.inference.session.changes import Forget, Rename
from segue.results.records import FrameRecord
from segue.results.store import Store
from segue.types import BACKGROUND


def apply_to_stored(store: Store, edit: Forget | Rename) -> None:
    """Change all frames of a store; a second call changes nothing more, so that it finishes one that was cut off.

    Args:
        store: Of the video.
        edit: Has to be noted elsewhere before.

    Raises:
        WriteError: The system refuses.
    """
    if isinstance(edit, Forget):
        old, new = edit.object_id, BACKGROUND
    else:
        old, new = edit.old, edit.new
    for record in list(store.records.values()):
        with suppress(OutputError):  # one that got lost is computed again
            _apply(store, record, old, new)


def _apply(store: Store, record: FrameRecord, old: int, new: int) -> None:
    labels = store.labels(record)
    if old in record.objects or (labels == old).any():
        objects = {
            new if number == old else number: item
            for number, item in record.objects.items()
            if number != old or new != BACKGROUND
        }
        changed = replace(record, objects=dict(sorted(objects.items())))
        store.rewrite(changed, renamed(labels, {old: new}))
