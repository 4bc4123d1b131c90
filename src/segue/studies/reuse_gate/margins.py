"""Figure 9: gates of ``segue-lite`` trained with other margins, each run at several thresholds."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from segue.files import write_json
from segue.nn.reuse.settings import ReuseSettings
from segue.studies.reuse_gate.hosts import LITE_GATE, missing_weights
from segue.studies.reuse_gate.measure import SCORES, Measuring
from segue.studies.reuse_gate.settings import MeasureSettings
from segue.studies.study import Values
from segue.studies.training import Training
from segue.training.loop import WEIGHTS, Watch
from segue.training.tasks.catalog import RunSettings

THRESHOLDS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98)
_OWN = frozenset({"data", "training_root"})
"""Settings of the study; all others are those of the training."""
_TRAINING = "training"


@dataclass(frozen=True)
class MarginSettings:
    """A training, and what its gate is run on."""

    training: RunSettings
    measured: MeasureSettings
    """At one threshold; the others differ in nothing else."""

    def at(self, threshold: float, weights: Path) -> MeasureSettings:
        """The trained gate at a threshold."""
        changes = {"reuse": ReuseSettings(threshold=threshold), "weights": {LITE_GATE: weights}}
        return self.measured.model_copy(update=changes)


class Margins:
    """Every row is a training of the gate, which is then run with the shipped host.

    It is trained on the data that it is run on (their split ``train``), or on those of ``training_root=PATH``; one
    sequence of five is left out, and the gate's error is that on these.
    """

    def settings(self, values: Values) -> MarginSettings:
        """See ``Method.settings``."""
        data = values["data"]
        learned = {"root": values.get("training_root", data["root"]), "fold": 0}
        rest = {key: value for key, value in values.items() if key not in _OWN}
        return MarginSettings(
            Training().settings({**rest, "data": learned}),
            MeasureSettings.parse({"data": data, "model": "segue-lite"}),
        )

    def obstacle(self, settings: MarginSettings) -> str:
        """The host has to be trained; its gate is what is trained here."""
        return missing_weights(settings.measured.model_copy(update={"reuse": None}))

    def scores(self, settings: MarginSettings, folder: Path, watch: Watch) -> Mapping[str, float]:
        """See ``Method.scores``; what holds at one threshold is named with it."""
        trained = folder / _TRAINING
        validated = Training().scores(settings.training, trained, watch)
        scores = {"gate_error": validated["gate_error"], "windowed": validated["windowed"]}
        for threshold in THRESHOLDS:
            measured = settings.at(threshold, trained / WEIGHTS)
            found = Measuring().scores(measured, folder / f"{threshold:g}", watch)
            scores |= {key_at(key, threshold): found[key] for key in ("J&F", "reuse", "fps")}
            scores["threads"] = found["threads"]
        write_json(folder / SCORES, scores)
        return scores


def key_at(key: str, threshold: float) -> str:
    """The name of a number that holds at one threshold."""
    return f"{key} at {threshold:g}"
