from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segue.data.mots_text import (
    TrackedMask,
    check_tracks,
    draw_ids,
    masks_of_ids,
    read_mots,
    write_mots,
)
from segue.data.sample import VideoSequence
from segue.errors import MaskError, NotFoundError
from segue.media.rle import encode

SIZE = (6, 8)


def box(left: int, width: int = 2, size_hw: tuple[int, int] = SIZE) -> np.ndarray:
    mask = np.zeros(size_hw, bool)
    mask[1:4, left : left + width] = True
    return mask


def car(frame: int, track_id: int, left: int, class_id: int = 1) -> TrackedMask:
    return TrackedMask(frame, track_id, class_id, encode(box(left)))


def write(path: Path, masks: Sequence[TrackedMask]) -> Path:
    write_mots(path, masks)
    return path


GOOD = (car(0, 1001, 0), car(0, 2001, 4, 2), car(2, 1001, 1), car(2, 10000, 5, 10))


def test_masks_by_frame(tmp_path: Path) -> None:
    frames = read_mots(write(tmp_path / "a.txt", GOOD))
    assert list(frames) == [0, 2]
    assert frames[0] == GOOD[:2]
    assert frames[2] == GOOD[2:]


def test_the_format_is_the_official_one(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", GOOD[:1])
    assert path.read_bytes() == b"0 1001 1 6 8 " + GOOD[0].mask.counts + b"\n"


def test_lines_are_sorted_on_writing_and_on_reading(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", GOOD[::-1])
    assert path.read_bytes() == write(tmp_path / "b.txt", GOOD).read_bytes()
    path.write_bytes(b"\n".join(path.read_bytes().splitlines()[::-1]))
    frames = read_mots(path)
    assert list(frames) == [0, 2]
    assert frames[0] == GOOD[1::-1]


def test_an_empty_file_holds_no_masks(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", ())
    assert read_mots(path) == {}
    path.write_bytes(b"\n  \r\n")
    assert read_mots(path) == {}


ID = st.sampled_from([0, 1000, 1003, 1999, 2000, 2017, 10000])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(hnp.arrays(np.uint16, hnp.array_shapes(min_dims=3, max_dims=3, max_side=7), elements=ID))
def test_pictures_of_ids_round_trip(tmp_path: Path, video: np.ndarray) -> None:
    masks = [mask for frame, ids in enumerate(video) for mask in masks_of_ids(frame, ids)]
    frames = read_mots(write(tmp_path / "a.txt", masks))
    for frame, ids in enumerate(video):
        np.testing.assert_array_equal(draw_ids(frames.get(frame, ()), ids.shape), ids)
        assert {mask.class_id for mask in frames.get(frame, ())} == set(np.unique(ids) // 1000) - {
            0
        }


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"a\.txt is not there"):
        read_mots(tmp_path / "a.txt")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("3 1001 1 6 8", r"line 5 reads '3 1001 1 6 8', expected 'frame track_id"),
        ("3 1001 1 6 8 00 00", "line 5 reads"),
        ("3 one 1 6 8 `1", "line 5 reads"),
        ("-1 1001 1 6 8 `1", "line 5: frame -1"),
        ("3 1001 1 6 8 `", r"line 5, frame 3: the mask is cut short"),
        ("3 1001 1 6 8 81", r"line 5, frame 3: the mask fills 9 pixels, .*6x8 = 48"),
        ("3 1001 1 6 8 8é", r"line 5, frame 3: the mask holds the characters"),
    ],
)
def test_lines_that_hold_no_mask(tmp_path: Path, line: str, message: str) -> None:
    path = write(tmp_path / "0002.txt", GOOD)
    path.write_bytes(path.read_bytes() + f"{line}\n".encode())
    with pytest.raises(MaskError, match=rf"0002\.txt, {message}"):
        read_mots(path)


BAD = {
    "unknown-id": (
        (*GOOD, car(3, 3001, 0, 3)),
        r"frame 3: track 3001 in line 5 has class 3, expected one of 1 \(car\)",
    ),
    "size": (
        (*GOOD, TrackedMask(3, 1001, 1, encode(box(0, size_hw=(6, 9))))),
        r"frame 3: the mask in line 5 is 6x9, expected 6x8 .* as in line 1",
    ),
    "repeated-id": (
        (*GOOD, car(2, 1001, 3)),
        r"frame 2: lines 3 and 4 both hold track 1001",
    ),
    "overlap": (
        (*GOOD, car(2, 1002, 2)),
        r"frame 2: the masks of tracks 1001 \(line 3\) and 1002 \(line 4\) overlap",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_masks_that_do_not_fit_together(tmp_path: Path, kind: str) -> None:
    masks, message = BAD[kind]
    path = write(tmp_path / "0002.txt", masks)
    with pytest.raises(MaskError, match=rf"0002\.txt, {message}"):
        read_mots(path)
    sequence = VideoSequence("0002", (), ())
    (problem,) = check_tracks(sequence, path, range(4), (1, 2, 10))
    assert (problem.kind, problem.sequence, problem.fatal) == (kind, "0002", True)


def test_overlaps_where_they_are_allowed(tmp_path: Path) -> None:
    path = write(tmp_path / "0002.txt", BAD["overlap"][0])
    assert [mask.track_id for mask in read_mots(path, allow_overlaps=True)[2]] == [
        1001,
        1002,
        10000,
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hnp.arrays(bool, (4, 3, 5)))
def test_overlaps_are_found_by_pixels(tmp_path: Path, masks: np.ndarray) -> None:
    """Empty masks, masks inside others, masks that touch: an error if and only if two share a pixel."""
    tracked = [TrackedMask(0, 1000 + i, 1, encode(mask)) for i, mask in enumerate(masks)]
    path = write(tmp_path / "a.txt", tracked)
    if masks.sum(axis=0).max() > 1:
        with pytest.raises(MaskError, match="overlap"):
            read_mots(path)
    else:
        assert read_mots(path)[0] == tuple(tracked)


def test_check_names_every_problem(tmp_path: Path) -> None:
    masks = (*GOOD, car(2, 1002, 2), car(5, 1001, 0), car(6, 1001, 0), car(6, 1001, 4))
    path = write(tmp_path / "a.txt", masks)
    found = check_tracks(VideoSequence("a", (), ()), path, range(6), (2, 10))
    kinds = [(problem.kind, problem.frame) for problem in found]
    assert kinds.count(("overlap", "2")) == 1
    assert ("repeated-id", "6") in kinds
    assert ("extra-frame", "6") in kinds
    assert ("unknown-id", "0") in kinds


def test_check_of_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(bytes(range(256)))
    (problem,) = check_tracks(VideoSequence("a", (), ()), path, range(6), (2, 10))
    assert (problem.kind, problem.fatal) == ("unreadable", True)
