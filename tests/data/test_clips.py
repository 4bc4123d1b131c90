from pathlib import Path

import numpy as np
import pytest

from fakes.davis import moving_square, write_davis
from segue.data.clips import Clip, ClipSettings, Footage, draw_clip, load_footage
from segue.data.davis import davis_sequences
from segue.data.object_footage import ObjectFootage
from segue.errors import InputError, MaskError, VideoError

SIZE_HW = (64, 96)
SETTINGS = ClipSettings(size_hw=SIZE_HW, run=2, colour=0.0, paste=0.0, previous_lost=0.0)


def square_footage(colour: tuple[int, int, int], side: int = 24) -> Footage:
    """A square of one colour that moves right over a grey ground."""
    frames = np.full((9, 72, 128, 3), 120, np.uint8)
    masks = np.zeros((9, 72, 128), bool)
    for t in range(9):
        frames[t, 20 : 20 + side, 10 + 6 * t : 10 + 6 * t + side] = colour
        masks[t, 20 : 20 + side, 10 + 6 * t : 10 + 6 * t + side] = True
    return Footage(frames, masks)


def draw(settings: ClipSettings, seed: int, *colours: tuple[int, int, int]) -> Clip:
    return draw_clip([square_footage(c) for c in colours], settings, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(8))
def test_masks_stay_on_their_object_through_every_warp(seed: int) -> None:
    clip = draw(SETTINGS, seed, (250, 0, 0))
    assert clip.frames.shape == (3, *SIZE_HW, 3)
    for frame, mask in zip(clip.frames, clip.masks, strict=True):
        red = (frame[..., 0].astype(int) - frame[..., 1]) > 125
        # Interpolation blurs a rim of a pixel or two.
        assert (red ^ mask).sum() <= 0.12 * max(200, mask.sum())


def test_the_same_seed_gives_the_same_clip() -> None:
    settings = ClipSettings(size_hw=SIZE_HW, run=2)
    one, other = (draw(settings, 3, (250, 0, 0), (0, 0, 250)) for _ in range(2))
    third = draw(settings, 4, (250, 0, 0), (0, 0, 250))
    assert np.array_equal(one.frames, other.frames)
    assert np.array_equal(one.masks, other.masks)
    assert np.array_equal(one.previous, other.previous)
    assert not np.array_equal(one.frames, third.frames)


def test_a_pasted_object_is_visible_and_never_in_the_mask_of_the_other() -> None:
    settings = SETTINGS.model_copy(update={"paste": 1.0, "paste_target": 0.0})
    seen = 0
    for seed in range(12):
        clip = draw(settings, seed, (250, 0, 0), (0, 0, 250))
        blue = (clip.frames[..., 2].astype(int) - clip.frames[..., 0]) > 100
        red = (clip.frames[..., 0].astype(int) - clip.frames[..., 2]) > 100
        if blue.any() and red.any():
            seen += 1
            # The followed object is the main one: red or blue, but never both.
            inside_red, inside_blue = (red & clip.masks).sum(), (blue & clip.masks).sum()
            assert min(inside_red, inside_blue) <= 0.15 * max(inside_red, inside_blue)
    assert seen >= 3


def test_a_lost_previous_mask_is_empty_and_a_damaged_one_is_near_the_object() -> None:
    lost = draw(SETTINGS.model_copy(update={"previous_lost": 1.0}), 0, (250, 0, 0))
    assert not lost.previous.any()
    clips = [draw(SETTINGS, seed, (250, 0, 0)) for seed in range(6)]
    for clip in clips:
        if clip.masks[1].sum() > 200:
            assert clip.previous.any()


def test_footage_without_an_object_is_refused() -> None:
    empty = Footage(np.zeros((6, 72, 128, 3), np.uint8), np.zeros((6, 72, 128), bool))
    with pytest.raises(ValueError, match="masks empty"):
        draw_clip([empty], SETTINGS, np.random.default_rng(0))


def test_frames_that_cannot_be_read_are_left_out_of_footage(tmp_path: Path) -> None:
    root = write_davis(tmp_path, {"bear": moving_square(6, size_hw=(64, 96))}, split="train")
    (bear,) = davis_sequences(root, "train")
    assert load_footage([bear])[0].frames.shape == (6, 64, 96, 3)
    for path in (bear.frame_paths[1], bear.mask_paths[4]):
        assert path is not None
        path.write_bytes(path.read_bytes()[:80])
    with pytest.warns(UserWarning, match=r"without 2 frames that cannot be read: .*00001.*00004"):
        (found,) = load_footage([bear])
    assert len(found.frames) == len(found.masks) == 4
    kept = ObjectFootage([bear], "foreground", in_memory=True)
    assert kept.ids(0, 0).any()
    with pytest.raises(VideoError, match=r"00001.* is not a whole image"):
        kept.frame(0, 1)
    with pytest.raises(MaskError, match=r"00004.* is not a readable mask"):
        kept.ids(0, 4)
    for path in bear.frame_paths:
        path.write_bytes(b"")
    with pytest.raises(InputError, match="'bear' has no frame that can be read with its mask"):
        load_footage([bear])
