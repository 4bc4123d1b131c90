import cv2
import numpy as np
import pytest

from segue.inference.find.motion import motions


def ground(seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 255, (240, 360, 3), np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 2)


def picture(pan: int, shift: int) -> tuple[np.ndarray, np.ndarray]:
    """Ground that pans, and a square of another texture that is shifted."""
    mask = np.zeros((200, 320), bool)
    mask[60:130, 80 + shift : 160 + shift] = True
    frame = ground()[20:220, 20 + pan : 340 + pan].copy()
    frame[mask] = ground(1)[60:130, 80:160].reshape(-1, 3)
    return frame, mask


@pytest.mark.parametrize("pan", [0, 3])
def test_what_moves_against_the_ground_moves(pan: int) -> None:
    before, mask = picture(0, 0)
    # An object of the ground is shifted with it.
    still = motions(before, picture(pan, -pan)[0], [mask])[0]
    moving = motions(before, picture(pan, 5 - pan)[0], [mask])[0]
    assert still < 0.4 < 0.8 < moving


def test_every_mask_has_its_own_motion() -> None:
    before, mask = picture(0, 0)
    other = np.zeros_like(mask)
    other[140:190, 200:300] = True
    moving, still = motions(before, picture(0, 5)[0], [mask, other])
    assert still < 0.4 < 0.8 < moving


@pytest.mark.parametrize("size_hw", [(1, 1), (5, 300), (300, 5), (24, 320)])
def test_frames_of_any_size(size_hw: tuple[int, int]) -> None:
    frame = np.random.default_rng(0).integers(0, 255, (*size_hw, 3), np.uint8)
    mask = np.zeros(size_hw, bool)
    mask[: size_hw[0] // 2 + 1, : size_hw[1] // 2 + 1] = True
    (found,) = motions(frame, frame, [mask])
    assert 0 <= found < 0.5


def test_nothing_to_compare_with() -> None:
    before, mask = picture(0, 0)
    assert motions(before, picture(0, 5)[0], []) == []
    assert motions(before, picture(0, 5)[0], [np.ones_like(mask)]) == [0.0]
