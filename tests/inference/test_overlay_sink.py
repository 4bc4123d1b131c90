"""The overlay video: as large as the source, up to 1920 pixels."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from segue.inference.sinks import Overlay
from segue.media.overlay import overlay_colours, paint
from segue.media.video import ArrayVideo, open_video
from segue.types import Prediction


@pytest.mark.parametrize(
    ("size_hw", "expected_hw"),
    [((40, 64), (40, 64)), ((1080, 1920), (1080, 1920)), ((120, 3840), (60, 1920))],
)
def test_no_side_exceeds_1920(
    tmp_path: Path, size_hw: tuple[int, int], expected_hw: tuple[int, int]
) -> None:
    height, width = size_hw
    frame = np.full((height, width, 3), 90, np.uint8)
    labels = np.zeros(size_hw, np.uint8)
    labels[:, width // 2 :] = 1
    video = ArrayVideo([frame, frame])
    sink = Overlay(tmp_path / "part.mp4", tmp_path / "overlay.mp4", video, paint)
    for one in video:
        sink.write(one, Prediction(labels))
    sink.finish()
    written = open_video(tmp_path / "overlay.mp4")
    assert written.size_hw == expected_hw
    assert written.frame_rate == Fraction(25)
    first, _ = written
    height, width = expected_hw
    assert np.abs(first.image[height // 2, width // 4].astype(int) - 90).max() < 8
    painted = overlay_colours()[1] / 2 + 45
    assert np.abs(first.image[height - 8, width * 7 // 8] - painted).max() < 40
