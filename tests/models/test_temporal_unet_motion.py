"""Hidden states that move with the picture."""

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from segue.models.temporal_unet.build import create_network
from segue.models.temporal_unet.model import TemporalUnetModel
from segue.models.temporal_unet.settings import TemporalUnetSettings
from segue.nn.blend import blend
from segue.nn.motion import find_motion, grey_of

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
    grey = [grey_of(frame) for frame in film]
    return torch.stack([find_motion(b, a) for a, b in zip([grey[0], *grey], grey, strict=False)])


def test_motion_points_back_to_where_things_were(film: np.ndarray) -> None:
    motion = motion_of(film)
    assert motion.shape == (4, 2, *SIZE)
    assert motion[0].abs().max() < 0.1
    inner = motion[1:, :, 8:-8, 24:-8]
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
    motion = torch.zeros(1, 2, *SIZE)
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


def blended(film: np.ndarray, share: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Probabilities of a clip with and without a memory at the output."""
    torch.manual_seed(0)
    chosen = settings("dis").model_copy(update={"blend": share, "cell": "none"})
    network = create_network(chosen).eval()
    network.decoder.head.weight.data *= 50  # a network that is sure of something
    frames = torch.from_numpy(film).permute(0, 3, 1, 2)[None].float() / 255
    with torch.no_grad():
        found = network(frames, motion=motion_of(film)[None]).softmax(2)
        network.blend = 0.0
        # The memory has half the size of the frame, and so has what it is told.
        small = F.avg_pool2d(network(frames)[0], 2).softmax(1)
        return found[0], F.interpolate(small, scale_factor=2.0, mode="bilinear")


def test_the_first_frame_stands_alone(film: np.ndarray) -> None:
    found, alone = blended(film, share=0.9)
    assert torch.allclose(found[0], alone[0], atol=1e-4)
    assert (found[1:] - alone[1:]).abs().max() > 1e-2


def test_the_first_answer_is_carried_along_the_motion(film: np.ndarray) -> None:
    found, alone = blended(film, share=0.999)
    assert torch.allclose(found.sum(1), torch.ones_like(found[:, 0]), atol=1e-3)
    moved = alone[0][..., 8 : -8 - SHIFT]
    error = (found[1][..., 8 + SHIFT : -8] - moved).abs().mean()
    assert error < 0.3 * (alone[1][..., 8 + SHIFT : -8] - moved).abs().mean() + 0.01
    # What has come into view was never known.
    assert torch.allclose(found[1][..., : SHIFT // 2], alone[1][..., : SHIFT // 2], atol=0.05)


@pytest.mark.parametrize("difference", [0.0, 0.1, 0.5])
def test_the_old_answer_is_let_go_where_the_brightness_differs(difference: float) -> None:
    now, before = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    maps = [p.view(1, 2, 1, 1) for p in (now, before)]
    found = blend(*maps, torch.full((1, 1, 1, 1), difference), share=0.8)
    kept = 0.8 * np.exp(-difference * 255 / 20)
    assert found.flatten().tolist() == pytest.approx([1 - kept, kept])


def test_an_unknown_answer_counts_for_nothing() -> None:
    now = torch.tensor([0.25, 0.75]).view(1, 2, 1, 1)
    found = blend(now, torch.zeros_like(now), torch.zeros(1, 1, 1, 1), share=0.9)
    assert torch.equal(found, now)
