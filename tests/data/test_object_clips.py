from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fakes.davis import moving_square, write_davis
from segue.data.davis import davis_sequences
from segue.data.mots_text import masks_of_ids, write_mots
from segue.data.object_clips import ObjectClipSettings, draw_object_clip
from segue.data.object_footage import ObjectFootage
from segue.data.sample import VideoSequence
from segue.errors import InputError, MaskError

SIZE = (40, 60)
STILL: dict[str, Any] = {
    "size_hw": SIZE, "flip": 0.0, "rotation_degrees": 0.0, "shift": 0.0, "shear": 0.0, "zoom": (1.0, 1.0)
}  # fmt: skip


def write(folder: Path, labels: list[np.ndarray], *, text: bool = False) -> VideoSequence:
    """A sequence whose frames have the number of the frame as grey level."""
    folder.mkdir(parents=True)
    frames, masks = [], []
    for t, ids in enumerate(labels):
        frames.append(folder / f"{t:03}.png")
        Image.fromarray(np.full((*ids.shape, 3), 10 * t, np.uint8)).save(frames[-1])
        masks.append(folder / f"mask{t:03}.png")
        Image.fromarray(ids.astype(np.uint16)).save(masks[-1])
    if not text:
        return VideoSequence(folder.name, tuple(frames), tuple(masks))
    write_mots(
        folder / "tracks.txt",
        [m for t, ids in enumerate(labels) for m in masks_of_ids(t, ids.astype(np.uint16))],
    )
    return VideoSequence(
        folder.name, tuple(frames), (None,) * len(frames), tracks_path=folder / "tracks.txt"
    )


def squares(*ids: int, value: int = 0) -> np.ndarray:
    labels = np.zeros(SIZE, np.uint16)
    for place, i in enumerate(ids):
        labels[8:20, 4 + 14 * place : 16 + 14 * place] = i
    return labels


def draw(footage: ObjectFootage, seed: int = 0, *, anchor: bool = False, **values: Any) -> Any:
    settings = ObjectClipSettings.parse({**STILL, **values})
    return draw_object_clip(footage, settings, np.random.default_rng(seed), anchor=anchor)


def test_every_value_of_davis_2016_is_the_object(tmp_path: Path) -> None:
    root = write_davis(tmp_path, {"bear": moving_square(8)}, split="train")
    footage = ObjectFootage(davis_sequences(root, "train"), "foreground", in_memory=True)
    clip = draw(footage, length=3)
    assert clip.frames.shape == (3, *SIZE, 3)
    assert set(np.unique(clip.labels)) == {0, 1}
    assert np.array_equal(clip.labels, draw(footage, length=3).labels)


def test_ids_of_any_number_become_slots(tmp_path: Path) -> None:
    labels = squares(200, 7, 31)
    footage = ObjectFootage([write(tmp_path / "a", [labels] * 4)], "objects")
    clip = draw(footage, length=2)
    for slot, i in enumerate((7, 31, 200), start=1):
        assert np.array_equal(clip.labels[0] == slot, labels == i)
    few = draw(footage, length=2, slots=2)
    assert set(np.unique(few.labels)) == {0, 1, 2}
    assert np.array_equal(few.labels[0] == 2, labels == 31)


@pytest.mark.parametrize("text", [False, True])
def test_tracks_are_chosen_by_class(tmp_path: Path, text: bool) -> None:
    labels = squares(1003, 2001, 1000, 10000)
    sequence = write(tmp_path / "a", [labels] * 3, text=text)
    cars = draw(ObjectFootage([sequence], "tracks", classes=[1]), length=2)
    assert np.array_equal(cars.labels[0] == 1, labels == 1000)
    assert np.array_equal(cars.labels[0] == 2, labels == 1003)
    assert cars.labels.max() == 2
    assert draw(ObjectFootage([sequence], "tracks"), length=2).labels.max() == 3


def test_frames_lie_a_stride_apart_and_the_last_one_stands_still(tmp_path: Path) -> None:
    footage = ObjectFootage([write(tmp_path / "a", [squares(1)] * 9)], "objects")
    starts = set()
    for seed in range(30):
        grey = (draw(footage, seed, length=3, stride=3).frames[:, 0, 0, 0] // 10).tolist()
        assert grey == [grey[0], grey[0] + 3, grey[0] + 6]
        starts.add(grey[0])
    assert starts == {0, 1, 2}
    grey = (draw(footage, length=4, stride=50).frames[:, 0, 0, 0] // 10).tolist()
    assert grey[1:] == [8, 8, 8]


def test_a_clip_begins_with_the_first_frame_that_shows_an_object(tmp_path: Path) -> None:
    empty = np.zeros(SIZE, np.uint16)
    footage = ObjectFootage([write(tmp_path / "a", [empty] * 4 + [squares(1)] * 2)], "objects")
    for seed in range(5):
        clip = draw(footage, seed, length=3)
        assert clip.labels[0].any()
        assert clip.frames[0, 0, 0, 0] >= 40


def test_no_clip_without_an_object(tmp_path: Path) -> None:
    footage = ObjectFootage([write(tmp_path / "a", [np.zeros(SIZE)] * 3)], "objects")
    with pytest.raises(
        InputError, match="No clip with an object in 50 draws, the first being of 'a'"
    ):
        draw(footage, length=2)
    with pytest.raises(InputError, match="nothing to learn from"):
        ObjectFootage([], "objects")


def test_a_mask_of_another_size_is_refused(tmp_path: Path) -> None:
    sequence = write(tmp_path / "a", [squares(1)] * 3)
    for path in sequence.mask_paths:
        Image.fromarray(np.ones((20, 30), np.uint8)).save(path)
    with pytest.raises(MaskError, match=r"frame \d is 40x60, masks are 20x30"):
        draw(ObjectFootage([sequence], "objects"), length=2)


def test_the_released_code_looks_for_objects_in_consecutive_frames(tmp_path: Path) -> None:
    late = [squares(1), squares(1), squares(1), squares(1), squares(1, 2)]
    footage = ObjectFootage([write(tmp_path / "a", late)], "objects")
    assert draw(footage, length=2, stride=4).labels.max() == 2
    assert draw(footage, length=2, stride=4, released=True).labels.max() == 1


def test_a_pasted_object_has_a_slot_of_its_own(tmp_path: Path) -> None:
    folders = [write(tmp_path / name, [squares(1)] * 4) for name in "ab"]
    footage = ObjectFootage(folders, "objects")
    found = {draw(footage, s, length=2, paste=1.0, shift=0.3).labels.max() for s in range(10)}
    assert found <= {1, 2}
    assert 2 in found
    more = [draw(footage, s, paste=1.0, paste_times=3, shift=0.4) for s in range(10)]
    assert max(clip.labels.max() for clip in more) > 2
    few = [draw(footage, s, paste=1.0, paste_times=3, shift=0.4, slots=2) for s in range(10)]
    assert max(clip.labels.max() for clip in few) == 2


def test_an_anchor_comes_first(tmp_path: Path) -> None:
    footage = ObjectFootage([write(tmp_path / "a", [squares(1)] * 9)], "objects")
    anchors = set()
    for seed in range(30):
        clip = draw(footage, seed, length=3, anchor=True)
        grey = (clip.frames[:, 0, 0, 0] // 10).tolist()
        assert len(grey) == 4
        assert abs(grey[2] - grey[1]) == abs(grey[3] - grey[2]) == 1
        anchors.add(grey[0] - grey[1])
    assert len(anchors) > 5


def test_the_view_is_one_for_the_clip_and_frames_and_masks_go_together(tmp_path: Path) -> None:
    root = write_davis(tmp_path, {"bear": moving_square(8, size_hw=SIZE)}, split="train")
    footage = ObjectFootage(davis_sequences(root, "train"), "foreground")
    for seed in range(5):
        clip = draw_object_clip(
            footage, ObjectClipSettings(size_hw=(48, 80), length=2), np.random.default_rng(seed)
        )
        bright = clip.frames[..., 0] > 100
        assert (bright == (clip.labels > 0)).mean() > 0.97
