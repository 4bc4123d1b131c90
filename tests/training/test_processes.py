import socket
from pathlib import Path

import pytest

from fakes import forked, two_processes
from fakes.toy import toy_plan, toy_task
from segue.errors import SettingsError
from segue.training import journal, loop
from segue.training.batches import Share, Source, steps


def lines(folder: Path) -> list[dict[str, float]]:
    return [line for line in journal.read(folder / "metrics.jsonl") if "total" in line]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.slow
def test_two_processes_compute_what_one_does(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    port = free_port()
    done = forked.run_together(
        (two_processes.alone, tmp_path / "one"),
        *((two_processes.one_of_two, tmp_path / "two", number, port) for number in (0, 1)),
    )
    assert [one.returncode for one in done] == [0, 0, 0], done
    one, two = lines(tmp_path / "one"), lines(tmp_path / "two")
    assert [line["step"] for line in two] == list(range(20))
    for name in ("total", "gradient"):
        assert [x[name] for x in two] == pytest.approx([x[name] for x in one], rel=1e-5, abs=1e-5)
    assert (tmp_path / "two/checkpoint.safetensors").is_file()


def test_processes_share_the_batches_of_a_step() -> None:
    task, plan = toy_task(), toy_plan(accumulate=4)
    source = Source(task.samples, plan.curriculum(task), plan.loop)

    def names(share: Share) -> list[list[str]]:
        return [[n for batch in batches for n in batch["name"]] for _, batches in steps(source, share, 6)]  # fmt: skip

    whole = names(Share())
    first, second = names(Share(0, 2)), names(Share(1, 2))
    assert [sorted(a + b) for a, b in zip(first, second, strict=True)] == [sorted(w) for w in whole]
    assert len(first[0]) == len(second[0]) == 4
    assert not set(first[0]) & set(second[0])


def test_batches_that_cannot_be_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = loop._accelerator(toy_plan().loop)
    monkeypatch.setattr(type(made), "num_processes", property(lambda self: 3))
    with pytest.raises(SettingsError, match="accumulate = 2 batches cannot be shared by 3"):
        loop.train(toy_task(), toy_plan(), tmp_path)
