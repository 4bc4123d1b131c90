from functools import cache
from itertools import combinations

import numpy as np
import pytest

from segue.errors import SettingsError
from segue.synthetic.lookalikes import (
    CROSSING,
    HIDDEN,
    VISIBLE,
    draw_lookalikes,
    hidden_shares,
    visible_areas,
)
from segue.synthetic.render import paint, silhouettes
from segue.synthetic.stage import CompiledStage, Stage
from segue.synthetic.world import scenes

SIZE_HW = (120, 214)
CLIPS = range(4)


@cache
def stage(index: int) -> Stage:
    return draw_lookalikes(np.random.default_rng([11, index]), SIZE_HW, 4 if index % 2 else 2)


@cache
def compiled(index: int) -> CompiledStage:
    return CompiledStage(stage(index))


def shown(index: int, frame: int) -> np.ndarray:
    """Number of the copy at each pixel, as painted with everything else."""
    film = compiled(index)
    return film.thing[paint(film, film.pose(frame)).rows]


def depths(index: int) -> list[float]:
    film = compiled(index)
    owners = [film.owner[film.thing == n][0] for n in range(1, len(stage(index).categories) + 1)]
    return [film.pose(0).depth[owner] for owner in owners]


@pytest.mark.parametrize("index", CLIPS)
def test_all_copies_are_in_view_at_both_ends(index):
    for frame in (0, CROSSING - 1):
        pixels = np.bincount(shown(index, frame).ravel())
        assert len(pixels) == 1 + (4 if index % 2 else 2)
        assert (pixels[1:] >= VISIBLE * SIZE_HW[0] * SIZE_HW[1]).all()


@pytest.mark.parametrize("index", CLIPS)
def test_copies_change_sides(index):
    order = []
    for frame in (0, CROSSING - 1):
        columns = [np.nonzero(shown(index, frame) == n + 1)[1].mean() for n in range(2)]
        order.append(columns[0] < columns[1])
    assert order == [True, False]


@pytest.mark.parametrize("index", CLIPS)
def test_each_pair_hides_half_of_the_farther_one(index):
    film = compiled(index)
    alone = np.stack([silhouettes(film, film.pose(frame)) for frame in range(CROSSING)])
    for first, second in combinations(range(alone.shape[1]), 2):
        assert (hidden_shares(alone, depths(index), first, second) > HIDDEN).sum() >= 2


def test_copies_are_one_object_in_slightly_other_light():
    film = stage(1)
    figures = [[s for b in film.bodies for s in b.surfaces if s.thing == n] for n in range(1, 5)]
    assert len(set(film.categories)) == 1
    for parts in zip(*figures, strict=True):
        first = parts[0]
        for other in parts[1:]:
            for one, two in zip(first.outlines, other.outlines, strict=True):
                np.testing.assert_array_equal(one, two)
            assert other.material == first.material
            np.testing.assert_allclose(other.colour, first.colour, rtol=0.13)
    assert len({figure[0].colour for figure in figures}) == 4


def test_what_the_nearer_one_hides():
    alone = np.zeros((2, 2, 4, 4), bool)
    alone[:, 0, :, :2] = True
    alone[1, 1, :, 1:] = True
    alone[0, 1, 0, 3] = True
    assert hidden_shares(alone, [1.0, 2.0], 0, 1).tolist() == [0.0, 4 / 12]
    assert hidden_shares(alone, [2.0, 1.0], 0, 1).tolist() == [0.0, 0.5]
    assert visible_areas(alone[1], [1.0, 2.0]).tolist() == [8, 8]
    assert visible_areas(alone[1], [2.0, 1.0]).tolist() == [4, 12]


def test_two_and_four_take_turns():
    clips = scenes("lookalikes", 2, 1, 11, SIZE_HW)
    assert [len(clip.objects) for clip in clips] == [2, 4]
    assert [int(next(clip.frames()).instances.max()) for clip in clips] == [2, 4]


def test_frames_that_are_too_narrow_are_refused_in_a_sentence():
    with pytest.raises(SettingsError, match="cannot stand apart and cross in frames of 400x40"):
        draw_lookalikes(np.random.default_rng(0), (400, 40), 4)
