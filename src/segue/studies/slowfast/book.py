"""What is known of one network, sequence by sequence; kept as soon as a sequence is done."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from segue.evaluation.catalog import find_protocol
from segue.evaluation.interface import Scored
from segue.files import write_json, writing
from segue.metrics.tally import Curve
from segue.studies.conditions import refuse_others

PROTOCOLS = {"J&F": "davis2016", "J&F all": "davis2016-all-frames"}
"""How the masks are scored: the name of the number, and the rules."""
_NAME = "sequences.json"


@dataclass(frozen=True)
class Record:
    """What was measured on one sequence."""

    seconds: float
    """In the model."""
    by_frame: tuple[float, ...]
    """Seconds of frames in the model; none of a video shorter than half of its window."""
    whole_seconds: float
    """With decoding, writing of the masks, and scoring of all frames."""
    curves: Mapping[str, Curve]
    """J and F of the object, by the names of ``PROTOCOLS``."""
    tuning_seconds: float = 0.0
    """Of the fine-tuning to the sequence."""


class Book:
    """The records of a network.

    Args:
        folder: Of the network; made if it is not there.
        conditions: What all records depend on, as plain values.

    Raises:
        SettingsError: There are records made under other conditions; the differences are named.
        WriteError: The system refuses.
    """

    def __init__(self, folder: Path, conditions: Mapping[str, Any]) -> None:
        self._path, self._conditions = folder / _NAME, dict(conditions)
        self.records: dict[str, Record] = {}
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        if self._path.is_file():
            document = json.loads(self._path.read_text())
            refuse_others(folder, document["conditions"], self._conditions)
            self.records = {name: _record(plain) for name, plain in document["sequences"].items()}

    def add(self, name: str, record: Record) -> None:
        """Keep what was measured on a sequence.

        Raises:
            WriteError: The system refuses.
        """
        self.records[name] = record
        plain = {name: asdict(one) for name, one in self.records.items()}
        write_json(self._path, {"conditions": self._conditions, "sequences": plain})


def numbers(records: Mapping[str, Record]) -> dict[str, float]:
    """J&F as shares by each protocol, J and F by the official one, seconds, and the median time of a frame.

    Args:
        records: By sequence, at least one.
    """
    found: dict[str, float] = {}
    for key, protocol in PROTOCOLS.items():
        scored = [Scored(name, {1: one.curves[key]}, 0) for name, one in records.items()]
        table = find_protocol(protocol).tables(scored)[0].summary
        found[key] = _share(table["J&F"])
        if key == "J&F":
            found |= {name: _share(table[name]) for name in ("J", "F")}
    every = tuple(records.values())
    found["model_seconds"] = sum(one.seconds for one in every)
    if any(one.by_frame for one in every):
        found["ms"] = 1000 * median(seconds for one in every for seconds in one.by_frame)
    found["seconds"] = sum(one.whole_seconds for one in every)
    if any(one.tuning_seconds for one in every):
        found["tuning_seconds"] = sum(one.tuning_seconds for one in every) / len(every)
    return found


def _share(percent: float | None) -> float:
    assert percent is not None  # every sequence has its object
    return percent / 100


def _record(plain: Mapping[str, Any]) -> Record:
    curves = {name: _curve(curve) for name, curve in plain["curves"].items()}
    return Record(**{**plain, "curves": curves, "by_frame": tuple(plain["by_frame"])})


def _curve(plain: Mapping[str, Any]) -> Curve:
    return Curve(tuple(plain["region"]), tuple(plain["boundary"]), plain["start"])
