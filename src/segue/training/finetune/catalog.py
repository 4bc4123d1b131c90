"""The table of models that can be fine-tuned. To add one: a file in this folder, a line here."""

from collections.abc import Mapping
from dataclasses import dataclass

from segue.settings import look_up
from segue.training.finetune.settings import FinetuneSettings
from segue.training.finetune.slowfast_settings import SlowFastFinetuneSettings


@dataclass(frozen=True, slots=True)
class Tuner:
    """One line of the table."""

    build: str
    """``module:function``; called as ``function(footage, settings, weights)``, returns a ``Task``."""
    parts: Mapping[str, tuple[str, ...]]
    """What may be frozen, by name: the parts of the network that then do not learn."""
    defaults: FinetuneSettings
    """Where settings stand that nobody changes."""
    classes: str = ""
    """``module:attribute`` with the names of the classes of label maps; empty: masks hold objects."""
    reach: str = ""
    """``module:function``; called with the weights before, returns how many frames before and after a masked one it
    learns from. Empty: none."""

    def frozen(self, name: str) -> tuple[str, ...]:
        """The parts of the network that do not learn.

        Raises:
            SettingsError: The model has nothing of that name to freeze; the message names what there is.
        """
        return look_up(self.parts, "part to freeze", name)


LITE = Tuner(
    "segue.training.finetune.lite:build",
    {"none": (), "backbone": ("backbone",), "features": ("backbone", "neck")},
    FinetuneSettings(freeze="backbone", steps=60, batch=2, learning_rate=1e-3),
)
RVOS = Tuner(
    "segue.training.finetune.rvos:build",
    {"none": (), "backbone": ("encoder.backbone",), "features": ("encoder",)},
    FinetuneSettings(freeze="backbone", steps=60, batch=2, learning_rate=2e-4),
)
TEMPORAL_UNET = Tuner(
    "segue.training.finetune.temporal_unet:build",
    {"none": (), "backbone": ("encoder.backbone",), "features": ("encoder",)},
    FinetuneSettings(freeze="backbone", steps=60, batch=2, learning_rate=5e-4),
    classes="segue.training.finetune.temporal_unet:CLASSES",
)
_SLOWFAST_PARTS = {
    "none": (),
    "module": ("slowfast",),
    "backbone-and-module": ("backbone", "rpn", "slowfast"),
    "backbone": ("backbone",),
    "trunk": ("backbone.body",),
}
"""The first three are those of the report; there the proposals rest with the backbone when the module does, too."""
SLOWFAST_LITE = Tuner(
    "segue.training.finetune.slowfast:build_lite",
    _SLOWFAST_PARTS,
    SlowFastFinetuneSettings(),
    reach="segue.training.finetune.slowfast:reach",
)
SLOWFAST = Tuner(
    "segue.training.finetune.slowfast:build_full",
    _SLOWFAST_PARTS,
    SlowFastFinetuneSettings().changed({"recipe": "report"}),
    reach="segue.training.finetune.slowfast:reach",
)

TUNERS: dict[str, Tuner] = {
    "segue-lite": LITE,
    "rvos-lite": RVOS,
    "temporal-unet-lite": TEMPORAL_UNET,
    "slowfast-lite": SLOWFAST_LITE,
    "slowfast": SLOWFAST,
}


def find_tuner(name: str) -> Tuner:
    """The entry of a model.

    Raises:
        SettingsError: There is none; the message names those that can be fine-tuned.
    """
    return look_up(TUNERS, "model to fine-tune", name)
