"""Every format of the table, and several at once."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fakes.made_results import make_results, squares
from segue.errors import FormatError, SegueError, SettingsError, VideoError, WriteError
from segue.results.documents import LABEL_DOCUMENTS, TRACK_DOCUMENTS, write_documents
from segue.results.formats.catalog import FORMATS, check_formats, find_format
from segue.results.live import scratch_folder
from segue.results.results import Document, LiveDocument, Readable, Results
from segue.types import ObjectScore

MAPS = squares({1: (5, 5)}, {1: (6, 8), 2: (20, 30)}, {2: (20, 33), 1: (7, 11)})

CANNOT = {(n, entry.holds == "classes") for n, entry in FORMATS.items() if entry.holds != "both"}
"""Formats, and whether they refuse objects (or classes): the table says what the documents do."""


def tracked() -> Results:
    return make_results(MAPS, threshold=0.8)


def labelled() -> Results:
    scores = [{n: ObjectScore(0.9, gate=0.5, reused=False) for n in range(3)}] * 3
    return make_results(MAPS, scores=scores, classes=("road", "car", "tree"), threshold=0.8)


def tree(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def top(path: Path, folder: Path) -> Path:
    """What of a document lies in the folder: a file, or a folder with all of its files."""
    return folder / path.relative_to(folder).parts[0]


@pytest.fixture(params=["objects", "classes"])
def results(request: pytest.FixtureRequest) -> Results:
    return tracked() if request.param == "objects" else labelled()


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_writes_the_same_again_or_says_why_not(
    name: str, results: Results, tmp_path: Path
) -> None:
    document = find_format(name)
    assert isinstance(document, Document)
    assert FORMATS[name].summary
    if (name, results.classes is None) in CANNOT:
        with pytest.raises(FormatError, match=r"objects.*classes|classes.*objects"):
            document.write(results, tmp_path)
        assert os.listdir(tmp_path) == []
        return
    written = document.write(results, tmp_path)
    first = tree(tmp_path)
    assert all(path.exists() for path in written.files)
    assert {path.relative_to(tmp_path).parts[0] for path in written.files} == set(
        os.listdir(tmp_path)
    )
    json.dumps(dict(written.notes), allow_nan=False)
    assert document.write(results, tmp_path) == written
    assert tree(tmp_path) == first


@pytest.mark.parametrize("name", FORMATS)
def test_a_folder_that_is_a_file_is_one_sentence(name: str, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    results = labelled() if (name, True) in CANNOT else tracked()
    if name == "flicker":
        return
    with pytest.raises(WriteError, match="Could not write"):
        find_format(name).write(results, tmp_path / "out")
    assert tree(tmp_path) == {"out": b""}


@pytest.mark.parametrize("name", [n for n in FORMATS if FORMATS[n].pictures])
def test_formats_with_pictures_need_the_video(name: str, tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="video is not there"):
        find_format(name).write(replace(tracked(), video=None), tmp_path)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", [n for n in FORMATS if not FORMATS[n].pictures])
def test_the_others_do_not(name: str, tmp_path: Path) -> None:
    results = labelled() if (name, True) in CANNOT else tracked()
    find_format(name).write(replace(results, video=None), tmp_path)


@pytest.mark.parametrize("name", FORMATS)
def test_live_gives_the_same_bytes(name: str, tmp_path: Path) -> None:
    document, results = find_format(name), tracked()
    if not isinstance(document, LiveDocument):
        return
    (tmp_path / "live").mkdir()
    (tmp_path / "later").mkdir()
    with scratch_folder(tmp_path / "live") as scratch:
        writer = document.live(replace(results, records=()), tmp_path / "live", scratch)
        for frame, record in results.frames():
            writer.add(frame, record, results.labels(record))
        live = writer.finish()
        writer.close()
    later = document.write(results, tmp_path / "later")
    assert live.notes == later.notes
    assert tree(tmp_path / "live") == tree(tmp_path / "later")


@pytest.mark.parametrize("name", FORMATS)
def test_an_unfinished_live_document_leaves_nothing(name: str, tmp_path: Path) -> None:
    document, results = find_format(name), tracked()
    if not isinstance(document, LiveDocument):
        return
    writer = document.live(results, tmp_path, tmp_path)
    frame, record = next(iter(results.frames()))
    writer.add(frame, record, results.labels(record))
    writer.close()
    assert os.listdir(tmp_path) == []


def test_no_frame_no_video(tmp_path: Path) -> None:
    empty = replace(tracked(), records=())
    assert find_format("overlay").write(empty, tmp_path).files == ()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", FORMATS)
def test_masks_read_back_are_equal_to_the_pixel(name: str, tmp_path: Path) -> None:
    document, results = find_format(name), tracked()
    if not isinstance(document, Readable):
        return
    path = top(document.write(results, tmp_path).files[0], tmp_path)
    assert document.recognises(path)
    again = document.read(path, results.size_hw)
    assert [record.index for record in again.records] == [r.index for r in results.records]
    for before, after in zip(results.records, again.records, strict=True):
        assert np.array_equal(again.labels(after), results.labels(before))
        present = {n: one.area for n, one in before.objects.items() if one.area}
        assert {n: one.area for n, one in after.objects.items()} == present


def test_each_file_is_recognised_by_its_own_format_alone(tmp_path: Path) -> None:
    readable = {n: d for n in FORMATS if isinstance(d := find_format(n), Readable)}
    for name, document in readable.items():
        (tmp_path / name).mkdir()
        path = top(document.write(tracked(), tmp_path / name).files[0], tmp_path / name)
        known = {n for n, other in readable.items() if other.recognises(path)}
        # Two ways to write one format are told apart when it is read.
        assert known - {"cvat", "cvat-polygons"} == {name} - {"cvat", "cvat-polygons"}
        assert name in known


def test_several_at_once_are_those_of_one_by_one(results: Results, tmp_path: Path) -> None:
    names = TRACK_DOCUMENTS if results.classes is None else LABEL_DOCUMENTS
    together = write_documents([*names, names[0]], results, tmp_path / "new" / "a")
    (tmp_path / "b").mkdir()
    alone = [find_format(name).write(results, tmp_path / "b") for name in names]
    assert tree(tmp_path / "new/a") == tree(tmp_path / "b")
    assert [p.name for p in together.files] == [p.name for one in alone for p in one.files]
    assert together.notes == {key: one.notes[key] for one in alone for key in one.notes}


def test_formats_of_the_video_share_one_pass(tmp_path: Path) -> None:
    passes = 0
    results = tracked()

    class Counted:
        def __getattr__(self, name: str) -> object:
            return getattr(results.video, name)

        def __iter__(self) -> object:
            nonlocal passes
            passes += 1
            return iter(results.video)  # type: ignore[arg-type]

    counted = replace(results, video=Counted())  # type: ignore[arg-type]
    write_documents(["overlay", "tracks.csv", "cutout-webm"], counted, tmp_path)
    assert passes == 1
    assert {p.name for p in tmp_path.iterdir()} == {"overlay.mp4", "tracks.csv", "cutout.webm"}


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("tracks.jsn", SettingsError, "Did you mean 'tracks.json'"),
        ("cutout-mp4", FormatError, "mp4 has no transparency. Take cutout-webm"),
    ],
)
def test_what_there_is_not(name: str, error: type[SegueError], words: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=words):
        write_documents(["tracks.csv", name], tracked(), tmp_path / "out")
    assert os.listdir(tmp_path) == [], "nothing is written before all names are known"


@pytest.mark.parametrize("name", FORMATS)
def test_what_a_format_cannot_hold_is_known_before_the_work(name: str) -> None:
    for labels in ("objects", "classes"):
        if (name, labels == "objects") in CANNOT:
            with pytest.raises(
                FormatError, match=rf"format {name} holds .* the results are {labels}"
            ):
                check_formats(["png", name], labels)
        else:
            check_formats(["png", name], labels)


def test_an_unknown_format_is_known_before_the_work() -> None:
    with pytest.raises(SettingsError, match="Did you mean 'overlay'"):
        check_formats(["png", "overlai"], "objects")
