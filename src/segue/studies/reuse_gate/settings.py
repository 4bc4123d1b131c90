"""What a row of these studies depends on."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from segue.nn.reuse.settings import ReuseSettings
from segue.settings import Settings

Count = Annotated[int, Field(ge=1)]


class DataSettings(Settings):
    """The videos."""

    layout: str
    root: Path
    split: str | None = None
    """``None``: that of the layout."""
    every: Count = 1
    """Every so manieth sequence of the list, from the first on."""
    frames: Count | None = None
    """The first frames of each sequence; ``None``: all."""


class LearnedSettings(Settings):
    """A short training that gives a row its weights."""

    name: str
    """Of its folder; rows with the same name share it."""
    config: str
    """A file in ``configs/``."""
    gives: str
    """The name of the weights that come out."""
    begins_with: str = ""
    """The name of the weights that it begins with; "" for none."""
    changes: dict[str, Any] = Field(default_factory=dict)
    """Settings that differ from those of the file, nested."""


class MeasureSettings(Settings):
    """One way to run one model over the videos."""

    data: DataSettings
    model: str = ""
    """A name from the table of models; "" for a row of published numbers alone."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Settings of the model besides those of its gate."""
    reuse: ReuseSettings | None = ReuseSettings()
    """``None``: the model has no gate."""
    gate: Literal["learned", "oracle"] = "learned"
    """Who says how alike two frames are: the model, or the true masks of both."""
    trained_as: str = ""
    """The name its weights go by, where that is not the model's."""
    weights: dict[str, Path] = Field(default_factory=dict)
    """Files by name; what is not named is what ships."""
    training: LearnedSettings | None = None
    """``None``: nothing is trained for the row."""
    training_root: Path | None = None
    """The dataset whose split ``train`` is learned from; ``None``: the one that is measured on."""
    device: str = "cpu"
