import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from segue.data.label_clips import (
    LabelClipRecord,
    LabelClipSettings,
    LabelFootage,
    draw_record,
    render,
)
from segue.data.sample import VideoSequence
from segue.errors import InputError, MaskError
from segue.metrics.confusion import class_table

TABLE = class_table({value: value for value in range(4)})
SIZE = (24, 36)


def write_video(root: Path, labelled: tuple[int, ...], num_frames: int = 6) -> VideoSequence:
    """Frame t is as bright as t; the left half is class 1, the right half class 2, one row is void."""
    root.mkdir(parents=True, exist_ok=True)
    labels = np.full(SIZE, 2, np.uint8)
    labels[:, :18] = 1
    labels[0] = 11
    frames, masks = [], []
    for time in range(num_frames):
        picture = np.full((*SIZE, 3), 20 * time + 10, np.uint8)
        picture[:, :18] += 100
        Image.fromarray(picture).save(root / f"{time}.png")
        frames.append(root / f"{time}.png")
        masks.append(root / f"{time}_labels.png" if time in labelled else None)
        if masks[-1]:
            Image.fromarray(labels).save(masks[-1])
    return VideoSequence("video", tuple(frames), tuple(masks))


@pytest.fixture
def footage(tmp_path: Path) -> LabelFootage:
    return LabelFootage([write_video(tmp_path, (3,))], TABLE)


def plain(**values: object) -> LabelClipSettings:
    return LabelClipSettings.parse({"size_hw": SIZE, "flip": 0, "crop": 0, **values})


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_a_clip_around_the_labelled_frame(footage: LabelFootage) -> None:
    record = draw_record(footage, 0, plain(length=4, position=2), rng())
    assert record.frames == (1, 2, 3, 4)
    clip = render(footage, record)
    assert clip.labelled == 2
    for index, frame in zip(record.frames, clip.frames, strict=True):
        assert (frame[:, 18:] == 20 * index + 10).all()
    assert (clip.labels[[0, 1, 3]] == 255).all()
    assert (clip.labels[2, 1:, :18] == 1).all()
    assert (clip.labels[2, 1:, 18:] == 2).all()
    assert (clip.labels[2, 0] == 255).all(), "void is no class"


def test_positions_are_uniform_and_strides_skip(footage: LabelFootage) -> None:
    settings = plain(length=3, stride=2)
    records = [draw_record(footage, 0, settings, rng(seed)) for seed in range(300)]
    counts = np.bincount([record.labelled for record in records])
    assert (counts > 70).all()
    assert {record.frames for record in records} == {(3, 5, 5), (1, 3, 5), (0, 1, 3)}


def test_a_still_clip_moves_a_camera_over_one_frame(footage: LabelFootage) -> None:
    settings = plain(length=5, still=1, camera_motion=0.1)
    record = draw_record(footage, 0, settings, rng(1))
    assert set(record.frames) == {3}
    assert len(set(record.matrices)) == 5
    clip = render(footage, record)
    for frame, labels in zip(clip.frames, clip.labels, strict=True):
        bright = frame[..., 0] > 120  # between 70 and 170 lies the edge between the classes
        assert ((labels == 1) == bright)[labels != 255].mean() > 0.97
        assert (labels != 255).any()


@given(st.integers(0, 2**32 - 1))
def test_the_record_gives_the_same_clip_again(seed: int) -> None:
    settings = LabelClipSettings(
        length=3, size_hw=(16, 20), crop=0.5, scale=(0.5, 2), rotation_degrees=20, colour=0.4,
        frame_light=0.2, still=0.5, noise=5,
    )  # fmt: skip
    picture = np.random.default_rng(0).integers(0, 256, (*SIZE, 3)).astype(np.uint8)
    labels = (picture[..., 0] // 86).astype(np.uint8)
    sequence = VideoSequence("v", (Path("a"), Path("b")), (Path("a"), None))
    footage = LabelFootage([sequence], TABLE)
    footage._cache = {(0, 0): (picture, labels), (0, 1): (picture[::-1].copy(), None)}
    record = draw_record(footage, 0, settings, rng(seed))
    values = json.loads(json.dumps(record.to_json()))
    again = LabelClipRecord(**{k: _tuples(v) for k, v in values.items()})
    assert again == record
    one, other = render(footage, record), render(footage, again)
    assert (one.frames == other.frames).all()
    assert (one.labels == other.labels).all()
    assert one.frames.shape == (3, 16, 20, 3)
    assert set(np.unique(one.labels)) <= {0, 1, 2, 255}
    assert draw_record(footage, 0, settings, rng(seed)) == record


def _tuples(value: object) -> object:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def test_flip_and_colour_hit_the_whole_clip(footage: LabelFootage) -> None:
    clip = render(footage, draw_record(footage, 0, plain(length=3, flip=1), rng()))
    assert (clip.frames[:, :, 18:, 0] > clip.frames[:, :, :18, 0]).all()
    assert (clip.labels[clip.labelled, 1:, 18:] == 1).all()
    tinted = draw_record(footage, 0, plain(length=3, position=0, colour=0.5), rng(3))
    assert len(set(tinted.lights)) == 1
    frames = render(footage, tinted).frames.astype(float)
    steps = np.diff(frames[:, 5, 30, 0])
    assert steps[0] == pytest.approx(steps[1], abs=1.5)
    assert abs(steps[0] - 20) > 1


def test_a_window_keeps_the_scale(footage: LabelFootage) -> None:
    record = draw_record(footage, 0, plain(length=1, crop=1, size_hw=(12, 12)), rng())
    matrix = np.array(record.matrices[0])
    assert matrix[:, :2] == pytest.approx(np.eye(2))
    assert (render(footage, record).labels != 255).any()


def test_labels_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    sequence = write_video(tmp_path, (1, 2))
    with pytest.raises(InputError, match="None of the 1 sequences has a labelled frame"):
        LabelFootage([VideoSequence("v", sequence.frame_paths, (None,) * 6)], TABLE)
    known = LabelFootage([sequence], TABLE, values={1, 11})
    with pytest.raises(MaskError, match=r"1_labels\.png holds the label 2, expected 1, 11, 255\."):
        known.read(0, 1)
    assert LabelFootage([sequence], TABLE, values={1, 2, 11}).read(0, 1)[1] is not None
    Image.new("L", (5, 4)).save(tmp_path / "1_labels.png")
    with pytest.raises(MaskError, match=r"1_labels\.png is 5x4, its frame 36x24"):
        LabelFootage([sequence], TABLE, in_memory=True)
    Image.fromarray(np.full(SIZE, 3000, np.uint16)).save(tmp_path / "1_labels.png")
    with pytest.raises(MaskError, match=r"1_labels\.png holds the label 3000"):
        LabelFootage([sequence], TABLE).read(0, 1)
