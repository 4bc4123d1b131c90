"""What a run has to do: which frames are stale, and by which pass each of them is answered."""

from collections.abc import Iterable, Iterator

from segue.inference.session.edits import Edits
from segue.inference.session.ground import Ground
from segue.inference.session.history import KEY_FRAMES
from segue.media.live_video import LiveVideo

Stretch = tuple[int, int | None]
"""First and last frame of some that are answered together, in the order of the pass; no last one: to the end."""


class Plan:
    """The frames of a span that wait for an answer, as it stands at the moment.

    Args:
        ground: Of the session.
        span: The only frames that are answered; ``None`` for all.
    """

    def __init__(self, ground: Ground, span: range | None) -> None:
        self.ground = ground
        self.span = span
        video = ground.video
        self._first = video.first_index if isinstance(video, LiveVideo) else 0
        """What a live source gave before it was opened again and nobody answered will not come any more."""

    @property
    def edits(self) -> Edits:
        """All changes so far."""
        return self.ground.ledger.edits

    def is_stale(self, index: int) -> bool:
        """Whether a frame has no answer that counts."""
        record = self.ground.store.records.get(index)
        if record is None:
            return index >= self._first and index not in self.ground.store.gaps
        return record.edit < self.edits.needed(index) and not self.edits.checked(index)

    def known(self) -> range:
        """The frames of the span that are there for certain."""
        indices, store = self.ground.video.indices, self.ground.store
        stop = store.end
        if stop is None:
            stop = max([*store.records, *self.edits.frames], default=indices.start - 1) + 1
        return self._within(indices, 0, stop)

    def tail(self) -> range:
        """The frames of the span that may be there."""
        if self.ground.store.end is not None:
            return range(0)
        known = self.known()
        begin = known.stop if known else self.ground.video.indices.start
        return self._within(self.ground.video.indices, begin, None)

    def _within(self, indices: range, start: int, stop: int | None) -> range:
        if self.span is not None:
            start = max(start, self.span.start)
            stop = self.span.stop if stop is None else min(stop, self.span.stop)
        first = max(0, -((indices.start - start) // indices.step))
        last = None if stop is None else max(0, -((indices.start - stop) // indices.step))
        return indices[first:last]

    def num_stale(self) -> int | None:
        """Frames of the span that wait for an answer; ``None`` where the end is not known."""
        if self.ground.store.end is None:
            return None
        return sum(map(self.is_stale, self.known()))

    def total(self) -> int | None:
        """Frames of the video, an estimate until its end was met; ``None`` where nothing tells."""
        video, end = self.ground.video, self.ground.store.end
        if end is None:
            return video.num_frames
        stop = max(0, -((video.indices.start - end) // video.indices.step))
        return len(video.indices[:stop]) - len(self.ground.store.gaps)

    def kind(self, index: int) -> str:
        """By which pass a frame is answered: forward, backward, both, local, or nothing."""
        edits = self.edits
        if edits.plain:
            return "forward"
        if edits.is_local(index) or edits.sides(index) is not None:
            return "local"
        direction = edits.direction(index)
        origin = edits.tape_origin(direction, index)
        if origin == "none":
            return "nothing" if direction == "backward" else "forward"
        if origin == "given":
            return "backward" if direction == "backward" else "forward"
        return origin

    def wants(self, index: int, *kinds: str) -> bool:
        """Whether a frame waits for an answer by one of some passes, see ``kind``."""
        if self.span is not None and index not in self.span:
            return False
        return self.is_stale(index) and self.kind(index) in kinds

    def wants_side(self, index: int) -> bool:
        """Whether the forward answer of a frame that is answered from both sides is still missing."""
        number = self.ground.sides.number(index)
        return number is None or not self.edits.knows("forward", index, number)

    def stretches(self, kinds: Iterable[int], kind: tuple[str, ...]) -> list[Stretch]:
        """Frames in order as stretches, with those behind all that is known if one of some passes answers them."""
        found = list(stretches(kinds))
        tail = self.tail()
        if tail and self.kind(tail.start) in kind:
            bounded = self.span is not None and self.span.stop <= tail[-1] + 1
            extend(found, tail.start, tail[-1] if bounded else None, self.ground.video.indices.step)
        return found


def stretches(frames: Iterable[int]) -> Iterator[Stretch]:
    """Numbers in order as first and last of those that follow each other closely."""
    first = last = None
    for index in frames:
        if first is None or last is None:
            first = last = index
        elif abs(index - last) > KEY_FRAMES:
            yield first, last
            first = last = index
        else:
            last = index
    if first is not None:
        yield first, last


def extend(found: list[Stretch], first: int, last: int | None, step: int) -> None:
    """Add what may come after all that is known."""
    if found and first - (found[-1][1] or 0) <= max(KEY_FRAMES, step):
        found[-1] = found[-1][0], last
    else:
        found.append((first, last))
