"""Global category context (GCC): a few vectors per class that stand for the whole data set.

The supplement gives the number of vectors (3 is best) and that a squared error moves them better than a moving average.
How they start, what becomes of those that nothing is near to, and how they are read is our choice.
"""

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64, Integer
from torch import Tensor, nn

from segue.models.ssltm.clusters import farthest, k_means, squared_distances
from segue.types import VOID

Update = Literal["mse", "ema"]
Features = Float[Tensor, "batch width rows columns"]
Cells = Float[Tensor, "cells width"]
SomeCells = Float[Tensor, "_ width"]
"""Of one class among others, which have other numbers of them."""
GridLabels = Integer[Tensor, "batch rows columns"]

_KEPT = 0.99
"""Of a centre, at each step of the moving average."""


class Centres(nn.Module):
    """Vectors per class, which training moves and the network only reads.

    All of it is in the state dict, the counters too, and nothing is drawn from the global random numbers.

    Args:
        num_classes: Of the labels.
        per_class: Vectors of each class.
        width: Channels of a vector.
        update: ``mse``: ``loss`` moves them, by the optimiser; ``ema``: ``update`` does, without one.
    """

    known: Tensor
    idle: Tensor

    def __init__(
        self, num_classes: int, per_class: int, width: int, update: Update = "mse"
    ) -> None:
        super().__init__()
        self.moved_by = update
        points = torch.zeros(num_classes, per_class, width)
        self.points = nn.Parameter(points, requires_grad=update == "mse")
        self.register_buffer("known", torch.zeros(num_classes, per_class, dtype=torch.bool))
        self.register_buffer("idle", torch.zeros(num_classes, per_class, dtype=torch.int64))

    @property
    def begun(self) -> bool:
        """Whether any centre stands for anything; the network passes over centres that have not begun."""
        return bool(self.known.any())

    def contexts(self, batch: int) -> tuple[Float[Tensor, "batch vectors width"], Tensor]:
        """The vectors for a batch of frames, without gradient, and which of them are known."""
        points = self.points.detach().flatten(0, 1).expand(batch, -1, -1)
        return points, self.known.flatten().expand(batch, -1)

    @torch.no_grad()
    def begin(self, features: Sequence[SomeCells], seed: int = 0) -> None:
        """Start from the clusters of features.

        A class without features stays unknown, and so do vectors beyond the number of different features.

        Args:
            features: Of each class, as ``by_class`` gives them.
            seed: Of the first choice of k-means.
        """
        self.known.fill_(False)
        self.idle.zero_()
        for number, cells in enumerate(features):
            self._begin_class(number, cells, seed)

    def loss(self, features: Features, labels: GridLabels) -> Float[Tensor, ""]:
        """Squared distance of labelled cells to the nearest known vector of their class, averaged by class first.

        Args:
            features: Get no gradient.
            labels: As ``to_grid`` gives them.

        Returns:
            0 where nothing is labelled, where no class is known, and with ``ema``.
        """
        total, classes = self.points.sum() * 0, 0
        if self.moved_by == "ema":
            return total
        for number, cells in self._present(features, labels):
            nearest, _ = self._assign(number, cells)
            total = total + (self.points[number, nearest] - cells).square().sum(1).mean()
            classes += 1
        return total / max(classes, 1)

    @torch.no_grad()
    def update(self, features: Features, labels: GridLabels) -> None:
        """Move each vector towards the mean of the cells that are nearest to it; with ``mse`` nothing is done."""
        if self.moved_by == "mse":
            return
        for number, cells in self._present(features, labels):
            nearest, _ = self._assign(number, cells)
            for index in torch.unique(nearest).tolist():
                mean = cells[nearest == index].mean(0)
                self.points[number, index].lerp_(mean, 1 - _KEPT)

    @torch.no_grad()
    def revive(self, features: Features, labels: GridLabels, patience: int = 200) -> int:
        """Give new places to vectors that nothing was near to for long, and begin classes that come for the first time.

        Training calls it after each step that had labels. A dead vector goes to the feature of its class that is
        farthest from all vectors of the class.

        Args:
            features: Of this step.
            labels: As ``to_grid`` gives them.
            patience: Calls with cells of the class, but none for the vector, after which it is dead.

        Returns:
            How many vectors were placed.
        """
        placed = 0
        for number, cells in by_present_class(features, labels):
            before = int(self.known[number].sum())
            if not before:
                self._begin_class(number, cells, seed=number)
                placed += int(self.known[number].sum())
                continue
            self.idle[number] += self.known[number]
            nearest, distances = self._assign(number, cells)
            self.idle[number, nearest] = 0
            placed += self._place(number, cells, distances, patience)
        return placed

    def _place(self, number: int, cells: Cells, distances: Tensor, patience: int) -> int:
        empty = ~self.known[number] | (self.idle[number] >= patience)
        slots = empty.nonzero().flatten().tolist()
        chosen = farthest(cells, distances, len(slots))
        for slot, cell in zip(slots, chosen, strict=False):
            self._put(number, slot, cell)
        return min(len(slots), len(chosen))

    def _begin_class(self, number: int, cells: Cells, seed: int) -> None:
        found = k_means(cells, self.points.shape[1], seed)
        for slot, point in enumerate(found):
            self._put(number, slot, point)

    def _put(self, number: int, slot: int, point: Tensor) -> None:
        self.points.data[number, slot] = point.to(self.points.dtype)
        self.known[number, slot] = True
        self.idle[number, slot] = 0

    def _present(self, features: Features, labels: GridLabels) -> list[tuple[int, SomeCells]]:
        """Labelled cells of each class that is known, without gradient."""
        known = self.known.any(1).tolist()
        return [(n, cells) for n, cells in by_present_class(features, labels) if known[n]]

    def _assign(self, number: int, cells: Cells) -> tuple[Int64[Tensor, " cells"], Tensor]:
        """The nearest known vector of a class to each cell, and the squared distance to it."""
        distances = squared_distances(cells, self.points[number].detach())
        distances = distances.masked_fill(~self.known[number], torch.inf)
        nearest = distances.min(1)
        return nearest.indices, nearest.values


def to_grid(
    labels: Integer[Tensor, "batch height width"], size: tuple[int, int]
) -> Int64[Tensor, "batch rows columns"]:
    """Labels of the cells of a coarser map: that of the nearest pixel."""
    small = F.interpolate(labels[:, None].float(), size=size, mode="nearest")
    return small[:, 0].long()


def by_class(features: Features, labels: GridLabels, num_classes: int) -> list[SomeCells]:
    """Features of the labelled cells of each class, without gradient; void is left out.

    Args:
        features: Of some frames.
        labels: Of their cells, as ``to_grid`` gives them.
        num_classes: Length of the list; a class that is not there has no rows.
    """
    cells, numbers = _flat(features, labels)
    return [cells[numbers == number] for number in range(num_classes)]


def by_present_class(features: Features, labels: GridLabels) -> list[tuple[int, SomeCells]]:
    """The same of the classes that are there only, with their numbers."""
    cells, numbers = _flat(features, labels)
    present = torch.unique(numbers).tolist()
    return [(number, cells[numbers == number]) for number in present if number != VOID]


def _flat(features: Features, labels: GridLabels) -> tuple[Cells, Int64[Tensor, " cells"]]:
    cells = features.detach().float().permute(0, 2, 3, 1).flatten(0, 2)
    return cells, labels.flatten().long().to(cells.device)
