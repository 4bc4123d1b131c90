"""What a one-shot model is told of a sequence, and how its answers go back into the form of the data set."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from segue.data.mots_text import masks_of_ids, read_mots, write_mots
from segue.data.object_results import write_track_results
from segue.data.object_starts import object_starts
from segue.data.sample import AnnotatedObject, VideoSequence
from segue.errors import InputError, NotFoundError
from segue.media.label_file import read_label_values

SIZE = (12, 40)


def strip(*ids: int) -> np.ndarray:
    """Objects side by side."""
    labels = np.zeros(SIZE, np.uint16)
    for place, i in enumerate(ids):
        labels[2:8, 3 * place : 3 * place + 2] = i
    return labels


def write(folder: Path, masks: list[np.ndarray], *, text: bool = False) -> VideoSequence:
    folder.mkdir(parents=True, exist_ok=True)
    frames = tuple(folder / f"{t:06}.jpg" for t in range(len(masks)))
    for path in frames:
        Image.new("RGB", SIZE[::-1]).save(path)
    if text:
        write_mots(
            folder / "t.txt", [m for t, ids in enumerate(masks) for m in masks_of_ids(t, ids)]
        )
        return VideoSequence("0000", frames, (None,) * len(frames), tracks_path=folder / "t.txt")
    for path, ids in zip(frames, masks, strict=True):
        Image.fromarray(ids).save(path.with_suffix(".png"))
    return VideoSequence("0000", frames, tuple(path.with_suffix(".png") for path in frames))


KITTI = [
    strip(10000, 2004),
    strip(1009, 2004),
    strip(1009, 1002, 1005),
    strip(10000),
    strip(1002, 1001, 2001),
]


@pytest.mark.parametrize("text", [False, True])
def test_cars_are_numbered_in_the_order_in_which_they_appear(tmp_path: Path, text: bool) -> None:
    starts = object_starts(write(tmp_path, KITTI, text=text), "tracks", classes=[1])
    assert starts.ids == {1: 1009, 2: 1002, 3: 1005, 4: 1001}
    assert list(starts.by_frame) == [1, 2, 4]
    assert np.array_equal(starts.by_frame[1] == 1, KITTI[1] == 1009)
    # Those that are known already are not given again.
    assert set(np.unique(starts.by_frame[2])) == {0, 2, 3}
    assert np.array_equal(starts.by_frame[2] == 2, KITTI[2] == 1002)
    assert np.array_equal(starts.by_frame[4] == 4, KITTI[4] == 1001)


def test_all_classes_and_no_ignore_region(tmp_path: Path) -> None:
    starts = object_starts(write(tmp_path, KITTI), "tracks")
    assert list(starts.ids.values()) == [2004, 1009, 1002, 1005, 1001, 2001]
    assert list(starts.by_frame) == [0, 1, 2, 4]


def test_frames_without_annotation_are_passed_over(tmp_path: Path) -> None:
    whole = write(tmp_path, KITTI)
    masks = (None, None, *whole.mask_paths[2:])
    starts = object_starts(VideoSequence("0000", whole.frame_paths, masks), "tracks", classes=[1])
    assert list(starts.by_frame) == [2, 4]


def test_no_object_at_all(tmp_path: Path) -> None:
    starts = object_starts(write(tmp_path, [strip(2001), strip(10000)]), "tracks", classes=[1])
    assert (starts.by_frame, starts.ids) == ({}, {})


def test_more_objects_than_labels(tmp_path: Path) -> None:
    def grid(count: int) -> np.ndarray:
        labels = np.zeros(SIZE, np.uint16)
        labels.flat[:count] = np.arange(1000, 1000 + count)
        return labels

    assert len(object_starts(write(tmp_path / "a", [grid(254)]), "tracks").ids) == 254
    with pytest.raises(InputError, match="'0000' shows more than 254 objects"):
        object_starts(write(tmp_path / "b", [grid(255)]), "tracks")


@settings(max_examples=20, deadline=None)
@given(
    ids=st.lists(st.lists(st.sampled_from([1001, 1002, 1999, 2001, 2500]), unique=True), max_size=5)
)
def test_true_labels_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, ids: list[list[int]]
) -> None:
    """Both forms of results hold the ids of the data set, whatever the order in which objects appear."""
    folder = tmp_path_factory.mktemp("results")
    truth = [strip(1001), *(strip(*frame) for frame in ids)]
    sequence = write(folder / "data", truth)
    starts = object_starts(sequence, "tracks")
    table = np.zeros(2**16, np.uint8)
    table[list(starts.ids.values())] = list(starts.ids)
    write_track_results(folder, sequence, (table[labels] for labels in truth), starts.ids)
    text = read_mots(folder / "0000.txt")
    for number, labels in enumerate(truth):
        written = read_label_values(folder / f"0000/{number:06}.png")
        assert np.array_equal(written, labels)
        assert [m.track_id for m in text.get(number, ())] == np.unique(labels[labels > 0]).tolist()
        assert all(m.class_id == m.track_id // 1000 for m in text.get(number, ()))


def test_frames_without_a_number(tmp_path: Path) -> None:
    sequence = VideoSequence("a", (tmp_path / "first.jpg",), (None,))
    with pytest.raises(InputError, match=r"first\.jpg is not named by the number"):
        write_track_results(tmp_path, sequence, [np.ones((4, 4), np.uint8)], {1: 1001})


def test_one_object_is_all_that_is_not_background(tmp_path: Path) -> None:
    sequence = write(tmp_path, [strip(1, 3), strip(3)])
    starts = object_starts(sequence, "foreground")
    assert starts.ids == {1: 1}
    assert np.array_equal(starts.by_frame[0], strip(1, 1))
    assert starts.sources == {1: "000000.png"}
    assert starts.paths == {0: sequence.mask_paths[0]}


def test_objects_keep_their_ids_and_start_where_metadata_says(tmp_path: Path) -> None:
    sequence = write(tmp_path, [strip(1, 3, 255), strip(3, 7), strip(7)])
    whole = object_starts(sequence, "objects")
    assert np.array_equal(whole.by_frame[0], strip(1, 3, 255))
    assert list(whole.by_frame) == [0]
    objects = (AnnotatedObject(3, frames=("000001",)), AnnotatedObject(1, frames=("000000",)))
    told = object_starts(replace(sequence, objects=objects), "objects")
    assert list(told.by_frame) == [0, 1]
    assert np.array_equal(told.by_frame[0], strip(1, 0, 255))
    assert np.array_equal(told.by_frame[1], strip(3))
    assert told.ids[3] == 3


def test_a_start_without_a_mask_is_refused(tmp_path: Path) -> None:
    whole = write(tmp_path, KITTI)
    sequence = replace(whole, mask_paths=(None, *whole.mask_paths[1:]))
    with pytest.raises(NotFoundError, match="'0000' has no mask for its frame"):
        object_starts(sequence, "objects")
