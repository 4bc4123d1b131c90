"""The task of labelling: a class for every pixel, how large the classes are, and how much they flicker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from segue.inference.areas import AreaLog
from segue.inference.cityscapes_ids import CityscapesIds
from segue.inference.class_colours import class_colours
from segue.inference.flicker import FlickerCount
from segue.inference.places import CLASSES, Outputs, Places
from segue.inference.reuse import reuse_log, whole_frame
from segue.inference.sinks import LabelFolder, LineLog, Overlay
from segue.inference.task import Sink
from segue.media.class_overlay import ClassPainter
from segue.media.resize import Resizer
from segue.media.video import DEFAULT_FRAME_RATE, Video
from segue.models.catalog import Kind
from segue.models.interface import VideoModel, as_semantic
from segue.types import Labels

Ids = Literal["model", "cityscapes"]


@dataclass(frozen=True)
class LabelTask:
    """Name the class of every pixel of the video."""

    ids: Ids = "model"
    """What the label files hold: the model's class numbers, or Cityscapes label ids."""
    overlay: bool = True
    masks: Mapping[int, Labels] = field(default_factory=dict, init=False)
    """None: the model needs frames alone."""

    @property
    def kind(self) -> Kind:
        """It takes models that name classes."""
        return "classes"

    @property
    def outputs(self) -> Outputs:
        """``labels/``, ``areas.csv``, ``areas.png``, ``reuse.png``."""
        return CLASSES

    def identity(self) -> dict[str, Any]:
        """See ``Task``."""
        return {"overlay": self.overlay, "ids": self.ids}

    def check(self, video: Video, max_side: int | None) -> None:
        """Refuse a working size that cannot be.

        Raises:
            SettingsError: ``max_side`` is too small.
        """
        Resizer.for_max_side(video.size_hw, max_side)

    def adapt(self, model: VideoModel[Any]) -> VideoModel[Any]:
        """The model, with the numbers that are asked for.

        Raises:
            SettingsError: It names no classes.
        """
        semantic = as_semantic(model)
        return CityscapesIds(semantic) if self.ids == "cityscapes" else semantic

    def sinks(
        self, model: VideoModel[Any], video: Video, places: Places, done: int
    ) -> Sequence[Sink]:
        """See ``Task``."""
        names = as_semantic(model).classes
        colours = class_colours(names)
        fps = float(video.frame_rate or DEFAULT_FRAME_RATE)
        table, chart, timeline = places.files
        lines = LineLog(places.resume / "areas.csv", keep=done)
        sinks: list[Sink] = [
            LabelFolder(places.labels, colours),
            AreaLog(lines, table, chart, names, colours, 1 / fps),
            FlickerCount(fps),
        ]
        reuse = reuse_log(model, video, places.resume, timeline, whole_frame, done)
        if reuse:
            sinks.append(reuse)
        if self.overlay:
            painter = ClassPainter(names, colours)
            sinks.append(Overlay(places.resume / "overlay.mp4", places.overlay, video, painter))
        return sinks
