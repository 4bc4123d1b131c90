from pathlib import Path

import cv2
import numpy as np
import pytest

from segue.data.object_scenes import SceneSettings, draw_scene
from segue.data.stills import Still
from segue.media.masks import write_mask

PLAIN = SceneSettings(size_hw=(64, 64), colour=0.0, paste=0.0)


def still(folder: Path, name: str, box: tuple[int, int, int, int], colour: int) -> Still:
    picture, labels = np.full((90, 120, 3), 40, np.uint8), np.zeros((90, 120), np.uint8)
    left, top, right, bottom = box
    picture[top:bottom, left:right] = colour
    labels[top:bottom, left:right] = 1
    cv2.imwrite(str(folder / f"{name}.png"), picture)
    write_mask(folder / f"{name}_mask.png", labels)
    return Still(folder / f"{name}.png", folder / f"{name}_mask.png")


def test_masks_lie_on_their_objects(tmp_path: Path) -> None:
    groups = [[still(tmp_path, "a", (40, 30, 80, 60), 220)]]
    for seed in range(12):
        scene = draw_scene(groups, [1.0], PLAIN, np.random.default_rng(seed))
        seen = scene.frame.mean(2) > 130
        for target in scene.targets:
            agree = (seen & target & scene.valid).sum() / ((seen | target) & scene.valid).sum()
            assert agree > 0.85, seed


def test_the_same_draw_gives_the_same_scene(tmp_path: Path) -> None:
    groups = [[still(tmp_path, "a", (40, 30, 80, 60), 220)]]
    one, two, other = (
        draw_scene(groups, [1.0], SceneSettings(size_hw=(64, 64)), np.random.default_rng(seed))
        for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(one.frame, two.frame)
    np.testing.assert_array_equal(one.targets, two.targets)
    assert not np.array_equal(one.frame, other.frame)


def test_a_pasted_object_is_a_target_of_its_own(tmp_path: Path) -> None:
    groups = [
        [still(tmp_path, "a", (30, 20, 90, 70), 220)],
        [still(tmp_path, "b", (50, 40, 60, 50), 120)],
    ]
    settings = PLAIN.model_copy(update={"paste": 1.0, "copy_share": 0.0, "merge": 0.0})
    apart = 0
    for seed in range(12):
        scene = draw_scene(groups, [0.5, 0.5], settings, np.random.default_rng(seed))
        first, second = scene.targets
        if not np.array_equal(first, second):
            assert not (first & second).any()
            apart += 1
    assert apart > 4


def test_what_lies_beyond_the_still_does_not_count(tmp_path: Path) -> None:
    groups = [[still(tmp_path, "a", (0, 0, 120, 90), 220)]]
    scene = draw_scene(groups, [1.0], PLAIN, np.random.default_rng(1))
    assert not scene.valid.all()
    assert not (scene.targets & ~scene.valid).any()


def test_pictures_without_objects_are_refused(tmp_path: Path) -> None:
    groups = [[still(tmp_path, "a", (0, 0, 0, 0), 220)]]
    with pytest.raises(ValueError, match="No object in fifty draws"):
        draw_scene(groups, [1.0], PLAIN, np.random.default_rng(1))
