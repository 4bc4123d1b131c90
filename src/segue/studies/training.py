"""The method of studies whose rows are networks to be trained."""

import json
from collections.abc import Mapping
from pathlib import Path

from segue.files import write_json
from segue.studies.study import Values
from segue.training import journal
from segue.training.loop import Watch
from segue.training.run import read_settings, run
from segue.training.tasks.catalog import RunSettings, find_task

_SCORES = "scores.json"
"""In the folder of a row once it is complete."""


class Training:
    """Every row is a run of ``segue train``; its numbers are those of its best validation."""

    def settings(self, values: Values) -> RunSettings:
        """See ``Method.settings``."""
        return find_task(values["task"]).settings().parse(values)

    def obstacle(self, settings: RunSettings) -> str:
        """Nothing is needed but data, which were looked at before."""
        return ""

    def scores(self, settings: RunSettings, folder: Path, watch: Watch) -> Mapping[str, float]:
        """See ``Method.scores``."""
        path = folder / _SCORES
        if not path.is_file() or read_settings(folder) != settings:
            run(settings, folder, watch)
            write_json(path, _best_scores(folder))
        scores: dict[str, float] = json.loads(path.read_text())
        return scores


def _best_scores(folder: Path) -> dict[str, float]:
    """Of the weights that the run kept: those with the best first score; none of a task that is not validated."""
    lines = journal.read(folder / "metrics.jsonl")
    validations = [line[journal.VALIDATION] for line in lines if journal.VALIDATION in line]
    best: dict[str, float] = max(
        validations, key=lambda scores: next(iter(scores.values())), default={}
    )
    return best
