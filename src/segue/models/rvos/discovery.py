"""Which slots of a zero-shot network show objects that nobody has named yet (ours; the paper keeps every slot)."""

from collections.abc import Sequence

from segue.models.rvos.merging import Logits, areas_of

_OWN = 0.5
"""Share of its pixels that a slot must have for itself: another one that shows the same object is no other object."""


def discovered(logits: Logits, named: Sequence[bool], least: int) -> list[int]:
    """The slots that are objects from now on, the largest first.

    Args:
        logits: Of each slot, positive inside.
        named: Whether a slot is an object already.
        least: Pixels that an object must have.
    """
    shown = logits > 0
    areas = areas_of(logits)
    taken = shown[[row for row, known in enumerate(named) if known]].any(0)
    found = []
    for row in sorted(range(len(areas)), key=lambda row: -areas[row]):
        if named[row] or areas[row] < least:
            continue
        if int((shown[row] & ~taken).sum()) >= _OWN * areas[row]:
            found.append(row)
            taken = taken | shown[row]
    return found
