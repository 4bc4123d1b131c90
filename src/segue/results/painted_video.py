"""A video made of the frames and their labels, written while they come or afterwards."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from segue.files import writing
from segue.media.encode import H264, Encoding, Rgba, VideoWriter
from segue.media.frames import VideoFrame
from segue.media.resize import ALL_PIXELS, Resizer
from segue.results.records import FrameRecord
from segue.results.results import Results, Written
from segue.types import Frame, Labels

Paint = Callable[[Frame, Labels], Frame | Rgba]


class PaintedVideo:
    """Paints and encodes frame by frame; a ``LiveWriter``.

    The video begins at time 0, whenever the source does. No file is made before the first frame.

    Args:
        results: Say size and timing.
        target: Where the video belongs.
        scratch: An existing folder for the unfinished file, on the same disk.
        paint: A picture from a frame and its labels.
        max_side: Frames and labels are shrunk before they are painted, as in ``Resizer``.
        encoding: Of the video.
    """

    def __init__(
        self,
        results: Results,
        target: Path,
        scratch: Path,
        paint: Paint,
        *,
        max_side: int = ALL_PIXELS,
        encoding: Encoding = H264,
    ) -> None:
        self._results = results
        self._target = target
        self._partial = scratch / f"{target.name}.partial"
        self._paint = paint
        self._resizer = Resizer.for_max_side(results.size_hw, max_side)
        self._encoding = encoding
        self._begin = Fraction(0)
        self._writer: VideoWriter | None = None

    def add(self, frame: VideoFrame, record: FrameRecord, labels: Labels) -> None:
        """See ``LiveWriter``."""
        with writing(self._target):
            if self._writer is None:
                self._begin = frame.time
                self._writer = self._open()
            image = self._resizer.shrink(frame.image)
            picture = self._paint(image, self._resizer.shrink_labels(labels))
            self._writer.write(picture, frame.time - self._begin)

    def finish(self) -> Written:
        """Move the video to where it belongs; nothing if it has no frame."""
        if self._writer is None:
            return Written()
        with writing(self._target):
            self._writer.__exit__(None, None, None)
        self._writer = None
        return Written((self._target,))

    def close(self) -> None:
        """Let go of the encoder; a video that is not finished is removed."""
        if self._writer is not None:
            self._writer.abandon()

    def _open(self) -> VideoWriter:
        return VideoWriter(
            self._target,
            self._resizer.working_hw,
            self._results.frame_rate,
            self._results.time_base,
            self._results.pixel_aspect,
            self._encoding,
            self._partial,
        )
