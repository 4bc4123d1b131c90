"""Which frames a person should check, and why: found in the results alone (ours).

The numbers were chosen on twelve sequences of DAVIS-2016 train and six clips with several objects. ``docs/formats.md``
says how often each reason was right there.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import cv2
import numpy as np

from segue.results.records import FrameRecord, ObjectRecord
from segue.results.results import Results
from segue.types import Labels

LOW_CONFIDENCE = 0.85
"""Below this an object is doubtful."""
AREA_JUMP = 1.5
"""Larger or smaller than on the frame before by more than this factor."""
PLACE_JUMP = 0.5
"""Its centre moved by more than this, in sides of a square of the object's area."""
FLICKER = 1.15
"""Larger or smaller than on both neighbouring frames by more than this factor, while those agree twice as well."""
SMALL_CLASS = 0.01
"""Classes that cover less than this share of the frame are left out."""
PAUSE = 3
"""Contacts (or jumps) with at most this many other frames between them count as one."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason to check one frame."""

    place: int
    """Of the frame, in ``Results.records``."""
    objects: tuple[int, ...]
    """Ids, or class numbers."""
    need: float
    """How much the frame needs it, 0 to 1; near how often such a reason was right."""
    words: str
    """The reason."""


@dataclass(frozen=True, slots=True)
class Check:
    """One frame to check, with all of its reasons."""

    record: FrameRecord
    need: float
    """0 to 1: the chance that at least one reason is right, if each were right by chance, independently."""
    objects: tuple[int, ...]
    reasons: tuple[str, ...]


def frames_to_check(results: Results) -> list[Check]:
    """By need, the neediest first; frames that the user gave are left out.

    Raises:
        OutputError: A label map cannot be read (it is needed where boxes of objects overlap).
    """
    by_place: dict[int, list[Finding]] = defaultdict(list)
    for finding in _findings(results):
        if results.records[finding.place].origin not in ("given", "none"):
            by_place[finding.place].append(finding)
    checks = [_check(results.records[place], found) for place, found in by_place.items()]
    return sorted(checks, key=lambda check: (-check.need, check.record.index))


def _check(record: FrameRecord, findings: Sequence[Finding]) -> Check:
    findings = sorted(findings, key=lambda one: -one.need)
    right = 1 - math.prod(1 - finding.need for finding in findings)
    objects = {number for finding in findings for number in finding.objects}
    return Check(record, right, tuple(sorted(objects)), tuple(one.words for one in findings))


def _findings(results: Results) -> Iterator[Finding]:
    numbers = sorted({number for record in results.records for number in record.objects})
    for number in numbers:
        history = _History(results, number)
        yield from history.doubtful()
        yield from history.area_jumps()
        yield from history.flicker()
        if results.classes is None:
            yield from history.place_jumps()
            yield from history.losses()
    if results.classes is None:
        yield from _contacts(results)


class _History:
    """One object (or class) over time."""

    def __init__(self, results: Results, number: int) -> None:
        self.records = results.records
        self.number = number
        self.name = f"object {number}"
        self.least = 1.0
        if results.classes is not None:
            height, width = results.size_hw
            self.least = SMALL_CLASS * height * width
            known = number < len(results.classes)
            self.name = results.classes[number] if known else f"class {number}"
        self.seen = [
            (place, record.objects[number])
            for place, record in enumerate(self.records)
            if number in record.objects
        ]

    def doubtful(self) -> Iterator[Finding]:
        """The surest sign: one finding for each run of frames with low confidence, where it is lowest."""

        def low(one: ObjectRecord) -> bool:
            return one.area >= self.least and one.confidence < LOW_CONFIDENCE

        for run in self._runs(low):
            place, worst = min(run, key=lambda item: item[1].confidence)
            need = min(1.0, 0.5 + LOW_CONFIDENCE - worst.confidence)
            what = f"low confidence {worst.confidence:.3f}{self._span(run)}"
            yield self._finding(place, need, what)

    def losses(self) -> Iterator[Finding]:
        """The first frame of each absence, and the first one after it."""
        for run in self._runs(lambda one: one.absent):
            first, after = run[0][0], run[-1][0] + 1
            found = after < len(self.records) and self.number in self.records[after].objects
            if first > self.seen[0][0]:
                again = (
                    f", found again on {self.records[after].name}" if found else ", not found again"
                )
                yield self._finding(first, 0.7 if found else 0.8, f"lost{again}")
            if found:
                gone = f"returned after {len(run)} frame{'s' if len(run) > 1 else ''}"
                yield self._finding(after, 0.7, gone)

    def area_jumps(self) -> Iterator[Finding]:
        """A sudden change of size; of several in a row the largest."""
        return _neediest(self._area_jumps())

    def place_jumps(self) -> Iterator[Finding]:
        """A sudden change of place; of several in a row the largest."""
        return _neediest(self._place_jumps())

    def _area_jumps(self) -> Iterator[Finding]:
        for (_, before), (place, now) in self._pairs():
            factor = now.area / before.area
            if max(factor, 1 / factor) > AREA_JUMP:
                need = min(0.95, 0.4 + 0.25 * abs(math.log2(factor)))
                yield self._jump(place, need, f"area {factor:.2f} times that of the frame before")

    def _place_jumps(self) -> Iterator[Finding]:
        for (_, before), (place, now) in self._pairs():
            if before.centroid_xy is None or now.centroid_xy is None:
                continue
            moved = math.dist(before.centroid_xy, now.centroid_xy)
            share = moved / math.sqrt(max(before.area, now.area))
            if share > PLACE_JUMP:
                need = min(0.95, 0.3 + 0.4 * share)
                yield self._jump(place, need, f"moved by {moved:.0f} pixels")

    def flicker(self) -> Iterator[Finding]:
        """A size that only one frame has."""
        pairs = list(self._pairs())
        for ((_, before), (place, now)), ((same, _), (_, after)) in pairwise(pairs):
            if same != place:
                continue
            change = abs(math.log2(now.area / before.area)), abs(math.log2(now.area / after.area))
            same_way = (now.area > before.area) == (now.area > after.area)
            agree = abs(math.log2(after.area / before.area)) < min(change) / 2
            if same_way and agree and min(change) > math.log2(FLICKER):
                yield self._finding(place, 0.6, "flicker: another area on this frame only")

    def _jump(self, place: int, need: float, what: str) -> Finding:
        """Where the user gave the later frame, the one before is what may be wrong."""
        given = self.records[place].origin == "given"
        return self._finding(
            place - given, need, f"{what}, just before a given mask" if given else what
        )

    def _finding(self, place: int, need: float, what: str) -> Finding:
        return Finding(place, (self.number,), need, f"{self.name}: {what}")

    def _pairs(self) -> Iterator[tuple[tuple[int, ObjectRecord], tuple[int, ObjectRecord]]]:
        """Neighbouring frames that both show it."""
        for before, now in pairwise(self.seen):
            if min(before[1].area, now[1].area) >= self.least and now[0] == before[0] + 1:
                yield before, now

    def _runs(
        self, wanted: Callable[[ObjectRecord], bool]
    ) -> Iterator[list[tuple[int, ObjectRecord]]]:
        """Longest runs of neighbouring frames that are wanted."""
        run: list[tuple[int, ObjectRecord]] = []
        for place, one in self.seen:
            if run and (not wanted(one) or place != run[-1][0] + 1):
                yield run
                run = []
            if wanted(one):
                run.append((place, one))
        if run:
            yield run

    def _span(self, run: Sequence[tuple[int, ObjectRecord]]) -> str:
        if len(run) == 1:
            return ""
        return f", doubtful on {self.records[run[0][0]].name} to {self.records[run[-1][0]].name}"


def _contacts(results: Results) -> Iterator[Finding]:
    """The last frame of each contact of two objects: what they exchanged until then is seen there."""
    places: dict[tuple[int, int], list[int]] = defaultdict(list)
    for place, record in enumerate(results.records):
        near = _near(record)
        if near:
            labels = results.labels(record)
            for pair in near:
                if touching(labels, *pair):
                    places[pair].append(place)
    for (one, other), touched in sorted(places.items()):
        for first, last in _spans(touched):
            names = results.records[first].name, results.records[last].name
            span = f"until here, from {names[0]}" if first != last else "here"
            words = f"objects {one} and {other}: touch {span}"
            yield Finding(last, (one, other), 0.3, words)


def _near(record: FrameRecord) -> list[tuple[int, int]]:
    """Objects whose boxes meet."""
    boxes = {n: one.box_xyxy for n, one in sorted(record.objects.items()) if one.box_xyxy}
    return [(a, b) for a, b in combinations(boxes, 2) if _meet(boxes[a], boxes[b])]


def _meet(one: Sequence[int], other: Sequence[int]) -> bool:
    return all(one[side] <= other[side + 2] and other[side] <= one[side + 2] for side in (0, 1))


def touching(labels: Labels, one: int, other: int) -> bool:
    """Whether two objects have pixels side by side or corner to corner."""
    mask = (labels == one).view(np.uint8)
    left, top, width, height = cv2.boundingRect(mask)
    rows, columns = (
        slice(max(0, start - 1), start + side + 1) for start, side in ((top, height), (left, width))
    )
    grown = cv2.dilate(mask[rows, columns], np.ones((3, 3), np.uint8)).view(np.bool_)
    return bool((labels[rows, columns][grown] == other).any())


def _neediest(findings: Iterable[Finding]) -> Iterator[Finding]:
    """One of each group of findings that are close together."""
    group: list[Finding] = []
    for finding in findings:
        if group and finding.place - group[-1].place > PAUSE + 1:
            yield max(group, key=lambda one: one.need)
            group = []
        group.append(finding)
    if group:
        yield max(group, key=lambda one: one.need)


def _spans(places: Sequence[int]) -> list[tuple[int, int]]:
    """First and last place of each span; a short pause does not end a span."""
    spans: list[tuple[int, int]] = []
    for place in places:
        if spans and place - spans[-1][1] <= PAUSE + 1:
            spans[-1] = spans[-1][0], place
        else:
            spans.append((place, place))
    return spans
