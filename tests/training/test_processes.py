import os
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.toy import toy_plan, toy_task
from segue.errors import SettingsError
from segue.training import journal, loop
from segue.training.batches import Share, Source, steps

TESTS = Path(__file__).parents[1]
SCRIPT = TESTS / "fakes/two_processes.py"


def start(folder: Path, *launcher: str) -> list[dict[str, float]]:
    folder.mkdir()
    command = [sys.executable, *launcher, str(SCRIPT), str(folder)]
    path = os.pathsep.join([str(TESTS), *sys.path])
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": path}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    return [line for line in journal.read(folder / "metrics.jsonl") if "total" in line]


@pytest.mark.slow
def test_two_processes_compute_what_one_does(tmp_path: Path) -> None:
    one = start(tmp_path / "one")
    two = start(
        tmp_path / "two", "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"
    )
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
