import base64
import io
import json
import re
from html.parser import HTMLParser
from math import nan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fakes.davis import moving_square, write_masks
from fakes.stand_in import STAND_IN
from segue import __version__
from segue.evaluation.html.curves import plot
from segue.evaluation.html.markup import Markup, tag
from segue.evaluation.html.page import Heading, html_report
from segue.evaluation.html.pictures import ERROR_COLOURS, error_masks, views
from segue.evaluation.interface import Picture, Scored
from segue.evaluation.run import evaluate_gathered

HOSTILE = "<script>alert(1)<&'\">"
VOID_ELEMENTS = {"meta", "img"}


class Reader(HTMLParser):
    """Refuses what is not nested rightly, and collects what a test asks for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID_ELEMENTS:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("script", "style"):
            self.text += data

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [a for t, a in self.elements if t == tag and wanted.items() <= a.items()]


@pytest.fixture
def page(tmp_path: Path) -> str:
    return build(tmp_path)


def build(folder: Path) -> str:
    """A goat that is right but for one missing frame, and a bear that is wrong throughout."""
    for name, start in (("bear", 6), ("goat", 2)):
        write_masks(folder / "truth" / name, moving_square(6), value=1)
        write_masks(folder / "ours" / name, moving_square(6, start=start), value=1)
    (folder / "ours/goat/00004.png").unlink()
    (folder / "ours" / HOSTILE.replace("/", "")).mkdir()
    gathered = STAND_IN.gather(folder / "ours", folder / "truth", None)
    report = evaluate_gathered("stand-in", STAND_IN, gathered, workers=1, strict=False)
    heading = Heading(f"out/{HOSTILE}", "truth")
    return html_report(report, STAND_IN, gathered.cases, heading)


def test_nothing_is_loaded_from_anywhere(page: str) -> None:
    reader = Reader(page)
    for _, attributes in reader.elements:
        for name in ("src", "href"):
            address = attributes.get(name)
            assert address is None or address.startswith(("#", "data:image/jpeg;base64,"))
    policy = reader.all("meta", **{"http-equiv": "Content-Security-Policy"})[0]
    assert str(policy["content"]).startswith("default-src 'none'; img-src data:;")
    assert not re.search(r"url\(|@import|https?:", page)


def test_links_lead_somewhere(page: str) -> None:
    reader = Reader(page)
    places = {attributes["id"] for _, attributes in reader.elements if "id" in attributes}
    links = {str(attributes["href"])[1:] for attributes in reader.all("a")}
    assert links == {"sequence-0", "sequence-1", "worst-0", "worst-1", "worst-2", "worst-3"}
    assert links <= places


def test_names_of_files_are_text(page: str) -> None:
    reader = Reader(page)
    assert len(reader.all("script")) == 1
    assert f"out/{HOSTILE}" in reader.text
    assert HOSTILE not in page


def test_the_head_says_what_was_compared_and_nothing_of_today(tmp_path: Path, page: str) -> None:
    text = Reader(page).text
    for fact in ("stand-in", STAND_IN.summary, f"segue{__version__}", "scored frames12", "truth"):
        assert fact in text
    assert build(tmp_path / "again") == page


def test_tables_hold_what_is_shown_and_what_is_sorted_by(page: str) -> None:
    reader = Reader(page)
    cells = [attributes.get("data-value") for attributes in reader.all("td")]
    assert cells[:3] == ["50.0", "0.5", "500"]
    assert cells[3] == str(round(500 / 6, 3))
    assert cells.count(None) == 4
    assert "4 classes do not occur." in reader.text
    assert len(reader.all("button")) == 4 + 2


def test_problems_are_listed(page: str) -> None:
    text = Reader(page).text
    assert "Problems (2)" in text
    assert "1 extra-sequence, 1 missing-frame" in text
    assert "goat/00004: It counts as empty." in text


def test_the_worst_frames_are_pictures(page: str) -> None:
    reader = Reader(page)
    pictures = reader.all("img")
    assert [image["alt"] for image in pictures] == ["predicted", "truth", "errors"] * 4
    assert reader.text.index("goat / 00004") < reader.text.index("bear / 0000")
    encoded = str(pictures[0]["src"]).split(",")[1]
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as image:
        assert image.size == (60, 40)


def test_only_the_worst_frames_are_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path)
    gathered = STAND_IN.gather(tmp_path / "ours", tmp_path / "truth", None)
    report = evaluate_gathered("stand-in", STAND_IN, gathered, workers=1, strict=False)
    read: list[str] = []
    original = type(STAND_IN).picture
    monkeypatch.setattr(
        type(STAND_IN),
        "picture",
        lambda self, case, frame: (
            read.append(f"{case.name}/{frame}") or original(self, case, frame)
        ),
    )
    html_report(report, STAND_IN, gathered.cases, Heading("a", "b"), num_worst=2)
    assert read[0] == "goat/00004"
    assert len(read) == 2


def test_a_perfect_result_has_no_worst_frames(tmp_path: Path) -> None:
    write_masks(tmp_path / "bear", moving_square(6), value=1)
    gathered = STAND_IN.gather(tmp_path, tmp_path, None)
    report = evaluate_gathered("stand-in", STAND_IN, gathered, workers=1, strict=False)
    text = Reader(html_report(report, STAND_IN, gathered.cases, Heading("a", "b"))).text
    assert "Worst frames" not in text
    assert "Problems (" not in text
    assert "Over time" in text


@given(st.text(), st.text())
def test_markup_gives_back_the_text_that_was_put_in(text: str, value: str) -> None:
    text, value = text.replace("\r", ""), value.replace("\r", "")
    reader = Reader(tag("p", text, tag("b", "x"), data_name=value, hidden=True, id=None))
    assert reader.text == f"{text}x"
    assert reader.elements[0] == ("p", {"data-name": value, "hidden": None})


def curve(*values: float) -> Scored:
    names = tuple(f"{time:05}" for time in range(len(values)))
    return Scored("bear", None, len(values), names, values, {"J": values})


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ((0.5, 0.25, 1.0), "M0 0.500h0L1 0.750L2 0.000"),
        ((0.5, nan, 1.0), "M0 0.500h0M2 0.000h0"),
        ((nan, 0.5), "M1 0.500h0"),
        ((-3.0, 2.0), "M0 1.000h0L1 0.000"),
        ((nan,), ""),
    ],
)
def test_curves_have_gaps_and_stay_inside(values: tuple[float, ...], path: str) -> None:
    reader = Reader(plot(curve(*values), "here", {}))
    assert reader.all("path")[0]["d"] == path


def test_values_under_the_pointer_are_exact_and_valid_json() -> None:
    area = Reader(plot(curve(0.12345, nan, -1.5), "here", {1: "#worst-0"})).all("div")[0]
    assert json.loads(str(area["data-curves"])) == {"J": [0.123, None, -1.5]}
    assert json.loads(str(area["data-frames"])) == ["00000", "00001", "00002"]


def test_a_mark_of_a_picture_lies_on_its_frame() -> None:
    marked = Reader(plot(curve(0.5, 0.25, 1.0), "here", {1: "#worst-0"})).all("a")[0]
    assert marked["style"] == "left:50.00%;top:75.0%"
    assert marked["href"] == "#worst-0"


def labels(*rows: list[int]) -> np.ndarray:
    return np.array(rows, np.uint16)


def test_every_pixel_is_right_or_wrong_in_one_way() -> None:
    truth = labels([0, 0, 1, 1, 1], [9, 9, 0, 2, 0])
    predicted = labels([0, 1, 1, 0, 2], [1, 0, 0, 2, 9])
    masks = error_masks(Picture(truth, predicted, void=9))
    found = {kind: np.flatnonzero(mask).tolist() for kind, mask in masks.items()}
    assert found == {
        "false positive": [1, 9],
        "false negative": [3],
        "wrong label": [4],
        "correct": [2, 8],
        "not scored": [5, 6],
    }
    assert list(masks) == list(ERROR_COLOURS)


def test_errors_have_their_colours_and_objects_their_own() -> None:
    truth, predicted = np.zeros((40, 90), np.uint16), np.zeros((40, 90), np.uint16)
    truth[:, :30], predicted[:, 30:60] = 1001, 1001
    truth[:, 60:], predicted[:, 60:] = 1002, 2001
    shown = views(Picture(truth, predicted))
    for kind, column in (("false negative", 15), ("false positive", 45), ("wrong label", 75)):
        difference = np.abs(shown["errors"][20, column].astype(int) - ERROR_COLOURS[kind])
        assert difference.max() < 40
    assert (shown["truth"][20, 15] == shown["predicted"][20, 45]).all()
    assert (shown["truth"][20, 75] != shown["truth"][20, 15]).any()
    assert len(set(shown["predicted"][20, 15].tolist())) == 1


def test_void_of_the_truth_is_bare_and_large_pictures_become_small() -> None:
    truth = np.full((1024, 2048), 255, np.uint16)
    image = np.full((1024, 2048, 3), 90, np.uint8)
    shown = views(Picture(truth, truth, 255, image))
    assert {view.shape for view in shown.values()} == {(240, 480, 3)}
    assert (shown["truth"] == 90).all()
    assert (shown["predicted"] != 90).any()


def test_the_picture_of_a_dataset_is_below_the_labels() -> None:
    image = np.arange(48, dtype=np.uint8).reshape(4, 4, 3) * 5
    labels = np.zeros((4, 4), np.uint16)
    assert (views(Picture(labels, labels, image=image))["truth"] == image).all()


def test_markup_is_not_escaped_twice() -> None:
    assert tag("p", tag("b", "&")) == "<p><b>&amp;</b></p>"
    assert isinstance(tag("p"), Markup)
