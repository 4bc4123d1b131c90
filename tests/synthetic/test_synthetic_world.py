import hashlib
import os
import subprocess
import sys
from functools import cache
from itertools import pairwise, product
from pathlib import Path

import cv2
import numpy as np
import pytest

from segue.synthetic.scene import WORLD_CLASSES, Scene, SceneFrame
from segue.synthetic.world import scenes

KINDS = ("objects", "street")
EVERY_KIND = (*KINDS, "lookalikes")
EACH_OF_THREE = [*product(KINDS, range(3))]
THINGS = {"person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle"}


SEED = 6


@cache
def video(kind: str, index: int) -> Scene:
    return scenes(kind, index + 1, 8, SEED, (60, 107))[index]


@cache
def film(kind: str, index: int) -> tuple[SceneFrame, ...]:
    return tuple(video(kind, index).frames())


def digest(scene: Scene) -> str:
    total = hashlib.sha256()
    for frame in scene.frames():
        for array in (frame.image, frame.instances, frame.classes, frame.flow):
            total.update(array.tobytes())
    return total.hexdigest()


@pytest.fixture(scope="module")
def elsewhere() -> dict[str, str]:
    """Digests of a scene of each kind, made in another process."""
    program = (
        "from test_synthetic_world import EVERY_KIND, digest, scenes\n"
        "for kind in EVERY_KIND: print(kind, digest(scenes(kind, 1, 3, 5, (48, 80))[0]))"
    )
    other = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(line.split() for line in other.stdout.splitlines())


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_the_same_seed_gives_the_same_bytes_in_another_process(kind, elsewhere):
    assert elsewhere[kind] == digest(scenes(kind, 1, 3, 5, (48, 80))[0])
    assert elsewhere[kind] != digest(scenes(kind, 1, 3, 6, (48, 80))[0])


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_video_does_not_depend_on_how_many_there_are(kind):
    alone, among = scenes(kind, 2, 2, 9, (40, 60))[1], scenes(kind, 5, 2, 9, (40, 60))[1]
    assert alone.name == among.name
    assert digest(alone) == digest(among)
    assert digest(alone) == digest(alone)


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_longer_video_begins_with_the_shorter_one(kind):
    short, long = list(scenes(kind, 1, 5, SEED, (60, 107))[0].frames()), film(kind, 0)
    for first, second in zip(short, long, strict=False):
        np.testing.assert_array_equal(first.image, second.image)
        np.testing.assert_array_equal(first.instances, second.instances)
        np.testing.assert_array_equal(first.classes, second.classes)
    np.testing.assert_array_equal(short[3].flow, long[3].flow)
    assert not short[4].flow.any()
    assert long[4].flow.any()


@pytest.mark.parametrize(("kind", "index"), EACH_OF_THREE)
def test_the_listed_objects_are_those_that_are_seen_in_order_of_appearance(kind, index):
    scene = video(kind, index)
    seen: list[int] = []
    for frame in film(kind, index):
        seen += [i for i in np.unique(frame.instances).tolist() if i and i not in seen]
    assert [thing.object_id for thing in scene.objects] == list(range(1, len(seen) + 1))
    assert sorted(seen) == [thing.object_id for thing in scene.objects]
    assert seen == sorted(seen)


@pytest.mark.parametrize("index", range(3))
def test_street_objects_are_of_the_class_of_their_category(index):
    scene = video("street", index)
    category = {thing.object_id: thing.category for thing in scene.objects}
    assert set(category.values()) <= THINGS
    for frame in film("street", index):
        for object_id in np.unique(frame.instances).tolist():
            classes = set(frame.classes[frame.instances == object_id].tolist())
            if object_id:
                assert classes == {WORLD_CLASSES.index(category[object_id])}
            else:
                assert not {WORLD_CLASSES[index] for index in classes} & THINGS


def test_objects_have_plain_categories_and_a_class_only_where_there_is_one():
    categories = set()
    for scene in scenes("objects", 8, 2, 3, (60, 107)):
        category = {thing.object_id: thing.category for thing in scene.objects}
        categories |= set(category.values())
        for frame in scene.frames():
            for object_id, name in category.items():
                expected = WORLD_CLASSES.index(name) if name in WORLD_CLASSES else 0
                assert (frame.classes[frame.instances == object_id] == expected).all()
            assert not frame.classes[frame.instances == 0].any()
    assert len(categories) >= 4


def test_a_handful_of_street_videos_shows_every_class():
    shares = sum(
        np.bincount(frame.classes.ravel(), minlength=len(WORLD_CLASSES))
        for index in range(3)
        for frame in film("street", index)
    )
    missing = [name for name, count in zip(WORLD_CLASSES, shares, strict=True) if not count]
    assert not missing


def test_objects_come_late_leave_and_return():
    late = returns = 0
    for scene in scenes("objects", 8, 60, SEED, (33, 60)):
        times: dict[int, list[int]] = {}
        for time, frame in enumerate(scene.frames()):
            for object_id in np.unique(frame.instances).tolist():
                times.setdefault(object_id, []).append(time)
        times.pop(0)
        late += sum(seen[0] > 5 for seen in times.values())
        returns += sum(any(b - a > 3 for a, b in pairwise(seen)) for seen in times.values())
    assert late >= 2
    assert returns >= 2


def test_every_objects_scene_begins_with_an_object():
    for scene in scenes("objects", 12, 1, 4, (45, 80)):
        assert next(scene.frames()).instances.any(), scene


def landing(frame: SceneFrame) -> tuple[np.ndarray, np.ndarray]:
    """Where each pixel goes, and whether that is inside the frame."""
    height, width = frame.instances.shape
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=2)
    place = np.rint(grid + frame.flow).astype(int)
    return place, ((place >= 0) & (place < (width, height))).all(axis=2)


def hidden_pixels(frame: SceneFrame) -> np.ndarray:
    """Pixels that land where a pixel of another instance lands too: one of them is hidden afterwards."""
    place, inside = landing(frame)
    lowest = np.full(frame.instances.shape, 1 << 20)
    highest = np.full(frame.instances.shape, -1)
    ids = frame.instances[inside].astype(int)
    rows, columns = place[inside][:, 1], place[inside][:, 0]
    np.minimum.at(lowest, (rows, columns), ids)
    np.maximum.at(highest, (rows, columns), ids)
    hidden = np.zeros(frame.instances.shape, bool)
    hidden[inside] = (lowest != highest)[rows, columns]
    return hidden


@pytest.mark.parametrize("kind", KINDS)
def test_objects_hide_each_other(kind):
    hidden = sum(
        int(hidden_pixels(frame)[frame.instances > 0].sum())
        for index in range(3)
        for frame in film(kind, index)[:-1]
    )
    assert hidden > 100


@pytest.mark.parametrize(("kind", "index"), EACH_OF_THREE)
def test_pixels_that_stay_visible_keep_their_instance(kind, index):
    agreeing = []
    for frame, following in pairwise(film(kind, index)):
        place, inside = landing(frame)
        kept = inside & ~hidden_pixels(frame)
        there = following.instances[place[kept][:, 1], place[kept][:, 0]]
        agreeing.append((there == frame.instances[kept]).mean())
    # What is missing are edges, and pixels hidden by what comes in from outside.
    assert np.mean(agreeing) > 0.975
    assert np.min(agreeing) > 0.95


@pytest.mark.parametrize(("kind", "index"), EACH_OF_THREE)
def test_the_next_frame_moved_back_looks_like_this_one(kind, index):
    for frame, following in pairwise(film(kind, index)):
        height, width = frame.instances.shape
        grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=2)
        place = (grid + frame.flow).astype(np.float32)
        back = cv2.remap(following.image, place, None, cv2.INTER_LINEAR).astype(float)
        rounded, inside = landing(frame)
        kept = inside & ~hidden_pixels(frame)
        kept[kept] = (
            following.instances[rounded[kept][:, 1], rounded[kept][:, 0]] == frame.instances[kept]
        )
        error = np.abs(back - frame.image).mean(axis=2)[kept]
        # Noise of up to four levels on both frames, and light that changes, are part of it.
        assert np.median(error) < 6
        unmoved = np.abs(following.image.astype(float) - frame.image).mean(axis=2)[kept]
        if np.abs(frame.flow).mean() > 1:
            assert error.mean() < 0.75 * unmoved.mean()


@pytest.mark.parametrize(("kind", "size_hw"), [*product(KINDS, [(33, 47), (5, 3)])])
def test_odd_and_tiny_sizes(kind, size_hw):
    for scene in scenes(kind, 1, 2, 1, size_hw):
        assert scene.size_hw == size_hw
        for frame in scene.frames():
            assert frame.image.shape == (*size_hw, 3)
            assert frame.instances.shape == frame.classes.shape == size_hw
            assert np.isfinite(frame.flow).all()


def test_no_videos_and_no_frames():
    assert scenes("objects", 0, 5, 1, (20, 20)) == []
    (scene,) = scenes("objects", 1, 0, 1, (20, 20))
    assert scene.objects == ()
    assert list(scene.frames()) == []
