"""Tables and JSON, as other programs read them."""

import csv
import json
from pathlib import Path

import numpy as np
from PIL import Image

from fakes.made_results import make_results, squares
from segue.media.reuse_timeline import COMPUTED, REUSED
from segue.results.formats.areas import AREAS
from segue.results.formats.flicker import FLICKER
from segue.results.formats.reuse import REUSE
from segue.results.formats.review_csv import REVIEW_CSV
from segue.results.formats.tracks_csv import TRACKS_CSV
from segue.results.formats.tracks_json import TRACKS_JSON
from segue.results.results import Results
from segue.types import ObjectScore

MAPS = squares({1: (5, 5)}, {1: (6, 8), 2: (20, 30)}, {1: (7, 11)})


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_tracks_json_to_the_letter(tmp_path: Path) -> None:
    scores = [
        {1: ObjectScore(0.987654, category="dog")},
        {1: ObjectScore(0.5, gate=0.123456, reused=True)},
    ]
    maps = [MAPS[0], np.zeros((40, 60), np.uint8)]
    scores[1][1] = ObjectScore(0.5, True, 0.123456, True)
    results = make_results(maps, scores=scores, sources={1: "dog.png"})
    written = TRACKS_JSON.write(results, tmp_path)
    assert (tmp_path / "tracks.json").read_text() == (
        "{\n"
        '  "video": "clip",\n'
        '  "size_hw": [\n    40,\n    60\n  ],\n'
        '  "frame_rate": "25",\n'
        '  "sources": {\n    "1": "dog.png"\n  },\n'
        '  "frames": [\n'
        '    {"name": "00000", "index": 0, "time": 0.0, "objects": {"1": {"area": 100, '
        '"box_xyxy": [5, 5, 15, 15], "centroid_xy": [9.5, 9.5], "confidence": 0.9877, '
        '"absent": false, "category": "dog"}}},\n'
        '    {"name": "00001", "index": 1, "time": 0.04, "objects": {"1": {"area": 0, '
        '"box_xyxy": null, "centroid_xy": null, "confidence": 0.5, "absent": true, '
        '"gate": 0.1235, "reused": true}}}\n'
        "  ]\n"
        "}\n"
    )
    lost = [{"first": "00001", "last": "00001", "frames": 1, "found_again": False}]
    assert written.notes == {"lost": {"1": lost}}


def gated(threshold: float | None = 0.5) -> Results:
    gates = [(None, False), (0.75, True), (0.25, False)]
    scores = [{1: ObjectScore(0.9, gate=gate, reused=reused)} for gate, reused in gates]
    return make_results([MAPS[0]] * 3, scores=scores, threshold=threshold)


def test_reuse_rates_and_picture(tmp_path: Path) -> None:
    assert REUSE.write(gated(), tmp_path).notes == {"reuse": {"1": 0.5}}
    picture = np.asarray(Image.open(tmp_path / "reuse.png"))
    row, middles = 40 + 80, [60 + round((frame + 0.5) * 900 / 3) for frame in range(3)]
    colours = [tuple(picture[row, x].tolist()) for x in middles]
    assert colours == [COMPUTED, REUSED, COMPUTED]
    TRACKS_JSON.write(gated(), tmp_path)
    document = json.loads((tmp_path / "tracks.json").read_text())
    assert document["reuse"] == {"1": 0.5}
    assert list(document)[-2:] == ["reuse", "frames"]


def test_reuse_of_classes_is_that_of_the_most_doubtful(tmp_path: Path) -> None:
    def said(reused: bool) -> dict[int, ObjectScore]:
        return {0: ObjectScore(1.0, gate=0.9), 1: ObjectScore(1.0, gate=0.2, reused=reused)}

    scores = [said(False), said(True), said(True)]
    results = make_results([MAPS[0]] * 3, scores=scores, classes=("a", "b"), threshold=0.5)
    assert REUSE.write(results, tmp_path).notes == {"reuse": {"all classes": 1.0}}


def test_without_a_gate_or_anything_to_reuse_there_is_no_picture(tmp_path: Path) -> None:
    assert REUSE.write(gated(None), tmp_path).notes == {}
    nothing = make_results([MAPS[0]], scores=[{}], threshold=0.5)
    assert REUSE.write(nothing, tmp_path).notes == {"reuse": {}}
    assert list(tmp_path.iterdir()) == []


def test_areas_are_shares_of_every_class(tmp_path: Path) -> None:
    scores = [{n: ObjectScore(0.9) for n in range(3)}] * 3
    colours = np.zeros((256, 3), np.uint8)
    colours[:3] = (90, 90, 90), (250, 0, 0), (0, 0, 250)
    results = make_results(MAPS, scores=scores, classes=("road", "car", "tree"), colours=colours)
    AREAS.write(results, tmp_path)
    table = rows(tmp_path / "areas.csv")
    assert table[1] == {
        "frame": "1",
        "name": "00001",
        "time": "0.040000",
        "road": "0.916667",
        "car": "0.041667",
        "tree": "0.041667",
    }
    picture = np.asarray(Image.open(tmp_path / "areas.png")).reshape(-1, 3)
    counts = [(picture == colour).all(1).sum() for colour in colours[:3]]
    assert counts[0] > 8 * counts[1] > 8 * counts[2] > 0


def test_flicker_counts_what_comes_back(tmp_path: Path) -> None:
    maps = squares({1: (5, 5)}, {}, {1: (5, 5)})
    rates = FLICKER.write(make_results(maps), tmp_path).notes["flicker"]
    assert rates["flips_per_pixel_and_frame"] == round(100 / 2400, 6)
    assert rates["returns_per_pixel_and_frame"] == round(50 / 2400, 6)
    assert FLICKER.write(make_results(maps[:1]), tmp_path).notes == {"flicker": None}


def test_tracks_csv_says_what_tracks_json_says(tmp_path: Path) -> None:
    results = make_results(MAPS)
    TRACKS_CSV.write(results, tmp_path)
    TRACKS_JSON.write(results, tmp_path)
    document = json.loads((tmp_path / "tracks.json").read_text())
    table = iter(rows(tmp_path / "tracks.csv"))
    for frame in document["frames"]:
        for number, one in frame["objects"].items():
            row = next(table)
            assert (row["frame"], row["name"]) == (str(frame["index"]), frame["name"])
            assert (row["object"], row["area"]) == (number, str(one["area"]))
            box = [int(row[side]) for side in ("left", "top", "right", "bottom") if row[side]]
            assert (box or None) == one["box_xyxy"]
            centre = [float(row[axis]) for axis in ("centre_x", "centre_y") if row[axis]]
            assert (centre or None) == one["centroid_xy"]
            assert float(row["confidence"]) == one["confidence"]
            assert bool(int(row["absent"])) == one["absent"]
            assert (row["gate"], row["reused"], row["origin"]) == ("", "", "forward")
    assert next(table, None) is None


def test_tracks_csv_names_classes(tmp_path: Path) -> None:
    scores = [{n: ObjectScore(0.9) for n in range(3)}] * 3
    TRACKS_CSV.write(make_results(MAPS, scores=scores, classes=("a", "b, c")), tmp_path)
    assert [row["category"] for row in rows(tmp_path / "tracks.csv")[:3]] == ["a", "b, c", ""]


def test_review_csv_is_a_list_for_a_person(tmp_path: Path) -> None:
    maps = squares({1: (5, 5)}, {1: (5, 5), 2: (5, 15)}, {2: (5, 15)})
    scores = [{1: ObjectScore(0.9)}, {n: ObjectScore(0.9) for n in (1, 2)}]
    scores.append({1: ObjectScore(0.9, absent=True), 2: ObjectScore(0.9)})
    assert REVIEW_CSV.write(make_results(maps, scores=scores), tmp_path).notes == {"to_check": 2}
    assert rows(tmp_path / "review.csv") == [
        {
            "need": "0.80",
            "frame": "2",
            "name": "00002",
            "time": "0.080000",
            "objects": "1",
            "reasons": "object 1: lost, not found again",
        },
        {
            "need": "0.30",
            "frame": "1",
            "name": "00001",
            "time": "0.040000",
            "objects": "1 2",
            "reasons": "objects 1 and 2: touch here",
        },
    ]
