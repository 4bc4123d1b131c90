"""How long, how fast and with what a network learns."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from segue.settings import Settings
from segue.training.curriculum import Stage

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class OptimiserSettings(Settings):
    """The rule of the weights."""

    name: Literal["adam", "adamw", "sgd"] = "adamw"
    learning_rate: Positive = 1e-3
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    decay_vectors: bool = True
    """Whether weight decay acts on vectors too: biases, and the factors of norms."""
    undecayed: tuple[str, ...] = ()
    """Weight decay leaves parameters alone whose names begin so, such as ``centres``."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Of ``sgd``."""
    clip_norm: Annotated[float, Field(ge=0)] = 0.0
    """Largest norm of a step's gradient; 0 leaves it as it is."""
    factors: dict[str, Positive] = Field(default_factory=dict)
    """Factor on the rate of the parameters whose names begin so, such as ``{ backbone = 0.1 }``."""


class ScheduleSettings(Settings):
    """The learning rate over the run, beside the factors of a curriculum."""

    name: Literal["constant", "cosine", "polynomial", "step", "plateau"] = "constant"
    warmup: Annotated[int, Field(ge=0)] = 0
    """Steps over which the rate rises from nearly 0."""
    floor: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Where ``cosine`` and ``polynomial`` end, as a share."""
    power: Positive = 0.9
    """Of ``polynomial``."""
    every_epochs: Positive = 30.0
    """``step``: the rate is multiplied by ``factor`` after each such time."""
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Of ``step`` and ``plateau``."""
    patience: Annotated[int, Field(ge=0)] = 10
    """``plateau``: validations without a better value before the rate falls."""
    watch: str | None = None
    """``plateau``: the value of a validation that should get better; ``None``: the first one, which also picks the
    best weights. Of ``loss`` lower is better, of all others higher."""


class LoopSettings(Settings):
    """Everything else about the loop."""

    steps: Count | None = None
    epochs: Positive | None = None
    """The length of a run without stages: steps or epochs."""
    batch: Count = 4
    """Samples that a process takes through the network at once."""
    accumulate: Count = 1
    """Batches of one optimiser step, over all processes together: 2 with two processes is one each."""
    gather: Literal["mean", "sum"] = "mean"
    """What becomes of the gradients of these batches; ``sum`` is what some released code does that never divides."""
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    """``bfloat16`` is several times faster on processors and cards with matrix units."""
    average: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Decay of a running average of the weights, which is then what is validated and kept; 0 keeps the weights."""
    validate_every: Annotated[float, Field(ge=0)] = 1.0
    """Epochs between validations; 0 validates at the end only."""
    checkpoint_every: Count = 250
    """Steps between checkpoints; there is one after each validation too."""
    workers: Annotated[int, Field(ge=0)] = 1
    """Processes that prepare samples; 0 prepares them in between."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    seed: int = 0
    tensorboard: bool = False
    """Show the journal in TensorBoard too; needs the extra ``segue[tensorboard]``."""

    @model_validator(mode="after")
    def _one_length(self) -> "LoopSettings":
        if self.steps is not None and self.epochs is not None:
            raise ValueError("the run has two lengths: give steps or epochs")
        return self

    def stages(self) -> tuple[Stage, ...]:
        """The one stage of a run without a curriculum; none if it has no length."""
        if self.steps is None and self.epochs is None:
            return ()
        return (Stage(steps=self.steps, epochs=self.epochs),)
