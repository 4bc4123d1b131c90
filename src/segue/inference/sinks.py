"""Where results go as they come, whatever they are: label files, lines about frames, an overlay video."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from segue.errors import OutputError
from segue.files import writing
from segue.media.encode import VideoWriter
from segue.media.palette import write_mask
from segue.media.resize import Resizer
from segue.media.video import Video, VideoFrame
from segue.types import Frame, Labels, Prediction

_OVERLAY_SIDE = 1920


class LabelFolder:
    """One palette PNG per frame, named like the frame."""

    part = "write"
    replays = False

    def __init__(self, folder: Path, colours: UInt8[np.ndarray, "256 3"] | None = None) -> None:
        """Take a folder that exists.

        Args:
            folder: Where to write.
            colours: As in ``write_mask``.
        """
        self.folder = folder
        self._colours = colours

    def write(self, frame: VideoFrame, prediction: Prediction) -> None:
        """Store one frame's labels.

        Raises:
            WriteError: The system refuses.
        """
        path = self.folder / f"{frame.name}.png"
        with writing(path):
            write_mask(path, prediction.labels, self._colours)

    def read(self, frame: VideoFrame) -> Labels:
        """The labels that an earlier run stored for a frame.

        Raises:
            OutputError: They are gone or damaged.
        """
        path = self.folder / f"{frame.name}.png"
        try:
            # Not by the reader of users' masks: that one renumbers, and refuses empty frames.
            with Image.open(path) as image:
                labels: Labels = np.array(image, dtype=np.uint8)
            return labels
        except (OSError, ValueError, SyntaxError):
            raise OutputError(
                f"{path} was written before the interruption, but cannot be read any more. "
                "Start again from the first frame.",
                option="Pass --overwrite.",
            ) from None

    def finish(self) -> Mapping[str, Any]:
        """Nothing is left to do."""
        return {}

    def close(self) -> None:
        """Nothing is open."""


class LineLog:
    """A line of text per frame, appended while a job runs; a killed job's lines are taken over."""

    def __init__(self, path: Path, keep: int = 0) -> None:
        """Open the log, with the first ``keep`` lines of an earlier run.

        Raises:
            OutputError: The earlier run left fewer lines.
            WriteError: The system refuses.
        """
        self.path = path
        with writing(path):
            self._cut(keep)
            self._file: TextIO = path.open("a", encoding="utf-8")

    def append(self, line: str) -> None:
        """One line, on disk when the call returns.

        Raises:
            WriteError: The system refuses.
        """
        with writing(self.path):
            self._file.write(line + "\n")
            self._file.flush()

    def __iter__(self) -> Iterator[str]:
        """All lines so far, without their ends."""
        with self.path.open(encoding="utf-8") as lines:
            for line in lines:
                yield line.rstrip("\n")

    def close(self) -> None:
        """Let go of the file; a disk that refuses has refused before."""
        with suppress(OSError):
            self._file.close()

    def _cut(self, keep: int) -> None:
        # In bytes and by whole lines, since a killed process may leave half a line at the end.
        with self.path.open("a+b") as file:
            file.seek(0)
            for number in range(keep):
                if not file.readline().endswith(b"\n"):
                    raise OutputError(
                        f"{self.path} should hold {keep} frames of the interrupted run, but holds "
                        f"{number}. Start again from the first frame.",
                        option="Pass --overwrite.",
                    )
            file.truncate(file.tell())


class Overlay:
    """The video with the labels painted in, written next to the resume data and moved at the end.

    It begins at time 0, whenever the source does. It is for people to look at: no side exceeds 1920 pixels, since at 4K
    the encoder alone would take more time than the network, and half a gigabyte of memory.
    """

    part = "overlay"
    replays = True

    def __init__(
        self, path: Path, target: Path, video: Video, paint: Callable[[Frame, Labels], Frame]
    ) -> None:
        """Prepare; no file is made before the first frame.

        Args:
            path: Where it is written.
            target: Where it belongs.
            video: Has its aspect and its timing.
            paint: A new frame from a frame and its labels.
        """
        self._path = path
        self._target = target
        self._resizer = Resizer.for_max_side(video.size_hw, _OVERLAY_SIDE)
        self._format = (self._resizer.working_hw, video.frame_rate, video.time_base)
        self._pixel_aspect = video.description.pixel_aspect
        self._begin = Fraction(0)
        self._paint = paint
        self._writer: VideoWriter | None = None

    def write(self, frame: VideoFrame, prediction: Prediction) -> None:
        """Paint and encode one frame.

        Raises:
            WriteError: The system refuses.
        """
        with writing(self._path):
            if self._writer is None:
                self._begin = frame.time
                writer = VideoWriter(self._path, *self._format, self._pixel_aspect)
                self._writer = writer.__enter__()
            image = self._resizer.shrink(frame.image)
            labels = self._resizer.shrink_labels(prediction.labels)
            self._writer.write(self._paint(image, labels), frame.time - self._begin)

    def finish(self) -> Mapping[str, Any]:
        """Close the video and move it to where it belongs; nothing if it has no frame.

        Raises:
            WriteError: The system refuses.
        """
        if self._writer is not None:
            with writing(self._target):
                self._end()
                os.replace(self._path, self._target)
        return {}

    def close(self) -> None:
        """Close the encoder, without hiding an earlier failure behind a second one."""
        with suppress(OSError):
            self._end()

    def _end(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.__exit__(None, None, None)
