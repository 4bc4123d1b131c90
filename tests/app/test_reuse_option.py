import json
import re
from functools import partial
from pathlib import Path

import pytest

from fakes.gated_models import DoubtingPropagator
from fakes.scenes import scene, write_frames
from fakes.small_models import small_settings
from segue.app.cli.main import main
from segue.inference.job import Job
from segue.media.masks import write_mask
from segue.models.catalog import MODELS, load_model
from segue.nn.weights import ships


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of 12 frames, and ``0.png``, the mask of object 1."""
    monkeypatch.chdir(tmp_path)
    truth = write_frames(Path("frames"), 12)
    write_mask(Path("0.png"), truth[0])
    return tmp_path


def track(*words: str, out: str = "out", model: str = "g-colour") -> int:
    command = ["track", "frames", "--mask", "0.png", "--out", out, "--model", model]
    return main([*command, "--threads", "1", *words])


def record(out: str = "out") -> dict:
    return json.loads(Path(out, "run.json").read_text())


def results(out: str) -> dict[str, bytes]:
    paths = [p.relative_to(out) for p in Path(out).rglob("*") if p.is_file()]
    kept = [p for p in paths if p.name != "run.json" and "_session" not in p.parts]
    return {str(p): Path(out, p).read_bytes() for p in kept}


@pytest.mark.parametrize(
    ("words", "rate"),
    [
        ((), 0.7273),  # 8 of 11: the model's own threshold lets two of three pass
        (("--reuse", "0.85"), 0.5455),
        (("--reuse", "1"), 0.0),
        (("--reuse", "0"), 1.0),
        (("--reuse", "off"), 0.0),
        (("reuse.threshold=0.85",), 0.5455),
        (("reuse.threshold=0.85", "--reuse", "0.85"), 0.5455),
        (("reuse.path=copy", "--reuse", "0.85"), 0.5455),
    ],
)
def test_the_dial(place: Path, words: tuple[str, ...], rate: float) -> None:
    assert track(*words) == 0
    assert record()["reuse"] == {"1": rate}
    assert json.loads(Path("out/tracks.json").read_text())["reuse"] == {"1": rate}
    assert Path("out/reuse.png").is_file()
    if "reuse.path=copy" in words:
        assert record()["settings"]["reuse"]["path"] == "copy"


def test_labelling_has_the_dial_too(place: Path) -> None:
    command = ["label", "frames", "--model", "g-shade"]
    assert main([*command, "--out", "plain"]) == 0
    assert "reuse" not in record("plain")
    assert main([*command, "--out", "out", "--reuse", "0.7"]) == 0
    assert record()["reuse"] == {"all classes": 0.5455}
    assert Path("out/reuse.png").is_file()


@pytest.mark.parametrize("value", ["1.5", "-0.1", "nan", "inf", "much", ""])
def test_no_other_number_is_taken(place: Path, capsys, value: str) -> None:
    with pytest.raises(SystemExit) as caught:
        track("--reuse", value)
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert f"--reuse: expected a number from 0 to 1, or off, got {value!r}" in error
    assert error.count("\n") == 1
    assert not Path("out").exists()


def refused(capsys, pattern: str) -> bool:
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return re.search(f"^segue: error: .*{pattern}", error) is not None


def test_models_without_a_gate_name_those_that_have_one(place: Path, capsys) -> None:
    assert track("--reuse", "0.5", model="colour") == 2
    assert refused(capsys, "'colour' has no reuse gate.*: segue-lite, g-frtm, .*, g-colour\\.")
    assert main(["label", "frames", "--model", "shade", "--out", "out", "--reuse", "0.5"]) == 2
    assert refused(capsys, "'shade' has no reuse gate.*: temporal-unet, .*, g-shade\\.")
    assert track("--reuse", "0.5", model="g-colur") == 2
    assert refused(capsys, "Did you mean 'g-colour'")
    assert track("reuse=on", "--reuse", "0.5") == 2
    assert refused(capsys, "'reuse' is a value, not a table")
    assert not Path("out").exists()


def test_resume_wants_the_same_threshold(
    place: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    carry, calls = DoubtingPropagator.propagate, iter(range(99))

    def interrupted(*arguments):
        if next(calls) == 7:
            raise KeyboardInterrupt
        return carry(*arguments)

    monkeypatch.setattr("segue.app.engine.Job", partial(Job, checkpoint_seconds=0.0))
    with monkeypatch.context() as patch:
        patch.setattr(DoubtingPropagator, "propagate", interrupted)
        assert track("--reuse", "0.75") == 130
    capsys.readouterr()
    assert track("--resume", "--reuse", "0.5") == 2
    assert refused(capsys, r"settings\.reuse\.threshold was 0\.75, now is 0\.5")
    assert track("--resume") == 2
    assert refused(capsys, r"settings\.reuse\.threshold was 0\.75, now is not set")
    assert track("--resume", "--reuse", "0.75") == 0
    assert record()["resumed_at_frame"] == 8
    assert track("--reuse", "0.75", out="whole") == 0
    assert results("out") == results("whole")
    assert record()["reuse"] == record("whole")["reuse"]


def test_a_data_set_tells_the_rates_of_each_sequence(place: Path) -> None:
    truth = write_frames(Path("davis/JPEGImages/480p/dog"), 4)
    masks = Path("davis/Annotations/480p/dog")
    masks.mkdir(parents=True)
    for index, labels in enumerate(truth):
        write_mask(masks / f"{index:05d}.png", labels)
    Path("davis/ImageSets/480p").mkdir(parents=True)
    Path("davis/ImageSets/480p/val.txt").write_text("dog\n")
    layout = ["--layout", "davis2016", "--root", "davis", "--split", "val"]
    assert main(["track", *layout, "--out", "o", "--model", "g-colour", "--reuse", "0.75"]) == 0
    report = json.loads(Path("o/_run/run.json").read_text())
    assert report["sequences"]["dog"]["reuse"] == {"1": 0.6667}
    assert Path("o/_run/dog/reuse.png").is_file()


@pytest.mark.parametrize(
    "name",
    # Large models without weights and without a gate take long and show nothing new.
    [n for n, e in MODELS.items() if e.goes_through_videos and (e.gated or not e.unweighted)],
)
def test_the_list_of_models_with_a_gate_is_right(name: str) -> None:
    """A model belongs in it if a threshold of 0 makes it reuse its second frame."""
    settings = dict(small_settings(name))
    if ships(name):
        settings.pop("random_weights", None)
    gate = {"reuse": {"threshold": 0.0}} if MODELS[name].gated else {}
    model = load_model(name, settings={**settings, **gate})
    frame, labels = scene(1)[0]
    entry = MODELS[name]
    given = None if entry.kind == "classes" or entry.begins_with == "nothing" else labels
    _, state = model.start(frame, given)
    prediction, state = model.step(frame, state)
    if prediction is None:  # it looks ahead
        prediction = model.finish(state)[-1]
    expected = True if MODELS[name].gated else None
    assert {score.reused for score in prediction.scores.values()} == {expected}
