"""All masks that were given for a video, with one table of ids: which object each mask is about.

A mask says itself which objects it holds where its values are ids or colours. One white object does not. On the first
frame it is the next object; on a later one it corrects the object that it overlaps, and otherwise the user has to say.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segue.errors import MaskError
from segue.media.mask_arrays import overlap
from segue.media.mask_values import MaskValues, size_text
from segue.media.masks import MaskReader, object_ids
from segue.media.resize import ResizedLabels, resize_labels
from segue.types import BACKGROUND, MAX_OBJECTS, Labels

_SAME = 0.5
"""Least intersection over union of two masks of one object on different frames (ours)."""


@dataclass(frozen=True, slots=True)
class GivenMasks:
    """All masks that the user gave, with one table of ids."""

    by_frame: Mapping[int, Labels]
    """Labels by frame index, in order, at the size they have in their files."""
    sources: Mapping[int, str]
    """What each object was in the first file that holds it, see ``MaskImage``."""
    paths: Mapping[int, Path]
    """File or folder of each frame's mask, for messages and the record of the run."""
    doubts: tuple[str, ...] = ()
    """What was understood or fitted and may be wrong, one sentence each, to be read before the work."""
    partial: bool = False
    """True if a later mask is about single objects: the others are predicted on its frame."""


@dataclass(frozen=True, slots=True)
class MaskItem:
    """One mask and what is known of it before it is read."""

    frame: int
    name: str
    """What messages call it: its path, or the frame it is for."""
    load: Callable[[], MaskValues]
    """Reads it when its turn comes."""
    object_id: int | None = None
    """The object that it is said to hold."""
    is_of_set: bool = False
    """True for the files of one folder named like frames: the same value is the same object in all."""
    path: Path | None = None


def collect(items: Iterable[MaskItem], doubts: Sequence[str] = ()) -> GivenMasks:
    """Read masks in the order of their frames, and give every object one id.

    Args:
        items: In any order; several masks of one frame hold an object each.
        doubts: What was doubtful before any mask was read.

    Raises:
        MaskError: A mask that cannot be used, two masks of one object on a frame, or a mask of which it cannot be
            decided which object it holds.
    """
    by_index: dict[int, list[MaskItem]] = {}
    for item in items:
        by_index.setdefault(item.frame, []).append(item)
    table = _Table()
    by_frame = {index: table.frame(by_index[index]) for index in sorted(by_index)}
    paths = {i: item.path for i in by_frame for item in by_index[i][:1] if item.path}
    return GivenMasks(
        by_frame, table.reader.sources, paths, (*doubts, *table.doubts), table.partial
    )


class _Table:
    """What is known of the objects while masks are read."""

    def __init__(self) -> None:
        self.reader = MaskReader()
        self.doubts: list[str] = []
        self.partial = False
        self._drawn: dict[int, Labels] = {}
        """The last labels that hold each object, of frames before the one that is read."""
        self._names_ids = False
        """True if a mask held ids above 1: then the 1 of another is an id too."""

    def frame(self, items: Sequence[MaskItem]) -> Labels:
        """The labels of one frame, from all of its masks."""
        labels: Labels | None = None
        owners: dict[int, str] = {}
        for item in items:
            found = item.load()
            chosen = self._choose(item, found, labels, owners)
            image = self.reader.label(found, item.name, chosen)
            # Files of a set agree on ids, but white and 1 are what every program writes for its only object.
            if item.object_id is None and (found.anonymous or not item.is_of_set):
                self.doubts += _odd_places(item, found, image.labels, self._drawn)
            self._names_ids |= any(o.key.startswith("id ") and o.value > 1 for o in found.objects)
            self.doubts += image.doubts
            self.doubts += _cut_out(labels, image.labels, owners, item)
            labels = _merged(labels, image.labels, owners, item)
        assert labels is not None
        self._drawn |= dict.fromkeys(object_ids(labels), labels)
        return labels

    def _choose(
        self, item: MaskItem, found: MaskValues, labels: Labels | None, owners: Mapping[int, str]
    ) -> int | None:
        """The id of the one object of a mask; None where the mask itself says."""
        if item.object_id is not None:
            self.partial |= bool(self._drawn)
            return item.object_id
        is_id = self._names_ids and [o.source for o in found.objects] == ["id 1"]
        if not found.anonymous or not found.objects or item.is_of_set or is_id:
            return None
        if self._drawn:
            self.partial = True
            return _overlapped(item, found.values != BACKGROUND, self._drawn)
        if labels is None:
            return None
        _refuse_twice(item, found.values != BACKGROUND, labels, owners)
        return next(n for n in range(1, MAX_OBJECTS + 1) if n not in self.reader.sources)


def _overlapped(item: MaskItem, mask: np.ndarray, drawn: Mapping[int, Labels]) -> int:
    """The object whose last mask lies where this mask lies."""
    best, share = _best_overlap(mask, drawn)
    if share >= _SAME:
        return best
    new = next((n for n in range(1, MAX_OBJECTS + 1) if n not in drawn), None)
    old = (
        f"object {best}" if len(drawn) == 1 else f"one of the objects {', '.join(map(str, drawn))}"
    )
    or_new = f"; {item.frame}:{new} adds object {new}" if new else ""
    file = item.path or "FILE"
    also = f", or --mask {item.frame}:{new}={file} to add object {new}" if new else ""
    raise MaskError(
        f"{item.name} is for frame {item.frame} and holds one object without an id. It overlaps object {best} by "
        f"{100 * share:.0f} % only: it may be {old} in another place, or a new object. Give the frame "
        f"together with the id: {item.frame}:{best} corrects object {best}{or_new}.",
        option=f"Pass --mask {item.frame}:{best}={file} to correct object {best}{also}.",
    )


def _odd_places(
    item: MaskItem, found: MaskValues, labels: ResizedLabels, drawn: Mapping[int, Labels]
) -> list[str]:
    """Doubts about a later mask that says itself which objects it holds, where their places say otherwise."""
    doubts = []
    if drawn and found.ordered:
        doubts.append(f"{item.name}: its objects are told apart by their order only")
    for number in object_ids(labels) if drawn else ():
        mask = labels == number
        if number not in drawn:
            best, share = _best_overlap(mask, drawn)
            if share >= _SAME:
                doubts.append(
                    f"{item.name} adds object {number}, which overlaps object {best} by {100 * share:.0f} %: is it the "
                    f"same object? Then give {item.frame}:{best}"
                )
        elif len(found.objects) == 1 and not _best_overlap(mask, {number: drawn[number]})[1]:
            new = next((n for n in range(1, MAX_OBJECTS + 1) if n not in drawn), number)
            doubts.append(
                f"{item.name} corrects object {number}, but lies elsewhere than its last mask: is it another object? "
                f"Then give {item.frame}:{new}"
            )
    return doubts


def _best_overlap(mask: np.ndarray, drawn: Mapping[int, Labels]) -> tuple[int, float]:
    """The object whose last mask lies most where this mask lies, and their intersection over union."""
    shares = {
        number: overlap(mask, resize_labels(labels, mask.shape) == number)
        for number, labels in drawn.items()
    }
    best = max(shares, key=lambda number: shares[number])
    return best, shares[best]


def _refuse_twice(
    item: MaskItem, mask: np.ndarray, labels: Labels, owners: Mapping[int, str]
) -> None:
    for number, owner in owners.items():
        if labels.shape == mask.shape and overlap(mask, labels == number) > _SAME:
            raise _two_masks(item, owner, "They overlap, so they hold the same object.")


def _cut_out(
    labels: Labels | None, added: ResizedLabels, owners: Mapping[int, str], item: MaskItem
) -> list[str]:
    """A doubt about a mask that lies on others of its frame: it wins."""
    if labels is None or labels.shape != added.shape:
        return []
    beneath = object_ids(np.where(added != BACKGROUND, labels, BACKGROUND).astype(np.uint8))
    names = list(dict.fromkeys(owners[number] for number in beneath if number in owners))
    if not names:
        return []
    return [f"masks overlap, and the later one wins: {item.name} is cut out of {', '.join(names)}"]


def _merged(
    labels: Labels | None, added: ResizedLabels, owners: dict[int, str], item: MaskItem
) -> Labels:
    """The labels of a frame with one more mask; ``owners`` learns whose its objects are."""
    ids = object_ids(added)
    twice = next((number for number in ids if number in owners), None)
    if twice is not None:
        raise _two_masks(item, owners[twice], f"Both hold object {twice}.")
    owners |= dict.fromkeys(ids, item.name)
    if labels is None:
        return added
    if labels.shape != added.shape:
        raise MaskError(
            f"Masks of one frame need one size: {next(iter(owners.values()))} is {size_text(labels.shape)}, "
            f"{item.name} is {size_text(added.shape)} (width x height)."
        )
    return np.where(added != BACKGROUND, added, labels)


def _two_masks(item: MaskItem, owner: str, why: str) -> MaskError:
    return MaskError(
        f"Two masks for frame {item.frame}: {owner} and {item.name}. {why} Give one mask per object, or one mask with "
        "all objects; masks of several frames need the frame each: 0 and 37."
    )
