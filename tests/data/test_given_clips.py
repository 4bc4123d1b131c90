import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.data.given_clips import (
    GivenClipSettings,
    MaskedFrame,
    draw_given_clip,
    draw_labelled_clip,
)
from segue.errors import InputError

PLAIN = GivenClipSettings(size_hw=(64, 96), length=3, colour=0.0)


def masked(index: int, left: int = 30, number: int = 1, void: bool = False) -> MaskedFrame:
    """A bright square on grey; the picture says itself where the object is, and by its green which frame it is."""
    labels = np.zeros((64, 96), np.uint8)
    labels[20:44, left : left + 24] = number
    frame = np.full((64, 96, 3), 60, np.uint8)
    frame[labels == number] = 220
    frame[..., 1] = 10 * index
    if void:
        labels[:, :20] = 255
    return MaskedFrame(index, frame, labels)


def test_a_clip_is_its_seed() -> None:
    frames = [masked(0), masked(20, 50)]
    first, same, other = (
        draw_given_clip(frames, PLAIN, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert np.array_equal(first.frames, same.frames)
    assert np.array_equal(first.labels, same.labels)
    assert not np.array_equal(first.labels, other.labels)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5), st.sampled_from([1, 7, 254]))
def test_masks_lie_on_the_object_whatever_the_view(seed: int, length: int, number: int) -> None:
    wanted = PLAIN.model_copy(update={"length": length})
    clip = draw_given_clip([masked(0, number=number)], wanted, np.random.default_rng(seed))
    assert clip.frames.shape == (1 + length, 64, 96, 3)
    assert set(np.unique(clip.labels)) <= {0, number}
    assert (clip.labels[0] == number).sum() >= 16
    bright = clip.frames[..., 0] > 140
    assert (bright != (clip.labels == number)).mean() < 0.05


def test_void_and_what_the_anchor_does_not_show_are_background() -> None:
    frames = [masked(0, void=True), masked(20, number=2)]
    for seed in range(10):
        clip = draw_given_clip(frames, PLAIN, np.random.default_rng(seed))
        anchored = set(np.unique(clip.labels[0]))
        assert anchored in ({0, 1}, {0, 2}, {1}, {2})
        assert set(np.unique(clip.labels)) <= anchored | {0}


def shown_frames(frames: list[MaskedFrame], max_gap: int) -> list[list[int]]:
    """The numbers of the frames that the clips show, behind their anchors."""
    chosen = PLAIN.model_copy(update={"max_gap": max_gap})
    clips = [draw_given_clip(frames, chosen, np.random.default_rng(seed)) for seed in range(30)]
    return [[round(float(f[..., 1].mean()) / 10) for f in clip.frames[1:]] for clip in clips]


def test_masked_neighbours_follow_each_other_in_either_direction() -> None:
    found = shown_frames([masked(k) for k in (0, 2, 4, 20)], max_gap=2)
    assert [0, 2, 4] in found
    assert [4, 2, 0] in found
    assert [20, 20, 20] in found
    assert not any(20 in clip and len(set(clip)) > 1 for clip in found)


def test_frames_far_apart_stand_still_and_anchors_are_others() -> None:
    found = shown_frames([masked(0), masked(20, 50)], max_gap=4)
    assert {tuple(clip) for clip in found} == {(0, 0, 0), (20, 20, 20)}


def test_a_frame_without_objects_is_no_anchor_but_may_be_in_a_run() -> None:
    empty = MaskedFrame(9, np.full((64, 96, 3), 60, np.uint8), np.zeros((64, 96), np.uint8))
    clips = [
        draw_given_clip([masked(0), empty], PLAIN, np.random.default_rng(seed))
        for seed in range(20)
    ]
    assert all(clip.labels[0].any() for clip in clips)
    assert any(not clip.labels[1:].any() for clip in clips)


def test_nothing_to_see_is_said() -> None:
    empty = MaskedFrame(0, np.zeros((64, 96, 3), np.uint8), np.full((64, 96), 255, np.uint8))
    assert not empty.shows_objects
    with pytest.raises(InputError, match=r"No clip with an object.*Are the masks empty"):
        draw_given_clip([empty], PLAIN, np.random.default_rng(0))


def test_classes_keep_their_numbers_and_void() -> None:
    one = masked(0, number=7, void=True)
    seen = set[int]()
    for seed in range(10):
        clip = draw_labelled_clip([one], PLAIN, np.random.default_rng(seed))
        assert clip.frames.shape == (3, 64, 96, 3)
        seen |= set(np.unique(clip.labels).tolist())
    assert seen == {0, 7, 255}
