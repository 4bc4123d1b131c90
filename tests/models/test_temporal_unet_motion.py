"""Hidden states that move with the picture."""

import cv2
import numpy as np
import pytest
import torch

from segue.models.temporal_unet.build import create_network
from segue.models.temporal_unet.model import TemporalUnetModel
from segue.models.temporal_unet.motion import find_motion, shrink
from segue.models.temporal_unet.settings import TemporalUnetSettings

SIZE = (64, 96)
SHIFT = 8


@pytest.fixture(scope="module")
def film() -> np.ndarray:
    """A picture that goes to the right by eight pixels a frame."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (9, 20, 3)).astype(np.uint8)
    wide = cv2.resize(coarse, (2 * SIZE[1], SIZE[0]), interpolation=cv2.INTER_CUBIC)
    return np.stack([wide[:, 40 - SHIFT * t : 40 - SHIFT * t + SIZE[1]] for t in range(4)])


def settings(align: str) -> TemporalUnetSettings:
    return TemporalUnetSettings.parse(
        {"size": "small-shallow", "block": "vanilla", "cell": "crnn", "align": align}
    )


def motion_of(film: np.ndarray) -> torch.Tensor:
    small = [shrink(frame) for frame in film]
    return torch.stack([find_motion(b, a) for a, b in zip([small[0], *small], small, strict=False)])


def test_motion_points_back_to_where_things_were(film: np.ndarray) -> None:
    motion = motion_of(film)
    assert motion.shape == (4, 2, SIZE[0] // 2, SIZE[1] // 2)
    assert motion[0].abs().max() < 0.1
    inner = motion[1:, :, 8:-8, 16:-8]
    assert inner[:, 0].median() == pytest.approx(-SHIFT, abs=0.5)
    assert inner[:, 1].median() == pytest.approx(0, abs=0.5)


def test_states_follow_the_motion(film: np.ndarray) -> None:
    """After one step with weights that only keep the state, it lies eight pixels further right."""
    torch.manual_seed(0)
    network = create_network(settings("dis")).eval()
    for cell in network.cells.values():
        torch.nn.init.zeros_(cell.from_input.weight)
        torch.nn.init.zeros_(cell.from_input.bias)
        torch.nn.init.dirac_(cell.from_hidden.weight)
        torch.nn.init.zeros_(cell.from_hidden.bias)
    hidden = tuple(torch.rand_like(h) for h in network.initial_hidden(1, SIZE))
    frame = torch.zeros(1, 3, *SIZE)
    motion = torch.zeros(1, 2, 8, 12)
    motion[:, 0] = -SHIFT
    with torch.no_grad():
        _, moved = network.step(frame, hidden, motion)
        _, kept = network.step(frame, hidden)
    for stride, before, after, still in zip((1, 2, 4), hidden, moved, kept, strict=True):
        cells = SHIFT // stride
        assert torch.allclose(after[..., cells:], before[..., :-cells], atol=1e-4)
        assert torch.allclose(still, before)


def test_streaming_gives_what_a_clip_gives(film: np.ndarray) -> None:
    torch.manual_seed(0)
    chosen = settings("dis")
    network = create_network(chosen).eval()
    frames = torch.from_numpy(film).permute(0, 3, 1, 2)[None].float() / 255
    with torch.no_grad():
        aligned = network(frames, motion=motion_of(film)[None])
        plain = network(frames)
    model = TemporalUnetModel("temporal-unet", network, chosen)
    prediction, state = model.start(film[0])
    for time in range(1, 4):
        prediction, state = model.step(film[time], state)
    assert (prediction.labels == aligned[0, -1].argmax(0).numpy()).mean() > 0.999
    assert (aligned[0, -1] - plain[0, -1]).abs().max() > 1e-3
    assert torch.equal(aligned[0, 0], plain[0, 0])
