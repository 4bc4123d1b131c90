from pathlib import Path

import numpy as np
import pytest

import segue
from fakes.tuning import masks, picture, video
from segue.errors import MaskError
from segue.media.masks import write_mask
from segue.media.video import Video
from segue.training.finetune.footage import read_classes, read_objects

CLASSES = ("sky", "road", "car")


@pytest.fixture
def film() -> Video:
    return segue.open_video(video())


def test_only_masked_frames_are_kept_in_the_order_of_the_video(film: Video) -> None:
    found = read_objects(film, masks(4, 1))
    assert [one.index for one in found.masked] == [1, 4]
    for one in found.masked:
        frame, labels = picture(one.index)
        assert np.array_equal(one.frame, frame)
        assert np.array_equal(one.labels, labels)
    assert found.size_hw == (64, 96)


def test_the_fingerprint_knows_masks_and_places(film: Video) -> None:
    first = read_objects(film, masks(0, 1)).fingerprint()
    assert first == read_objects(film, masks(1, 0)).fingerprint()
    assert first != read_objects(film, masks(0)).fingerprint()
    changed = masks(0, 1)
    changed[0, 1][0, 0] = 1
    assert first != read_objects(film, changed).fingerprint()


def test_large_frames_are_bounded_as_models_see_them() -> None:
    frame, mask = np.zeros((600, 1708, 3), np.uint8), np.zeros((600, 1708), np.uint8)
    mask[100:300, 100:300] = 1
    found = read_objects(segue.open_video([frame]), mask)
    assert found.size_hw == (300, 854)
    assert found.masked[0].labels.sum() == 100 * 100


def test_masks_that_cannot_be_used(film: Video, tmp_path: Path) -> None:
    with pytest.raises(MaskError, match="The mask of frame 0 holds no object"):
        read_objects(film, np.zeros((64, 96), np.uint8))
    write_mask(tmp_path / "00000.png", picture(0)[1])
    write_mask(tmp_path / "00003.png", np.zeros((64, 96), np.uint8))
    with pytest.raises(MaskError, match=r"00003\.png holds no object"):
        read_objects(film, tmp_path)
    small = np.zeros((32, 48), np.uint8)
    small[8:20, 8:20] = 1
    with pytest.raises(MaskError, match=r"is 48x32, the frame 96x64") as caught:
        read_objects(film, small)
    assert "--fit-mask" in caught.value.option
    assert read_objects(film, small, fit=True).masked[0].labels.sum() == 4 * 12 * 12
    with pytest.raises(MaskError, match="frames"):
        read_objects(film, {(9, 1): picture(0)[1]})


def test_objects_that_models_cannot_see() -> None:
    frame, mask = np.zeros((600, 1708, 3), np.uint8), np.zeros((600, 1708), np.uint8)
    mask[2, 2] = 1
    with pytest.raises(MaskError, match="no object is left at 854x300 pixels"):
        read_objects(segue.open_video([frame]), mask)


def test_label_maps_hold_classes(film: Video, tmp_path: Path) -> None:
    labels = np.full((64, 96), 255, np.uint8)
    labels[:30], labels[30:] = 0, 2
    write_mask(tmp_path / "00002.png", labels)
    by_name = read_classes(film, tmp_path, CLASSES)
    by_array = read_classes(film, {2: labels}, CLASSES)
    assert by_name.fingerprint() == by_array.fingerprint()
    assert np.array_equal(by_name.masked[0].labels, labels)
    assert by_name.masked[0].index == 2


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (
            np.full((64, 96), 3, np.uint8),
            "holds the value 3, which is no class.*0 sky, 1 road, 2 car",
        ),
        (np.full((64, 96), 255, np.uint8), "None of the label maps names a class"),
        (np.zeros((32, 48), np.uint8), "is 48x32, the frame 96x64"),
        (np.zeros((64, 96, 3), np.uint8), "expected whole numbers, height x width"),
    ],
)
def test_label_maps_that_cannot_be_used(film: Video, labels: np.ndarray, sentence: str) -> None:
    with pytest.raises(MaskError, match=sentence):
        read_classes(film, {0: labels}, CLASSES)


def test_label_maps_for_no_frame(film: Video, tmp_path: Path) -> None:
    labels = np.zeros((64, 96), np.uint8)
    with pytest.raises(MaskError, match="has no such frame"):
        read_classes(film, {9: labels}, CLASSES)
    with pytest.raises(MaskError, match="expected the index of a frame"):
        read_classes(film, {"first": labels}, CLASSES)
    (tmp_path / "masks").mkdir()
    write_mask(tmp_path / "masks/car.png", labels)
    with pytest.raises(MaskError, match="not named like frames"):
        read_classes(film, tmp_path / "masks", CLASSES)
