from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes.davis import moving_square, write_davis
from segue.data.davis import davis_sequences
from segue.data.object_footage import ObjectFootage
from segue.data.scene_clips import SceneSettings, draw_scene
from segue.data.scene_layers import Material
from segue.data.scene_motion import Liveliness, draw_motion, shown, sources
from segue.data.stills import find_stills
from segue.errors import InputError

SMALL = SceneSettings(size_hw=(64, 96), run=2, colour=0.0, jpeg=0.0, motion_blur=0.0)


@pytest.fixture
def material(tmp_path: Path) -> Material:
    for part in ("JPEGImages", "Annotations"):
        (tmp_path / "stills" / part).mkdir(parents=True)
    for number, (colour, wide) in enumerate([((200, 30, 30), 30), ((30, 200, 30), 20)]):
        picture, mask = np.full((50, 70, 3), 60, np.uint8), np.zeros((50, 70), np.uint8)
        mask[10:40, 20 : 20 + wide] = 1
        picture[mask == 1] = colour
        Image.fromarray(picture).save(tmp_path / f"stills/JPEGImages/{number}.png")
        Image.fromarray(mask).save(tmp_path / f"stills/Annotations/{number}.png")
    root = write_davis(tmp_path / "davis", {"goat": moving_square(9)}, split="train")
    footage = ObjectFootage(davis_sequences(root, "train"), "foreground")
    return Material(find_stills([tmp_path / "stills"]), [footage])


def clips(material: Material, settings: SceneSettings, count: int = 12) -> Sequence[object]:
    return [draw_scene(material, settings, np.random.default_rng([5, k])) for k in range(count)]


def test_a_clip_is_its_seed(material: Material) -> None:
    first, second = (draw_scene(material, SMALL, np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(first.frames, second.frames)
    assert np.array_equal(first.labels, second.labels)
    assert np.array_equal(first.previous, second.previous)
    other = draw_scene(material, SMALL, np.random.default_rng(8))
    assert not np.array_equal(first.labels, other.labels)


def test_every_object_is_on_the_anchor_and_ids_are_dense(material: Material) -> None:
    several = 0
    for clip in clips(material, SMALL.model_copy(update={"most_things": 4, "copies": 1.0})):
        assert clip.frames.shape == (3, 64, 96, 3)
        ids = np.unique(clip.labels)
        on_anchor = np.unique(clip.labels[0])
        assert set(ids) == set(on_anchor)
        assert list(on_anchor[on_anchor > 0]) == list(range(1, on_anchor.max() + 1))
        assert set(np.unique(clip.previous)) <= set(ids)
        several += on_anchor.max() >= 3
    assert several


def test_labels_lie_on_what_was_pasted(material: Material) -> None:
    settings = SMALL.model_copy(update={"footage": 0.0, "copies": 0.0, "distractors": 0.0})
    for clip in clips(material, settings):
        ids = np.unique(clip.labels[clip.labels > 0])
        for number in ids:
            colours = clip.frames[clip.labels == number].astype(int)
            # Each thing has one colour, and no pixel of the grey it stood on, its rim apart.
            grey = (np.abs(colours - 60) < 15).all(1).mean()
            assert grey < 0.35


def test_without_stills_it_is_footage_alone(material: Material) -> None:
    clip = draw_scene(Material((), material.footage), SMALL, np.random.default_rng(1))
    assert clip.labels.max() == 1
    with pytest.raises(InputError, match="Nothing to make clips of"):
        Material()


def test_masks_that_are_empty_are_said(tmp_path: Path) -> None:
    root = write_davis(tmp_path, {"goat": np.zeros((6, 40, 60), np.uint8)}, split="train")
    material = Material((), [ObjectFootage(davis_sequences(root, "train"), "foreground")])
    with pytest.raises(InputError, match="Are the masks empty"):
        draw_scene(material, SMALL, np.random.default_rng(0))


def test_a_motion_without_life_shows_the_picture_where_it_was_put() -> None:
    picture = np.arange(20 * 30, dtype=np.uint8).reshape(20, 30)
    still = Liveliness(0.0, 0.0, 0.0, 0.0, 0.0)
    motion = draw_motion(
        (15.0, 10.0), (40.0, 30.0), 1.0, 10.0, [0.0, 1.0], still, np.random.default_rng(0)
    )
    for number in range(2):
        seen = shown(picture, sources(motion, number, (64, 96)), nearest=True)
        assert np.array_equal(seen[20:40, 25:55], picture)
        assert not seen[:, 60:].any()


def test_a_thin_plate_goes_through_its_control_points() -> None:
    still = Liveliness(0.0, 0.0, 0.0, 0.0, 0.2)
    motion = draw_motion(
        (32.0, 32.0), (32.0, 32.0), 1.0, 32.0, [0.0, 3.0], still, np.random.default_rng(3)
    )
    bent = sources(motion, 1, (65, 65))
    # The corners of the square of control points are nodes of the grid as well.
    for control, (x, y) in {0: (0, 0), 3: (64, 0), 12: (0, 64), 15: (64, 64)}.items():
        assert np.allclose(bent[y, x], np.array([x, y]) - motion.bends[1][control], atol=0.1)
