"""The task of tracking: masks of given objects, and numbers about each object on each frame."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from segue.inference.identity import identify_masks
from segue.inference.places import TRACKS, Outputs
from segue.inference.track import check_plan
from segue.media.video import Video
from segue.models.catalog import VideoKind
from segue.models.interface import VideoModel
from segue.results.documents import TRACK_DOCUMENTS
from segue.types import Labels


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
    def kind(self) -> VideoKind:
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

    def check(self, video: Video, working_hw: tuple[int, int]) -> None:
        """Refuse masks that do not go with the video.

        Raises:
            MaskError: As in ``check_plan``.
        """
        if self.masks:
            check_plan(video, self.masks, working_hw, partial=self.partial)

    def adapt(self, model: VideoModel[Any]) -> VideoModel[Any]:
        """The model as it is."""
        return model

    @property
    def documents(self) -> tuple[str, ...]:
        """``tracks.json``, ``reuse.png`` and the overlay video."""
        return tuple(name for name in TRACK_DOCUMENTS if self.overlay or name != "overlay")
