import json
import sys
from pathlib import Path

import pytest

from fakes.toy import toy_plan, toy_task
from segue.errors import SettingsError, WriteError
from segue.training import journal
from segue.training.journal import Journal
from segue.training.loop import train

Curves = dict[str, list[tuple[int, float]]]


def shown(folder: Path) -> Curves:
    """What TensorBoard shows of a folder."""
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    found = events.EventAccumulator(str(folder))
    found.Reload()
    return {
        tag.split("/")[1]: [(event.step, event.value) for event in found.Scalars(tag)]
        for tag in found.Tags()["scalars"]
    }


def written(path: Path) -> Curves:
    curves = journal.series(journal.read(path))
    return {
        name.removeprefix("validation "): [
            (step, pytest.approx(value, rel=1e-6)) for step, value in zip(*curve, strict=True)
        ]
        for name, curve in curves.items()
    }


def test_tensorboard_shows_the_journal_of_a_run_that_was_cut_off(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    with pytest.raises(KeyboardInterrupt):
        train(toy_task(stop_at=11), toy_plan(tensorboard=True), tmp_path)
    train(toy_task(), toy_plan(tensorboard=True), tmp_path)
    curves = shown(tmp_path / "tensorboard")
    assert curves == written(tmp_path / "metrics.jsonl")
    assert [step for step, _ in curves["total"]] == list(range(8))
    assert curves["score"]


def test_tensorboard_may_begin_later(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    path = tmp_path / "metrics.jsonl"
    Journal(path, 0).write(0, {"total": 2.0})
    book = Journal(path, 1, tensorboard=tmp_path / "events")
    book.write(1, {"total": 1.0, journal.VALIDATION: {"score": 0.5}})
    book.close()
    assert shown(tmp_path / "events") == written(path)


def test_without_tensorboard_the_install_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "torch.utils.tensorboard", raising=False)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(SettingsError, match=r'pip install "segue\[tensorboard\]"'):
        train(toy_task(), toy_plan(tensorboard=True), tmp_path)


def test_a_line_that_does_not_fit_on_the_disk(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full on this system")
    path = tmp_path / "metrics.jsonl"
    book = Journal(path, 0)
    path.unlink()
    path.symlink_to(full)
    with pytest.raises(WriteError, match=r"metrics\.jsonl: No space left on device"):
        book.write(0, {"total": 1.0})


def test_the_last_line_of_a_killed_run_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(json.dumps({"step": 0, "total": 1.0}) + '\n{"step": 1, "to')
    assert journal.read(path) == [{"step": 0, "total": 1.0}]
