"""The task of tracking: masks of given objects, and numbers about each object on each frame."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from segue.files import replacing
from segue.inference.identity import identify_masks
from segue.inference.lost import lost_objects
from segue.inference.places import TRACKS, Outputs, Places
from segue.inference.reuse import ReuseLog, by_object, reuse_log
from segue.inference.sinks import LabelFolder, LineLog, Overlay
from segue.inference.task import Sink
from segue.inference.track import check_plan
from segue.media.overlay import paint
from segue.media.resize import Resizer
from segue.media.video import Video, VideoFrame
from segue.models.catalog import Kind
from segue.models.interface import VideoModel
from segue.types import Labels, ObjectScore, Prediction


@dataclass(frozen=True)
class TrackTask:
    """Carry the objects of given masks through the video, or those that the model finds."""

    masks: Mapping[int, Labels]
    """Frame number -> labels of the frame's size; none for a model that finds objects by itself."""
    sources: Mapping[int, str] = field(default_factory=dict)
    """Where each object id came from, for ``tracks.json``."""
    partial: bool = False
    """Later masks may leave objects out."""
    overlay: bool = True

    @property
    def kind(self) -> Kind:
        """It takes models that follow objects."""
        return "objects"

    @property
    def outputs(self) -> Outputs:
        """``masks/``, ``tracks.json``, ``reuse.png``."""
        return TRACKS

    def identity(self) -> dict[str, Any]:
        """See ``Task``."""
        return {
            "overlay": self.overlay,
            "partial_masks": self.partial,
            "masks": identify_masks(self.masks),
        }

    def check(self, video: Video, max_side: int | None) -> None:
        """Refuse masks that do not go with the video.

        Raises:
            MaskError: As in ``check_plan``.
            SettingsError: ``max_side`` is too small.
        """
        if self.masks:
            check_plan(video, self.masks, partial=self.partial, max_side=max_side)
        else:
            Resizer.for_max_side(video.size_hw, max_side)

    def adapt(self, model: VideoModel[Any]) -> VideoModel[Any]:
        """The model as it is."""
        return model

    def sinks(
        self, model: VideoModel[Any], video: Video, places: Places, done: int
    ) -> Sequence[Sink]:
        """See ``Task``."""
        tracks, chart = places.files
        lines = LineLog(places.resume / "tracks.jsonl", keep=done)
        reuse = reuse_log(model, video, places.resume, chart, by_object, done)
        sinks: list[Sink] = [
            LabelFolder(places.labels),
            TrackLog(lines, tracks, self._header(video), reuse),
        ]
        if reuse:
            sinks.append(reuse)
        if self.overlay:
            sinks.append(Overlay(places.resume / "overlay.mp4", places.overlay, video, paint))
        return sinks

    def _header(self, video: Video) -> dict[str, Any]:
        rate = video.frame_rate
        return {
            "video": video.name,
            "size_hw": list(video.size_hw),
            "frame_rate": str(rate) if rate else None,
            "sources": {str(number): source for number, source in self.sources.items()},
        }


class TrackLog:
    """Numbers per frame and object, one JSON document at the end."""

    part = "write"
    replays = False

    def __init__(
        self,
        lines: LineLog,
        target: Path,
        header: Mapping[str, Any],
        reuse: ReuseLog | None = None,
    ) -> None:
        """Go on with a log.

        Args:
            lines: One per finished frame.
            target: ``tracks.json``.
            header: What stands before the frames.
            reuse: Of a model with a reuse gate: knows how often each object was reused.
        """
        self._lines = lines
        self._target = target
        self._header = header
        self._reuse = reuse

    def write(self, frame: VideoFrame, prediction: Prediction) -> None:
        """One line about one frame, on disk when the call returns.

        Raises:
            WriteError: The system refuses.
        """
        self._lines.append(json.dumps(describe(frame, prediction)))

    def finish(self) -> Mapping[str, Any]:
        """Write the document: the header, then ``frames`` with one line each; returns where objects were lost.

        Raises:
            WriteError: The system refuses.
        """
        header = dict(self._header)
        if self._reuse:
            header["reuse"] = self._reuse.rates()
        opening = json.dumps(header, indent=2).removesuffix("\n}")
        with (
            replacing(self._target) as temporary,
            temporary.open("w", encoding="utf-8") as out,
        ):
            out.write(f'{opening},\n  "frames": [')
            for number, line in enumerate(self._lines):
                out.write(f"{',' if number else ''}\n    {line}")
            out.write("\n  ]\n}\n")
        return {"lost": lost_objects(self._lines)}

    def close(self) -> None:
        """Let go of the log."""
        self._lines.close()


def describe(frame: VideoFrame, prediction: Prediction) -> dict[str, Any]:
    """What ``tracks.json`` says about one frame.

    Area in pixels; box ``x0 y0 x1 y1`` with the far side excluded; centroid ``x y`` with whole numbers at
    pixel centres; box and centroid are null for an object without pixels; time in seconds. With a reuse gate also
    what it said, null where it was not asked, and whether the object was carried over from the last computed frame.
    """
    objects = {
        str(object_id): {
            **_extent(prediction.labels, object_id),
            "confidence": round(score.confidence, 4),
            "absent": score.absent,
            **_reuse(score),
        }
        for object_id, score in sorted(prediction.scores.items())
    }
    return {
        "name": frame.name,
        "index": frame.index,
        "time": round(float(frame.time), 6),
        "objects": objects,
    }


def _extent(labels: Labels, object_id: int) -> dict[str, Any]:
    mask = (labels == object_id).view(np.uint8)
    left, top, width, height = cv2.boundingRect(mask)
    if not width:
        return {"area": 0, "box_xyxy": None, "centroid_xy": None}
    # Moments of the box alone: those of a whole 4K frame take ten milliseconds.
    moments = cv2.moments(mask[top : top + height, left : left + width], binaryImage=True)
    area = round(moments["m00"])
    x, y = left + moments["m10"] / area, top + moments["m01"] / area
    return {
        "area": area,
        "box_xyxy": [left, top, left + width, top + height],
        "centroid_xy": [round(x, 2), round(y, 2)],
    }


def _reuse(score: ObjectScore) -> dict[str, Any]:
    if score.reused is None:
        return {}
    gate = None if score.gate is None else round(score.gate, 4)
    return {"gate": gate, "reused": score.reused}
