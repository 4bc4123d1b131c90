"""A study of ours: the constants of the gate of ``segue-lite``, chosen on sequences left out.

The host has learned from these sequences. What is compared is therefore the gate with the host that computes every
frame of the same sequences, and nothing else.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from segue.files import write_json
from segue.studies.reuse_gate.figure_9 import WINDOW_QUICK
from segue.studies.reuse_gate.hosts import LITE_GATE
from segue.studies.reuse_gate.measure import SCORES, Measuring
from segue.studies.reuse_gate.settings import MeasureSettings
from segue.studies.reuse_gate.studies import LITE
from segue.studies.reuse_gate.trained import learn
from segue.studies.study import Measure, Row, Study, Values
from segue.training.loop import Watch

FOLDS = 5
_SHORTER = {"loop": {"steps": 400}, "schedule": {"warmup": 30}}
"""Of the gates: about a quarter of the training of the one that ships."""


@dataclass(frozen=True)
class LeftOutSettings:
    """One way to use the gates."""

    groups: tuple[MeasureSettings, ...]
    """Each runs every fifth sequence with a gate that has learned from all others."""


class LeftOut:
    """Every row is a way to use the gates, which are the same for all rows, and are trained once."""

    def settings(self, values: Values) -> LeftOutSettings:
        """See ``Method.settings``; the split is ``train`` if none is named."""
        data = {"split": "train", **values["data"]}
        every = data.get("every", 1)
        groups = []
        for group in range(FOLDS):
            own: dict[str, object] = {"data": {**data, "first": group, "every": FOLDS * every}}
            if "training" in values:
                left_out = {"folds": FOLDS, "fold": group}
                changes = {**values["training"]["changes"], "data": left_out}
                name = f"{LITE_GATE}-without-{group}"
                own["training"] = {**values["training"], "name": name, "changes": changes}
            groups.append(MeasureSettings.parse({**values, **own}))
        return LeftOutSettings(tuple(groups))

    def obstacle(self, settings: LeftOutSettings) -> str:
        """See ``Method.obstacle``; the gates are what is trained here, their host has to be there."""
        return Measuring().obstacle(settings.groups[0])

    def scores(self, settings: LeftOutSettings, folder: Path, watch: Watch) -> Mapping[str, float]:
        """See ``Method.scores``; means over the groups, and frames per second over all frames."""
        found = [
            Measuring().scores(learn(measured, folder, watch), folder / str(group), watch)
            for group, measured in enumerate(settings.groups)
        ]
        scores = {key: fmean(one[key] for one in found) for key in ("J&F", "J", "F", "reuse")}
        scores["fps"] = len(found) / sum(1 / one["fps"] for one in found)
        scores["threads"] = found[0]["threads"]
        write_json(folder / SCORES, scores)
        return scores


def _rows(thresholds: Sequence[float], runs: Sequence[int]) -> Iterator[Row]:
    """Every frame computed, then each threshold with each longest run of looks."""
    off = {"model": LITE, "reuse": {"threshold": 1.0}}
    yield Row("left-out-off", ("every frame computed", "-"), off)
    learned = {"config": "segue-lite-gate.toml", "gives": LITE_GATE, "changes": _SHORTER}
    for threshold in thresholds:
        for longest in runs:
            settings = {
                "model": LITE,
                "reuse": {"threshold": threshold},
                "options": {"reuse": {"longest": longest}},
                "training": learned,
            }
            name, cells = f"left-out-{threshold:g}-{longest}", (f"{threshold:g}", f"{longest}")
            yield Row(name, cells, settings, quick={"training": {"changes": WINDOW_QUICK}})


LEFT_OUT = Study(
    name="segue-lite-gate",
    title="The reuse gate of segue-lite (ours), sequences left out",
    headings=("Threshold", "Looks in a row, at most"),
    rows=tuple(_rows((0.7, 0.8, 0.9), (8, 16))),
    measures=(
        Measure("J&F", "J&F"),
        Measure("J", "J"),
        Measure("F", "F"),
        Measure("reuse", "Reuse rate"),
        Measure("fps", "FPS", "number"),
    ),
    method=LeftOut(),
    base="left-out-off",
    layout="davis2016",
    quick={"davis2016": {"data": {"frames": 20}}},
    full_note="Five gates, each trained for 400 steps on four fifths of the sequences, and run on the others.",
    quick_note=(
        "Quick: 60 steps of training on 12 clips, then the first 20 frames of each sequence. It shows that every row "
        "runs; so few steps do not rank the rows."
    ),
    notes=(
        "The host has learned from all of these sequences: what is compared is the gate with no gate.",
    ),
)
