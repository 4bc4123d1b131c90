"""How many labels a training may see: one of N frames, or so many of each video; the others count as unlabelled.

    labels = { every = 8 }                              # frames 4, 12, 20, ... of each video
    labels = { per_video = 1, pick = "middle" }         # one frame of each video

A budget is data and a seed, so the same budget chooses the same frames on every machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from segue.data.sample import VideoSequence
from segue.errors import InputError
from segue.settings import Settings

Count = Annotated[int, Field(ge=1)]


class LabelBudget(Settings):
    """Which labelled frames keep their label; all of them without ``every`` and ``per_video``."""

    every: Count | None = None
    """One of so many labelled frames of a video."""
    offset: Annotated[int, Field(ge=0)] | None = None
    """The first one of ``every``; ``None``: half of it, so that N = 8 begins with the fifth frame."""
    per_video: Count | None = None
    """So many labelled frames of each video; all of a video that has fewer."""
    pick: Literal["middle", "first", "random"] = "middle"
    """Which ones of ``per_video``: the middle of as many equal parts of the video, its first ones, or any."""
    seed: int = 0
    """Of ``random``."""

    @model_validator(mode="after")
    def _one_rule(self) -> "LabelBudget":
        if self.every is not None and self.per_video is not None:
            raise ValueError("a label budget has one rule: give it every or per_video")
        if self.offset is not None and self.every is None:
            raise ValueError("offset tells where every begins: give every too")
        if self.offset is not None and self.every is not None and self.offset >= self.every:
            raise ValueError(f"offset = {self.offset} is not below every = {self.every}")
        return self

    @property
    def is_all(self) -> bool:
        """Whether every label stays."""
        return self.every is None and self.per_video is None

    def positions(self, num_labels: int, name: str) -> tuple[int, ...]:
        """Which of a video's labelled frames stay, in their order.

        Args:
            num_labels: Labelled frames of the video.
            name: Of the video; ``random`` draws differently for each.
        """
        if self.every is not None:
            offset = self.every // 2 if self.offset is None else self.offset
            return tuple(range(offset, num_labels, self.every))
        if self.per_video is None or self.per_video >= num_labels:
            return tuple(range(num_labels))
        if self.pick == "first":
            return tuple(range(self.per_video))
        if self.pick == "middle":
            parts = self.per_video
            return tuple((2 * part + 1) * num_labels // (2 * parts) for part in range(parts))
        rng = np.random.default_rng([self.seed, *name.encode()])
        return tuple(sorted(rng.choice(num_labels, self.per_video, replace=False).tolist()))


@dataclass(frozen=True)
class Budgeted:
    """Videos of which some labels are not looked at."""

    sequences: tuple[VideoSequence, ...]
    """All frames, with the masks that stay."""
    chosen: tuple[tuple[str, str], ...]
    """Video and name of each frame whose label stays."""

    def to_json(self) -> dict[str, list[str]]:
        """Names of the labelled frames by video."""
        listed: dict[str, list[str]] = {sequence.name: [] for sequence in self.sequences}
        for video, frame in self.chosen:
            listed[video].append(frame)
        return listed


def apply_budget(sequences: Sequence[VideoSequence], budget: LabelBudget) -> Budgeted:
    """The sequences with the labels that a budget leaves.

    Raises:
        InputError: The budget leaves no label at all.
    """
    kept, chosen = [], []
    for sequence in sequences:
        labelled = [i for i, path in enumerate(sequence.mask_paths) if path is not None]
        stays = {labelled[p] for p in budget.positions(len(labelled), sequence.name)}
        masks = tuple(path if i in stays else None for i, path in enumerate(sequence.mask_paths))
        kept.append(replace(sequence, mask_paths=masks))
        chosen += [(sequence.name, sequence.frame_paths[i].stem) for i in sorted(stays)]
    if not chosen:
        most = max((sum(p is not None for p in s.mask_paths) for s in sequences), default=0)
        raise InputError(
            f"The label budget ({_spell(budget)}) leaves no label: no video has more than {most} labelled frames. "
            "Give a larger budget."
        )
    return Budgeted(tuple(kept), tuple(chosen))


def _spell(budget: LabelBudget) -> str:
    given: dict[str, Any] = budget.model_dump(exclude_defaults=True)
    return ", ".join(f"{key} = {value}" for key, value in given.items()) or "all labels"


def left_out(num_pixels: Sequence[int], names: Sequence[str]) -> tuple[str, ...]:
    """Names of the classes that no label shows.

    Args:
        num_pixels: Of each class, in the labels that stay.
        names: Of the classes.
    """
    return tuple(name for name, pixels in zip(names, num_pixels, strict=True) if not pixels)
