"""Masks from clicks, scored by how many clicks they take; the rules are in ``docs/protocols/clicks.md``."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from segue.errors import InputError
from segue.evaluation.click_items import Group, Item, find_groups, read_items, with_starts
from segue.evaluation.click_scores import GOALS, MOST_CLICKS, Played, iou, mean_clicks
from segue.evaluation.interface import Column, Gathered, Picture, Scored, Table
from segue.types import VOID

if TYPE_CHECKING:
    from segue.models.click.model import Clicker  # brings torch, and help needs none

NAME = "segue-click"
Start = Literal["nothing", "mask", "box"]
_CORRECTED = (0.60, 0.85)
"""IoU of the masks that are corrected."""
_SEEDS = 5
"""Users who click at random, each on all pictures."""


@dataclass(frozen=True)
class ClickCase:
    """The pictures of one row, and what is asked."""

    group: Group
    weights: Path

    @property
    def name(self) -> str:
        """For the report."""
        return self.group.name


@dataclass(frozen=True)
class ClickProtocol:
    """One way of asking. The model itself stands in the place of the predictions: it is asked click by click."""

    name: str
    summary: str
    start: Start = "nothing"
    random: bool = False

    def gather(self, predictions: Path, truth: Path, split: str | None) -> Gathered:
        """See ``EvaluationProtocol.gather``; ``predictions`` is ``segue-click`` or a file of its weights.

        Raises:
            InputError: It is neither.
        """
        groups = find_groups(truth, split)
        if self.start == "mask":
            return Gathered([ClickCase(g, _shipped()) for g in with_starts(groups, predictions)])
        return Gathered([ClickCase(group, _weights(predictions)) for group in groups])

    def score(self, case: ClickCase) -> Scored:
        """See ``EvaluationProtocol.score``."""
        model = _model(case.weights)
        played: list[Played] = []
        for item in read_items(case.group):
            played += self._play(model, item)
        best = tuple(1 - p.clicks_to(GOALS[-1]) / MOST_CLICKS for p in played)
        if self.start == "box":
            best = tuple(p.ious[-1] for p in played)
        left_out = len(case.group.stills) - len({p.name for p in played})
        tally = (tuple(played), left_out, _hash(case.weights))
        names = tuple(p.name for p in played)
        return Scored(case.name, tally, len(names), names, best)

    def tables(self, scored: Sequence[Scored]) -> tuple[Table, ...]:
        """See ``EvaluationProtocol.tables``."""
        played = [p for item in scored for p in item.tally[0]]
        rows = {item.sequence: self._row(item.tally[0]) for item in scored if item.tally[0]}
        columns = tuple(Column(c, _UNITS.get(c, "ratio")) for c in self._row(()))  # type: ignore[arg-type]
        table = Table("sequence", columns, rows, self._row(played), self._notes(scored, played))
        return (table,)

    def picture(self, case: ClickCase, frame: str) -> Picture:
        """See ``EvaluationProtocol.picture``: the last mask, or the given one of a corrected mask."""
        item = next(i for i in read_items(case.group) if i.name == frame)
        from segue.evaluation.clicking import Watched

        watched = Watched(_model(case.weights))
        self._play(watched, item)
        truth = np.where(item.valid, item.truth, VOID).astype(np.uint16)
        return Picture(truth, watched.last.astype(np.uint16), VOID, item.frame)

    def _play(self, model: "Clicker", item: Item) -> list[Played]:
        from segue.evaluation.clicking import play, play_box

        if self.start == "box":
            return [play_box(model, item)]
        if self.start == "mask":
            assert item.start is not None
            low, high = _CORRECTED
            if not low <= iou(item.start, item.truth, item.valid) <= high:
                return []
        if self.random:
            return [play(model, item, np.random.default_rng([seed])) for seed in range(_SEEDS)]
        return [play(model, item)]

    def _row(self, played: Sequence[Played]) -> dict[str, float | None]:
        if self.start == "box":
            mean = sum(p.ious[-1] for p in played) / len(played) if played else None
            return {"items": float(len(played)), "IoU": mean}
        row: dict[str, float | None] = {"items": float(len(played))}
        for goal in GOALS:
            row[f"NoC@{goal * 100:.0f}"] = mean_clicks(played, goal) if played else None
        row[f"failures@{GOALS[-1] * 100:.0f}"] = float(sum(p.failed(GOALS[-1]) for p in played))
        for clicks in (1, 3, 5):
            mean = sum(p.iou_after(clicks) for p in played) / len(played) if played else None
            row[f"IoU@{clicks}"] = mean
        correcting = sum(p.correcting for p in played)
        row["harmful"] = 100 * sum(p.harmful for p in played) / correcting if correcting else None
        return row

    def _notes(self, scored: Sequence[Scored], played: Sequence[Played]) -> tuple[str, ...]:
        notes = []
        left_out = sum(item.tally[1] for item in scored)
        if left_out:
            what = "empty or below 0.1 % of the picture"
            what += ", or not between 0.60 and 0.85" if self.start == "mask" else ""
            notes.append(f"{left_out} pictures were left out: their mask is {what}.")
        if self.random and played:
            each = [mean_clicks(played[seed::_SEEDS], GOALS[-1]) for seed in range(_SEEDS)]
            notes.append(
                f"NoC@90 over {_SEEDS} users: {np.mean(each):.2f}, standard deviation {np.std(each):.2f}."
            )
        seconds = [s for p in played for s in p.seconds]
        if seconds:
            import torch

            median, late = np.percentile(seconds, (50, 95)) * 1000
            notes.append(
                f"A click took {median:.0f} ms (median) and {late:.0f} ms (95th percentile), with "
                f"{torch.get_num_threads()} threads."
            )
        hashes = {item.tally[2] for item in scored}
        notes += [f"Weights: sha256 {one}." for one in sorted(hashes)]
        return tuple(notes)


_UNITS = {"items": "count", "failures@90": "count", "harmful": "percent"}


def _weights(predictions: Path) -> Path:
    if str(predictions) == NAME:
        return _shipped()
    if predictions.suffix == ".safetensors":
        return predictions
    raise InputError(
        f"This protocol asks a model click by click: expected {NAME}, or a .safetensors file of its weights, in "
        f"the place of the predictions, got {predictions}."
    )


def _shipped() -> Path:
    from segue.nn.weights import shipped_weights

    return shipped_weights(NAME)


@cache
def _model(weights: Path) -> "Clicker":
    from segue.models.click.build import load_click_model

    return load_click_model(weights=weights)


@cache
def _hash(weights: Path) -> str:
    return hashlib.sha256(weights.read_bytes()).hexdigest()[:16]


CLICKS = ClickProtocol("clicks", "clicks until a mask is right: NoC@85, NoC@90, failures")
CLICKS_RANDOM = ClickProtocol(
    "clicks-random", "the same with five users who do not click in the very middle", random=True
)
CLICKS_CORRECT = ClickProtocol(
    "clicks-correct", "clicks until a given mask of IoU 0.60 to 0.85 is right", start="mask"
)
CLICKS_BOX = ClickProtocol("clicks-box", "IoU from the box of the object alone", start="box")
