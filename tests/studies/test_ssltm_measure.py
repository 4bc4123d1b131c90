"""Rows of the SSLTM studies: trained once, scored as the evaluation does, gone on with, never mixed."""

import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fakes.tiny_scenes import TINY, TinyModel
from fakes.trees import write_tree
from segue.data.camvid import camvid_sequences
from segue.errors import NotFoundError, SettingsError
from segue.evaluation.run import evaluate
from segue.media.png import write_png
from segue.studies.run import reproduce
from segue.studies.setup import Setup, set_up
from segue.studies.ssltm import drawing, measure, passage
from segue.studies.ssltm.measure import CLASSES, Measuring, seed_folder
from segue.studies.ssltm.settings import RowSettings
from segue.studies.ssltm.tables import FIGURE_1, FIGURE_2, FIGURE_3, FIGURE_4, TABLE_1
from segue.studies.ssltm.trained import missing_footage
from segue.studies.study import Row, Study
from segue.training import journal
from segue.training.loop import Watch
from segue.training.tasks.scene_networks import SCENE_NETWORKS

SHORT = (
    "steps=2",
    "share_maps=false",
    "training.imagenet=false",
    'training.loop={batch=2, workers=0, device="cpu"}',
    "training.clips={size_hw=[16, 24], length=2, reference={nearest=1, farthest=3}}",
    "training.centres={frames=2, cells=20}",
    "training.optimiser.undecayed=[]",
    "labels={every=3}",
)


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(journal, "draw_curves", lambda *paths: None)
    monkeypatch.setitem(SCENE_NETWORKS, "ssltm-lite", TINY)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="None of the")  # the tree shows few classes
        yield


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree("camvid", tmp_path_factory.mktemp("camvid"), frames=9)


class Noted:
    """Notes the steps of trainings; ends the process after one of them."""

    def __init__(self, kill_after: int | None = None) -> None:
        self.steps: list[tuple[str, int, int]] = []
        self._kill_after = kill_after

    def begin(self, row: Row, number: int, total: int) -> Watch:
        def watch(done: int, total: int, values: Mapping[str, float]) -> None:
            self.steps.append((row.name, done, total))
            if len(self.steps) == self._kill_after:
                raise KeyboardInterrupt

        return watch

    def end(self, outcome: Any) -> None:
        assert not outcome.error


def short(study: Study, tree: Path, *overrides: str) -> Setup:
    return set_up(study, tree, quick=True, overrides=(*SHORT, *overrides))


def one_row(study: Study, name: str) -> Study:
    return replace(study, rows=tuple(row for row in study.rows if row.name == name), draw=None)


def settings_of(study: Study, tree: Path, name: str, *overrides: str) -> RowSettings:
    (row,) = (row for row in study.rows if row.name == name)
    found = short(study, tree, *overrides).settings(row)
    assert isinstance(found, RowSettings)
    return found


def test_studies_share_what_is_trained(tree: Path, tmp_path: Path) -> None:
    first = Noted()
    result = reproduce(FIGURE_2, short(FIGURE_2, tree), tmp_path, first)
    assert result.complete
    assert [name for name, *_ in first.steps] == ["no-stt"] * 2 + ["ssltm"] * 2
    text = (tmp_path / "ssltm-figure2.md").read_text()
    assert "| with STT |" in text
    assert "successive frames" in text
    assert np.asarray(Image.open(tmp_path / "ssltm-figure2.png")).std() > 1

    again = Noted()
    reproduce(FIGURE_2, short(FIGURE_2, tree), tmp_path, again)
    assert not again.steps

    others = Noted()
    result = reproduce(FIGURE_3, short(FIGURE_3, tree), tmp_path, others)
    trained = [name for name, *_ in others.steps]
    # The iterative run has two rounds.
    assert trained == ["ssltm-teacher"] * 2 + ["ssltm-iterative"] * 4
    by_name = {outcome.row.name: outcome.scores for outcome in result.outcomes}
    assert by_name["ssltm-iterative"]["megabytes"] > 0 == by_name["ssltm-teacher"]["megabytes"]
    assert all(scores["hours"] > 0 for scores in by_name.values())
    assert np.asarray(Image.open(tmp_path / "ssltm-figure3.png")).std() > 1

    distances = Noted()
    assert reproduce(FIGURE_4, short(FIGURE_4, tree), tmp_path, distances).complete
    assert {name for name, *_ in distances.steps} == {"rfce", "stt"}
    assert np.asarray(Image.open(tmp_path / "ssltm-figure4.png")).std() > 1


def test_scores_are_those_of_the_evaluation(tree: Path, tmp_path: Path) -> None:
    settings = settings_of(FIGURE_2, tree, "ssltm", "clean_distance=2")
    found = Measuring().scores(settings, tmp_path / "ssltm", lambda *_: None)
    classes = seed_folder(tmp_path / "ssltm", 0) / CLASSES
    summary = evaluate(classes, tree, "camvid").tables[0].summary
    for name in ("mIoU", "fwIoU", "VC8", "TC"):
        assert found[name] == pytest.approx((summary[name] or 0) / 100)
    assert found["flips per s"] == pytest.approx(summary["flips per s"])
    assert 0 < found["clean frames"] <= 1
    assert found["labels"] == 6  # of two videos of nine frames, one of three
    assert {"ms", "hours", "threads", measure.RUN_PARAMETERS} <= found.keys()


def test_a_row_goes_on_where_it_was_cut_off(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a training, between seeds, and while a video is gone through."""
    study = one_row(FIGURE_2, "ssltm")
    setup = short(study, tree, "seeds=[0,1]", "training.loop.checkpoint_every=1")
    reproduce(study, setup, tmp_path / "whole", Noted())
    folder = tmp_path / "cut"
    with pytest.raises(KeyboardInterrupt):
        reproduce(study, setup, folder, Noted(kill_after=2))

    def cut(*given: Any) -> Any:
        passage.go_through(*given)
        raise KeyboardInterrupt

    monkeypatch.setattr(measure, "go_through", cut)
    with pytest.raises(KeyboardInterrupt):
        reproduce(study, setup, folder, Noted())
    monkeypatch.setattr(measure, "go_through", passage.go_through)
    third = Noted()
    reproduce(study, setup, folder, third)
    assert third.steps == [("ssltm", 3, 4), ("ssltm", 4, 4)]  # the second seed
    for seed in (0, 1):
        place = f"trained/ssltm-seed-{seed}/weights.safetensors"
        assert (folder / place).read_bytes() == (tmp_path / "whole" / place).read_bytes()
    left, right = (
        json.loads((place / "ssltm/scores.json").read_text())
        for place in (folder, tmp_path / "whole")
    )
    assert left["mIoU"] == right["mIoU"]
    assert left["mIoU spread"] == right["mIoU spread"] >= 0


def test_numbers_of_other_settings_are_not_mixed(tree: Path, tmp_path: Path) -> None:
    study, row = one_row(FIGURE_2, "ssltm"), tmp_path / "ssltm"
    reproduce(study, short(study, tree), tmp_path, Noted())
    with pytest.raises(SettingsError, match=r"learning_rate was .*Give another folder"):
        reproduce(
            study, short(study, tree, "training.optimiser.learning_rate=0.5"), tmp_path, Noted()
        )
    settings = settings_of(FIGURE_2, tree, "ssltm", "clean_distance=3")
    with pytest.raises(SettingsError, match=r"clean_distance was 60, now 3.*Give another folder"):
        Measuring().scores(settings, row, lambda *_: None)
    streaming = settings_of(FIGURE_2, tree, "ssltm", "streaming.distance=3")
    with pytest.raises(SettingsError, match=r"streaming was .*distance"):
        Measuring().scores(streaming, row, lambda *_: None)


def test_streaming_settings_reach_the_model(tree: Path, tmp_path: Path, monkeypatch: Any) -> None:
    asked: list[Any] = []

    def note(self: TinyModel, name: str, network: Any, settings: Any) -> None:
        plain(self, name, network, settings)
        asked.append(settings)

    plain = TinyModel.__init__
    monkeypatch.setattr(TinyModel, "__init__", note)
    for name in ("ssltm", "ssltm-distance-20"):
        settings = settings_of(FIGURE_4, tree, name)
        Measuring().scores(settings, tmp_path / name, lambda *_: None)
    assert [(one.distance, one.notice) for one in asked] == [(60, False), (20, False)]
    assert len(list((tmp_path / "trained").iterdir())) == 1


def test_only_the_model_is_timed(tree: Path, tmp_path: Path, monkeypatch: Any) -> None:
    now = [0.0]

    def spend(seconds: float) -> None:
        now[0] += seconds

    class Slow(TinyModel):
        def start(self, *given: Any) -> Any:
            spend(2)
            return super().start(*given)

    monkeypatch.setattr(passage.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(passage, "write_png", lambda *_: spend(100))
    settings: Any = TINY.settings("tiny", {"classes": ["a", "b"]})
    network: Any = TINY.network(settings, imagenet=False).eval()
    video = camvid_sequences(tree, "val")[0]
    found = passage.go_through(Slow("tiny", network, settings), video, tmp_path)
    assert found.by_frame == (2.0,) * 9


def test_what_is_missing_is_said_before_any_work(tree: Path, tmp_path: Path) -> None:
    bare = write_tree("camvid", tmp_path / "bare", frames=2)
    for path in (bare / "trainannot").parent.glob("train/*"):
        path.unlink()
    settings = settings_of(TABLE_1, bare, "ssltm")
    assert missing_footage(settings).startswith(
        "no split train in bare to train with (footage.root"
    )
    assert Measuring().obstacle(settings) == missing_footage(settings)
    elsewhere = settings_of(TABLE_1, bare, "ssltm", f"footage.root={tree}")
    assert not Measuring().obstacle(elsewhere)
    for path in (tmp_path / "bare/valannot").glob("*"):
        path.unlink()
    with pytest.raises(NotFoundError, match=r"'val' of .* has no labels"):
        Measuring().obstacle(elsewhere)


def test_the_picture_shows_where_labels_flicker_more(tree: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    found = camvid_sequences(tree, "val")
    folders = {name: tmp_path / name for name in ("calm", "wild")}
    for name, folder in folders.items():
        for number, video in enumerate(found):
            for index, path in enumerate(video.frame_paths):
                noisy = name == "wild" and number == 1 and index in (5, 6)
                labels = rng.integers(0, 11, (32, 48)) if noisy else np.zeros((32, 48))
                write_png(folder / video.name / f"{path.stem}.png", labels.astype(np.uint8))
    chosen = drawing._most_different(found, folders, "wild", "calm")
    assert chosen.video.name == found[1].name
    assert {5, 6} <= set(chosen.indices)


def test_centres_and_their_picture(tree: Path, tmp_path: Path) -> None:
    assert reproduce(FIGURE_1, short(FIGURE_1, tree), tmp_path, Noted()).complete
    assert len(list((tmp_path / "trained").iterdir())) == 6
    assert np.asarray(Image.open(tmp_path / "ssltm-figure1.png")).std() > 1
