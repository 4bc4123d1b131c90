"""Models of clicks without a network."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from segue.models.click.model import ClickedMask, Previous, SeenFrame
from segue.models.click.network import ClickNetwork
from segue.models.click.prompt import Prompt
from segue.nn.weights import save_weights
from segue.types import Frame


class ColourClicker:
    """Answers with all pixels whose colour is that of the clicked ones; of a box, all that is not black in it."""

    def __init__(self) -> None:
        self.asked: list[Prompt] = []

    def see(self, frame: Frame) -> SeenFrame:
        return SeenFrame(frame)

    def mask(
        self,
        frame: Frame | SeenFrame,
        prompt: Prompt,
        previous: Previous | None = None,
    ) -> ClickedMask:
        self.asked.append(prompt)
        picture = frame.frame if isinstance(frame, SeenFrame) else frame
        found = np.zeros(picture.shape[:2], bool)
        if isinstance(previous, np.ndarray):
            found |= previous >= 0.5
        if prompt.box:
            left, top, right, bottom = map(int, prompt.box)
            found[top:bottom, left:right] = picture[top:bottom, left:right].any(2)
        for click in prompt.clicks:
            colour = picture[int(click.y), int(click.x)].astype(int)
            alike = (np.abs(picture - colour) <= 12).all(2)
            found = found | alike if click.include else found & ~alike
        return ClickedMask(found, found.astype(np.float32))


def untrained_weights(
    path: Path, change: Callable[[ClickNetwork], None] = lambda network: None
) -> Path:
    """A file of weights for segue-click that were never trained; the same each time."""
    torch.manual_seed(0)
    network = ClickNetwork()
    change(network)
    save_weights(network, path, model_name="segue-click")
    return path
