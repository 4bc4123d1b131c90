"""Sessions: corrections anywhere, both directions, cancel, two processes; results as those of one whole run."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from fakes.colour_model import ColourModel
from fakes.scenes import scene
from segue.inference.session import Session
from segue.media.video import ArrayVideo
from segue.types import Labels

NUM_FRAMES = 40
SCENE = scene(NUM_FRAMES)


def video() -> ArrayVideo:
    return ArrayVideo([frame for frame, _ in SCENE])


def mask(index: int) -> Labels:
    return SCENE[index][1]


def wrong(index: int) -> Labels:
    """A mask that teaches the model other colours."""
    return np.roll(mask(index), 5, axis=0)


def whole(masks: Mapping[int, Labels], lookahead: int = 0) -> dict[int, Labels]:
    with Session(video(), ColourModel(lookahead=lookahead)) as session:
        session.give_all(masks)
        session.run()
        return {answer.record.index: answer.labels for answer in session}


def same(found: Mapping[int, Labels], expected: Mapping[int, Labels]) -> bool:
    return list(found) == list(expected) and all(
        np.array_equal(found[index], expected[index]) for index in expected
    )


def labels(session: Session) -> dict[int, Labels]:
    return {answer.record.index: answer.labels for answer in session}


@pytest.mark.parametrize("place", ["memory", "folder"])
@pytest.mark.parametrize("lookahead", [0, 2])
@pytest.mark.parametrize("frame", [1, 9, 20, 31, 39])
def test_a_correction_equals_a_run_that_knew_it(
    tmp_path: Path, frame: int, lookahead: int, place: str
) -> None:
    expected = whole({0: mask(0), 6: mask(6), frame: wrong(frame)}, lookahead)
    before = whole({0: mask(0), 6: mask(6)}, lookahead)
    folder = tmp_path / "out" if place == "folder" else None
    with Session(video(), ColourModel(lookahead=lookahead), folder=folder) as session:
        session.give_all({0: mask(0), 6: mask(6)})
        session.run()
        session.correct(frame, wrong(frame))
        report = session.run()
        found = labels(session)
    for index in range(NUM_FRAMES):
        told = expected if index >= frame else before
        assert np.array_equal(found[index], told[index]), index
    assert report.answered == NUM_FRAMES - frame
    assert report.recomputed <= NUM_FRAMES - frame + 16 + lookahead
