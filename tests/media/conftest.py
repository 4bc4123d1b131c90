"""Tiny video files, written with PyAV."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from fakes.media_pictures import picture


@pytest.fixture
def make_video(tmp_path: Path) -> Callable[..., Path]:
    def make(
        name: str = "clip.mp4",
        frames: Sequence[np.ndarray] | None = None,
        *,
        codec: str = "libx264",
        pix_fmt: str = "yuv420p",
        times: Sequence[Fraction] | None = None,
        rotation: tuple[int, bool] | None = None,
        options: dict[str, str] | None = None,
        container_options: dict[str, str] | None = None,
        full_range: bool = False,
    ) -> Path:
        frames = [picture(i) for i in range(6)] if frames is None else frames
        base = Fraction(1, 100) if codec == "gif" else Fraction(1, 90_000)
        path = tmp_path / name
        with av.open(str(path), "w", options=container_options or {}) as container:
            stream = container.add_stream(codec, rate=25)
            stream.height, stream.width = frames[0].shape[:2]
            stream.pix_fmt = pix_fmt
            stream.time_base = base
            stream.options = options or {}
            if times:
                stream.codec_context.time_base = base
            stream.codec_context.thread_count = 1
            if full_range:
                stream.codec_context.color_range = 2
            if rotation:
                stream.set_display_rotation(rotation[0], hflip=rotation[1])
            for index, array in enumerate(frames):
                layout = "rgb24" if array.shape[2] == 3 else "rgba"
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(array), format=layout)
                frame = frame.reformat(format=pix_fmt, dst_color_range=2 if full_range else 1)
                time = times[index] if times else Fraction(index, 25)
                frame.pts, frame.time_base = round(time / base), base
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return make
