"""What a row of these studies depends on."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from segue.settings import Settings
from segue.studies.reuse_gate.settings import DataSettings

Count = Annotated[int, Field(ge=1)]
BOTH = ("backbone", "rpn")
"""What rests in the second stage of the report."""


class VideoSettings(DataSettings):
    """The videos that are scored."""

    sequences: tuple[str, ...] = ()
    """Only these; none: all."""


class FootageSettings(Settings):
    """The sequences that the second stage learns from."""

    root: Path | None = None
    """``None``: the dataset that is scored."""
    layout: str = "davis2017"
    split: str = "train"


class RowSettings(Settings):
    """One network, and how it is made and scored."""

    data: VideoSettings
    model: Literal["slowfast", "slowfast-lite"] = "slowfast"
    slow: int = 3
    fast: int = 7
    module: bool = True
    """``false``: the detector alone."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Further settings of the model, in training and in use."""
    detector: Path | None = None
    """What every row begins with: weights of the model, or for ``slowfast`` a ``.pth`` file of torchvision; ``None``:
    what ships."""
    train_detector: bool = False
    """Train the detector first, in the place of one that is given."""
    network: str = ""
    """Name of the trained network, which rows with the same name share; empty: by its paths."""
    footage: FootageSettings = FootageSettings()
    steps: Count | None = None
    """Steps of the second stage; ``None``: 20 epochs, as in the report."""
    learning_rate: Annotated[float, Field(gt=0)] | None = None
    """Of the second stage; ``None``: that of the published training."""
    frozen: tuple[str, ...] = BOTH
    """What rests in the second stage."""
    training: dict[str, Any] = Field(default_factory=dict)
    """Further settings of the second stage that differ from the published ones, nested."""
    first_stage: dict[str, Any] = Field(default_factory=dict)
    """The same for the training of the detector."""
    share_maps: bool = False
    """Whether the features of training frames are kept on disk for the rows to come, where the backbone rests: 1.2 MB a
    frame of ``slowfast-lite``, some 40 MB of ``slowfast``."""
    finetune: dict[str, Any] | None = None
    """Settings of the fine-tuning to each sequence by its first mask; ``None``: there is none."""
    seeds: Annotated[tuple[int, ...], Field(min_length=1)] = (63,)
    """One training each; 63 is that of the released code."""
    device: Literal["cpu", "cuda"] = "cpu"

    @property
    def network_name(self) -> str:
        """See ``network``."""
        paths = f"{self.slow}-{self.fast}" if self.module else "detector"
        return self.network or f"slowfast-{paths}"

    @property
    def used_seeds(self) -> tuple[int, ...]:
        """Those that make a difference: the detector alone is the same for all."""
        return self.seeds if self.module or self.finetune else self.seeds[:1]

    @property
    def network_options(self) -> dict[str, Any]:
        """Settings of the model with its paths."""
        if not self.module:
            return {**self.options, "module": False}
        return {**self.options, "slow": self.slow, "fast": self.fast}
