"""Pictures with true masks for the protocols of clicks, found in a folder of stills or a dataset of DAVIS."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segue.data.davis import DAVIS2016, davis_sequences
from segue.data.stills import Still, find_stills
from segue.errors import NotFoundError
from segue.evaluation.own_runs import masks_of_run, name_of_run
from segue.media.images import read_image
from segue.media.label_file import read_label_values
from segue.types import VOID, Frame, Mask

EVERY = 10
"""Of the frames of a video one in so many is used."""
_CHUNK = 25
"""Stills of one case, so that processes share a folder."""
_LEAST = 0.001
"""Share of the picture below which a mask is left out."""


@dataclass(frozen=True, slots=True)
class Item:
    """One picture and the mask that the user has in mind."""

    name: str
    frame: Frame
    truth: Mask
    valid: Mask
    start: Mask | None = None
    """A mask to correct; ``None``: the user begins with nothing."""


@dataclass(frozen=True, slots=True)
class Group:
    """Pictures that make a row of the report."""

    name: str
    stills: tuple[Still, ...]
    starts: tuple[Path, ...] = ()
    """Masks to correct, one per still."""


def find_groups(truth: Path, split: str | None) -> list[Group]:
    """The pictures of a folder of stills, or every tenth frame of each sequence of a DAVIS dataset.

    Raises:
        NotFoundError: Neither is there.
    """
    if DAVIS2016.recognise(truth):
        sequences = davis_sequences(truth, split or DAVIS2016.default_split)
        return [
            Group(
                s.name,
                tuple(
                    Still(f, m)
                    for f, m in list(zip(s.frame_paths, s.mask_paths, strict=True))[::EVERY]
                    if m
                ),
            )
            for s in sequences
        ]
    stills = find_stills([truth])
    chunks = [tuple(stills[i : i + _CHUNK]) for i in range(0, len(stills), _CHUNK)]
    return [Group(f"{c[0].picture.stem} to {c[-1].picture.stem}", c) for c in chunks]


def group_of_run(out: Path, groups: Sequence[Group]) -> Group:
    """The group of the video that a folder of results is about.

    Raises:
        NotFoundError: None of several has the name of the video.
    """
    chosen = [group for group in groups if len(groups) == 1 or group.name == name_of_run(out)]
    if not chosen:
        raise NotFoundError(
            f"{out} holds the masks of one video, {name_of_run(out)!r}, which is none of the {len(groups)} sequences "
            "of the truth."
        )
    return chosen[0]


def with_starts(groups: Sequence[Group], masks: Path) -> list[Group]:
    """The same pictures with the masks to correct, as ``segue track`` writes them.

    Args:
        groups: Of them only the one that the masks are of, where they are of one video.
        masks: ``<sequence>/<frame>.png``, or for stills ``<name>.png``; or the folder of results of one video.

    Raises:
        NotFoundError: One of them is not there.
    """
    own = masks_of_run(masks)
    if own != masks:
        groups, masks = [group_of_run(masks, groups)], own
    found = []
    for group in groups:
        starts = []
        for still in group.stills:
            places = (
                masks / group.name / f"{still.picture.stem}.png",
                masks / f"{still.picture.stem}.png",
            )
            path = next((place for place in places if place.is_file()), None)
            if path is None:
                raise NotFoundError(
                    f"No mask to correct for {still.picture}: expected {places[0]}.",
                    option="Masks of a whole data set: segue track --layout davis2016 --root ROOT --out MASKS.",
                )
            starts.append(path)
        found.append(Group(group.name, group.stills, tuple(starts)))
    return found


def read_items(group: Group) -> Iterator[Item]:
    """The usable items of a group, one in memory at a time: masks that are empty or tiny are passed over.

    Raises:
        VideoError: A picture that cannot be read.
        MaskError: A mask that cannot be read.
    """
    for number, still in enumerate(group.stills):
        values = read_label_values(still.mask)
        frame, labels = read_image(still.picture), values
        shows_void = VOID in values and len(np.unique(values)) > 2
        valid = labels != VOID if shows_void else np.ones(labels.shape, bool)
        truth = (labels > 0) & valid
        if truth.sum() < _LEAST * truth.size:
            continue
        start = read_label_values(group.starts[number]) > 0 if group.starts else None
        yield Item(still.picture.stem, frame, truth, valid, start)
