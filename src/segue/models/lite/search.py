"""Where the objects are looked for on a computed frame, and what is believed of what is found."""

from collections.abc import Callable
from dataclasses import replace

from jaxtyping import Float
from torch import Tensor

from segue.models.lite.recognition import is_back, is_foreign, may_be_there
from segue.models.lite.regions import Found, Region, near, nowhere, suffices, whole
from segue.models.lite.state import LiteState
from segue.models.lite.strays import without_strays


def search(
    decode: Callable[[int, Region], Found],
    scores: Float[Tensor, "objects codes2 height8 width8"],
    state: LiteState,
    reach: float | None,
) -> list[Found]:
    """Each object where it can be, without strays and without what is not the object.

    An object that was away is looked for in the whole frame wherever its target model sees anything like it. Of those
    that are away or go on outside their region, one more is: they take turns.

    Args:
        decode: The mask of the object of a row in a region.
        scores: What the target models see.
        state: The memory before this frame.
        reach: As in ``LiteSettings``.
    """
    frame, rows = whole(state.previous), range(len(state.ids))
    last = [state.previous[row : row + 1] for row in rows]
    usual, own = state.areas.tolist(), state.likeness.tolist()
    regions = [frame if reach is None else near(one, reach) for one in last]
    found = [
        nowhere(state.previous) if region is None else decode(row, region)
        for row, region in enumerate(regions)
    ]
    lost = [row for row in rows if not suffices(found[row], frame, usual[row])]
    turn = lost[state.turn % len(lost)] if lost else None
    away = [row for row in rows if not (last[row] > 0.5).any()]
    for row in lost:
        if row == turn or (row in away and may_be_there(scores[row], own[row])):
            found[row] = decode(row, frame)
    for row in rows:
        seen = found[row].logits, found[row].region.of(scores[row : row + 1], 8), own[row]
        known = is_back(*seen, usual[row]) if row in away else not is_foreign(*seen)
        if not known:
            found[row] = nowhere(state.previous)
    if reach is None:
        return found
    return [
        replace(one, logits=without_strays(one.logits, one.region.of(before, 8), area, reach))
        for one, before, area in zip(found, last, state.areas[:, None], strict=True)
    ]
