"""Figure 9: gates trained with other margins, each run at several thresholds."""

from collections.abc import Mapping
from pathlib import Path

from segue.files import write_json
from segue.nn.reuse.settings import ReuseSettings
from segue.studies.reuse_gate.measure import SCORES, Measuring
from segue.studies.reuse_gate.settings import MeasureSettings
from segue.studies.reuse_gate.trained import learn
from segue.studies.study import Values
from segue.training.loop import Watch

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)


class MarginSettings(MeasureSettings):
    """A training, and what its gate is run on: at each threshold, otherwise alike."""

    thresholds: tuple[float, ...] = THRESHOLDS

    def at(self, threshold: float) -> MeasureSettings:
        """The row at one threshold."""
        values = {k: getattr(self, k) for k in MeasureSettings.model_fields}
        return MeasureSettings(**{**values, "reuse": ReuseSettings(threshold=threshold)})


class Margins:
    """Every row is a training of a gate, which is then run with its host.

    It is trained on the data that it is run on (their split ``train``), or on those of ``training_root=PATH``.
    """

    def settings(self, values: Values) -> MarginSettings:
        """See ``Method.settings``."""
        return MarginSettings.parse(values)

    def obstacle(self, settings: MarginSettings) -> str:
        """See ``Method.obstacle``; the gate is what is trained here, its host has to be there."""
        return Measuring().obstacle(settings)

    def scores(self, settings: MarginSettings, folder: Path, watch: Watch) -> Mapping[str, float]:
        """See ``Method.scores``; each number is named with its threshold."""
        scores: dict[str, float] = {}
        learned = learn(settings, folder, watch)
        assert isinstance(learned, MarginSettings)
        for threshold in settings.thresholds:
            place = folder / f"{threshold:g}"
            found = Measuring().scores(learned.at(threshold), place, watch)
            scores |= {key_at(key, threshold): found[key] for key in ("J&F", "reuse", "fps")}
            scores["threads"] = found["threads"]
        write_json(folder / SCORES, scores)
        return scores


def key_at(key: str, threshold: float) -> str:
    """The name of a number that holds at one threshold."""
    return f"{key} at {threshold:g}"
