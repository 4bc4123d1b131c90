"""How rows come to their numbers: the same training with several seeds, each scored on whole sequences."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from segue.errors import NotFoundError
from segue.files import write_json
from segue.studies.rvos_curriculum.rollout import score, scored_sequences
from segue.studies.rvos_curriculum.settings import CurriculumSettings, ScoringSettings
from segue.studies.study import Values
from segue.training.loop import WEIGHTS, Watch
from segue.training.run import read_settings, run

SPREAD = " spread"
"""Ends the name of the distance between the best and the worst seed."""
_SCORES = "scores.json"


class Seeds:
    """Every row is several trainings that differ in their seed alone; its numbers are their means and spreads."""

    def settings(self, values: Values) -> CurriculumSettings:
        """See ``Method.settings``."""
        return CurriculumSettings.parse(values)

    def obstacle(self, settings: CurriculumSettings) -> str:
        """None; that there is something to score is seen to before hours of training.

        Raises:
            NotFoundError: The split to score is not there.
        """
        try:
            scored_sequences(settings)
        except NotFoundError as error:
            raise NotFoundError(
                f"{error} Networks are scored there: name another root or split, scoring.root=PATH scoring.split=NAME."
            ) from None
        return ""

    def scores(
        self, settings: CurriculumSettings, folder: Path, watch: Watch
    ) -> Mapping[str, float]:
        """See ``Method.scores``; of networks that are trained already, only those scored otherwise are scored again."""
        by_seed = [
            _scored(settings, seed, seed_folder(folder, seed), _of_row(watch, place, settings))
            for place, seed in enumerate(settings.seeds)
        ]
        summary = together(by_seed)
        write_json(folder / _SCORES, summary)
        return summary


def seed_folder(row: Path, seed: int) -> Path:
    """Where the training of a seed lies in the folder of its row."""
    return row / f"seed-{seed}"


def together(by_seed: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Mean and spread of each number that every seed has; the spread is the largest less the smallest."""
    names = [name for name in by_seed[0] if all(name in scores for scores in by_seed)]
    columns = {name: [scores[name] for scores in by_seed] for name in names}
    means = {name: fmean(values) for name, values in columns.items()}
    return means | {name + SPREAD: max(v) - min(v) for name, v in columns.items()}


def _of_row(watch: Watch, place: int, settings: CurriculumSettings) -> Watch:
    """Steps of one training as steps of the row."""

    def told(done: int, total: int, values: Mapping[str, float]) -> None:
        watch(place * total + done, len(settings.seeds) * total, values)

    return told


def _scored(
    settings: CurriculumSettings, seed: int, folder: Path, watch: Watch
) -> dict[str, float]:
    training, path = settings.training(seed), folder / _SCORES
    known: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    if (
        known
        and read_settings(folder) == training
        and ScoringSettings.parse(known["scoring"]) == settings.scoring
    ):
        found: dict[str, float] = known["scores"]
        return found
    run(training, folder, watch)
    found = score(settings, folder / WEIGHTS)
    write_json(path, {"scoring": settings.scoring.model_dump(mode="json"), "scores": found})
    return found
