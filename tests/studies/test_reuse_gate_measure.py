"""What is measured of a model with a gate: scores as the evaluation has them, rates and times of frames alone."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fakes.davis import moving_square, write_davis
from fakes.gates import GateOverride, StillModel
from fakes.trees import write_tree
from segue.errors import NotFoundError, SettingsError
from segue.evaluation.run import evaluate
from segue.models.catalog import load_model
from segue.models.interface import VideoModel
from segue.studies.reuse_gate import hosts, measure, passage
from segue.studies.reuse_gate.clip import Clip, read_clips
from segue.studies.reuse_gate.measure import Measuring
from segue.studies.reuse_gate.overlap import Overlapping
from segue.studies.reuse_gate.passage import Oracle, go_through
from segue.studies.reuse_gate.settings import DataSettings, MeasureSettings

LENGTH = 8


def shifted_iou(pixels: int) -> float:
    """Of the square of 12 pixels and the same some pixels further."""
    return (12 - pixels) / (12 + pixels)


@pytest.fixture(scope="module")
def davis(tmp_path_factory: pytest.TempPathFactory) -> Path:
    labels = {name: moving_square(LENGTH, start=i) for i, name in enumerate("abcd")}
    return write_davis(tmp_path_factory.mktemp("davis"), labels)


@pytest.fixture(scope="module")
def youtube(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree("youtube-vos-2018", tmp_path_factory.mktemp("youtube"), frames=6)


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[MeasureSettings]:
    """Every row's model is the still one; the settings with which it was asked for."""
    asked: list[MeasureSettings] = []

    def load_host(settings: MeasureSettings, override: GateOverride | None = None) -> StillModel:
        asked.append(settings)
        assert settings.reuse
        return StillModel(settings.reuse.threshold, override)

    monkeypatch.setattr(measure, "load_host", load_host)
    monkeypatch.setattr(measure, "fingerprints", lambda settings: {"still": "0"})
    return asked


def row(root: Path, layout: str = "davis2016", **values: Any) -> MeasureSettings:
    data = {"layout": layout, "root": str(root), **values.pop("data", {})}
    reuse = {"threshold": values.pop("threshold", 0.7)}
    return Measuring().settings({"data": data, "model": "still", "reuse": reuse, **values})


def measured(settings: MeasureSettings, folder: Path) -> dict[str, float]:
    return dict(Measuring().scores(settings, folder, lambda *_: None))


def clips(root: Path, layout: str = "davis2016", **data: Any) -> list[Clip]:
    return read_clips(DataSettings.parse({"layout": layout, "root": str(root), **data}))


def written(model: VideoModel[Any], every: list[Clip], folder: Path) -> Path:
    for clip in every:
        (folder / clip.name).mkdir(parents=True)
        go_through(model, clip, folder / clip.name)
    return folder


def test_j_and_f_are_those_of_the_evaluation(
    davis: Path, tmp_path: Path, loaded: list[MeasureSettings]
) -> None:
    scores = measured(row(davis), tmp_path / "row")
    masks = written(StillModel(0.7), clips(davis), tmp_path / "masks")
    summary = evaluate(masks, davis, "davis2016").tables[0].summary
    assert {k: scores[k] for k in summary} == pytest.approx(
        {k: value / 100 for k, value in summary.items() if value is not None}
    )
    assert scores["davis2016"] == scores["J&F"]
    assert scores["J"] == pytest.approx(np.mean([shifted_iou(t) for t in range(1, LENGTH - 1)]))


def test_objects_that_start_later_and_groups_of_categories(
    youtube: Path, tmp_path: Path, loaded: list[MeasureSettings]
) -> None:
    settings = row(youtube, "youtube-vos-2018", data={"split": "valid_truth"})
    scores = measured(settings, tmp_path / "row")
    every = clips(youtube, "youtube-vos-2018", split="valid_truth")
    masks = written(StillModel(0.7), every, tmp_path / "masks")
    summary = evaluate(masks, youtube, "youtube-vos", "valid_truth").tables[0].summary
    assert scores["G"] == pytest.approx((summary["G"] or 0) / 100)
    assert scores["J_unseen"] == pytest.approx((summary["J_unseen"] or 0) / 100)
    # The second object enters in the middle: until then it is not told, and not asked about.
    clip = every[0]
    told = [labels for i in range(len(clip)) if (labels := clip.given(i)) is not None]
    assert [np.unique(labels).tolist() for labels in told] == [[0, 1], [0, 2]]


def test_first_masks_alone_are_refused(youtube: Path) -> None:
    with pytest.raises(NotFoundError, match=r"split 'valid' .* no true mask for .*data.split=NAME"):
        clips(youtube, "youtube-vos-2018")


def test_rates_leave_the_first_frame_out(
    davis: Path, tmp_path: Path, loaded: list[MeasureSettings]
) -> None:
    scores = measured(row(davis), tmp_path)
    assert scores["reuse"] == pytest.approx(4 / 7)  # frames 1, 3, 5 and 7 of 1 to 7
    assert {"computed_ms", "reused_ms", "start_ms", "fps"} <= scores.keys()
    never = measured(row(davis, threshold=1.0), tmp_path / "never")
    assert never["reuse"] == 0
    assert "reused_ms" not in never


def test_only_the_model_is_timed(davis: Path, tmp_path: Path, monkeypatch: Any) -> None:
    now = [0.0]

    def spend(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(passage.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(cv2, "imwrite", lambda *_: spend(100))
    read = Clip.frame
    monkeypatch.setattr(Clip, "frame", lambda self, i: (spend(1000), read(self, i))[1])
    model = StillModel(0.7, on_step=lambda: spend(2))
    found = go_through(model, clips(davis)[0], tmp_path)
    assert found.seconds == (2.0,) * (LENGTH - 1)
    assert found.start_seconds == 0
    assert found.computed == (False, True, False, True, False, True, False)
    assert (found.asked, found.reused) == (7, 4)


@pytest.mark.parametrize(
    ("threshold", "pattern"),
    [(0.9, "CCCCCCC"), (0.84, "rCrCrCr"), (0.7, "rrCrrCr"), (0.2, "rrrrrrr")],
)
def test_the_oracle_compares_with_the_last_computed_frame(
    davis: Path, tmp_path: Path, threshold: float, pattern: str
) -> None:
    """The square overlaps itself by 0.85 after a frame, by 0.71 after two, by 0.6 after three."""
    oracle = Oracle()
    model = StillModel(threshold, oracle)
    for clip in clips(davis)[:2]:
        found = go_through(model, clip, tmp_path, oracle)
        assert "".join("rC"[computed] for computed in found.computed) == pattern
        assert oracle(9, 3) == 1  # an object that is on neither frame
    assert oracle(1, LENGTH - 1) == pytest.approx(
        shifted_iou({"C": 0, "r": len(pattern) - pattern.rfind("C") - 1}[pattern[-1]])
    )


def test_a_row_goes_on_after_the_last_whole_sequence(
    davis: Path, tmp_path: Path, loaded: list[MeasureSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def go(model: Any, clip: Clip, *rest: Any) -> Any:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(clip.name)
        return go_through(model, clip, *rest)

    monkeypatch.setattr(measure, "go_through", go)
    with pytest.raises(KeyboardInterrupt):
        measured(row(davis), tmp_path)
    assert not (tmp_path / "scores.json").exists()
    done.clear()
    scores = measured(row(davis), tmp_path)
    assert done == ["c", "d"]
    assert len(loaded) == 2
    done.clear()
    assert measured(row(davis), tmp_path) == scores
    assert not done
    assert len(loaded) == 2
    assert json.loads((tmp_path / "scores.json").read_text()) == scores


def test_numbers_of_other_settings_or_weights_are_not_mixed(
    davis: Path, tmp_path: Path, loaded: list[MeasureSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = measured(row(davis), tmp_path)
    with pytest.raises(SettingsError, match=r"settings.reuse.threshold was 0.7, now 0.8"):
        measured(row(davis, threshold=0.8), tmp_path)
    monkeypatch.setattr(measure, "fingerprints", lambda settings: {"still": "1"})
    with pytest.raises(SettingsError, match=r"weights.still was 0, now 1. Give another folder"):
        measured(row(davis), tmp_path)
    monkeypatch.setattr(measure, "fingerprints", lambda settings: {"still": "0"})
    moved = row(davis).model_copy(update={"weights": {"still": Path("elsewhere")}})
    assert measured(moved, tmp_path) == before


def test_fewer_sequences_and_frames(davis: Path) -> None:
    some = clips(davis, every=3, frames=5)
    assert [clip.name for clip in some] == ["a", "d"]
    assert all(len(clip) == 5 for clip in some)


def test_successive_masks(davis: Path, tmp_path: Path) -> None:
    data = {"layout": "davis2016", "root": str(davis)}
    method = Overlapping()
    scores = method.scores(method.settings({"data": data}), tmp_path, lambda *_: None)
    assert scores == {
        "similar": 1.0,
        "mean": pytest.approx(shifted_iou(1)),
        "pairs": 4 * (LENGTH - 1),
    }


def test_an_object_that_comes_or_goes_overlaps_by_nothing(tmp_path: Path) -> None:
    labels = moving_square(4)
    labels[2] = 0
    root = write_davis(tmp_path / "data", {"a": labels})
    method = Overlapping()
    settings = method.settings({"data": {"layout": "davis2016", "root": str(root)}})
    scores = method.scores(settings, tmp_path / "row", lambda *_: None)
    assert scores["pairs"] == 3
    assert scores["similar"] == pytest.approx(1 / 3)


# Real models.


def test_a_row_without_trained_weights_says_whose(davis: Path) -> None:
    method = Measuring()
    absent = row(davis, model="g-frtm", trained_as="g-frtm-nobody-trained")
    assert method.obstacle(absent) == "no trained weights of g-frtm-nobody-trained"
    given = absent.model_copy(update={"weights": {"g-frtm-nobody-trained": Path("a")}})
    assert not method.obstacle(given)
    assert not method.obstacle(row(davis, model=""))
    assert measured(row(davis, model=""), davis / "nothing") == {}
    assert not (davis / "nothing").exists()


@pytest.mark.parametrize("name", ["segue-lite", "g-frtm-fast"])
def test_an_oracle_takes_the_place_of_the_gate(
    davis: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def untrained(name: str, **rest: Any) -> VideoModel[Any]:
        settings = {**rest["settings"], "random_weights": True}
        return load_model(name, settings=settings)

    if name == "g-frtm-fast":
        monkeypatch.setattr(hosts, "load_model", untrained)
        monkeypatch.setattr(hosts, "shipped_weights", lambda name: tmp_path)
    said: list[tuple[int, int]] = []

    def override(object_id: int, index: int) -> float:
        said.append((object_id, index))
        return float(index > 1)

    settings = row(davis, model=name, gate="oracle", data={"frames": 4})
    model = hosts.load_host(settings, override)
    found = go_through(model, clips(davis, frames=4)[0], tmp_path)
    assert found.computed == (True, False, False)
    assert said == [(1, 1), (1, 2), (1, 3)]
    plain = replace(clips(davis, frames=4)[0], name="again")
    settings = settings.model_copy(update={"gate": "learned", "reuse": None})
    if name == "segue-lite":
        assert all(go_through(hosts.load_host(settings), plain, tmp_path).computed)


def test_fingerprints_tell_weights_apart(davis: Path, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    prints = []
    for name in "ab":
        weights = {"segue-lite": tmp_path / name, "segue-lite-gate": tmp_path / "a"}
        settings = row(davis, model="segue-lite").model_copy(update={"weights": weights})
        prints.append(hosts.fingerprints(settings))
    assert prints[0]["segue-lite-gate"] == prints[1]["segue-lite-gate"]
    assert prints[0]["segue-lite"] != prints[1]["segue-lite"]
