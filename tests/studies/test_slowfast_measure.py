"""Rows of the SlowFast studies: scored as the evaluation does, kept sequence by sequence, never mixed."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fakes.bright_model import BrightModel
from fakes.davis import moving_square, write_davis
from segue.errors import MaskError, NotFoundError, SettingsError, WeightsError
from segue.evaluation.run import evaluate
from segue.studies.slowfast import measure, passage, tuned
from segue.studies.slowfast.detector import keep_detector, missing_detector
from segue.studies.slowfast.measure import MASKS, Measuring, place_of, videos
from segue.studies.slowfast.passage import go_through
from segue.studies.slowfast.settings import RowSettings
from segue.studies.slowfast.trained import missing_footage
from segue.training.finetune.run import Tuned

LENGTH = 6
NAMES = ("ant", "bee", "cow", "dog")


@pytest.fixture(scope="module")
def davis(tmp_path_factory: pytest.TempPathFactory) -> Path:
    films = {name: moving_square(LENGTH, start=place) for place, name in enumerate(NAMES)}
    root = write_davis(tmp_path_factory.mktemp("davis"), films)
    # Some frames are too dark to be seen, those at both ends among them.
    for name in NAMES:
        for index in (0, 3, LENGTH - 1):
            path = root / f"JPEGImages/480p/{name}/{index:05}.jpg"
            cv2.imwrite(str(path), np.zeros((40, 60, 3), np.uint8))
    return root


class Workshop:
    """In the place of trainings: what was asked for, and files that differ by seed."""

    def __init__(self) -> None:
        self.learned: list[tuple[str, int]] = []
        self.tuned: list[str] = []
        self.loaded: list[bytes] = []
        self.content = "weights"

    def learn(self, settings: RowSettings, seed: int, rows: Path, watch: Any) -> Path:
        self.learned.append((settings.network_name, seed))
        path = rows / "trained" / f"{settings.network_name}-{seed}.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{self.content} {path.stem}")
        return path

    def build(self, name: str, *, settings: Any, weights: Path, device: str) -> BrightModel:
        self.loaded.append(weights.read_bytes())
        # What was fine-tuned sees more; of another seed, nothing.
        dark = b"-1" in weights.read_bytes()
        return BrightModel(255 if dark else -1 if b"tuned" in weights.read_bytes() else 100)

    def finetune(self, video: Any, masks: Any, **given: Any) -> Tuned:
        assert masks.shape == (40, 60)
        assert given["mode"] == "resume"
        assert len(video) == LENGTH
        self.tuned.append(f"{given['out'].stem} {json.dumps(given['settings'], sort_keys=True)}")
        given["progress"](1, 1, {})
        given["out"].write_text("tuned " + given["weights"].read_text())
        return Tuned(given["out"], True, 1, 1, 3.0)


@pytest.fixture
def workshop(monkeypatch: pytest.MonkeyPatch) -> Workshop:
    made = Workshop()
    monkeypatch.setattr(measure, "learn", made.learn)
    monkeypatch.setattr(measure, "build", made.build)
    monkeypatch.setattr(tuned, "finetune", made.finetune)
    return made


def row(root: Path, **values: Any) -> RowSettings:
    data = {"layout": "davis2016", "root": str(root), **values.pop("data", {})}
    return Measuring().settings({"data": data, "model": "slowfast-lite", "seeds": [0], **values})


def scores(settings: RowSettings, folder: Path) -> dict[str, float]:
    return dict(Measuring().scores(settings, folder, lambda *_: None))


def test_both_protocols_are_those_of_the_evaluation(
    davis: Path, tmp_path: Path, workshop: Workshop
) -> None:
    found = scores(row(davis), tmp_path / "slowfast-3-7")
    masks = place_of(row(davis), 0, tmp_path / "slowfast-3-7") / MASKS
    for key, protocol in (("J&F", "davis2016"), ("J&F all", "davis2016-all-frames")):
        summary = evaluate(masks, davis, protocol).tables[0].summary
        assert found[key] == pytest.approx((summary["J&F"] or 0) / 100)
    assert found["J&F"] > found["J&F all"] > 0  # the dark frames at the ends count in one alone
    assert found["trained parameters"] == 8
    assert {"ms", "seconds", "model_seconds", "J", "F"} <= found.keys()
    assert found["seconds"] > found["model_seconds"] > 0


def test_only_the_model_is_timed(davis: Path, tmp_path: Path, monkeypatch: Any) -> None:
    now = [0.0]

    def spend(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(passage.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(passage, "write_mask", lambda *_: spend(100))
    clip = videos(row(davis).data)[0]
    found = go_through(BrightModel(on_step=lambda: spend(2)), clip, tmp_path)
    assert found.by_frame == (2.0,) * (LENGTH - 1)
    assert found.seconds == 2.0 * (LENGTH - 1)


def test_a_row_goes_on_after_the_last_whole_sequence(
    davis: Path, tmp_path: Path, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def go(model: Any, clip: Any, masks: Path) -> Any:
        if len(done) == 2:
            (masks / "99999.png").write_text("half")
            raise KeyboardInterrupt
        done.append(clip.name)
        return go_through(model, clip, masks)

    monkeypatch.setattr(measure, "go_through", go)
    folder = tmp_path / "slowfast-3-7"
    with pytest.raises(KeyboardInterrupt):
        scores(row(davis), folder)
    assert not (folder / "scores.json").exists()
    done.clear()
    found = scores(row(davis), folder)
    assert done == ["cow", "dog"]
    assert not list(folder.rglob("99999.png"))
    done.clear()
    assert scores(row(davis), folder) == found
    assert not done
    # Fewer sequences are scored out of what is there.
    fewer = scores(row(davis, data={"every": 3}), folder)
    assert not done
    assert fewer["seconds"] < found["seconds"]


def test_numbers_of_other_networks_are_not_mixed(
    davis: Path, tmp_path: Path, workshop: Workshop
) -> None:
    folder = tmp_path / "slowfast-3-7"
    scores(row(davis), folder)
    with pytest.raises(SettingsError, match=r"options was \{\}, now .*Give another folder"):
        scores(row(davis, options={"most": 1}), folder)
    # The first frames of videos are scored beside whole ones.
    first = scores(row(davis, data={"frames": 4}), folder)
    assert first != scores(row(davis), folder)
    workshop.content = "others"
    with pytest.raises(SettingsError, match=r"weights was \w+, now \w+"):
        scores(row(davis), folder)


def test_seeds_are_averaged_and_the_detector_has_none(
    davis: Path, tmp_path: Path, workshop: Workshop
) -> None:
    alone = scores(row(davis), tmp_path / "slowfast-3-7")
    both = scores(row(davis, seeds=[0, 1]), tmp_path / "slowfast-3-7")
    assert workshop.learned == [("slowfast-3-7", 0)] * 2 + [("slowfast-3-7", 1)]
    assert both["J&F"] == pytest.approx(alone["J&F"] / 2)
    assert both["J&F spread"] == pytest.approx(alone["J&F"])
    workshop.learned.clear()
    scores(row(davis, module=False, seeds=[0, 1]), tmp_path / "slowfast-detector")
    assert workshop.learned == [("slowfast-detector", 0)]


def test_fine_tuning_is_compared_with_the_network_before(
    davis: Path, tmp_path: Path, workshop: Workshop
) -> None:
    before = scores(row(davis), tmp_path / "slowfast-3-7")
    loads = len(workshop.loaded)
    settings = row(davis, data={"every": 2}, finetune={"freeze": "module"})
    found = scores(settings, tmp_path / "tuned")
    given = '{"device": "cpu", "freeze": "module", "seed": 0}'
    assert workshop.tuned == [f"ant {given}", f"cow {given}"]
    # The untuned network was scored before: it is only loaded to be counted.
    assert workshop.loaded[loads:] == [
        b"weights slowfast-3-7-0",
        *[b"tuned weights slowfast-3-7-0"] * 2,
    ]
    untuned = scores(row(davis, data={"every": 2}), tmp_path / "slowfast-3-7")
    assert found["J&F before"] == untuned["J&F"] != before["J&F all"]
    assert found["J&F"] != found["J&F before"]
    assert found["tuning_seconds"] == 3.0
    # Weights of single sequences are not kept.
    assert not list((tmp_path / "tuned").rglob("*.safetensors"))
    workshop.tuned.clear()
    assert scores(settings, tmp_path / "tuned") == found
    assert not workshop.tuned


def test_a_sequence_without_an_object_at_first_cannot_be_learned(
    tmp_path: Path, workshop: Workshop
) -> None:
    film = moving_square(LENGTH)
    film[0] = 0
    root = write_davis(tmp_path / "davis", {"ant": film})
    with pytest.raises(MaskError, match=r"ant.00000\.png holds no object"):
        scores(row(root, finetune={}), tmp_path / "tuned")


def test_sequences_by_name(davis: Path) -> None:
    named = row(davis, data={"sequences": ["dog", "bee"], "every": 3})
    assert [clip.name for clip in videos(named.data)] == ["bee", "dog"]
    wrong = row(davis, data={"sequences": ["dog", "breakdance"]})
    with pytest.raises(SettingsError, match=r"breakdance, which .* does not have.* such as ant"):
        Measuring().obstacle(wrong)


def test_what_is_missing_is_said_before_any_work(davis: Path, tmp_path: Path) -> None:
    assert missing_detector(row(davis, model="slowfast")) == (
        "no trained detector of slowfast (detector=FILE)"
    )
    assert not missing_detector(row(davis, model="slowfast", train_detector=True))
    with pytest.raises(NotFoundError, match=r"No detector .*absent.*detector=FILE"):
        Measuring().obstacle(row(davis, detector=str(tmp_path / "absent.safetensors")))
    assert "no split train of davis2017" in missing_footage(row(davis))
    assert not missing_footage(row(davis, module=False))
    own = row(davis, footage={"layout": "davis2016", "split": "val"})
    assert not missing_footage(own)


def test_a_file_of_another_network_is_no_detector(davis: Path, tmp_path: Path) -> None:
    path = tmp_path / "detector.safetensors"
    path.write_bytes(b"")
    with pytest.raises(WeightsError, match=r"detector\.safetensors"):
        keep_detector(row(davis, detector=str(path)), tmp_path / "trained")
    assert not (tmp_path / "trained/detector.json").exists()
