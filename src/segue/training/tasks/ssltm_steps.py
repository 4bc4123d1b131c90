"""What happens between two steps of SSLTM: centres begin, move and are revived, the teacher follows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from segue.data.context_clips import ReferenceSettings, plain_context, render_context
from segue.data.label_clips import LabelFootage
from segue.models.ssltm.centres import Centres, by_class, to_grid
from segue.training.average import evaluating
from segue.training.tasks.mean_teacher import MeanTeacher
from segue.training.tasks.scene_networks import Family
from segue.training.tasks.ssltm_objective import SceneObjective
from segue.training.tasks.ssltm_settings import CentreSettings


@dataclass(frozen=True)
class Gathering:
    """Where the features come from that the centres begin with."""

    family: Family
    footage: LabelFootage
    size_hw: tuple[int, int]
    reference: ReferenceSettings
    with_reference: bool
    settings: CentreSettings

    @torch.no_grad()
    def features(self, network: nn.Module, num_classes: int) -> list[Tensor]:
        """Features of each class in labelled frames, seen whole, without any chance in it."""
        device = next(network.parameters()).device
        found: list[list[Tensor]] = [[] for _ in range(num_classes)]
        with evaluating(network):
            for place in evenly(self.footage.labelled, self.settings.frames):
                record = plain_context(self.footage, place, self.size_hw, self.reference)
                clip = render_context(self.footage, record)
                frames = torch.from_numpy(clip.frames).to(device)[None].movedim(-1, -3) / 255
                far = torch.from_numpy(clip.reference).to(device)[None].movedim(-1, -3) / 255
                answer = self.family.ask(network, frames, far if self.with_reference else None)
                assert answer.features is not None
                labels = torch.from_numpy(clip.labels).to(device)[None]
                grid = to_grid(labels, (answer.features.shape[-2], answer.features.shape[-1]))
                for cells, held in zip(
                    by_class(answer.features, grid, num_classes), found, strict=True
                ):
                    held.append(cells)
        return [_evenly_rows(torch.cat(cells), self.settings.cells) for cells in found]


@dataclass
class AfterStep:
    """The hook of the loop; all that it changes is in the network or in the teacher."""

    network: nn.Module
    objective: SceneObjective
    centres: Centres | None
    gathering: Gathering
    teacher: MeanTeacher | None
    num_classes: int
    seed: int

    def __call__(self, done: int) -> Mapping[str, float]:
        """See ``segue.training.task.Task.after_step``.

        Raises:
            DivergedError: The teacher holds something that is not a number.
        """
        values: dict[str, float] = {}
        if self.centres is not None:
            values["centres_placed"] = float(self._move(self.centres, done))
        if self.teacher is not None:
            self.teacher.follow(self.network)
            values["confident"] = self.objective.confident
        return values

    def _move(self, centres: Centres, done: int) -> int:
        if done < self.gathering.settings.start:
            return 0
        if done == self.gathering.settings.start:
            centres.begin(self.gathering.features(self.network, self.num_classes), self.seed)
            placed = int(centres.known.sum())
            self._hand_on(centres)
        else:
            seen = self.objective.seen
            assert seen is not None
            centres.update(seen.features, seen.labels)
            placed = centres.revive(seen.features, seen.labels, self.gathering.settings.patience)
        _share(centres)
        return placed

    def _hand_on(self, centres: Centres) -> None:
        """The teacher's centres begin where the student's do: an average with nothing would stand for nothing."""
        if self.teacher is not None:
            theirs = self.teacher.network.get_submodule("centres")
            theirs.load_state_dict(centres.state_dict())


def _share(centres: Centres) -> None:
    """Every process goes on with the centres of the first one, which has seen other clips than the others."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        for value in centres.state_dict().values():
            torch.distributed.broadcast(value, 0)


def evenly(items: Sequence[tuple[int, int]], most: int) -> list[tuple[int, int]]:
    """At most so many, evenly spaced."""
    if len(items) <= most:
        return list(items)
    return [items[(2 * i + 1) * len(items) // (2 * most)] for i in range(most)]


def _evenly_rows(rows: Tensor, most: int) -> Tensor:
    if len(rows) <= most:
        return rows
    chosen: Tensor = rows[torch.arange(most) * len(rows) // most]
    return chosen
