"""Files that cannot be read: named, others drawn in their place, counted."""

import json
import warnings
from dataclasses import dataclass
from pathlib import Path

import pytest

from fakes.toy import Numbers, toy_plan, toy_task
from segue.errors import TrainingError, VideoError
from segue.training import journal
from segue.training.curriculum import Conditions
from segue.training.loop import train
from segue.training.task import Sample


@dataclass(frozen=True)
class Damaged(Numbers):
    """Some of twelve files do not read, in whatever epoch."""

    bad: tuple[int, ...] = (5,)

    def draw(self, seed: int, number: int, conditions: Conditions) -> Sample:
        epoch, place = divmod(number, len(self))
        if epoch < 1000 and place in self.bad:
            raise VideoError(f"{place}.jpg is not a whole image.")
        return super().draw(seed, number, conditions)


def run(folder: Path, samples: Numbers, stop_at: int | None = None, **loop: object) -> list[str]:
    """The warnings of a run."""
    folder.mkdir(exist_ok=True)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        train(toy_task(stop_at, samples=samples), toy_plan(**loop), folder)
    return [str(one.message) for one in said]


def test_a_file_is_named_once_and_counted(tmp_path: Path) -> None:
    said = run(tmp_path, Damaged())
    assert len(said) == 2
    assert said[0].startswith("5.jpg is not a whole image. Training goes on")
    assert "1 files could not be read, and 3 samples were drawn in the place of others" in said[1]
    assert json.loads((tmp_path / "unreadable.json").read_text()) == {
        "5.jpg is not a whole image.": 3  # 32 samples are nearly three epochs of 12
    }
    assert len([line for line in journal.read(tmp_path / "metrics.jsonl") if "total" in line]) == 8


def test_nothing_is_said_where_all_can_be_read(tmp_path: Path) -> None:
    assert not run(tmp_path, Damaged(bad=()))
    assert not (tmp_path / "unreadable.json").exists()


def test_a_killed_run_goes_on_to_the_last_digit(tmp_path: Path) -> None:
    run(tmp_path / "whole", Damaged())
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", Damaged(), stop_at=9)
    run(tmp_path / "cut", Damaged())
    run(tmp_path / "workers", Damaged(), workers=2)
    for name in ("metrics.jsonl", "weights.safetensors", "unreadable.json"):
        whole = (tmp_path / "whole" / name).read_bytes()
        assert whole == (tmp_path / "cut" / name).read_bytes()
        assert whole == (tmp_path / "workers" / name).read_bytes()


def test_a_data_set_of_which_nothing_can_be_read(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Lost(Numbers):
        def draw(self, seed: int, number: int, conditions: Conditions) -> Sample:
            raise VideoError("a.jpg is not a whole image.")

    with pytest.raises(TrainingError, match=r"20 draws in a row .*a\.jpg is not a whole image"):
        run(tmp_path, Lost())
