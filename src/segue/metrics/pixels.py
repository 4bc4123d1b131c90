"""How many pixels masks share, for many masks at once: their runs of pixels are compared, no mask is ever drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from segue.media.rle import RunLengths, read_runs

_Indices = Int64[np.ndarray, " _"]


@dataclass(frozen=True, slots=True)
class PixelRuns:
    """The runs of pixels of many masks, in the order of pixels, one group of masks after the other."""

    starts: Int64[np.ndarray, " runs"]
    ends: Int64[np.ndarray, " runs"]
    """One after the last pixel."""
    owners: Int64[np.ndarray, " runs"]
    """Index of the mask of each run."""
    groups: Int64[np.ndarray, " masks"]
    """The group of each mask, ascending."""
    areas: Int64[np.ndarray, " masks"]
    """The number of pixels of each mask."""

    def find_clash(self) -> tuple[int, int] | None:
        """Two masks of one group that share pixels, if there are any."""
        for run in np.flatnonzero(self.ends[:-1] > self.starts[1:])[:1].tolist():
            return int(self.owners[run]), int(self.owners[run + 1])
        return None


def find_runs(masks: Sequence[RunLengths], groups: Int64[np.ndarray, " masks"]) -> PixelRuns:
    """The runs of masks of one size."""
    if not masks:
        return PixelRuns(groups, groups, groups, groups, groups)
    runs, first, _ = read_runs([mask.counts for mask in masks])
    num_runs = np.diff(first, append=len(runs))
    # Runs are told from mask to mask; all masks of a group are to begin at the same pixel.
    shift = (groups - np.arange(len(masks))) * (masks[0].height * masks[0].width)
    bounds = np.cumsum(runs)
    starts = bounds[::2] + np.repeat(shift, num_runs)
    order = np.argsort(starts, kind="stable")
    starts, lengths = starts[order], runs[order, 1]
    owners = np.repeat(np.arange(len(masks)), num_runs)[order]
    drawn = lengths > 0  # a mask that ends in the background has an empty run at its end
    areas = np.add.reduceat(runs[:, 1], first)
    starts = starts[drawn]
    return PixelRuns(starts, starts + lengths[drawn], owners[drawn], groups, areas)


def count_shared(one: PixelRuns, other: PixelRuns) -> tuple[_Indices, _Indices, _Indices]:
    """Every pair of masks of both sides that share pixels: index in ``one``, index in ``other``, number of pixels.

    Pairs are in the order of groups, then of ``one``, then of ``other``. Masks of a side and group share no pixels.
    """
    first = np.searchsorted(one.ends, other.starts, side="right")
    counts = np.searchsorted(one.starts, other.ends, side="left") - first
    theirs = np.repeat(np.arange(len(counts)), counts)
    ours = np.arange(len(theirs)) + np.repeat(first - np.cumsum(counts) + counts, counts)
    begin = np.maximum(one.starts[ours], other.starts[theirs])
    pixels = np.minimum(one.ends[ours], other.ends[theirs]) - begin
    return _add_up(one, other, one.owners[ours], other.owners[theirs], pixels)


def _add_up(
    one: PixelRuns, other: PixelRuns, ours: _Indices, theirs: _Indices, pixels: _Indices
) -> tuple[_Indices, _Indices, _Indices]:
    """Sums by pair, in a table per group of all its pairs."""
    num_groups = 1 + max(one.groups.max(initial=-1), other.groups.max(initial=-1))
    heights = np.bincount(one.groups, minlength=num_groups)
    widths = np.bincount(other.groups, minlength=num_groups)
    cells = np.cumsum(heights * widths)
    # The cell of a pair is row * width + column in the table of its group.
    rows = np.arange(len(one.groups)) - (np.cumsum(heights) - heights)[one.groups]
    starts = (cells - heights * widths)[one.groups] + rows * widths[one.groups]
    columns = np.arange(len(other.groups)) - (np.cumsum(widths) - widths)[other.groups]
    sums = np.bincount(starts[ours] + columns[theirs], pixels)
    found = np.flatnonzero(sums)
    # Back from cells to masks.
    row = np.searchsorted(starts, found, side="right") - 1
    column = found - starts[row] + (np.cumsum(widths) - widths)[one.groups[row]]
    return row, column, sums[found].astype(np.int64)
