from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.data.context_clips import (
    ReferenceSettings,
    choose_reference,
    draw_context,
    plain_context,
    render_context,
)
from segue.data.label_clips import LabelClipSettings, LabelFootage
from segue.data.sample import VideoSequence
from segue.data.strong_views import StrongViewSettings, strengthen
from segue.errors import SettingsError
from segue.media.png import write_png

TABLE = np.arange(256, dtype=np.uint8)
CALM = LabelClipSettings(length=2, size_hw=(16, 24), flip=0, crop=0)


def footage(
    folder: Path, num_frames: int, labelled: tuple[int, ...], sizes: tuple[tuple[int, int], ...] = ((16, 24),)
) -> LabelFootage:  # fmt: skip
    """A video whose frame i is grey i * 10, with the label i."""
    frames, masks = [], []
    for i in range(num_frames):
        size = sizes[i % len(sizes)]
        frames.append(folder / f"frame_{i:03}.png")
        write_png(frames[-1], np.full((*size, 3), i * 10, np.uint8))
        masks.append(folder / f"label_{i:03}.png" if i in labelled else None)
        if i in labelled:
            write_png(masks[-1], np.full(size, i, np.uint8))
    return LabelFootage([VideoSequence("video", tuple(frames), tuple(masks))], TABLE)


@given(
    st.integers(1, 90),
    st.integers(0, 1000),
    st.integers(0, 70),
    st.integers(0, 70),
    st.sampled_from(["both", "past"]),
)
def test_references_are_in_range_or_as_far_as_the_video_goes(
    num_frames: int, index: int, one: int, other: int, direction: str
) -> None:
    index %= num_frames
    nearest, farthest = sorted((one, other))
    settings = ReferenceSettings.parse(
        {"nearest": nearest, "farthest": farthest, "direction": direction}
    )
    first, last = 0, num_frames - 1 if direction == "both" else index
    allowed = [i for i in range(first, last + 1) if nearest <= abs(i - index) <= farthest]
    for rng in (None, np.random.default_rng(0)):
        chosen = choose_reference(index, num_frames, settings, rng)
        assert 0 <= chosen <= last
        if allowed:
            assert chosen in allowed
        else:
            assert abs(chosen - index) == max(index - first, last - index)


def test_a_video_with_one_frame_is_its_own_reference() -> None:
    assert choose_reference(0, 1, ReferenceSettings()) == 0


def test_fewer_frames_than_the_distance_give_the_farthest_one() -> None:
    settings = ReferenceSettings(nearest=30, farthest=60)
    assert [choose_reference(i, 10, settings) for i in (0, 3, 9)] == [9, 9, 0]
    past = ReferenceSettings(nearest=30, farthest=60, direction="past")
    assert [choose_reference(i, 10, past) for i in (0, 3, 9)] == [0, 0, 0]


def test_a_range_that_is_none() -> None:
    with pytest.raises(SettingsError, match=r"earest = 8 is more than farthest = 2: exchange them"):
        ReferenceSettings.parse({"nearest": 8, "farthest": 2})


def test_the_answered_frame_is_the_last_and_the_reference_far_away(tmp_path: Path) -> None:
    held = footage(tmp_path, 12, labelled=(6,))
    reference = ReferenceSettings(nearest=4, farthest=5)
    for seed in range(10):
        rng = np.random.default_rng(seed)
        clip = render_context(held, draw_context(held, (0, 6), CALM, reference, rng))
        assert clip.frames[:, 8, 12, 0].tolist() == [50, 60]
        assert int(clip.reference[8, 12, 0]) in (10, 20, 100, 110)
        assert (clip.labels == 6).all()
    rng = np.random.default_rng(0)
    back = draw_context(held, (0, 6), CALM, reference, rng, reverse=1.0)
    assert render_context(held, back).frames[:, 8, 12, 0].tolist() == [70, 60]


def test_a_clip_from_one_frame_moves_and_its_reference_is_another_frame(tmp_path: Path) -> None:
    held = footage(tmp_path, 8, labelled=(4,))
    still = CALM.model_copy(update={"still": 1.0, "camera_motion": 0.1})
    far = ReferenceSettings(nearest=2, farthest=8)
    record = draw_context(held, (0, 4), still, far, np.random.default_rng(1))
    assert record.clip.frames == (4, 4)
    assert record.clip.matrices[0] != record.clip.matrices[1]
    assert record.reference.frames[0] != 4
    assert record.reference.matrices == record.clip.matrices[-1:]


def test_a_frame_without_label_is_void_everywhere(tmp_path: Path) -> None:
    held = footage(tmp_path, 4, labelled=(1,))
    assert held.unlabelled == ((0, 0), (0, 2), (0, 3))
    record = draw_context(held, (0, 2), CALM, ReferenceSettings(), np.random.default_rng(0))
    assert (render_context(held, record).labels == 255).all()


def test_a_reference_of_another_size_shows_the_same_part(tmp_path: Path) -> None:
    held = footage(tmp_path, 2, labelled=(0,), sizes=((16, 24), (32, 48)))
    picture = np.zeros((32, 48, 3), np.uint8)
    picture[:16, 24:] = 200
    write_png(held.sequences[0].frame_paths[1], picture)
    small = picture[::2, ::2]
    clip = render_context(held, plain_context(held, (0, 0), (16, 24), ReferenceSettings()))
    assert clip.reference.shape == (16, 24, 3)
    assert np.abs(clip.reference.astype(int) - small).mean() < 8
    flipped = CALM.model_copy(update={"flip": 1.0})
    record = draw_context(held, (0, 0), flipped, ReferenceSettings(), np.random.default_rng(0))
    mirrored = render_context(held, record).reference
    assert np.abs(mirrored.astype(int) - small[:, ::-1]).mean() < 8


def test_the_same_draw_gives_the_same_sample(tmp_path: Path) -> None:
    held = footage(tmp_path, 12, labelled=(6,))
    wild = LabelClipSettings(length=2, size_hw=(16, 24), crop=1, colour=0.3, noise=9, still=0.5)

    def drawn(seed: int) -> bytes:
        rng = np.random.default_rng(seed)
        clip = render_context(held, draw_context(held, (0, 6), wild, ReferenceSettings(), rng))
        return clip.frames.tobytes() + clip.reference.tobytes() + clip.labels.tobytes()

    assert drawn(3) == drawn(3)
    assert drawn(3) != drawn(4)


def test_strong_views_keep_places_and_follow_from_their_draw() -> None:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (3, 16, 24, 3), dtype=np.uint8)
    views = [strengthen(frames, StrongViewSettings(), np.random.default_rng(seed)) for seed in (1, 1, 2)]  # fmt: skip
    assert views[0].shape == frames.shape
    assert views[0].dtype == np.uint8
    assert (views[0] == views[1]).all()
    assert (views[0] != views[2]).any()
    plain = StrongViewSettings(colour=0, blur=0, noise=0)
    assert np.abs(strengthen(frames, plain, rng).astype(int) - frames).max() <= 1
    half = np.zeros((1, 16, 24, 3), np.uint8)
    half[:, :, :12] = 255
    seen = strengthen(half, StrongViewSettings(noise=0, colour=0.2), np.random.default_rng(5))
    assert seen[0, :, :8].mean() > seen[0, :, 16:].mean() + 50
