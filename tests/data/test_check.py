from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fakes.trees import truncate
from segue.data.check import (
    check_files,
    check_numbers,
    check_sequence,
    check_sequences_named,
    only,
    spell,
    visible,
)
from segue.data.sample import VideoSequence

ANY = only(range(256))


@pytest.fixture
def sequence(tmp_path: Path) -> VideoSequence:
    """Three frames of 40x24 with masks of values 0 and 1."""
    frames, masks = [], []
    for index in range(3):
        frames.append(tmp_path / f"{index:05}.jpg")
        masks.append(tmp_path / f"{index:05}.png")
        noise = np.random.default_rng(index).integers(0, 256, (24, 40, 3), np.uint8)
        Image.fromarray(noise).save(frames[-1])
        Image.fromarray(np.eye(24, 40, dtype=np.uint8)).save(masks[-1])
    return VideoSequence("walk", tuple(frames), tuple(masks))


def found(problems) -> list[tuple[str, str, bool]]:
    return [(p.kind, p.frame, p.fatal) for p in problems]


def test_nothing_is_wrong(sequence: VideoSequence) -> None:
    assert list(check_sequence(sequence, ANY)) == []
    assert list(check_numbers(sequence)) == []


def test_a_frame_and_a_mask_that_are_cut_short(sequence: VideoSequence) -> None:
    truncate(sequence.frame_paths[1])
    truncate(sequence.mask_paths[2])
    problems = list(check_sequence(sequence, ANY))
    assert found(problems) == [("unreadable", "00001", True), ("unreadable", "00002", True)]
    assert str(sequence.frame_paths[1]) in problems[0].message
    assert str(problems[1]).startswith(f"walk/00002: {sequence.mask_paths[2]}")


def test_an_empty_file_and_one_that_is_no_image(sequence: VideoSequence) -> None:
    sequence.frame_paths[0].write_bytes(b"")
    sequence.mask_paths[1].write_text("<html>404</html>")
    problems = check_sequence(sequence, ANY)
    assert found(problems) == [("unreadable", "00000", True), ("unreadable", "00001", True)]


def test_a_mask_that_is_missing(sequence: VideoSequence) -> None:
    bare = VideoSequence("walk", sequence.frame_paths, (sequence.mask_paths[0], None, None))
    every = [("missing-frame", "00001", True), ("missing-frame", "00002", True)]
    assert found(check_sequence(bare, ANY)) == every
    assert found(check_sequence(bare, ANY, required={"00000", "00002"})) == every[1:]
    assert found(check_sequence(bare, ANY, required=())) == []


def test_the_odd_sizes_are_named_not_the_usual_one(sequence: VideoSequence) -> None:
    # The first one: that it comes first does not make it right.
    Image.new("RGB", (20, 24)).save(sequence.frame_paths[0])
    Image.new("L", (40, 20)).save(sequence.mask_paths[2])
    problems = list(check_sequence(sequence, ANY))
    assert found(problems) == [("size", "00000", True), ("size", "00002", True)]
    assert "is 20x24 (width x height), expected 40x24" in problems[0].message


def test_a_mask_in_colours(sequence: VideoSequence) -> None:
    picture = np.zeros((24, 40, 3), np.uint8)
    picture[5, 5] = 200, 10, 30
    Image.fromarray(picture).save(sequence.mask_paths[1])
    assert found(check_sequence(sequence, ANY)) == [("colours", "00001", True)]


def test_values_that_are_not_allowed(sequence: VideoSequence) -> None:
    values = np.zeros((24, 40), np.uint8)
    values[0, :3] = 7, 8, 9
    Image.fromarray(values).save(sequence.mask_paths[1])
    Image.fromarray(np.where(values, np.uint8(255), np.uint8(0))).save(sequence.mask_paths[2])
    problems = list(check_sequence(sequence, only({0, 1, 2, 4}, fatal=False)))
    assert found(problems) == [("unknown-id", "00001", False), ("void", "00002", False)]
    assert "holds 7 to 9, expected 0 to 2, 4." in problems[0].message


def test_sixteen_bit_ids(sequence: VideoSequence) -> None:
    ids = np.zeros((24, 40), np.uint16)
    ids[0, :2] = 1001, 2003
    Image.fromarray(ids).save(sequence.mask_paths[0])
    assert found(check_sequence(sequence, only({0, 1, 1001, 2003}))) == []
    assert found(check_sequence(sequence, only({0, 1, 1001}))) == [("unknown-id", "00000", True)]


def test_masks_alone(sequence: VideoSequence) -> None:
    masks = VideoSequence("walk", (), sequence.mask_paths, num_frames=3)
    assert list(check_sequence(masks, ANY)) == []
    truncate(sequence.mask_paths[1])
    assert found(check_sequence(masks, ANY)) == [("unreadable", "00001", True)]


def test_problems_come_while_files_are_read(sequence: VideoSequence) -> None:
    truncate(sequence.frame_paths[0])
    problems = check_sequence(sequence, ANY)
    assert next(problems).frame == "00000"
    truncate(sequence.frame_paths[2])
    assert next(problems).frame == "00002"


def test_files_without_a_frame_and_hidden_ones(sequence: VideoSequence, tmp_path: Path) -> None:
    (tmp_path / ".DS_Store").touch()
    (tmp_path / "._00000.jpg").touch()
    used = [*sequence.frame_paths, *sequence.mask_paths[:2], None]
    assert found(check_files(tmp_path, used, "walk")) == [("extra-frame", "00002", False)]
    assert list(check_files(tmp_path / "gone", used, "walk")) == []


def test_folders_that_no_list_names(tmp_path: Path) -> None:
    for name in ("run10", "run2", "walk", ".git"):
        (tmp_path / name).mkdir()
    problems = list(check_sequences_named(tmp_path, {"walk"}, "val.txt"))
    assert [(p.kind, p.sequence) for p in problems] == [
        ("extra-sequence", "run2"),
        ("extra-sequence", "run10"),
    ]
    assert "is not in val.txt" in problems[0].message


def numbered(*numbers: int) -> VideoSequence:
    return VideoSequence("walk", (), tuple(Path(f"{n:05}.png") for n in numbers))


def test_gaps_in_the_numbers() -> None:
    assert found(check_numbers(numbered(3, 4, 5, 8, 9))) == [("missing-frame", "00005", True)]
    assert found(check_numbers(numbered(0, 5, 10, 20))) == [("missing-frame", "00010", True)]
    assert found(check_numbers(numbered(0, 2, 3))) == [("missing-frame", "00000", True)]
    assert found(check_numbers(numbered(0, 5, 10, 15))) == []
    assert found(check_numbers(numbered(0, 3, 10, 12, 40))) == []
    assert found(check_numbers(numbered(7))) == []


@given(st.sets(st.integers(0, 300), min_size=1))
def test_numbers_as_words_say_exactly_the_numbers(values: set[int]) -> None:
    read: set[int] = set()
    for part in spell(values).split(", "):
        first, _, last = part.partition(" to ")
        read |= set(range(int(first), int(last or first) + 1))
    assert read == values


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert visible(tmp_path / "gone") == []
