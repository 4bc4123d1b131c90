"""The media layer on real clips and masks."""

import os
from pathlib import Path

import numpy as np
import pytest

from segue.media.mask_args import read_masks
from segue.media.masks import check_masks, object_ids, read_mask
from segue.media.video import open_video

SHARED = Path(os.environ.get("SEGUE_SHARED", Path(__file__).parents[2] / ".." / "shared")) / "data"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not SHARED.is_dir(), reason=f"no real sequences in {SHARED}"),
]


def test_clips_decode_to_the_last_frame() -> None:
    clips = sorted((SHARED / "clips").glob("*.mp4"))
    assert len(clips) >= 5
    for clip in clips:
        video = open_video(clip)
        count, last = 0, None
        for frame in video:
            assert last is None or frame.time > last
            count, last = count + 1, frame.time
        assert count == video.num_frames, clip


def test_soft_mask_of_a_clip_is_one_object() -> None:
    frame = next(iter(open_video(SHARED / "clips" / "cotracker_apple.mp4")))
    mask = read_mask(SHARED / "clips" / "cotracker_apple_mask.png")
    assert mask.labels.shape == frame.image.shape[:2]
    assert object_ids(mask.labels) == [1]


def test_palette_masks_of_many_objects() -> None:
    folder = SHARED / "multi_object"
    given = read_masks([str(folder / "Annotations" / "schoolgirls")])
    assert len(given.by_frame) == open_video(folder / "schoolgirls.mp4").num_frames
    assert object_ids(given.by_frame[0]) == list(range(1, 8))
    check_masks({index: given.by_frame[index] for index in (0, 1)})


def test_folder_of_jpeg_frames() -> None:
    video = open_video(SHARED / "davis2016_val_dev" / "JPEGImages" / "480p" / "blackswan")
    frames = list(video)
    assert video.size_hw == (480, 854)
    assert [frame.name for frame in frames[:2]] == ["00000", "00001"]
    assert 20 < np.mean(frames[0].image) < 235
