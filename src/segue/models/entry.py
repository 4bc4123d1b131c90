"""What the table of models says of one: how it is built, what it does, and what it needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from segue.settings import load_place

VideoKind = Literal["objects", "classes"]
"""What models do that go through videos."""
Kind = VideoKind | Literal["clicks"]
Beginning = Literal["masks", "nothing", "either"]

WHAT_THEY_DO: dict[Kind, str] = {
    "objects": "follows given objects (segue track)",
    "classes": "names the class of every pixel (segue label)",
    "clicks": "makes masks of single frames from clicks (segue mask)",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the table, ours or that of another package."""

    build: str
    """``module:function``; called as ``function(name, settings=..., weights=..., device=...)``."""
    summary: str
    """Half a line for lists and help."""
    kind: Kind = "objects"
    """What the model does: a model of classes is a ``SemanticModel``, one of clicks a ``Clicker``."""
    unweighted: Mapping[str, Any] = field(default_factory=dict)
    """Settings that build the model where no weights ship: to count and time it, not to use it."""
    begins_with: Beginning = "masks"
    """What the model begins a video with: given masks, nothing at all, or either of both."""
    without_masks: Mapping[str, Any] = field(default_factory=dict)
    """``either``: settings with which the model finds objects by itself."""
    weights_without_masks: str = ""
    """``either``: name of the weights that ship for that."""
    gated: bool = False
    """Whether the model has a reuse gate, with a setting ``reuse.threshold``."""
    lookahead: int = 0
    """``VideoModel.lookahead`` with the model's own settings."""
    more_weights: Mapping[str, str] = field(default_factory=dict)
    """Settings that name a file of weights besides the model's own -> the name under which such weights ship."""

    sizing: str = "segue.media.resize:bounded_hw"
    """``module:function``; called as ``function(size_hw, max_side)``. Another one is that of a ``SizingModel``."""

    def working_hw(self, size_hw: tuple[int, int], max_side: int | None) -> tuple[int, int]:
        """Height and width at which the model works on the frames of a video; it is not built for that.

        Args:
            size_hw: Height and width of the video.
            max_side: As in ``bounded_hw``.

        Raises:
            SettingsError: ``max_side`` is too small.
        """
        size: tuple[int, int] = load_place(self.sizing)(size_hw, max_side)
        return size

    @property
    def goes_through_videos(self) -> bool:
        """Whether the model is a ``VideoModel``."""
        return self.kind != "clicks"
