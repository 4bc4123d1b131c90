from collections.abc import Iterator

import numpy as np
import pytest

from fakes.colour_model import ColourModel
from fakes.finder import FinderModel, FinderSettings
from fakes.scenes import scene
from fakes.shade_model import ShadeModel
from segue.errors import DecodeError, MaskError, SettingsError
from segue.inference.track import track
from segue.media.video import ArrayVideo, open_video
from segue.types import Frame

PICTURES = scene(12)
FRAMES = [frame for frame, _ in PICTURES]
TRUTH = [labels for _, labels in PICTURES]


def run(masks, model=None, frames=FRAMES, **options):
    results = track(model or ColourModel(), ArrayVideo(frames), masks, **options)
    return [(frame.index, prediction) for frame, prediction in results]


def test_the_object_is_followed() -> None:
    results = run({0: TRUTH[0]})
    assert [index for index, _ in results] == list(range(12))
    for (_, prediction), truth in zip(results, TRUTH, strict=True):
        mask, real = prediction.mask(1), truth == 1
        assert (mask & real).sum() / (mask | real).sum() > 0.9


def test_frames_before_the_first_mask_are_empty() -> None:
    results = run({3: TRUTH[3]})
    for _, prediction in results[:3]:
        assert not prediction.labels.any()
        assert prediction.labels.shape == FRAMES[0].shape[:2]
        assert prediction.scores == {}
    assert np.array_equal(results[3][1].labels, TRUTH[3])
    assert set(results[11][1].scores) == {1}


def test_an_object_enters_later() -> None:
    results = run({0: TRUTH[0], 6: TRUTH[6]})
    assert set(results[5][1].scores) == {1}
    assert set(results[6][1].scores) == {1, 2}
    assert (results[11][1].mask(2) & (TRUTH[11] == 2)).sum() > 60


@pytest.mark.parametrize("lookahead", [1, 3, 20])
@pytest.mark.parametrize("first", [0, 4])
def test_a_model_that_looks_ahead_says_the_same_later(lookahead: int, first: int) -> None:
    masks = {first: TRUTH[first]}
    plain = run(masks)
    ahead = run(masks, ColourModel(lookahead=lookahead))
    assert [index for index, _ in ahead] == [index for index, _ in plain]
    for (_, left), (_, right) in zip(plain, ahead, strict=True):
        assert np.array_equal(left.labels, right.labels)


def test_frames_are_read_one_at_a_time() -> None:
    read = 0

    def frames() -> Iterator[Frame]:
        nonlocal read
        for frame in FRAMES:
            read += 1
            yield frame

    for frame, _ in track(ColourModel(), ArrayVideo(frames()), {0: TRUTH[0]}):
        assert read <= frame.index + 2


@pytest.mark.parametrize("lookahead", [0, 2])
def test_max_side_gives_predictions_of_full_size_and_keeps_given_masks(lookahead: int) -> None:
    model = ColourModel(lookahead=lookahead)
    results = run({0: TRUTH[0], 6: TRUTH[6]}, model, max_side=30)
    assert {prediction.labels.shape for _, prediction in results} == {FRAMES[0].shape[:2]}
    assert np.array_equal(results[0][1].labels, TRUTH[0])
    assert np.array_equal(results[6][1].labels, TRUTH[6])
    mask, real = results[11][1].mask(1), TRUTH[11] == 1
    assert (mask & real).sum() / (mask | real).sum() > 0.6


def test_an_object_that_max_side_would_lose_is_named() -> None:
    tiny = np.zeros_like(TRUTH[0])
    tiny[5:9, 5:9] = 1
    tiny[20, 21] = 7
    with pytest.raises(MaskError, match="Object 7 is too small to be seen at 26x19"):
        run({0: tiny}, max_side=26)


def test_progress_hears_every_frame() -> None:
    class Ear:
        def __init__(self) -> None:
            self.heard: list[tuple[int, int | None]] = []

        def advance(self, done: int, total: int | None, note: str = "") -> None:
            self.heard.append((done, total))

    ear = Ear()
    run({0: TRUTH[0]}, progress=ear)
    assert ear.heard == [(n, 12) for n in range(1, 13)]


def test_masks_that_do_not_fit_are_refused_before_any_work() -> None:
    with pytest.raises(MaskError, match="at least one mask"):
        run({})
    with pytest.raises(MaskError, match="The mask of frame 0 holds no object"):
        run({0: np.zeros_like(TRUTH[0])})
    with pytest.raises(MaskError, match=r"10x9.*53x38"):
        run({0: np.ones((9, 10), np.uint8)})
    with pytest.raises(MaskError, match="Object 2 is in the mask of frame 6"):
        run({6: TRUTH[6], 8: TRUTH[0]})
    assert len(run({6: TRUTH[6], 8: TRUTH[0]}, partial=True)) == 12


def test_a_mask_past_the_end_is_refused_before_any_work() -> None:
    results = track(ColourModel(), ArrayVideo(FRAMES), {0: TRUTH[0], 12: TRUTH[0]})
    with pytest.raises(MaskError, match="frames 0 to 11, but there is a mask for frame 12"):
        next(results)


def test_a_mask_past_an_unknown_end_is_named_after_the_frames_that_there_are() -> None:
    results = track(ColourModel(), ArrayVideo(iter(FRAMES)), {0: TRUTH[0], 12: TRUTH[0]})
    for _ in range(12):
        next(results)
    with pytest.raises(MaskError, match="frames 0 to 11, but there is a mask for frame 12"):
        next(results)


def test_a_mask_of_a_frame_that_a_span_leaves_out_is_refused() -> None:
    video = open_video(FRAMES, start=2, end=9, every=3)
    with pytest.raises(MaskError, match=r"frames 2 to 8, one of 3, but .* for frame 4"):
        next(track(ColourModel(), video, {2: TRUTH[2], 4: TRUTH[4]}))


def test_a_span_gives_the_frames_of_the_whole_their_own_numbers() -> None:
    video = open_video(FRAMES, start=2, end=9, every=3)
    results = list(track(ColourModel(), video, {2: TRUTH[2]}))
    assert [frame.index for frame, _ in results] == [2, 5, 8]
    for frame, prediction in results:
        mask, real = prediction.mask(1), TRUTH[frame.index] == 1
        assert (mask & real).sum() / (mask | real).sum() > 0.9


def test_a_broken_frame_comes_after_all_good_ones() -> None:
    results = track(ColourModel(), ArrayVideo([*FRAMES[:4], FRAMES[0][:9]]), {0: TRUTH[0]})
    for _ in range(4):
        next(results)
    with pytest.raises(DecodeError, match="00004"):
        next(results)


def test_without_masks_a_model_finds_objects_or_says_that_it_needs_some() -> None:
    model = FinderModel(FinderSettings(finds=True))
    results = [prediction for _, prediction in track(model, ArrayVideo(FRAMES))]
    assert len(results) == 12
    assert set(results[0].scores) == {1}
    assert (results[11].mask(1) == (TRUTH[11] == 1)).mean() > 0.97
    with pytest.raises(MaskError, match="colour carries given objects and finds none by itself"):
        next(track(ColourModel(), ArrayVideo(FRAMES)))
    with pytest.raises(SettingsError, match="shade names classes and follows no objects"):
        next(track(ShadeModel(), ArrayVideo(FRAMES)))
