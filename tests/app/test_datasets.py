"""A data set as jobs, without a command line."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes.trees import write_tree
from segue.app.datasets import DatasetRun
from segue.app.engine import Engine
from segue.errors import SettingsError


def test_one_object_layouts_give_one_object(tmp_path: Path) -> None:
    root = write_tree("davis2016", tmp_path / "data")
    for path in root.glob("Annotations/480p/*/00000.png"):
        Image.fromarray(np.diag([255, 0, 255]).astype(np.uint8)).save(path)
    for one in DatasetRun(layout="davis2016", root=root, split="val").given():
        assert [np.unique(labels).tolist() for labels in one.masks.by_frame.values()] == [[0, 1]]
        assert not one.enter_late
        assert one.ids is None


def test_the_plan_has_a_job_for_each_sequence_that_shows_an_object(tmp_path: Path) -> None:
    root = write_tree("kitti-mots", tmp_path / "data")
    run = DatasetRun(layout="kitti-mots", root=root, classes=("car",))
    plan = run.plan(Engine(model="colour"), tmp_path / "out")
    shown = [one.sequence.name for one in run.given() if one.masks.by_frame]
    assert list(plan.jobs) == shown
    assert all(part.job or part.given.ids == {} for part in plan.parts)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("layout", "classes", "sentence"),
    [
        ("kitti-mots", ("bus",), "No class 'bus'. Known classes of tracks: car, pedestrian"),
        ("davis2016", ("car",), "objects of davis2016 have no class"),
        ("camvid", (), "The masks of camvid hold classes"),
    ],
)
def test_what_cannot_be_followed_is_refused(
    tmp_path: Path, layout: str, classes: tuple[str, ...], sentence: str
) -> None:
    root = write_tree(layout, tmp_path / "data")
    with pytest.raises(SettingsError, match=sentence):
        DatasetRun(layout=layout, root=root, classes=classes).given()
