import errno
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

import segue
from fakes.tuning import masks, use_toy, video
from segue.errors import InputError, NotFoundError, OutputError, SettingsError, WriteError
from segue.training import checkpoint, journal
from segue.training.finetune.run import Tuned


@pytest.fixture
def tune(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Tuned]:
    use_toy(monkeypatch)

    def run(name: str = "tuned.safetensors", **options: Any) -> Tuned:
        given = options.pop("masks", masks(0, 5))
        return segue.finetune(video(), given, out=tmp_path / name, **options)

    return run


def stop_after(steps: int) -> Callable[[], bool]:
    asked = iter(range(1, 1000))
    return lambda: next(asked) >= steps


def test_weights_appear_and_the_folder_keeps_the_record(
    tmp_path: Path, tune: Callable[..., Tuned]
) -> None:
    seen: list[tuple[int, int]] = []
    tuned = tune(progress=lambda done, total, values: seen.append((done, total)))
    assert (tuned.complete, tuned.steps, tuned.masked) == (True, 6, 2)
    assert seen == [(step, 6) for step in range(1, 7)]
    assert load_file(tuned.path)["value"] > 0
    kept = {path.name for path in (tmp_path / "tuned.run").iterdir()}
    assert kept == {"run.json", "metrics.jsonl", "cost.json"}
    record = json.loads((tmp_path / "tuned.run/run.json").read_text())
    assert record["complete"] is True
    assert record["masked frames"] == [0, 5]
    assert record["settings"]["rotation"] == 30


@pytest.mark.parametrize("steps", [1, 4])
def test_an_interruption_keeps_what_was_learned(
    tmp_path: Path, tune: Callable[..., Tuned], steps: int
) -> None:
    whole = tune("whole.safetensors")
    cut = tune("cut.safetensors", stop=stop_after(steps))
    assert (cut.complete, cut.steps) == (False, steps)
    assert not cut.path.exists()
    so_far = load_file(tmp_path / "cut.run/weights.safetensors")["value"]
    assert 0 < so_far < load_file(whole.path)["value"]
    with pytest.raises(OutputError, match="was interrupted") as caught:
        tune("cut.safetensors")
    assert "--resume" in caught.value.option
    on = tune("cut.safetensors", mode="resume")
    assert (on.complete, on.steps) == (True, 6)
    assert on.path.read_bytes() == whole.path.read_bytes()
    lines = [line["step"] for line in journal.read(tmp_path / "cut.run/metrics.jsonl")]
    assert lines == list(range(6))


def test_to_stop_at_the_last_step_is_to_be_ready(tune: Callable[..., Tuned]) -> None:
    assert tune(stop=stop_after(6)).complete


def test_time_that_is_over_ends_the_run(tune: Callable[..., Tuned]) -> None:
    tuned = tune(minutes=1e-9)
    assert (tuned.complete, tuned.steps) == (True, 1)
    assert tuned.path.is_file()
    with pytest.raises(InputError, match="Expected minutes above 0, got -1"):
        tune(minutes=-1.0)


def test_what_is_complete_is_not_trained_again_unless_asked(tune: Callable[..., Tuned]) -> None:
    first = tune()
    before = first.path.read_bytes()
    with pytest.raises(OutputError, match="is there already") as caught:
        tune(settings={"steps": 2})
    assert "--overwrite" in caught.value.option
    again = tune(mode="resume")
    assert (again.steps, again.seconds, again.complete) == (6, 0.0, True)
    with pytest.raises(SettingsError, match=r"settings\.steps was 6, now 2"):
        tune(settings={"steps": 2}, mode="resume")
    assert first.path.read_bytes() == before
    assert tune(settings={"steps": 2}, mode="overwrite").steps == 2
    assert first.path.read_bytes() != before


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"settings": {"rotation": 3}}, r"settings\.rotation was 30\.0, now 3"),
        ({"masks": masks(0, 4)}, "the frames and masks are others"),
    ],
)
def test_a_run_goes_on_with_what_it_began_with(
    tune: Callable[..., Tuned], changes: dict[str, Any], sentence: str
) -> None:
    tune(stop=stop_after(2))
    with pytest.raises(SettingsError, match=sentence):
        tune(mode="resume", **changes)
    assert tune(mode="resume", settings={"device": "auto"}).complete, "where makes no difference"


def full(*arguments: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_at_the_end_loses_nothing(
    tmp_path: Path, tune: Callable[..., Tuned], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(shutil, "copyfile", full)
        with pytest.raises(WriteError, match=r"Could not write .*tuned\.safetensors: No space"):
            tune()
    assert not list(tmp_path.glob("*.part"))
    assert not (tmp_path / "tuned.safetensors").exists()
    tuned = tune(mode="resume")
    assert (tuned.complete, tuned.steps) == (True, 6)


def test_a_full_disk_on_the_way_keeps_the_checkpoint(
    tmp_path: Path, tune: Callable[..., Tuned], monkeypatch: pytest.MonkeyPatch
) -> None:
    tune(stop=stop_after(2))
    before = (tmp_path / "tuned.run/checkpoint.safetensors").read_bytes()
    with monkeypatch.context() as broken:
        broken.setattr(checkpoint, "save", full)
        broken.setattr(Path, "write_bytes", full)
        with pytest.raises(WriteError, match="No space left on device"):
            tune(mode="resume")
    assert (tmp_path / "tuned.run/checkpoint.safetensors").read_bytes() == before
    assert tune(mode="resume").complete


def test_places_that_cannot_be(tmp_path: Path, tune: Callable[..., Tuned]) -> None:
    with pytest.raises(InputError, match=r"ends in \.safetensors, got .*tuned\.pt"):
        tune("tuned.pt")
    with pytest.raises(NotFoundError, match="No folder"):
        tune("none/tuned.safetensors")
    (tmp_path / "tuned.run").write_text("mine")
    with pytest.raises(OutputError, match=r"tuned\.run is in the way"):
        tune()
    assert (tmp_path / "tuned.run").read_text() == "mine"


def test_names_that_are_not_there(tune: Callable[..., Tuned]) -> None:
    with pytest.raises(SettingsError, match="segue-lite"):
        tune(model="frtm")
    with pytest.raises(SettingsError, match="backbone"):
        tune(settings={"freeze": "backbon"})
    with pytest.raises(SettingsError, match="Unknown setting 'rotatoin'; did you mean 'rotation'"):
        tune(settings={"rotatoin": 3})
    with pytest.raises(InputError, match="is a live source"):
        segue.finetune("rtsp://camera/1", {}, out="a.safetensors")
