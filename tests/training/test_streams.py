"""Named streams of samples, parts that are kept without being trained, and the hook after a step."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from fakes.toy import Numbers, taught_task, toy_plan, toy_task
from segue.errors import SettingsError, WeightsError
from segue.training import journal
from segue.training.batches import Share, Source, steps
from segue.training.cost import Cost
from segue.training.loop import train
from segue.training.task import Stream
from training.test_unreadable import Damaged


def plan(**loop: object):  # type: ignore[no-untyped-def]
    return toy_plan(average=0.0, **loop)


def test_streams_are_batches_of_their_own_with_their_own_draws() -> None:
    held = plan()
    same = {"more": Stream(Numbers(), batch=3)}
    source = Source(Numbers(), held.curriculum(toy_task()), held.loop, same)
    drawn = [batch for _, batches in steps(source, Share(), 0) for batch in batches]
    assert [len(batch["values"]) for batch in drawn] == [2] * 16
    numbers = [int(name) for batch in drawn for name in batch["more"]["name"]]
    assert numbers == list(range(48))
    assert not np.allclose(drawn[0]["values"][0], drawn[0]["more"]["values"][0])
    shared = [b for part in range(2) for _, [b] in steps(source, Share(part, 2), 0)]
    assert sorted(int(n) for b in shared for n in b["more"]["name"]) == numbers


@pytest.mark.parametrize("cut", [{"stop_at": 7}, {"stop_after": 3}, {"stop_after": 7}])
def test_a_killed_run_goes_on_to_the_last_digit(tmp_path: Path, cut: dict[str, int]) -> None:
    for name in ("whole", "cut"):
        (tmp_path / name).mkdir()
    train(taught_task(), plan(), tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(taught_task(**cut), plan(), tmp_path / "cut")
    task = taught_task()
    task.kept["teacher"].given.fill_(9)  # what the checkpoint says counts
    train(task, plan(workers=1), tmp_path / "cut")
    for name in ("metrics.jsonl", "weights.safetensors", "checkpoint.safetensors"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "cut" / name).read_bytes()
    given = [line["given"] for line in journal.read(tmp_path / "whole/metrics.jsonl") if "given" in line]  # fmt: skip
    assert len(set(given)) == len(given) == 8


def test_the_teacher_is_what_is_validated_and_shipped(tmp_path: Path) -> None:
    task = taught_task()
    before = {k: v.clone() for k, v in task.kept["teacher"].state_dict().items()}
    train(replace(task, validate=None), plan(), tmp_path)
    written = load_file(tmp_path / "weights.safetensors")
    teacher, student = task.kept["teacher"].student, task.network
    assert torch.equal(written["head.weight"], teacher.head.weight)
    assert not torch.equal(written["head.weight"], student.head.weight)
    assert not torch.equal(before["student.head.weight"], teacher.head.weight)


def test_a_running_average_beside_a_teacher_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"loop\.average = 0\.5 averages weights that nobody"):
        train(taught_task(), toy_plan(), tmp_path)


def test_a_checkpoint_without_the_parts_is_refused(tmp_path: Path) -> None:
    train(toy_task(), plan(steps=2), tmp_path)
    with pytest.raises(WeightsError, match="not a checkpoint of this network"):
        train(taught_task(), plan(), tmp_path)


def test_unreadable_files_of_a_stream_are_counted(tmp_path: Path) -> None:
    task = replace(taught_task(), streams={"more": Stream(Damaged(length=5, bad=(2,)), batch=3)})
    with pytest.warns(UserWarning, match="could not be read|not a whole image") as said:
        train(task, plan(steps=2), tmp_path)
    assert str(said[0].message).startswith("2.jpg is not a whole image.")
    assert (tmp_path / "unreadable.json").is_file()


def test_the_cost_of_a_run_adds_up_over_its_restarts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter(float(n) for n in range(1000))
    monkeypatch.setattr("segue.training.cost.time.process_time", lambda: next(now))
    train(replace(toy_task(), validate=None), plan(), tmp_path)
    first = Cost.read(tmp_path)
    assert (first.steps, first.processor_seconds) == (8, 3.0)  # checkpoints after 3, 6 and 8 steps
    train(replace(toy_task(), validate=None), plan(steps=9), tmp_path)
    again = Cost.read(tmp_path)
    assert (again.steps, again.processor_seconds) == (9, 4.0)
    assert again.seconds >= first.seconds > 0
    (tmp_path / "checkpoint.safetensors").unlink()
    train(replace(toy_task(), validate=None), plan(steps=1), tmp_path)
    assert Cost.read(tmp_path).processor_seconds == 1.0
