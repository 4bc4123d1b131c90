"""Where results go as they come: mask files, a log of numbers, an overlay video."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

import cv2
import numpy as np
from PIL import Image

from segue.errors import OutputError
from segue.inference.atomic import writing
from segue.media.atomic import replacing
from segue.media.encode import VideoWriter
from segue.media.masks import write_mask
from segue.media.overlay import paint
from segue.media.video import Video, VideoFrame
from segue.types import Labels, Prediction


class MaskFolder:
    """One palette PNG per frame, named like the frame."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, frame: VideoFrame, labels: Labels) -> None:
        """Store one frame's labels.

        Raises:
            WriteError: The system refuses.
        """
        path = self.folder / f"{frame.name}.png"
        with writing(path):
            write_mask(path, labels)

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
                "Start again with --overwrite."
            ) from None


class TrackLog:
    """Numbers per frame, appended line by line while the job runs, one JSON document at its end."""

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

    def append(self, frame: VideoFrame, prediction: Prediction) -> None:
        """One line about one frame, on disk when the call returns.

        Raises:
            WriteError: The system refuses.
        """
        with writing(self.path):
            self._file.write(json.dumps(describe(frame, prediction)) + "\n")
            self._file.flush()

    def finish(self, path: Path, header: Mapping[str, Any]) -> None:
        """Write ``tracks.json``: the header, then ``frames`` with one line each.

        Raises:
            WriteError: The system refuses.
        """
        opening = json.dumps(dict(header), indent=2).removesuffix("\n}")
        with (
            replacing(path) as temporary,
            temporary.open("w", encoding="utf-8") as out,
            self.path.open(encoding="utf-8") as lines,
        ):
            out.write(f'{opening},\n  "frames": [')
            for number, line in enumerate(lines):
                out.write(f"{',' if number else ''}\n    {line.rstrip()}")
            out.write("\n  ]\n}\n")

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
                        f"{number}. Start again with --overwrite."
                    )
            file.truncate(file.tell())


class Overlay:
    """The video with the objects painted in, written next to the resume data and moved at the end."""

    def __init__(self, path: Path, video: Video) -> None:
        self._path = path
        self._timing = (video.size_hw, video.frame_rate, video.time_base)
        self._writer: VideoWriter | None = None

    def write(self, frame: VideoFrame, labels: Labels) -> None:
        """Paint and encode one frame.

        Raises:
            WriteError: The system refuses.
        """
        with writing(self._path):
            if self._writer is None:
                self._writer = VideoWriter(self._path, *self._timing).__enter__()
            self._writer.write(paint(frame.image, labels), frame.time)

    def finish(self, target: Path) -> None:
        """Close the video and move it to where it belongs; nothing if it has no frame.

        Raises:
            WriteError: The system refuses.
        """
        if self._writer is not None:
            with writing(target):
                self.close()
                os.replace(self._path, target)

    def close(self) -> None:
        """Close the encoder."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.__exit__(None, None, None)


def describe(frame: VideoFrame, prediction: Prediction) -> dict[str, Any]:
    """What ``tracks.json`` says about one frame.

    Area in pixels; box ``x0 y0 x1 y1`` with the far side excluded; centroid ``x y`` with whole numbers at
    pixel centres; box and centroid are null for an object without pixels; time in seconds.
    """
    objects: dict[str, Any] = {}
    for object_id, score in sorted(prediction.scores.items()):
        mask = prediction.mask(object_id).view(np.uint8)
        moments = cv2.moments(mask, binaryImage=True)
        area = round(moments["m00"])
        left, top, width, height = cv2.boundingRect(mask)
        objects[str(object_id)] = {
            "area": area,
            "box_xyxy": [left, top, left + width, top + height] if area else None,
            "centroid_xy": [round(moments[m] / area, 2) for m in ("m10", "m01")] if area else None,
            "confidence": round(score.confidence, 4),
            "absent": score.absent,
        }
    return {
        "name": frame.name,
        "index": frame.index,
        "time": round(float(frame.time), 6),
        "objects": objects,
    }
