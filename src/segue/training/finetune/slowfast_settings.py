"""How SlowFast VOS learns one video."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from segue.training.finetune.settings import FinetuneSettings

if TYPE_CHECKING:
    from segue.training.plan import Plan

Border = Literal["zeros", "mirror"]
Recipe = Literal["ours", "report"]

REPORT: Mapping[str, Any] = {
    "freeze": "module",
    "statistics": "drifting",
    "border": "mirror",
    "steps": 1000,
    "batch": 2,
    "gather": "sum",
    "optimiser": "sgd",
    "learning_rate": 1e-3,
    "weight_decay": 1e-4,
    "clip_norm": 0.0,
    "schedule": "constant",
    "average": 0.0,
    "colour": 0.0,
    "views": 0,
}
"""What the report chose for most of its configurations; 1-1 took a scale of 0.4 (the paper)."""


class SlowFastFinetuneSettings(FinetuneSettings):
    """``FinetuneSettings``, and what only this model has; the defaults are ours, made for a processor."""

    recipe: Recipe = "ours"
    """Where all other settings stand: ``ours``, or as in the report (``REPORT``)."""
    freeze: str = "backbone"
    steps: Annotated[int, Field(ge=1)] = 120
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    border: Border = "zeros"
    """What the module sees where the video has no frames: nothing, as when a video is tracked, or the frames near its
    end in reverse order, as the released code does when it fine-tunes."""
    views: Annotated[int, Field(ge=0)] = 32
    """How many views of the masked frames are drawn, which then come again and again; 0: each is new. The features of
    those that come again are kept while the backbone does not learn, which saves most of the time."""
    gather: Literal["batch", "sum"] = "batch"
    """Windows of a step go through the network together, or one after another and their gradients add up (the
    released code)."""
    optimiser: Literal["adamw", "sgd"] = "adamw"
    clip_norm: Annotated[float, Field(ge=0)] = 5.0
    """Largest norm of a step's gradient; 0: any."""
    schedule: Literal["cosine", "constant"] = "cosine"
    """The learning rate falls to nearly 0 by the last step, or stays (the released code)."""
    average: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Decay of the running average of the weights, which is what is kept; 0 keeps the last weights."""

    def changed(self, values: Mapping[str, Any]) -> "SlowFastFinetuneSettings":
        """These settings with some values changed; a recipe first sets all that are its own.

        Raises:
            SettingsError: An unknown setting or a value out of range.
        """
        ours = {name: type(self).model_fields[name].default for name in REPORT}
        recipes: dict[str, Mapping[str, Any]] = {"ours": ours, "report": REPORT}
        recipe = recipes.get(str(values.get("recipe")), {})  # another name is refused below
        return type(self).parse({**self.model_dump(), **recipe, **values})

    def plan(self, frozen: tuple[str, ...]) -> "Plan":
        """What the loop needs of them.

        Args:
            frozen: Parts of the network that do not learn.
        """
        plan = super().plan(frozen)
        loop: dict[str, Any] = {"average": self.average}
        if self.gather == "sum":
            loop |= {"batch": 1, "accumulate": self.batch, "gather": "sum"}
        optimiser = {"name": self.optimiser, "clip_norm": self.clip_norm}
        schedule: dict[str, Any] = {"name": self.schedule}
        if self.schedule == "constant":
            schedule["warmup"] = 0
        return replace(
            plan,
            loop=plan.loop.model_copy(update=loop),
            optimiser=plan.optimiser.model_copy(update=optimiser),
            schedule=plan.schedule.model_copy(update=schedule),
        )
