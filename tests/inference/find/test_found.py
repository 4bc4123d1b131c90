import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segue.errors import FormatError
from segue.inference.find.files import read_found, write_found, write_proposals
from segue.inference.find.found import Found, FoundObject, sighting
from segue.media.masks import read_mask


def square(left: int, right: int) -> np.ndarray:
    mask = np.zeros((30, 40), bool)
    mask[5:20, left:right] = True
    return mask


@pytest.fixture
def found() -> Found:
    """Object 1 is surest on frame 8, object 2 on frame 3; they overlap on frame 8."""
    one = (
        sighting(3, "00003", square(2, 10), 0.7, 0.5),
        sighting(8, "00008", square(4, 12), 0.9, 0.7),
    )
    two = (
        sighting(3, "00003", square(20, 30), 0.8, 0.1),
        sighting(8, "00008", square(8, 18), 0.6, 0.1),
    )
    return Found(
        "toy",
        (30, 40),
        (3, 8, 13),
        (FoundObject(1, 0.6, 1, one), FoundObject(2, 0.3, 0, two)),
        damaged=(17,),
        made_with={"looks": 4, "settings": {}},
        pictures={frame: np.full((30, 40, 3), frame, np.uint8) for frame in (3, 8, 13)},
    )


def test_each_object_is_carried_from_where_it_is_surest(found: Found) -> None:
    masks = found.masks()
    assert sorted(masks) == [3, 8]
    assert ((masks[3] == 2) == square(20, 30)).all()
    assert set(np.unique(masks[3])) == {0, 2}
    assert ((masks[8] == 1) == square(4, 12)).all()
    assert set(np.unique(masks[8])) == {0, 1}
    assert list(found.masks(1)) == [8]


def test_the_better_object_wins_where_masks_overlap(found: Found) -> None:
    labels = found.labels(8)
    assert ((labels == 1) == square(4, 12)).all()
    assert ((labels == 2) == square(12, 18)).all()
    assert not found.labels(13).any()
    assert found.seen == (3, 8)


def test_files_and_back(found: Found, tmp_path: Path) -> None:
    write_found(found, tmp_path / "out")
    write_proposals(found, tmp_path / "out")
    again = read_found(tmp_path / "out")
    assert again == found
    assert not again.pictures
    assert sorted(path.name for path in (tmp_path / "out/masks").iterdir()) == [
        "00003.png",
        "00008.png",
    ]
    assert (read_mask(tmp_path / "out/masks/00008.png").labels == found.labels(8)).all()
    sheet = np.asarray(Image.open(tmp_path / "out/found.png"))
    assert sheet.shape[1] > 3 * 320, "three frames in a row"
    document = json.loads((tmp_path / "out/found.json").read_text())
    first = document["objects"][0]
    assert (first["seen"], first["of"], first["surest_frame"]) == (2, 3, 8)
    assert first["sightings"][1]["box_xyxy"] == [4, 5, 12, 20]
    assert "sightings" not in found.summary()["objects"][0]


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(version=0),
        lambda d: d.pop("looks"),
        lambda d: d.update(objects=3),
        lambda d: d["objects"][0].update(surest_frame=4),
        lambda d: d["objects"][0]["sightings"][0].update(rle="ab"),
        lambda d: d["objects"][0]["sightings"][0].update(rle=3),
        lambda d: d.update(size_hw=[30, 41]),
    ],
)
def test_damaged_findings(found: Found, tmp_path: Path, change) -> None:
    document = found.to_json()
    assert Found.from_json(document) == found
    document = json.loads(json.dumps(document))
    change(document)
    with pytest.raises((FormatError, ValueError)):
        Found.from_json(document)
    (tmp_path / "found.json").write_text(json.dumps(document))
    assert read_found(tmp_path) is None


def test_no_findings(tmp_path: Path) -> None:
    assert read_found(tmp_path) is None
    (tmp_path / "found.json").write_text("[")
    assert read_found(tmp_path) is None
    with pytest.raises(FormatError, match="something else"):
        Found.from_json([])
