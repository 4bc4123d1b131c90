"""What every kind of source gives, whatever it is."""

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fakes.media_pictures import picture
from segue.media.frames import SourceDescription
from segue.media.video import Video, open_video

FRAMES = [picture(i) for i in range(6)]
KINDS = ("file", "folder", "pages", "arrays", "iterator", "span of a file", "span of arrays")


@pytest.fixture(params=KINDS)
def source(
    request: pytest.FixtureRequest, make_video: Callable[..., Path], tmp_path: Path
) -> tuple[str, Any, dict[str, Any]]:
    """The kind, something to open, and how."""
    kind = request.param
    images = [Image.fromarray(frame) for frame in FRAMES]
    if kind == "pages":
        images[0].save(tmp_path / "a.tif", save_all=True, append_images=images[1:])
    for index, image in enumerate(images):
        (tmp_path / "clip").mkdir(exist_ok=True)
        image.save(tmp_path / "clip" / f"{index}.png")
    sources: dict[str, Any] = {
        "folder": tmp_path / "clip",
        "pages": tmp_path / "a.tif",
        "arrays": FRAMES,
        "iterator": iter(FRAMES),
        "span of arrays": FRAMES,
    }
    options = {"start": 1, "every": 2} if kind.startswith("span") else {}
    return kind, sources.get(kind) or make_video(frames=FRAMES), options


def test_a_video_is_what_it_says(source: tuple[str, Any, dict[str, Any]]) -> None:
    kind, given, options = source
    video = open_video(given, **options)
    assert isinstance(video, Video)
    assert open_video(video) is video
    assert isinstance(video.description, SourceDescription)
    frames = list(video)
    assert [f.index for f in frames] == [1, 3, 5] if options else list(range(6))
    assert video.num_frames in (len(frames), None)
    assert (video.num_frames is None) == (kind == "iterator")
    assert frames[0].time == video.description.start_time
    assert video.frame_rate == Fraction(25, options.get("every", 1))
    assert video.damaged == ()
    assert all(path.is_file() for path in video.files)
    assert bool(video.files) == (kind not in ("arrays", "iterator", "span of arrays"))
    assert bool(video.choices) == bool(options)
    assert all(earlier.time < later.time for earlier, later in pairwise(frames))
    for frame in frames:
        assert frame.index in video.indices
        assert frame.image.shape == (*video.size_hw, 3)
        assert frame.image.dtype == np.uint8
        assert (frame.time / video.time_base).denominator == 1
        if video.frame_names is not None:
            assert video.frame_names[frame.index] == frame.name
    if kind != "iterator":
        assert [f.index for f in video] == [f.index for f in frames]
