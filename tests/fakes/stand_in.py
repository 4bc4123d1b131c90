"""A small protocol for tests of what is made of scores: the share of right pixels of single-object masks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segue.evaluation.interface import Column, Gathered, Picture, Scored, Table
from segue.media.label_file import read_label_values
from segue.problems import Problem

COLUMNS = (Column("IoU"), Column("error", "ratio"), Column("pixels", "count"))


@dataclass(frozen=True)
class StandInCase:
    name: str
    predicted: Path
    truth: Path


class StandIn:
    """Frames without a prediction count as empty and are a problem each."""

    summary = "intersection over union, for tests"
    num_classes = 30

    def gather(self, predictions: Path, truth: Path, split: str | None) -> Gathered:
        folders = sorted(path for path in truth.iterdir() if path.is_dir())
        extra = {path.name for path in predictions.iterdir()} - {path.name for path in folders}
        return Gathered(
            [StandInCase(path.name, predictions / path.name, path) for path in folders],
            tuple(Problem("extra-sequence", name, "", "It is left out.") for name in sorted(extra)),
        )

    def score(self, case: StandInCase) -> Scored:
        names = sorted(path.stem for path in case.truth.glob("*.png"))
        values, problems = [], []
        for name in names:
            if not (case.predicted / f"{name}.png").is_file():
                problems.append(Problem("missing-frame", case.name, name, "It counts as empty."))
            picture = self.picture(case, name)
            shared = (picture.predicted > 0) & (picture.truth > 0)
            either = (picture.predicted > 0) | (picture.truth > 0)
            values.append(float(shared.sum() / either.sum()))
        return Scored(
            case.name,
            values,
            len(names),
            tuple(names),
            tuple(values),
            {"IoU": tuple(values)},
            tuple(problems),
        )

    def tables(self, scored: Sequence[Scored]) -> tuple[Table, ...]:
        means = {item.sequence: float(np.mean(item.tally)) for item in scored}
        rows = {name: _row(value) for name, value in means.items()}
        classes = {
            f"class {number}": {"IoU": None if number % 7 == 3 else float(number)}
            for number in range(self.num_classes)
        }
        notes = ("4 classes do not occur.",)
        return (
            Table("sequence", COLUMNS, rows, _row(float(np.mean(list(means.values()))))),
            Table("class", COLUMNS[:1], classes, notes=notes),
        )

    def picture(self, case: StandInCase, frame: str) -> Picture:
        truth = read_label_values(case.truth / f"{frame}.png").astype(np.uint16)
        path = case.predicted / f"{frame}.png"
        predicted = read_label_values(path).astype(np.uint16) if path.is_file() else 0 * truth
        return Picture(truth, predicted)


def _row(value: float) -> dict[str, float | None]:
    return {"IoU": 100 * value, "error": 1 - value, "pixels": 1000 * value}


STAND_IN = StandIn()
