"""Groups of sequences in the training of the gate of window inference; the host and its looks are stand-ins."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segue.errors import InputError, SettingsError
from segue.models.reuse.gate import CHANNELS, SIDE
from segue.training.tasks import window_gate
from segue.training.tasks.window_gate import Record, RecordSamples, TrainingSettings, build

SEQUENCES = [f"s{number}" for number in range(6)]


@pytest.fixture(autouse=True)
def looks(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """One look for each sequence, which holds the sequence's number as ``still``; what was asked for."""
    asked: list[list[str]] = []

    def record(host: object, footage: Sequence[str], settings: Any, seed: int) -> list[Record]:
        asked.append(list(footage))
        evidence = np.zeros((CHANNELS, SIDE, SIDE), np.float32)
        return [Record(evidence, 0.5, 0.5, float(name[1:]), False) for name in footage]

    monkeypatch.setattr(window_gate, "davis_sequences", lambda root, split: SEQUENCES)
    monkeypatch.setattr(window_gate, "load_footage", list)
    monkeypatch.setattr(window_gate, "load_model", lambda *words, **more: object())
    monkeypatch.setattr(window_gate, "record", record)
    window_gate._records.cache_clear()
    return asked


def settings(**data: Any) -> TrainingSettings:
    values = {"task": "window-gate", "data": {"root": Path("davis"), "folds": 3, **data}}
    return TrainingSettings.parse(
        {**values, "loop": {"steps": 1, "batch": 1}, "stages": [{"steps": 1}]}
    )


def learned(given: TrainingSettings) -> list[float]:
    samples = build(given).samples
    assert isinstance(samples, RecordSamples)
    return sorted(one.still for one in samples.records)


def test_a_gate_does_not_learn_from_the_group_that_is_left_out() -> None:
    assert learned(settings(fold=0)) == [1, 2, 4, 5]
    assert learned(settings(fold=2)) == [0, 1, 3, 4]
    validate = build(settings(fold=2)).validate
    assert validate is not None
    assert validate()["windowed"] == 0.5


def test_a_gate_that_leaves_nothing_out_is_not_scored() -> None:
    assert learned(settings()) == [0, 1, 2, 3, 4, 5]
    assert build(settings()).validate is None


def test_clips_show_sequences_of_one_group_and_are_looked_at_once(looks: list[list[str]]) -> None:
    for fold in (0, 1, 2, None):
        build(settings(fold=fold))
    assert looks == [["s0", "s3"], ["s1", "s4"], ["s2", "s5"]]


def test_groups_that_are_not_there() -> None:
    with pytest.raises(
        SettingsError, match="3 groups of sequences, numbered from 0; there is no 3"
    ):
        build(settings(fold=3))
    with pytest.raises(InputError, match="6 sequences cannot be put into 7 groups"):
        build(settings(folds=7))
