"""Results of a finished run from the files in its folder; damage is told."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from fakes.results import object_labels, results_of
from segue.errors import OutputError
from segue.media.palette import write_mask
from segue.results.formats.tracks_json import TRACKS_JSON
from segue.results.recorded import is_run, recorded_results


@pytest.fixture
def run(tmp_path: Path) -> Path:
    results = results_of(object_labels(), categories={1: "dog"})
    (tmp_path / "masks").mkdir()
    for record in results.records:
        write_mask(tmp_path / f"masks/{record.name}.png", results.labels(record))
    TRACKS_JSON.write(results, tmp_path)
    (tmp_path / "run.json").write_text(json.dumps({"complete": True}))
    return tmp_path


def test_labels_and_numbers(run: Path) -> None:
    assert is_run(run)
    found, expected = recorded_results(run), results_of(object_labels())
    assert (found.name, found.frame_rate, found.size_hw) == ("clip", Fraction(25), (48, 64))
    for ours, theirs in zip(found.records, expected.records, strict=True):
        assert (ours.index, ours.name, ours.time) == (theirs.index, theirs.name, theirs.time)
        np.testing.assert_array_equal(found.labels(ours), expected.labels(theirs))
        for number, item in theirs.objects.items():
            same = ours.objects[number]
            assert (same.area, same.box_xyxy, same.absent) == (
                item.area,
                item.box_xyxy,
                item.absent,
            )


def test_an_unfinished_run(run: Path) -> None:
    (run / "run.json").write_text(json.dumps({"complete": False}))
    with pytest.raises(OutputError, match="is not finished"):
        recorded_results(run)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"frame_rate": "x", "size_hw": 3}'])
@pytest.mark.parametrize("name", ["run.json", "tracks.json"])
def test_damaged_records(run: Path, name: str, text: str) -> None:
    (run / name).write_text(text)
    with pytest.raises(OutputError, match="does not hold the whole results"):
        recorded_results(run)


def test_a_damaged_mask(run: Path) -> None:
    path = run / "masks/00002.png"
    path.write_bytes(path.read_bytes()[:40])
    results = recorded_results(run)
    with pytest.raises(OutputError, match=r"00002\.png"):
        results.labels(results.records[2])
