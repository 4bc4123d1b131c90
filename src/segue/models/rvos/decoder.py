"""The recurrent decoder: ConvLSTM cells from coarse to fine, recurrent over objects (space) and frames (time).

The paper decodes one object after the other. Here each level is decoded for all objects before the next one, which
gives the same numbers: a cell sees the object before it on its own level only. And a convolution of concatenated inputs
is a sum of convolutions, so what looks at the frame alone is computed once per frame, and what looks at an object alone
in one batch; only the state that comes from the object before has to wait its turn.

Rows of a batch are ordered by object, then by video: ``row = object * batch + video``.
"""

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from segue.models.rvos.settings import Recurrence

Hidden = tuple[Float[Tensor, "rows _ _ _"], ...]
"""Hidden states of every cell, coarse to fine."""


class Cell(nn.Module):
    """A ConvLSTM whose cell state recurs over the objects of a frame; over frames only the hidden state does.

    Args:
        skip: Channels that come from the frame.
        below: Channels that come from the cell below.
        guide: Channels that say where the object was.
        hidden: Channels of the state.
    """

    def __init__(self, skip: int, below: int, guide: int, hidden: int) -> None:
        super().__init__()
        self.skip, self.hidden = skip, hidden
        # Inputs: frame, cell below, hidden state of the last frame, guide; hidden state of the object before.
        # Outputs: input, forget and output gate, candidate.
        self.gates = nn.Conv2d(skip + below + guide + 2 * hidden, 4 * hidden, 3, padding=1)

    def share(
        self, skip: Float[Tensor, "batch skip height width"]
    ) -> Float[Tensor, "batch gates height width"]:
        """The frame's share of the gates."""
        return F.conv2d(skip, self.gates.weight[:, : self.skip], self.gates.bias, padding=1)

    def forward(
        self,
        share: Float[Tensor, "batch gates height width"],
        own: Float[Tensor, "rows own height width"],
        *,
        spatial: bool,
    ) -> Float[Tensor, "rows hidden height width"]:
        """The next hidden states.

        Args:
            share: See ``share``.
            own: Cell below, hidden state of the last frame and guide of each object.
            spatial: Whether an object sees the state of the one before; else every object is the first.
        """
        weight = self.gates.weight
        gates = F.conv2d(own, weight[:, self.skip : -self.hidden], padding=1)
        gates = gates.view(-1, *share.shape) + share
        if not spatial:
            return _update(gates.flatten(0, 1), None)[0]
        hidden, state = _update(gates[0], None)
        found = [hidden]
        for following in gates[1:]:
            seen = F.conv2d(hidden, weight[:, -self.hidden :], padding=1)
            hidden, state = _update(following + seen, state)
            found.append(hidden)
        return torch.cat(found)

    def following(
        self,
        share: Float[Tensor, "batch gates height width"],
        own: Float[Tensor, "batch own height width"],
        hidden: Float[Tensor, "batch hidden height width"],
        state: Float[Tensor, "batch hidden height width"],
    ) -> tuple[
        Float[Tensor, "batch hidden height width"], Float[Tensor, "batch hidden height width"]
    ]:
        """Hidden and cell state of one object, from those of the object before; zeros for the first one.

        Args:
            share: As in ``forward``.
            own: As in ``forward``.
            hidden: Hidden state of the object before, on this frame.
            state: Its cell state.
        """
        weight = self.gates.weight
        gates = share + F.conv2d(own, weight[:, self.skip : -self.hidden], padding=1)
        gates = gates + F.conv2d(hidden, weight[:, -self.hidden :], padding=1)
        return _update(gates, state)


def _update(
    gates: Float[Tensor, "batch gates height width"],
    state: Float[Tensor, "batch hidden height width"] | None,
) -> tuple[Float[Tensor, "batch hidden height width"], Float[Tensor, "batch hidden height width"]]:
    """Hidden and cell state of the next object."""
    # Parts of channels-last maps are strided; whole ones are computed in half the time.
    parts = gates.chunk(4, 1)
    enter, forget, show, candidate = (
        part.contiguous(memory_format=torch.channels_last) for part in parts
    )
    state_now = enter.sigmoid() * candidate.tanh()
    if state is not None:
        state_now = torch.addcmul(state_now, forget.sigmoid(), state)
    return show.sigmoid() * state_now.tanh(), state_now


class Decoder(nn.Module):
    """Cells from coarse to fine, and the last convolution.

    Args:
        skips: Channels of the skips, coarse to fine.
        hidden: Channels of the cells.
        guide: Channels that say where the object was, the same for every cell.
        recurrence: What the cells remember.
    """

    def __init__(
        self, skips: Sequence[int], hidden: Sequence[int], guide: int, recurrence: Recurrence
    ) -> None:
        super().__init__()
        self.recurrence = recurrence
        below = (0, *hidden[:-1])
        cells = [Cell(s, b, guide, h) for s, b, h in zip(skips, below, hidden, strict=True)]
        self.cells = nn.ModuleList(cells)
        self.head = nn.Conv2d(hidden[-1], 1, 3, padding=1)

    def shares(
        self, skips: Sequence[Float[Tensor, "batch _ _ _"]]
    ) -> tuple[Float[Tensor, "batch _ _ _"], ...]:
        """The frame's share of the gates of each cell."""
        return tuple(cell.share(skip) for cell, skip in zip(self._cells(), skips, strict=True))

    def forward(
        self,
        shares: Sequence[Float[Tensor, "batch _ _ _"]],
        guides: Sequence[Float[Tensor, "rows guide _ _"]],
        hidden: Hidden,
    ) -> tuple[Float[Tensor, "rows height2 width2"], Hidden]:
        """Logits of each object, and the hidden states.

        Args:
            shares: The frame's share of the gates of each cell.
            guides: Where each object was, at the size of each cell.
            hidden: Hidden states of the last frame.
        """
        spatial, temporal = self.recurrence != "temporal", self.recurrence != "spatial"
        below: list[Tensor] = []
        found = []
        for cell, share, guide, last in zip(self._cells(), shares, guides, hidden, strict=True):
            raised = [_resize(x, share.shape[2:]) for x in below]
            before = last if temporal else torch.zeros_like(last)
            below = [cell(share, torch.cat([*raised, before, guide], 1), spatial=spatial)]
            found.append(below[0])
        height, width = below[0].shape[2:]
        return self.head(_resize(below[0], (2 * height, 2 * width)))[:, 0], tuple(found)

    def following(
        self,
        shares: Sequence[Float[Tensor, "batch _ _ _"]],
        guides: Sequence[Float[Tensor, "batch guide _ _"]],
        hidden: Hidden,
        before: Hidden,
        states: Hidden,
    ) -> tuple[Float[Tensor, "batch height2 width2"], Hidden, Hidden]:
        """Logits, hidden states and cell states of one object, as ``forward`` finds them.

        Args:
            shares: As in ``forward``.
            guides: As in ``forward``.
            hidden: Hidden states of the last frame.
            before: Hidden states of the object before, on this frame; zeros for the first one.
            states: Its cell states.
        """
        spatial, temporal = self.recurrence != "temporal", self.recurrence != "spatial"
        below: list[Tensor] = []
        found, after = [], []
        for cell, share, guide, last, above, state in zip(
            self._cells(), shares, guides, hidden, before, states, strict=True
        ):
            raised = [_resize(x, share.shape[2:]) for x in below]
            kept = last if temporal else torch.zeros_like(last)
            if not spatial:
                above, state = torch.zeros_like(above), torch.zeros_like(state)
            own = torch.cat([*raised, kept, guide], 1)
            shown, state = cell.following(share, own, above, state)
            below = [shown]
            found.append(shown)
            after.append(state)
        height, width = below[0].shape[2:]
        logits = self.head(_resize(below[0], (2 * height, 2 * width)))[:, 0]
        return logits, tuple(found), tuple(after)

    def _cells(self) -> list[Cell]:
        return cast(list[Cell], list(self.cells))


def _resize(maps: Tensor, size_hw: Sequence[int]) -> Tensor:
    return F.interpolate(maps, tuple(size_hw), mode="bilinear", align_corners=True)
