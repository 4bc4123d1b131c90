"""MOTS text and PNG: pycocotools and Pillow read what is written, and files of the data sets are read."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco

from fakes.results import (
    SIZE_HW,
    class_labels,
    object_labels,
    results_of,
    text_file,
)
from segue.errors import FormatError
from segue.media.rle import encode
from segue.results.formats.mots import MOTS

KINDS = {1: "car", 2: "person"}


def line(frame: int, track: int, kind: int, mask: np.ndarray) -> str:
    height, width = mask.shape
    return f"{frame} {track} {kind} {height} {width} {encode(mask).counts.decode()}\n"


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_text_and_pictures_hold_the_same_pixels(tmp_path: Path) -> None:
    MOTS.write(results_of(object_labels(), categories=KINDS), tmp_path)
    drawn = np.zeros((5, *SIZE_HW), np.uint16)
    for text in (tmp_path / "mots/clip.txt").read_text().splitlines():
        frame, track, kind, height, width, counts = text.split()
        assert int(track) // 1000 == int(kind)
        mask = coco.decode({"size": [int(height), int(width)], "counts": counts})
        drawn[int(frame)][mask > 0] = int(track)
    for number, labels in enumerate(object_labels()):
        ids = np.zeros(8, np.uint16)
        ids[[1, 2, 7]] = 1001, 2002, 2007
        np.testing.assert_array_equal(drawn[number], ids[labels])
        picture = np.asarray(Image.open(tmp_path / f"mots/clip/{number:06d}.png"))
        np.testing.assert_array_equal(picture, ids[labels])


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_datumaro_reads_the_same_pixels(tmp_path: Path) -> None:
    datumaro = pytest.importorskip("datumaro", reason="datumaro is not installed")
    MOTS.write(results_of(object_labels(), categories=KINDS), tmp_path)
    (tmp_path / "official/instances").mkdir(parents=True)
    for picture in (tmp_path / "mots/clip").iterdir():
        picture.rename(tmp_path / "official/instances" / picture.name)
    text_file(tmp_path / "official/instances/labels.txt", "car\npedestrian\n")
    data = datumaro.Dataset.import_from(str(tmp_path / "official"), "mots")
    for item in data:
        found = np.zeros(SIZE_HW, np.uint8)
        for annotation in item.annotations:
            found[np.asarray(annotation.image) > 0] = annotation.attributes["track_id"]
        np.testing.assert_array_equal(found, object_labels()[int(item.id)])


def test_it_comes_back(tmp_path: Path) -> None:
    results = results_of(object_labels(), categories=KINDS)
    written = MOTS.write(results, tmp_path)
    assert written.doubts == (
        "MOTS knows cars and pedestrians only; written as pedestrians: objects 7",
    )
    assert len(written.files) == 6
    for path in (tmp_path / "mots", tmp_path / "mots/clip", tmp_path / "mots/clip.txt"):
        assert MOTS.recognises(path)
        found = MOTS.read(path)
        assert [r.index for r in found.records] == [0, 1, 2, 3, 4]
        for record, labels in zip(found.records, object_labels(), strict=True):
            np.testing.assert_array_equal(found.labels(record), labels)
        assert (found.name, found.size_hw) == ("clip", SIZE_HW)
        assert found.sources[1] == "car (track 1001)"
        assert found.records[3].objects[2].absent


def test_ids_of_the_data_set_are_kept(tmp_path: Path) -> None:
    results = results_of([np.minimum(labels, 2) for labels in object_labels()])
    object.__setattr__(results, "sources", {1: "id 2044", 2: "car 3 (track 1003)"})
    written = MOTS.write(results, tmp_path)
    assert not written.doubts
    tracks = {row.split()[1] for row in (tmp_path / "mots/clip.txt").read_text().splitlines()}
    assert tracks == {"2044", "1003"}


def test_void_is_the_ignore_region(tmp_path: Path) -> None:
    labels = object_labels()[0]
    labels[44:, :9] = 255
    results = results_of([labels])
    MOTS.write(results, tmp_path)
    assert " 10000 10 " in (tmp_path / "mots/clip.txt").read_text()
    for path in (tmp_path / "mots/clip.txt", tmp_path / "mots/clip"):
        found = MOTS.read(path)
        np.testing.assert_array_equal(found.labels(found.records[0]), labels)
        assert sorted(found.records[0].objects) == [1, 2]


def test_frames_are_numbered_as_their_names(tmp_path: Path) -> None:
    results = results_of(object_labels()[:2], first=41)
    MOTS.write(results, tmp_path)
    assert sorted(p.name for p in (tmp_path / "mots/clip").iterdir()) == [
        "000041.png",
        "000042.png",
    ]
    assert [r.index for r in MOTS.read(tmp_path / "mots").records] == [41, 42]


def test_classes_are_refused(tmp_path: Path) -> None:
    results = results_of(class_labels(), classes=("road", "car", "sky"))
    with pytest.raises(FormatError, match="clip has classes"):
        MOTS.write(results, tmp_path)
    assert not list(tmp_path.iterdir())


def test_instances_that_are_no_ids_are_numbered(tmp_path: Path) -> None:
    mask = np.zeros(SIZE_HW, np.bool_)
    mask[3:9, 4:8] = True
    text = line(3, 1000, 1, mask) + line(3, 2000, 2, ~mask) + line(5, 1000, 1, mask)
    found = MOTS.read(text_file(tmp_path / "0002.txt", text))
    assert [(r.index, r.name) for r in found.records] == [
        (3, "000003"),
        (4, "000004"),
        (5, "000005"),
    ]
    assert found.sources == {1: "car (track 1000)", 2: "pedestrian (track 2000)"}
    assert [r.objects[1].area for r in found.records] == [24, 0, 24]


FULL = np.ones((4, 5), np.bool_)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0 1001 1 4 5\n", "expected 'frame track_id"),
        ("0 1001 3 4 5 " + encode(FULL).counts.decode(), "has class 3"),
        (line(0, 1001, 1, FULL)[:-2], "cut short|fills|impossible|holds"),
        (line(0, 1001, 1, FULL) + line(0, 1002, 1, FULL), "overlap"),
        (line(0, 1001, 1, FULL) + line(1, 1001, 1, FULL[:2]), "expected 4x5"),
        (line(0, 99_001, 1, FULL), "too large"),
        ("", "does not say how large"),
    ],
)
def test_bad_text_is_told(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(FormatError, match=said):
        MOTS.read(text_file(tmp_path / "a.txt", text))


def test_bad_folders_are_told(tmp_path: Path) -> None:
    assert not MOTS.recognises(tmp_path)
    with pytest.raises(FormatError, match="neither MOTS text nor PNG"):
        MOTS.read(tmp_path)
    for name in "ab":
        text_file(tmp_path / f"{name}.txt", line(0, 1001, 1, FULL))
    with pytest.raises(FormatError, match="2 videos"):
        MOTS.read(tmp_path)
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(2):
        values = np.full((4 + number, 5), 1001, np.uint16)
        Image.fromarray(values).save(pictures / f"{number:06d}.png")
    assert MOTS.recognises(pictures)
    with pytest.raises(FormatError, match="5x5 pixels, expected 5x4"):
        MOTS.read(pictures)
    (pictures / "000001.png").write_bytes((pictures / "000000.png").read_bytes()[:50])
    with pytest.raises(FormatError, match="not a readable mask"):
        MOTS.read(pictures)
