from pathlib import Path

import numpy as np
import pytest

from fakes.davis import moving_square, write_davis
from segue.data.davis import davis_sequences
from segue.data.object_footage import ObjectFootage
from segue.data.sequence_windows import centres, order_of, read_window
from segue.errors import InputError, MaskError, VideoError

SIZE = (40, 60)


def footage(root: Path) -> ObjectFootage:
    labels = moving_square(6)
    labels[[0, 3]] = 0
    films = {"bear": labels, "goat": moving_square(5)}
    return ObjectFootage(davis_sequences(write_davis(root, films), "val"), "foreground")


def test_frames_without_an_object_are_left_out_and_counted(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"^2 of 11 frames show no object.*bear 00000, bear 00003"):
        found = centres(footage(tmp_path))
    assert found == [(0, 1), (0, 2), (0, 4), (0, 5), *((1, k) for k in range(5))]


def test_no_object_at_all_is_an_error(tmp_path: Path) -> None:
    root = write_davis(tmp_path, {"bear": np.zeros((3, *SIZE), np.uint8)})
    empty = ObjectFootage(davis_sequences(root, "val"), "foreground")
    with pytest.raises(InputError, match="None of 3 annotated frames shows an object"):
        centres(empty)


def test_a_window_knows_where_the_sequence_ends(tmp_path: Path) -> None:
    source = footage(tmp_path)
    window = read_window(source, (1, 0), 5, SIZE)
    assert window.inside.tolist() == [False, False, True, True, True]
    assert window.first == -2
    assert not window.frames[:2].any()
    assert window.frames[2:].any((1, 2, 3)).all()
    assert np.array_equal(window.labels > 0, moving_square(5)[0] > 0)
    # Frames without an object are neighbours all the same.
    assert read_window(source, (0, 2), 3, SIZE).inside.all()
    # A sequence shorter than the window is black on both sides.
    inside = read_window(source, (1, 2), 9, SIZE).inside
    assert inside.tolist() == [False] * 2 + [True] * 5 + [False] * 2


def test_a_flip_is_one_of_all_and_sizes_change(tmp_path: Path) -> None:
    source = footage(tmp_path)
    plain = read_window(source, (1, 2), 3, (20, 30))
    mirrored = read_window(source, (1, 2), 3, (20, 30), mirrored=True)
    assert plain.frames.shape == (3, 20, 30, 3)
    assert np.array_equal(plain.frames[:, :, ::-1], mirrored.frames)
    assert np.array_equal(plain.labels[:, ::-1], mirrored.labels)
    assert plain.labels.any()


def test_files_that_cannot_be_read_are_said_when_their_turn_comes(tmp_path: Path) -> None:
    source = footage(tmp_path)
    (tmp_path / "Annotations/480p/goat/00001.png").write_bytes(b"no picture")
    (tmp_path / "JPEGImages/480p/goat/00004.jpg").write_bytes(b"no picture")
    with pytest.warns(UserWarning, match="show no object"):
        assert (1, 1) in centres(source)
    with pytest.raises(MaskError, match="goat"):
        read_window(source, (1, 1), 1, SIZE)
    with pytest.raises(VideoError, match="goat"):
        read_window(source, (1, 3), 3, SIZE)


def test_orders() -> None:
    places = [(0, k) for k in range(9)]
    assert order_of(places, 3, 0, shuffled=False) == places
    first, second = (order_of(places, epoch, 0, shuffled=True) for epoch in (0, 1))
    assert sorted(first) == sorted(second) == places
    assert first != second
    assert first == order_of(places, 0, 0, shuffled=True)
