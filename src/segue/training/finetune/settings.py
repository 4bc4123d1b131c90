"""How a model learns one video."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from segue.data.given_clips import GivenClipSettings
from segue.settings import Settings
from segue.training.curriculum import Stage
from segue.training.settings import LoopSettings, OptimiserSettings, ScheduleSettings

if TYPE_CHECKING:
    from segue.training.plan import Plan

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]

_CHECKPOINT_EVERY = 25
_AVERAGE = 0.9


class FinetuneSettings(Settings):
    """Everything that the tuned weights depend on, besides the frames, the masks and the weights before."""

    freeze: str = "backbone"
    """The part that does not learn; each model has names of its own, and ``none``."""
    statistics: Literal["kept", "drifting"] = "kept"
    """What becomes of the means and deviations of batch normalisation: they stay as they came with the weights, or
    frames are normalised by those of their batch and the stored ones follow (as SlowFast-VOS does it)."""
    steps: Count = 60
    batch: Count = 2
    """Clips of a step."""
    learning_rate: Positive = 2e-4
    """It falls to nearly 0 by the last step."""
    weight_decay: Annotated[float, Field(ge=0)] = 1e-4
    flip: Share = 0.5
    """Share of clips that are mirrored."""
    rotation: Annotated[float, Field(ge=0, le=180)] = 30.0
    """Largest rotation of a clip, in degrees."""
    scale: Annotated[float, Field(ge=0, lt=1)] = 0.25
    """Largest change of size, as a share."""
    max_gap: Count = 4
    """Masked frames that are so many frames apart, or fewer, follow each other in a clip."""
    colour: Share = 0.15
    """Strength of changes of light and colour."""
    precision: Literal["float32", "bfloat16"] = "float32"
    device: Literal["auto", "cpu", "cuda"] = "cpu"
    seed: int = 0

    def changed(self, values: Mapping[str, Any]) -> "FinetuneSettings":
        """These settings with some values changed.

        Raises:
            SettingsError: An unknown setting or a value out of range.
        """
        return type(self).parse({**self.model_dump(), **values})

    def clips(self, size_hw: tuple[int, int], length: int) -> GivenClipSettings:
        """What clips look like.

        Args:
            size_hw: Of their frames.
            length: Frames behind the anchor.
        """
        return GivenClipSettings(
            size_hw=size_hw,
            length=length,
            flip=self.flip,
            rotation_degrees=self.rotation,
            scale=self.scale,
            max_gap=self.max_gap,
            colour=self.colour,
        )

    def plan(self, frozen: tuple[str, ...]) -> "Plan":
        """What the loop needs of them.

        Args:
            frozen: Parts of the network that do not learn.
        """
        # What imports torch takes seconds, and help shows the settings of each model.
        from segue.training.plan import Plan

        return Plan(
            LoopSettings(
                batch=self.batch,
                precision=self.precision,
                average=_AVERAGE,
                checkpoint_every=_CHECKPOINT_EVERY,
                workers=0,
                device=self.device,
                seed=self.seed,
            ),
            OptimiserSettings(
                learning_rate=self.learning_rate, weight_decay=self.weight_decay, clip_norm=1.0
            ),
            ScheduleSettings(name="cosine", warmup=min(5, self.steps)),
            (Stage(steps=self.steps, frozen=frozen),),
        )
