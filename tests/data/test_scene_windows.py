from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from fakes.davis import moving_square, write_davis
from segue.data.davis import davis_sequences
from segue.data.object_footage import ObjectFootage
from segue.data.scene_layers import Material
from segue.data.scene_windows import WindowSettings, draw_window
from segue.data.stills import find_stills
from segue.errors import InputError

CALM = WindowSettings(
    size_hw=(64, 96), colour=0.0, jpeg=0.0, motion_blur=0.0, camera=0.0, scale=(1.0, 1.0)
)


@pytest.fixture
def material(tmp_path: Path) -> Material:
    for part in ("JPEGImages", "Annotations"):
        (tmp_path / "stills" / part).mkdir(parents=True)
    picture, mask = np.full((64, 96, 3), 60, np.uint8), np.zeros((64, 96), np.uint8)
    mask[20:44, 30:66] = 1
    picture[mask == 1] = (30, 200, 30)
    Image.fromarray(picture).save(tmp_path / "stills/JPEGImages/a.png")
    Image.fromarray(mask).save(tmp_path / "stills/Annotations/a.png")
    films = {"goat": moving_square(20, size_hw=(64, 96))}
    root = write_davis(tmp_path / "davis", films, split="train")
    footage = ObjectFootage(davis_sequences(root, "train"), "foreground")
    return Material(find_stills([tmp_path / "stills"]), [footage])


@pytest.mark.parametrize("length", [1, 3, 7])
def test_a_window_is_its_seed_and_its_centre_shows_objects(material: Material, length: int) -> None:
    settings = CALM.model_copy(update={"plain": 0.2, "living": 0.5, "copies": 0.5})
    several = 0
    for seed in range(8):
        one, again = (
            draw_window(material, settings, length, np.random.default_rng(seed)) for _ in range(2)
        )
        assert one.frames.shape == (length, 64, 96, 3)
        assert np.array_equal(one.frames, again.frames)
        assert np.array_equal(one.labels, again.labels)
        ids = np.unique(one.labels[one.labels > 0])
        assert list(ids) == list(range(1, len(ids) + 1))
        assert all((one.labels == i).sum() >= 64 for i in ids)
        several += len(ids) > 1
    assert several


def test_labels_are_those_of_the_middle(material: Material) -> None:
    plain = CALM.model_copy(update={"plain": 1.0, "footage": 1.0, "max_stride": 1})
    alone = Material((), material.footage)
    for seed in range(6):
        window = draw_window(alone, plain, 5, np.random.default_rng(seed))
        lit = window.frames.min(-1) > 100
        agree = [(lit[k] == (window.labels > 0)).mean() for k in range(5)]
        assert np.argmax(agree) == 2
        assert agree[2] > 0.98


def test_plain_scenes_have_nothing_pasted(material: Material) -> None:
    plain = CALM.model_copy(update={"plain": 1.0})
    drawn = [draw_window(material, plain, 1, np.random.default_rng(seed)) for seed in range(10)]
    assert {int(window.labels.max()) for window in drawn} == {1}


def test_a_background_that_covers_the_frame_is_hardly_mirrored(tmp_path: Path) -> None:
    # Something at the very border, so that its mirror image touches it from outside.
    labels = np.zeros((1, 64, 96), np.uint8)
    labels[0, 20:44, 2:20] = 1
    root = write_davis(tmp_path, {"a": labels})
    material = Material((), [ObjectFootage(davis_sequences(root, "val"), "foreground")])
    settings = CALM.model_copy(update={"plain": 1.0, "scale": (1.0, 1.2)})
    doubled = {}
    for covering in (True, False):
        look = settings.model_copy(update={"covering": covering})
        drawn = [draw_window(material, look, 1, np.random.default_rng(k)) for k in range(20)]
        parts = [cv2.connectedComponents(window.labels)[0] - 1 for window in drawn]
        doubled[covering] = sum(number > 1 for number in parts)
    # A scene that is turned shows a little of its mirror image in the corners all the same.
    assert doubled[True] * 2 < doubled[False]


def test_things_of_footage_move_in_themselves(material: Material) -> None:
    # A square that grows: what is pasted shows it at the size that it has at each time.
    films = np.zeros((6, 64, 96), np.uint8)
    for time in range(6):
        films[time, 10 : 16 + 6 * time, 10 : 16 + 6 * time] = 1
    root = write_davis(Path(str(material.stills[0].picture.parents[1])) / "g", {"g": films})
    footage = ObjectFootage(davis_sequences(root, "val"), "foreground")
    only = {"plain": 0.0, "living": 1.0, "footage": 0.0, "copies": 0.0, "speed": 0.0}
    settings = CALM.model_copy(update={**only, "most_things": 1, "max_stride": 1})
    grown = 0
    for seed in range(6):
        window = draw_window(
            Material(material.stills, [footage]), settings, 3, np.random.default_rng(seed)
        )
        bright = (window.frames.min(-1) > 150).sum((1, 2))
        grown += abs(int(bright[2]) - int(bright[0])) > 60
    assert grown >= 3


def test_a_sequence_shorter_than_the_window_stands_still(material: Material) -> None:
    root = write_davis(
        Path(str(material.stills[0].picture.parents[1])) / "s",
        {"s": moving_square(2, size_hw=(64, 96))},
    )
    footage = ObjectFootage(davis_sequences(root, "val"), "foreground")
    settings = CALM.model_copy(update={"plain": 1.0, "footage": 1.0})
    window = draw_window(Material((), [footage]), settings, 7, np.random.default_rng(0))
    assert window.frames.shape[0] == 7


def test_masks_that_are_empty_are_said(tmp_path: Path) -> None:
    root = write_davis(tmp_path, {"goat": np.zeros((4, 40, 60), np.uint8)})
    material = Material((), [ObjectFootage(davis_sequences(root, "val"), "foreground")])
    with pytest.raises(InputError, match="No window with an object in 50 draws"):
        draw_window(material, CALM, 1, np.random.default_rng(0))
