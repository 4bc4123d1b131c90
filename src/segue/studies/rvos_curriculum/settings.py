"""Settings of a row: a training, how often, and how its networks are scored."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from segue.models.rvos.merging import Merging
from segue.settings import Settings
from segue.training.tasks.rvos import TrainingSettings


class ScoringSettings(Settings):
    """The sequences that trained networks are carried through, and by which rules."""

    root: Path | None = None
    """Of the data set; ``None``: that of the training."""
    split: str = "val"
    left_out: tuple[str, ...] = ()
    """Sequences of the split that are not scored."""
    merging: Merging = "surest"
    when_empty: Literal["keep", "drop"] = "keep"
    later: Literal["given", "predicted"] = "given"
    """These three as in ``RVOSSettings``."""


class CurriculumSettings(TrainingSettings):
    """Everything that a row depends on."""

    seeds: Annotated[tuple[int, ...], Field(min_length=1)] = (0, 1)
    """One training each, in the place of ``loop.seed``."""
    scoring: ScoringSettings = ScoringSettings()

    def training(self, seed: int) -> TrainingSettings:
        """The settings of one of its trainings."""
        values = self.model_dump(mode="json", exclude={"seeds", "scoring"})
        values["loop"]["seed"] = seed
        return TrainingSettings.parse(values)
