"""A study of ours: the constants of the gate of ``segue-lite``, chosen on sequences left out.

The host has learned from these sequences. What is compared is therefore the gate with the host that computes every
frame of the same sequences, and nothing else.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from segue.files import write_json
from segue.nn.reuse.settings import ReuseSettings
from segue.studies.reuse_gate.hosts import LITE_GATE, missing_weights
from segue.studies.reuse_gate.measure import SCORES, Measuring
from segue.studies.reuse_gate.settings import MeasureSettings
from segue.studies.study import Row, Values
from segue.studies.training import Training
from segue.training.loop import WEIGHTS, Watch
from segue.training.tasks.catalog import RunSettings

FOLDS = 5
_OWN = frozenset({"data", "threshold", "longest"})
"""Settings of the study; all others are those of the training."""
_GATES = "gates"


@dataclass(frozen=True)
class LeftOutSettings:
    """The gates, and one way to use them."""

    trainings: tuple[RunSettings, ...]
    """One for each group of sequences, which learns from all others."""
    measured: tuple[MeasureSettings, ...]
    """Of each group; the weights of the gate are put in when they are there."""


class LeftOut:
    """Every row is a way to use the gates; those of all rows are the same, and are trained once."""

    def settings(self, values: Values) -> LeftOutSettings:
        """See ``Method.settings``; the split is ``train`` if none is named."""
        data = {"split": "train", **values["data"]}
        rest = {key: value for key, value in values.items() if key not in _OWN}
        reuse, longest = ReuseSettings(threshold=values["threshold"]), values["longest"]
        options = {"reuse": {"longest": longest}}
        learned = {"root": data["root"], "split": data["split"], "folds": FOLDS}
        groups = range(FOLDS)
        every = data.get("every", 1)
        return LeftOutSettings(
            tuple(
                Training().settings({**rest, "data": {**learned, "fold": group}})
                for group in groups
            ),
            tuple(
                MeasureSettings.parse(
                    {
                        "data": {**data, "first": group, "every": FOLDS * every},
                        "model": "segue-lite",
                        "options": options,
                        "reuse": reuse.model_dump(),
                    }
                )
                for group in groups
            ),
        )

    def obstacle(self, settings: LeftOutSettings) -> str:
        """The host has to be trained; its gates are what is trained here."""
        return missing_weights(settings.measured[0].model_copy(update={"reuse": None}))

    def scores(self, settings: LeftOutSettings, folder: Path, watch: Watch) -> Mapping[str, float]:
        """See ``Method.scores``; means over all sequences."""
        found = list(_by_group(settings, folder, watch))
        scores = {key: fmean(one[key] for one in found) for key in ("J&F", "J", "F", "reuse")}
        scores["fps"] = len(found) / sum(1 / one["fps"] for one in found)
        scores["threads"] = found[0]["threads"]
        write_json(folder / SCORES, scores)
        return scores


def _by_group(
    settings: LeftOutSettings, folder: Path, watch: Watch
) -> Iterator[Mapping[str, float]]:
    gates = folder.parent / _GATES
    for group, measured in enumerate(settings.measured):
        trained = gates / str(group)
        if measured.reuse is not None and measured.reuse.threshold < 1:
            Training().scores(settings.trainings[group], trained, watch)
            measured = measured.model_copy(update={"weights": {LITE_GATE: trained / WEIGHTS}})
        yield Measuring().scores(measured, folder / str(group), watch)


def rows(thresholds: Sequence[float], runs: Sequence[int]) -> Iterator[Row]:
    """Every frame computed, then each threshold with each longest run of looks."""
    off = {"threshold": 1.0, "longest": runs[0]}
    yield Row("left-out-off", ("every frame computed", "-"), off)
    for threshold in thresholds:
        for longest in runs:
            yield Row(
                f"left-out-{threshold:g}-{longest}",
                (f"{threshold:g}", f"{longest}"),
                {"threshold": threshold, "longest": longest},
            )
