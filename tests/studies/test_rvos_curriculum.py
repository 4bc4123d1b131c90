"""The rows of the paper on curricula are what was printed and what the files in ``configs/rvos`` train."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fakes.davis import moving_square, write_davis
from fakes.trees import write_tree
from segue.app.cli.main import main
from segue.data.catalog import find_layout
from segue.data.object_starts import object_starts
from segue.errors import InputError, NotFoundError, SettingsError
from segue.evaluation.run import evaluate
from segue.studies.rvos_curriculum import method, rollout
from segue.studies.rvos_curriculum.davis import DAVIS
from segue.studies.rvos_curriculum.kitti import COMBINED, FIGURE_1, TABLE_1, TABLE_2
from segue.studies.rvos_curriculum.method import Seeds, together
from segue.studies.rvos_curriculum.settings import CurriculumSettings
from segue.studies.setup import Setup, set_up
from segue.studies.study import Row, Study
from segue.training.curriculum import Conditions, Curriculum, lay_out
from segue.training.run import read_settings
from segue.training.tasks.catalog import RunSettings
from segue.training.tasks.rvos import TrainingSettings

CONFIGS = Path(__file__).parents[2] / "configs/rvos"
PAPER = (TABLE_1, TABLE_2, COMBINED, FIGURE_1)

PRINTED_TABLE_1 = """
Teacher Forcing 256x448 -16.57 73.98 32.81 43.62
Teacher Forcing 287x950 4.24 77.00 45.84 57.87
Forward Step 256x448 -6.83 68.12 37.38 49.70
Forward Step 287x950 -11.70 75.68 46.47 47.63
Forward Linear 256x448 -2.29 72.97 41.00 53.64
Forward Linear 287x950 -5.58 76.76 46.72 51.53
Inverse Step 256x448 -1.57 73.17 42.79 55.00
Inverse Step 287x950 8.90 77.90 42.86 60.33
Inverse Linear 256x448 -4.77 73.35 48.60 53.06
Inverse Linear 287x950 2.48 77.87 47.12 57.07
"""
PRINTED_TABLE_2 = """
- no 256x448 -6,83 68,12 37,38 49,70
- no 287x950 -11,70 75,68 46,47 47,63
0 to 9 yes 256x448 -39,39 58,30 1,57 3,33
0 to 9 yes 287x950 -17,66 74,99 46,70 50,00
0 to 9 no 256x448 -0,87 74,73 49,43 55,49
0 to 9 no 287x950 -8,18 76,92 44,67 48,21
1 to 5 yes 256x448 -43,44 70,43 27,16 32,06
1 to 5 yes 287x950 -22,87 75,20 41,77 45,99
1 to 5 no 256x448 0,51 79,10 39,26 53,57
1 to 5 no 287x950 -7,05 75,86 53,00 54,49
"""


def printed(table: str) -> list[tuple[str, list[float]]]:
    lines = [line.replace(",", ".").split() for line in table.strip().splitlines()]
    return [(" ".join(words[:-4]).lower(), [float(x) for x in words[-4:]]) for words in lines]


def test_table_1_is_as_printed() -> None:
    ours = [(f"{r.cells[0]} {r.cells[-1]}".lower(), [*r.published.values()]) for r in TABLE_1.rows]
    assert ours == printed(PRINTED_TABLE_1)


def test_table_2_is_as_printed() -> None:
    def named(row: Row) -> str:
        skipped = row.cells[1].removesuffix(", truth")
        return f"{skipped} {row.cells[2].replace('-', 'no')} {row.cells[-1]}"

    ours = [(named(row), [*row.published.values()]) for row in TABLE_2.rows]
    assert ours == printed(PRINTED_TABLE_2)


def test_the_combination_prints_one_number() -> None:
    assert COMBINED.rows[-1].published == {"sMOTSA": 16.05}
    assert [row.published["sMOTSA"] for row in COMBINED.rows[1:]] == [8.90, -7.05, 16.05]


# Settings.


@pytest.fixture(scope="module")
def kitti(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree("kitti-mots", tmp_path_factory.mktemp("kitti"), videos=2, size_hw=(48, 64))


@pytest.fixture(scope="module")
def davis(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("davis")
    for split, names in (("train", ("goat", "bear")), ("val", ("cows",))):
        films = {name: moving_square(6, size_hw=(64, 96)) for name in names}
        write_davis(root, films, split=split)
    return root


def laid_out(settings: RunSettings, unit: float = 4.0) -> Curriculum:
    assert isinstance(settings, TrainingSettings)
    clips = settings.clips
    held = Conditions(clip_length=clips.length, frame_stride=clips.stride, size_hw=clips.size_hw)
    uses = frozenset({"size_hw", "clip_length", "frame_stride", "feed_prediction", "feed_draw"})
    return lay_out(settings.stages, unit, held, uses)


def everything(settings: RunSettings) -> tuple[Any, list[Conditions], list[bool]]:
    plan = laid_out(settings)
    rest = settings.model_dump(exclude={"stages", "seeds", "scoring"})
    held = [plan.at(step) for step in range(plan.num_steps)]
    return rest, held, [stage.reset_optimiser for stage in plan.stages]


@pytest.mark.parametrize(
    "row", {r.name: r for s in PAPER for r in s.rows}.values(), ids=lambda r: r.name
)
def test_rows_train_what_the_files_train(kitti: Path, row: Row) -> None:
    """Each row but for its resolution is a file in ``configs/rvos``, step by step."""
    name = row.name.removeprefix("rvos-").rsplit("-", 1)[0]
    large = ["clips.length=3", "clips.size_hw=[287, 950]", "loop.batch=2"]
    changes = [f"data.root={kitti.resolve()}", *(large if "950" in row.name else [])]
    ours = set_up(TABLE_1, kitti).settings(row)
    assert isinstance(ours, CurriculumSettings)
    assert everything(ours.training(0)) == everything(
        read_settings(CONFIGS / f"{name}.toml", changes)
    )
    assert (ours.scoring.merging, ours.scoring.when_empty, ours.scoring.later) == (
        "area-stability",
        "drop",
        "predicted",
    )
    assert len(ours.seeds) >= 2


def feeding(study: Study, root: Path, row: Row, *, quick: bool) -> list[tuple[float, int]]:
    """Probability and distance at the first and the last step of each half."""
    plan = laid_out(set_up(study, root, quick=quick).settings(row))
    half, last = plan.num_steps // 2, plan.num_steps - 1
    held = [plan.at(step) for step in (0, half - 1, half, last)]
    return [(round(one.feed_prediction, 1), one.frame_stride) for one in held]


HALVES = {
    "davis-teacher-forcing": [(0, 1)] * 4,
    "davis-forward-step": [(0, 1), (0, 1), (1, 1), (1, 1)],
    "davis-forward-linear": [(0, 1), (0.5, 1), (0.5, 1), (1, 1)],
    "davis-inverse-step": [(1, 1), (1, 1), (0, 1), (0, 1)],
    "davis-inverse-linear": [(1, 1), (0.5, 1), (0.5, 1), (0, 1)],
    "davis-skip-1-to-5": [(0, 2), (0, 6), (1, 1), (1, 1)],
    "davis-combination": [(1, 1), (1, 1), (0, 2), (0, 6)],
}


def test_rows_on_davis_differ_in_their_curriculum_alone(davis: Path) -> None:
    found = {row.name: feeding(DAVIS, davis, row, quick=False) for row in DAVIS.rows}
    assert found == HALVES
    setup = set_up(DAVIS, davis)
    every = [setup.settings(row) for row in DAVIS.rows]
    assert len({one.model_dump_json(exclude={"stages"}) for one in every}) == 1
    assert len({laid_out(one).num_steps for one in every}) == 1


def test_quick_rows_are_small_and_of_one_length(kitti: Path) -> None:
    for study in PAPER:
        setup = set_up(study, kitti, quick=True)
        every = [setup.settings(row) for row in study.rows]
        assert len({laid_out(one).num_steps for one in every}) == 1
        assert {one.model.name for one in every} == {"rvos-lite"}
        assert all(max(one.clips.size_hw) < 250 for one in every)
        kept = {(one.scoring.when_empty, one.scoring.merging) for one in every}
        assert kept == {("drop", "area-stability")}


def test_other_data_are_refused(davis: Path, kitti: Path) -> None:
    with pytest.raises(InputError, match=r"table1 needs kitti-mots; .* looks like davis"):
        set_up(TABLE_1, davis, quick=True)
    with pytest.raises(InputError, match=r"davis needs davis2016; .* looks like kitti-mots"):
        set_up(DAVIS, kitti)
    with pytest.raises(
        SettingsError, match=r"rvos-teacher-forcing-256x448 has a length of its own"
    ):
        set_up(TABLE_1, kitti, quick=True, overrides=["loop.steps=3"])
    with pytest.raises(SettingsError, match=r"seeds"):
        set_up(TABLE_1, kitti, quick=True, overrides=["seeds=[]"])


def test_nothing_is_trained_without_anything_to_score(davis: Path) -> None:
    _, settings = settings_of(DAVIS, davis, "scoring.split=trainval")
    with pytest.raises(NotFoundError, match=r"trainval.*scored there: .*scoring\.root=PATH"):
        Seeds().obstacle(settings)
    assert Seeds().obstacle(settings_of(DAVIS, davis)[1]) == ""


# Numbers.


def test_means_and_spreads() -> None:
    found = together([{"J": 0.5, "F": 0.25}, {"J": 0.75, "F": 0.25, "G": 1.0}])
    assert found == {"J": 0.625, "F": 0.25, "J spread": 0.25, "F spread": 0.0}


SMALL = [
    "stages=[{ steps = 1, frozen = ['encoder.backbone'] }]",
    "clips.size_hw=[32, 64]",
    "clips.length=2",
    "loop.batch=1",
    "loop.precision=float32",
]


def silent(done: int, total: int, values: object) -> None:
    pass


def settings_of(study: Study, root: Path, *more: str) -> tuple[Setup, CurriculumSettings]:
    setup = set_up(study, root, quick=True, overrides=[*SMALL, *more])
    return setup, setup.settings(study.rows[0])


def test_seeds_are_trained_once_and_scored_again_by_other_rules(
    kitti: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, settings = settings_of(TABLE_1, kitti)
    steps: list[tuple[int, int]] = []
    first = Seeds().scores(settings, tmp_path, lambda done, total, _: steps.append((done, total)))
    assert steps == [(1, 2), (2, 2)]
    assert {"sMOTSA", "sMOTSA spread", "recall", "precision"} <= first.keys()
    weights = [(tmp_path / f"seed-{s}/weights.safetensors").read_bytes() for s in (0, 1)]
    assert weights[0] != weights[1]

    def refuse(*_: object) -> None:
        raise AssertionError("trained again")

    scored: list[str] = []
    score = method.score
    monkeypatch.setattr(method, "score", lambda s, p: scored.append(p.parent.name) or score(s, p))
    assert Seeds().scores(settings, tmp_path, silent) == first
    assert scored == []
    _, other = settings_of(TABLE_1, kitti, "scoring.when_empty=keep")
    monkeypatch.setattr("segue.training.loop._Run._step", refuse)
    Seeds().scores(other, tmp_path, silent)
    assert scored == ["seed-0", "seed-1"]
    _, changed = settings_of(TABLE_1, kitti, "optimiser.learning_rate=0.5")
    with pytest.raises(SettingsError, match=r"seed-0 holds a run with other settings: optimiser"):
        Seeds().scores(changed, tmp_path, silent)


@pytest.fixture(scope="module")
def trained(davis: Path, kitti: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of one step, for both data sets."""
    folder = tmp_path_factory.mktemp("trained")
    _, settings = settings_of(DAVIS, davis)
    method.run(settings.training(0), folder / "davis")
    return folder


def test_the_number_of_a_row_is_that_of_track_and_evaluate(
    davis: Path, trained: Path, tmp_path: Path
) -> None:
    weights = trained / "davis/weights.safetensors"
    _, settings = settings_of(DAVIS, davis)
    ours = rollout.score(settings, weights)
    place = ["--layout", "davis2016", "--root", str(davis), "--split", "val"]
    words = ["--weights", str(weights), "size_hw=[32,64]", "--out", str(tmp_path / "out")]
    assert main(["track", *place, "--model", "rvos-lite", *words]) == 0
    summary = evaluate(tmp_path / "out", davis, "davis2016").summary
    assert {name: value / 100 for name, value in summary.items()} == pytest.approx(ours)


def test_the_same_for_tracks_as_released(kitti: Path, trained: Path, tmp_path: Path) -> None:
    weights = trained / "davis/weights.safetensors"
    _, settings = settings_of(TABLE_1, kitti)
    ours = rollout.score(settings, weights)
    place = ["--layout", "kitti-mots", "--root", str(kitti), "--class", "car"]
    rules = ["merging=area-stability", "when_empty=drop", "later=predicted", "size_hw=[32,64]"]
    words = ["--weights", str(weights), *rules, "--out", str(tmp_path / "out")]
    assert main(["track", *place, "--model", "rvos-lite", *words]) == 0
    tables = evaluate(tmp_path / "out", kitti, "kitti-mots-by-sequence").tables
    summary = next(table for table in tables if table.title == "car").summary
    known = {name: value / 100 for name, value in summary.items() if value is not None}
    assert known == pytest.approx(ours)


def test_sequences_that_are_left_out(kitti: Path, trained: Path) -> None:
    weights = trained / "davis/weights.safetensors"
    sequences = find_layout("kitti-mots").sequences(kitti, "val")
    one, other = (sequence.name for sequence in sequences)
    scores = []
    for name in (one, other):
        _, settings = settings_of(TABLE_1, kitti, f'scoring.left_out=["{name}"]')
        assert [s.name for s in rollout.scored_sequences(settings)] == [
            ({one, other} - {name}).pop()
        ]
        scores.append(rollout.score(settings, weights)["recall"])
    _, settings = settings_of(TABLE_1, kitti)
    assert rollout.score(settings, weights)["recall"] == pytest.approx(np.mean(scores))


def test_a_split_without_cars(kitti: Path, trained: Path, tmp_path: Path) -> None:
    root = tmp_path / "walk"
    sequence = find_layout("kitti-mots").sequences(kitti, "val")[0]
    assert object_starts(sequence, "tracks", classes=[1]).ids
    for folder in ("instances", "image_02"):
        (root / folder / "0000").mkdir(parents=True)
    for index in range(3):
        labels = np.zeros((48, 64), np.uint16)
        labels[4:20, 4:20] = 2001
        Image.fromarray(labels).save(root / f"instances/0000/{index:06}.png")
        Image.new("RGB", (64, 48)).save(root / f"image_02/0000/{index:06}.png")
    (root / "val.seqmap").write_text("0000 empty 000000 000002\n")
    _, settings = settings_of(TABLE_1, kitti, f"scoring.root={root}")
    with pytest.raises(InputError, match=r"Split 'val' of .*walk shows no car"):
        rollout.score(settings, trained / "davis/weights.safetensors")


def test_figure_1_from_the_command_line(kitti: Path, tmp_path: Path) -> None:
    words = ["--data", str(kitti), "--quick", "--out", str(tmp_path), "seeds=[0]"]
    assert main(["reproduce", "rvos-curriculum-figure1", *words, *SMALL]) == 0
    picture = np.asarray(Image.open(tmp_path / "rvos-curriculum-figure1.png"))
    assert picture.std() > 20
    document = json.loads((tmp_path / "rvos-curriculum-figure1.json").read_text())
    assert len(document["drawing"]["frames"]) == 3
    assert [row["state"] for row in document["rows"]] == ["complete", "complete"]
    text = (tmp_path / "rvos-curriculum-figure1.md").read_text()
    assert "begins with the most objects" in text
