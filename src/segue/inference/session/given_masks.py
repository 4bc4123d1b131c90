"""Given label maps as a pass is told them: the newest of each frame, in the model's numbers of objects."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from segue.inference.session.ledger import Ledger
from segue.media.masks import object_ids
from segue.types import BACKGROUND, Labels


class TapeMasks(Mapping[int, Labels]):
    """The masks of the tape by frame, as the ledger has them at the time; read when they are asked for.

    Args:
        ledger: May be told more masks meanwhile.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __getitem__(self, frame: int) -> Labels:
        numbers = self._ledger.edits.tape_masks(frame)
        found = owned(self._ledger, frame, numbers)
        if found is None:
            raise KeyError(frame)
        return found

    def __contains__(self, frame: object) -> bool:
        return isinstance(frame, int) and bool(self._ledger.edits.tape_masks(frame))

    def __iter__(self) -> Iterator[int]:
        return iter(self._ledger.edits.tape)

    def __len__(self) -> int:
        return len(self._ledger.edits.tape)


def owned(ledger: Ledger, frame: int, numbers: Sequence[int]) -> Labels | None:
    """Several masks of one frame as one, in the model's numbers; ``None`` without any.

    Args:
        ledger: Has the label maps.
        frame: Its index.
        numbers: Of the masks in order; what is in a later one replaces what an earlier one says of it.
    """
    whole: Labels | None = None
    for number in numbers:
        labels = ledger.given(number)
        names = {name: own for name, own in ledger.edits.own(number).items() if name != own}
        if names:
            table = np.arange(256, dtype=np.uint8)
            for name, own in names.items():
                table[name] = own
            labels = table[labels]
        whole = labels if whole is None else laid_over(whole, labels)
    return whole


def laid_over(labels: Labels, newer: Labels) -> Labels:
    """A mask corrected by another one: objects of the newer one are where it says, and nowhere else."""
    gone = np.isin(labels, object_ids(newer))
    rest: Labels = np.where(gone, np.uint8(BACKGROUND), labels)
    found: Labels = np.where(newer != BACKGROUND, newer, rest)
    return found
