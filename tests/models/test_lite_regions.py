import itertools
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from segue import load_model
from segue.media.resize import Resizer
from segue.models.lite.padded import _fill
from segue.models.lite.regions import (
    Found,
    Region,
    near,
    nowhere,
    part_near,
    spread,
    suffices,
    whole,
)
from segue.models.painting import paint
from segue.types import Frame, Labels

FRAME = Region(0, 0, 30, 54)
SAME = Resizer((480, 864), (480, 864))


def seen_at(top: int, left: int, height: int, width: int) -> torch.Tensor:
    previous = torch.zeros(1, 1, 60, 108)
    previous[..., top : top + height, left : left + width] = 0.9
    return previous


@given(data=st.data())
def test_a_region_holds_what_is_within_reach_and_lies_inside_the_frame(data: st.DataObject) -> None:
    top, left = data.draw(st.integers(0, 59)), data.draw(st.integers(0, 107))
    height, width = data.draw(st.integers(1, 60 - top)), data.draw(st.integers(1, 108 - left))
    reach = data.draw(st.floats(0, 1))
    region = near(seen_at(top, left, height, width), reach)
    assert region
    margin = max(2.0, reach * (height * width) ** 0.5)
    assert region.height in (8, 15, 30)
    assert region.width in (14, 27, 54)
    assert 0 <= region.top <= max(top - margin, 0) / 2
    assert 0 <= region.left <= max(left - margin, 0) / 2
    assert min(top + height + margin, 60) / 2 <= region.top + region.height <= 30
    assert min(left + width + margin, 108) / 2 <= region.left + region.width <= 54


@given(data=st.data())
def test_a_part_of_a_view_is_half_of_it_or_all_and_holds_what_is_within_reach(
    data: st.DataObject,
) -> None:
    top, left = data.draw(st.integers(0, 23)), data.draw(st.integers(0, 43))
    height, width = data.draw(st.integers(1, 24 - top)), data.draw(st.integers(1, 44 - left))
    previous = torch.zeros(1, 1, 24, 44)
    previous[..., top : top + height, left : left + width] = 0.9
    part, least = part_near(previous, 0.2), near(previous, 0.2)
    assert part is not None
    assert least is not None
    assert (part.height, part.width) in ((6, 11), (12, 22))
    assert part.top <= least.top
    assert part.left <= least.left
    if part.height < 12:
        assert part.top + part.height >= least.top + least.height
        assert part.left + part.width >= least.left + least.width
    assert part_near(torch.zeros(1, 1, 24, 44), 0.2) is None
    assert part_near(previous, None) == Region(0, 0, 12, 22)


@given(data=st.data())
def test_shares_of_cells_are_those_of_the_whole_mask(data: st.DataObject) -> None:
    rows, columns = data.draw(st.integers(1, 60)), data.draw(st.integers(1, 60))
    mask = np.random.default_rng(data.draw(st.integers(0, 99))).integers(0, 256, (rows, columns))
    mask[: data.draw(st.integers(0, rows))] = 0
    mask[:, : data.draw(st.integers(0, columns))] = 0
    padded = torch.zeros(64, 64)
    padded[:rows, :columns] = torch.from_numpy(mask.astype(np.float32)) / 255
    cells = torch.zeros(16, 16)
    _fill(cells, mask.astype(np.uint8))
    assert torch.equal(cells, torch.nn.functional.avg_pool2d(padded[None], 4)[0])


def test_an_object_that_was_not_seen_may_be_anywhere() -> None:
    assert near(torch.zeros(1, 1, 60, 108), 0.2) is None
    assert whole(torch.zeros(3, 1, 60, 108)) == FRAME
    assert not suffices(nowhere(torch.zeros(3, 1, 60, 108)), FRAME, usual=0.0)


def found_in(region: Region, *box: int) -> Found:
    logits = torch.full((1, region.height * 8, region.width * 8), -2.0)
    top, left, height, width = box
    logits[0, top : top + height, left : left + width] = 2.0
    return Found(region, logits)


@pytest.mark.parametrize(
    ("region", "box", "enough"),
    [
        (Region(8, 14, 8, 14), (20, 20, 24, 24), True),
        (
            Region(8, 14, 8, 14),
            (20, 20, 16, 16),
            False,
        ),  # less than half of it: it may be elsewhere
        (Region(8, 14, 8, 14), (40, 20, 24, 24), False),  # goes on below
        (Region(8, 14, 8, 14), (20, 88, 24, 24), False),  # goes on to the right
        (Region(8, 40, 8, 14), (20, 88, 24, 24), True),  # leaves the frame there
        (FRAME, (0, 0, 1, 1), True),  # there is nowhere else to look
    ],
)
def test_when_a_look_at_the_region_is_enough(
    region: Region, box: tuple[int, ...], enough: bool
) -> None:
    assert suffices(found_in(region, *box), FRAME, usual=36.0) == enough


def test_objects_are_spread_and_painted_where_they_were_found() -> None:
    found = [
        found_in(Region(0, 0, 15, 27), 20, 20, 24, 24),
        found_in(Region(8, 14, 8, 14), 8, 8, 8, 16),
    ]
    logits = spread(found, torch.zeros(2, 1, 60, 108))
    assert (logits[0] > 0).nonzero().amax(0).tolist() == [43, 43]
    assert (logits[1] > 0).nonzero().amin(0).tolist() == [72, 120]
    labels = paint({3: found[0].patch(SAME), 7: found[1].patch(SAME)}, (480, 864))
    assert labels.shape == (480, 864)
    assert set(np.unique(labels)) == {0, 3, 7}
    assert (labels[42:86, 42:86] == 3).all()
    assert (labels[146:158, 242:270] == 7).all()


def test_the_surest_object_gets_the_pixel() -> None:
    one, other = found_in(FRAME, 20, 20, 24, 24), found_in(FRAME, 20, 20, 24, 24)
    other.logits[0, 20:32] *= 2
    labels = paint({1: one.patch(SAME), 2: other.patch(SAME)}, (480, 864))
    assert (labels[44:60, 44:84] == 2).all()
    assert (labels[70:84, 44:84] == 1).all()


def test_an_object_found_on_a_small_frame_is_painted_on_the_large_one() -> None:
    found = found_in(Region(8, 14, 8, 14), 8, 8, 8, 16)
    labels = paint({5: found.patch(Resizer((1920, 3456), (480, 864)))}, (1920, 3456))
    rows, columns = np.nonzero(labels == 5)
    # Four pixels of the video for one that was worked on: the contour lies between two of its cells.
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (576, 639, 960, 1087)


def test_objects_that_are_not_where_they_were_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    model: Any = load_model("segue-lite", settings={"reuse": None, "backend": "torch"})
    frame, labels = scene(0)
    _, state = model.start(frame, labels)
    looked: list[tuple[int, Region]] = []
    decode = model._decode

    def watched(
        features: Any, scores: Any, others: Any, state: Any, row: int, region: Region
    ) -> Found:
        looked.append((row, region))
        found: Found = decode(features, scores, others, state, row, region)
        return found

    monkeypatch.setattr(model, "_decode", watched)
    monkeypatch.setattr("segue.models.lite.search.may_be_there", lambda scores, own: False)
    frame[labels > 0] = (100, 110, 120)
    for _ in range(6):
        _, state = model.step(frame, state)
    everywhere = [row for row, region in looked if region == whole(state.previous)]
    # On the first frame what the region shows may do.
    assert len(everywhere) in (5, 6)
    assert all(one != other for one, other in itertools.pairwise(everywhere))


def test_all_objects_that_may_be_back_are_looked_for_at_once() -> None:
    model: Any = load_model("segue-lite", settings={"reuse": None, "backend": "torch"})
    frame, labels = scene(0)
    _, state = model.start(frame, labels)
    dark = np.zeros_like(frame)
    for _ in range(3):
        prediction, state = model.step(dark, state)
        assert not prediction.labels.any()
    prediction, _ = model.step(frame, state)
    for i in (1, 2):
        assert ((prediction.labels == i) & (labels == i)).sum() > 0.8 * (labels == i).sum()


def scene(t: int) -> tuple[Frame, Labels]:
    """Two squares on a pattern; the second jumps across the frame on frame 3."""
    y, x = np.mgrid[:256, :448]
    frame = np.stack([90 + 30 * np.sin(x / 9), 110 + 25 * np.cos(y / 7), 120 + 0 * x], -1)
    labels = np.zeros((256, 448), np.uint8)
    labels[60 + 2 * t : 108 + 2 * t, 40 : 40 + 48] = 1
    left = 150 if t < 3 else 380
    labels[180:228, left : left + 48] = 2
    frame[labels == 1], frame[labels == 2] = (220, 40, 50), (40, 220, 60)
    return frame.astype(np.uint8), labels


def test_masks_are_those_of_a_look_at_the_whole_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    model: Any = load_model("segue-lite", settings={"reuse": None, "backend": "torch"})
    results = {}
    for how in ("near", "whole"):
        if how == "whole":
            monkeypatch.setattr(
                "segue.models.lite.search.near", lambda previous, reach: whole(previous)
            )
        _, state = model.start(*scene(0))
        results[how] = []
        for t in range(1, 5):
            prediction, state = model.step(scene(t)[0], state)
            results[how].append(prediction.labels)
    for found, expected in zip(results["near"], results["whole"], strict=True):
        assert (found != expected).sum() < 0.01 * (expected > 0).sum()
    assert (results["near"][3] == scene(4)[1])[180:228, 380:428].mean() > 0.8
