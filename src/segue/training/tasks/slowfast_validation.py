"""What a SlowFast network is worth while it is trained: J and F of all that it finds, as one object."""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import torch
from jaxtyping import Bool
from pydantic import Field
from torch import Tensor

from segue.data.catalog import find_layout
from segue.data.object_footage import ObjectFootage
from segue.data.sequence_windows import read_window
from segue.errors import SettingsError
from segue.metrics.agreement import agreement
from segue.models.slowfast.network import SlowFastNetwork
from segue.training.tasks.slowfast_samples import FootageSettings

SCORES = ("j_and_f", "j", "f")
"""What every validation measures."""


class ValidationSettings(FootageSettings):
    """Sequences that are scored; whoever trains says with ``data.held_out`` that they are not trained on, too."""

    split: str = "val"
    sequences: tuple[str, ...] = ()
    """Only these; none: all of the split."""
    every: Annotated[int, Field(ge=1)] = 5
    """Every so manieth frame is scored."""


class Validation:
    """Means over sequences of J and F; no frame is left out, as in the paper."""

    def __init__(
        self, network: SlowFastNetwork, settings: ValidationSettings, size_hw: tuple[int, int]
    ) -> None:
        layout = find_layout(settings.layout)
        found = layout.sequences(settings.root, settings.split)
        unknown = sorted(set(settings.sequences) - {sequence.name for sequence in found})
        if unknown:
            raise SettingsError(
                f"validation.sequences names {', '.join(unknown)}, which split {settings.split!r} does not have."
            )
        chosen = [s for s in found if not settings.sequences or s.name in settings.sequences]
        self._network, self._size_hw = network, size_hw
        self._footage = ObjectFootage(chosen, layout.object_kind())
        self._every = settings.every

    @torch.no_grad()
    def __call__(self) -> Mapping[str, float]:
        """Scores by name."""
        rows = []
        for sequence in range(len(self._footage.sequences)):
            frames = range(0, self._footage.length(sequence), self._every)
            rows.append(np.mean([self._score(sequence, index) for index in frames], axis=0))
        j, f = (float(value) for value in np.mean(rows, axis=0))
        return {"j_and_f": (j + f) / 2, "j": j, "f": f}

    def _score(self, sequence: int, index: int) -> tuple[float, float]:
        window = read_window(self._footage, (sequence, index), self._network.window, self._size_hw)
        device = next(self._network.parameters()).device
        frames = torch.from_numpy(window.frames).to(device).permute(0, 3, 1, 2) / 255
        inside = torch.from_numpy(window.inside).to(device)
        shown = found_in(self._network, frames, inside)
        return agreement(shown.cpu().numpy(), window.labels > 0).values


def found_in(
    network: SlowFastNetwork, frames: Tensor, inside: Bool[Tensor, " time"]
) -> Bool[Tensor, "height width"]:
    """The union of all that is found in the middle of a window.

    Args:
        network: In evaluation mode.
        frames: ``time 3 height width``, values in [0, 1].
        inside: Whether the video has such a frame.
    """
    size_hw = (frames.shape[2], frames.shape[3])
    maps = network.see(frames)
    window = {name: (m * inside[:, None, None, None])[None] for name, m in maps.items()}
    found = network.detect(window, size_hw)[0]
    return (found.pasted(size_hw) >= 0.5).any(0)
