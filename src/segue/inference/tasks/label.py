"""The task of labelling: a class for every pixel, how large the classes are, and how much they flicker."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from segue.inference.cityscapes_ids import CityscapesIds
from segue.inference.places import CLASSES, Outputs
from segue.media.video import Video
from segue.models.catalog import VideoKind
from segue.models.interface import VideoModel, as_semantic
from segue.results.documents import LABEL_DOCUMENTS
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
    sources: Mapping[int, str] = field(default_factory=dict, init=False)
    """None: classes come from nowhere."""

    @property
    def kind(self) -> VideoKind:
        """It takes models that name classes."""
        return "classes"

    @property
    def outputs(self) -> Outputs:
        """``labels/``, ``areas.csv``, ``areas.png``, ``reuse.png``."""
        return CLASSES

    def identity(self) -> dict[str, Any]:
        """See ``Task``."""
        return {"overlay": self.overlay, "ids": self.ids}

    def check(self, video: Video, working_hw: tuple[int, int]) -> None:
        """Nothing: any video can be labelled."""

    def adapt(self, model: VideoModel[Any]) -> VideoModel[Any]:
        """The model, with the numbers that are asked for.

        Raises:
            SettingsError: It names no classes.
        """
        semantic = as_semantic(model)
        return CityscapesIds(semantic) if self.ids == "cityscapes" else semantic

    @property
    def documents(self) -> tuple[str, ...]:
        """``areas.csv``, ``areas.png``, ``reuse.png``, the flicker and the overlay video."""
        return tuple(name for name in LABEL_DOCUMENTS if self.overlay or name != "overlay")
