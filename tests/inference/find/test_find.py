from pathlib import Path
from typing import Any

import numpy as np
import pytest

import segue
import segue.inference.find.find as module
from fakes.colour_model import ColourModel
from fakes.finder import FinderModel, FinderSettings
from fakes.proposers import ColourProposer, proposals
from fakes.scenes import COLOURS, SIZE_HW, scene, write_frames
from fakes.shade_model import ShadeModel
from segue.errors import DecodeError, InputError, MaskError, SettingsError
from segue.inference.find.proposing import apart
from segue.media.rle import decode
from segue.models.interface import Proposer, VideoModel


def pictures(count: int = 12) -> list[np.ndarray]:
    return [frame for frame, _ in scene(count)]


def clean(count: int = 12) -> list[np.ndarray]:
    """The same without noise."""
    colours = np.full((256, 3), 120, np.uint8)
    for number, colour in COLOURS.items():
        colours[number] = colour
    return [colours[labels] for _, labels in scene(count)]


def fit(found: segue.Found, number: int, truth: int) -> float:
    """IoU of the mask that is carried with the truth."""
    best = found.objects[number].best
    mask, true = decode(best.mask), scene(12)[best.frame][1] == truth
    return float((mask & true).sum() / (mask | true).sum())


def test_objects_are_found_and_ranked() -> None:
    proposer = ColourProposer()
    assert isinstance(proposer, Proposer)
    found = segue.find(pictures(), proposer, looks=6)
    assert found.finder == "looker"
    assert found.looks == (1, 3, 5, 7, 9, 11)
    first, second = found.objects
    assert [one.frame for one in first.sightings] == [1, 3, 5, 7, 9, 11]
    assert [one.frame for one in second.sightings] == [5, 7, 9, 11]
    assert first.score > second.score > 0
    assert fit(found, 0, 1) > 0.8
    assert fit(found, 1, 2) > 0.8
    assert sorted(found.pictures) == list(found.looks)


def test_windows_are_those_around_the_looks() -> None:
    proposer = ColourProposer()
    segue.find(pictures(), proposer, looks=6)
    assert proposer.windows[0] == [False, True, True, True]
    assert proposer.windows[2] == [True, True, True, True]
    assert proposer.windows[-1] == [True, True, True, False]


def test_the_same_twice() -> None:
    first, again = (segue.find(pictures(), ColourProposer(), looks=3) for _ in range(2))
    assert first == again


def test_fewer_objects_and_looks() -> None:
    found = segue.find(pictures(), ColourProposer(), objects=1, looks=2)
    assert found.looks == (3, 9)
    assert len(found.objects) == 1
    for wrong in ({"objects": 0}, {"looks": 0}):
        with pytest.raises(InputError, match="must be at least 1, got 0"):
            segue.find(pictures(), ColourProposer(), **wrong)


def test_nothing_is_found() -> None:
    found = segue.find(pictures(), ColourProposer(seen=()))
    assert found.objects == ()
    assert found.masks() == {}
    assert len(found.looks) == 12


def test_a_still_picture_and_a_video_of_one_frame(tmp_path: Path) -> None:
    write_frames(tmp_path / "frames", 1)
    for source in (tmp_path / "frames", tmp_path / "frames/00000.png", pictures(1)):
        found = segue.find(source, ColourProposer())
        assert found.looks == (0,)
        assert [item.motion for item in found.objects] == [0.0]


def test_any_model_that_finds_by_itself_can_look() -> None:
    for lookahead in (0, 2):
        model = FinderModel(FinderSettings(finds=True), lookahead)
        found = segue.find(clean(), model, looks=4)
        assert found.finder == "finder"
        assert len(found.objects) == 2
        assert fit(found, 0, 1) == 1


def test_the_default_model_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def load(name: str, *, without_masks: bool) -> VideoModel[Any]:
        asked.append((name, without_masks))
        return FinderModel(FinderSettings(finds=True))

    monkeypatch.setattr(module, "load_model", load)
    assert segue.find(clean(), looks=3).objects
    assert asked == [(module.FINDER, True)]


def test_models_that_cannot_look() -> None:
    with pytest.raises(MaskError, match="finds none by itself"):
        segue.find(pictures(), ColourModel())
    with pytest.raises(SettingsError, match="names classes and finds no objects"):
        segue.find(pictures(), ShadeModel())


def test_frames_that_do_not_decode_are_left_out(tmp_path: Path) -> None:
    write_frames(tmp_path / "frames", 6)
    (tmp_path / "frames/00002.png").write_bytes(b"no picture")
    found = segue.find(tmp_path / "frames", ColourProposer())
    assert found.looks == (0, 1, 3, 4, 5)
    assert found.damaged == (2,)
    assert [one.frame for one in found.objects[0].sightings] == [0, 1, 3, 4, 5]


def test_no_frame_decodes(tmp_path: Path) -> None:
    write_frames(tmp_path / "frames", 3)
    video = segue.open_video(tmp_path / "frames")
    for path in (tmp_path / "frames").iterdir():
        path.write_bytes(b"no picture")
    with pytest.raises(DecodeError):
        segue.find(video, ColourProposer())


def test_progress_hears_of_every_look() -> None:
    heard: list[tuple[int, int | None]] = []

    class Ear:
        def advance(self, done: int, total: int | None, note: str = "") -> None:
            heard.append((done, total))

    segue.find(pictures(), ColourProposer(), looks=3, progress=Ear())
    assert heard == [(1, 3), (2, 3), (3, 3)]


def test_found_masks_are_carried_both_ways() -> None:
    found = segue.find(pictures(), ColourProposer(seen=(1,)))
    with segue.Session(pictures(), ColourModel()) as session:
        session.give_all(found.masks(1))
        session.run(direction="both")
        for answer in session:
            true = scene(12)[answer.record.index][1] == 1
            assert ((answer.labels == 1) == true).mean() > 0.95


def box(left: int, right: int) -> np.ndarray:
    mask = np.zeros(SIZE_HW, bool)
    mask[5:15, left:right] = True
    return mask


def test_proposals_of_one_frame_are_told_apart() -> None:
    masks = [box(0, 10), box(2, 12), box(30, 40), box(0, 45), box(50, 51)]
    given = proposals(masks, [0.5, 0.9, 0.4, 0.3, 0.8])
    # The first mostly shows what the second shows; the large one has enough for itself.
    assert apart(given, least=20) == [1, 2, 3]
    assert apart(given) == [1, 4, 2, 3]
    assert apart(proposals([], [])) == []
