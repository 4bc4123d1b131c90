"""A mean teacher: the running average of a student, which labels clips for it (Tarvainen and Valpola, NIPS 2017)."""

import copy
import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from segue.errors import DivergedError


class MeanTeacher(nn.Module):
    """A copy of the student that follows it; no gradient reaches the copy.

    Args:
        student: Copied as it stands.
        decay: Of the average, after the first steps.
    """

    steps: Tensor

    def __init__(self, student: nn.Module, decay: float) -> None:
        super().__init__()
        self.network = copy.deepcopy(student).requires_grad_(False).eval()
        self.decay = decay
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def follow(self, student: nn.Module) -> None:
        """One step of the average, of weights and of the buffers of norms; what does not float is copied.

        Raises:
            DivergedError: The teacher holds something that is not a number.
        """
        done = int(self.steps)
        decay = min(1 - 1 / (done + 1), self.decay)
        ours = self.network.state_dict()
        for name, value in student.state_dict().items():
            if value.is_floating_point():
                ours[name].lerp_(value, 1 - decay)
            else:
                ours[name].copy_(value)
        self.steps += 1
        self.check()

    def check(self) -> None:
        """Refuse to go on with a broken teacher, before a checkpoint holds it.

        Raises:
            DivergedError: The teacher holds something that is not a number; a tensor of it is named.
        """
        for name, value in self.network.state_dict().items():
            if value.is_floating_point() and not torch.isfinite(value).all():
                raise DivergedError(
                    f"The teacher's {name} is not a number after step {int(self.steps)}; the student's weights are not "
                    "either. The last checkpoint stays. Lower the learning rate, or clip gradients."
                )


def ramped(step: int, ramp: int) -> float:
    """exp(-5 (1 - step / ramp)^2) within the ramp, 1 after it."""
    return math.exp(-5 * (1 - step / ramp) ** 2) if step < ramp else 1.0


def draw_box(size_hw: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of a random box: a quarter to a half of the area, of the frame's shape on average.

    The draw is that of torch, which the loop seeds for each batch, so a run that goes on draws the same.
    """
    height, width = size_hw
    area, shape, top, left = torch.rand(4).tolist()
    share = (0.25 + 0.25 * area) ** 0.5
    stretch = math.exp((shape - 0.5) * math.log(2))
    rows = min(height, max(1, round(height * share * stretch)))
    columns = min(width, max(1, round(width * share / stretch)))
    first_row, first_column = (
        int(top * (height - rows + 1)),
        int(left * (width - columns + 1)),
    )
    return slice(first_row, first_row + rows), slice(first_column, first_column + columns)


def mixed(maps: Tensor, box: tuple[slice, slice]) -> Tensor:
    """Each element of a batch with a box of the next one; the last two axes are those of the picture."""
    out = maps.clone()
    out[..., box[0], box[1]] = maps.roll(1, 0)[..., box[0], box[1]]
    return out


def sure(
    probabilities: Float[Tensor, "batch classes height width"], threshold: float
) -> tuple[Tensor, Bool[Tensor, "batch height width"]]:
    """The surest class of each pixel, and whether it is sure enough."""
    highest = probabilities.max(1)
    return highest.indices, highest.values >= threshold
