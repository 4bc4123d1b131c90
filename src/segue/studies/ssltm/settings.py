"""What a row of these studies depends on."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from segue.data.label_budget import LabelBudget
from segue.settings import Settings

Count = Annotated[int, Field(ge=1)]


class VideoSettings(Settings):
    """The videos that are scored."""

    layout: Literal["camvid"]
    root: Path
    split: str = "val"


class FootageSettings(Settings):
    """The videos that are learned from."""

    root: Path | None = None
    """``None``: the dataset that is scored."""
    split: str = "train"


class RowSettings(Settings):
    """One network, how it learns, and how it goes through the videos."""

    data: VideoSettings
    footage: FootageSettings = FootageSettings()
    network: str
    """Name of the trained network, which all rows with the same name share."""
    learn: Literal["supervised", "teacher", "iterative"] = "supervised"
    variant: str = "ssltm-lite"
    """A name from the table of networks that ``segue train`` knows."""
    model: dict[str, Any] = Field(default_factory=dict)
    """Settings of the network that differ from the variant's."""
    streaming: dict[str, Any] = Field(default_factory=dict)
    """Settings that differ when it goes through the videos."""
    labels: LabelBudget = LabelBudget(every=8)
    """Which labels count in training."""
    steps: Count | None = None
    """Of the training; ``None``: those of ``configs/ssltm``."""
    training: dict[str, Any] = Field(default_factory=dict)
    """Further settings of the training, nested."""
    share_maps: bool = False
    """Whether maps of the frozen trunk are kept on disk for the rows to come; the training needs ``clips.views``."""
    clean_distance: Annotated[int, Field(ge=1)] = 60
    """A frame is clean if the frame so far before it shows all its classes, see ``camvid-by-reference``."""
    seeds: Annotated[tuple[int, ...], Field(min_length=1)] = (0, 1)
    """One training each."""
    device: Literal["cpu", "cuda"] = "cpu"

    @property
    def root(self) -> Path:
        """Of the videos that are learned from."""
        return (self.footage.root or self.data.root).resolve()
