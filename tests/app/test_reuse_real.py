"""The gate around the default model, on real frames."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segue.inference.track import track
from segue.media.video import ArrayVideo
from segue.models.catalog import load_model
from segue.types import Frame, Labels, Prediction

pytestmark = pytest.mark.real


def pictures(shared: Path, name: str, count: int) -> list[Frame]:
    folder = shared / "data/davis2016_val_dev/JPEGImages/480p" / name
    return [np.asarray(Image.open(path)) for path in sorted(folder.iterdir())[:count]]


def first_mask(shared: Path, name: str) -> Labels:
    path = shared / "data/davis2016_val_dev/Annotations/480p" / name / "00000.png"
    return (np.asarray(Image.open(path).convert("L")) > 0).astype(np.uint8)


def predict(frames: list[Frame], masks: dict[int, Labels], **options: bool) -> list[Prediction]:
    model = load_model("segue-lite", settings={"reuse": {"threshold": 0.9}})
    return [p for _, p in track(model, ArrayVideo(frames), masks, **options)]


def test_nothing_is_reused_across_a_cut(shared: Path) -> None:
    frames = [*pictures(shared, "cows", 3), *pictures(shared, "kite-surf", 2)]
    found = predict(frames, {0: first_mask(shared, "cows")})
    assert not found[3].scores[1].reused


def test_nothing_is_reused_across_a_cut_from_a_still(shared: Path) -> None:
    cows, kite = pictures(shared, "cows", 1)[0], pictures(shared, "kite-surf", 1)[0]
    found = predict([cows, cows, cows, kite], {0: first_mask(shared, "cows")})
    assert [p.scores[1].reused for p in found] == [False, True, True, False]


def test_a_frozen_video_keeps_its_mask(shared: Path) -> None:
    mask = first_mask(shared, "cows")
    found = predict(pictures(shared, "cows", 1) * 30, {0: mask})
    assert [p.scores[1].reused for p in found] == [False] + [True] * 29
    assert all(np.array_equal(p.labels, mask) for p in found)


def test_an_object_enters_while_another_is_reused(shared: Path) -> None:
    mask = first_mask(shared, "cows")
    second = np.zeros_like(mask)
    second[40:120, 60:160] = 2
    frames = pictures(shared, "cows", 1) * 8
    found = predict(frames, {0: mask, 4: second}, partial=True)
    assert [p.scores[1].reused for p in found] == [False, *[True] * 3, False, *[True] * 3]
    assert all((p.labels[second == 2] == 2).all() for p in found[4:])
    assert np.array_equal(found[7].labels, found[4].labels)
