import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.synthetic.materials import MATERIALS, draw_materials, pick
from segue.synthetic.texture import TexturePool, blend, grey, noise, over, steepen


def look_up(pool: TexturePool, u, v, extent=1.0, texture=0):
    places = [np.atleast_1d(np.asarray(value, np.float32)) for value in (u, v)]
    numbers = np.full(len(places[0]), texture)
    extents = np.full(len(places[0]), extent, np.float32)
    return np.stack(pool.look_up(numbers, *places, extents), axis=1)


@pytest.fixture(scope="module")
def random_texture():
    return np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)


def test_the_middle_of_a_texel_has_its_colour(random_texture):
    down, across = np.mgrid[:32, :32]
    colours = look_up(TexturePool({"a": random_texture}), across.ravel() + 0.5, down.ravel() + 0.5)
    np.testing.assert_array_equal(colours.reshape(32, 32, 3), random_texture)


def test_between_texels_colours_are_blended(random_texture):
    (colour,) = look_up(TexturePool({"a": random_texture}), 8.0, 3.0)
    four = random_texture[2:4, 7:9].reshape(4, 3).mean(axis=0)
    np.testing.assert_allclose(colour, np.floor(four))


@given(
    st.floats(0, 32, width=32),
    st.floats(0, 32, width=32),
    st.integers(-50, 50),
    st.integers(-50, 50),
)
def test_textures_repeat(u, v, across, down):
    texture = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    pool = TexturePool({"a": texture})
    # Multiples of 1/16 are exact, however far away they are.
    u, v = np.rint(u * 16) / 16, np.rint(v * 16) / 16
    here, there = look_up(pool, u, v), look_up(pool, u + 32 * across, v + 32 * down)
    np.testing.assert_array_equal(here, there)


@pytest.mark.parametrize("extent", [1, 2, 4, 8, 16, 64, 4096])
def test_from_far_away_only_the_mean_colour_is_left(random_texture, extent):
    colours = look_up(
        TexturePool({"other": random_texture[:8, :8], "a": random_texture}),
        *np.random.default_rng(1).uniform(0, 32, (2, 500)),
        extent,
        texture=1,
    )
    np.testing.assert_allclose(colours.mean(axis=0), random_texture.mean(axis=(0, 1)), atol=8)
    assert colours.std(axis=0).max() < 90 / max(1, extent / 2)


def test_noise_fills_its_range_without_a_seam():
    levels = noise(np.random.default_rng(0), 64, (8, 4), 3)
    assert 0 <= levels.min() < 60
    assert 200 < levels.max() <= 255
    inner = np.abs(np.diff(levels, axis=0)).max(), np.abs(np.diff(levels, axis=1)).max()
    assert np.abs(levels[0] - levels[-1]).max() <= inner[0]
    assert np.abs(levels[:, 0] - levels[:, -1]).max() <= inner[1]


def test_mixing_ends_at_the_two_colours():
    levels = np.array([[0, 255], [128, 255]], np.int32)
    mixed = blend((10, 20, 30), (200, 100, 0), levels)
    assert mixed[0, 0].tolist() == [10, 20, 30]
    assert mixed[0, 1].tolist() == [200, 100, 0]
    laid = over(grey(levels, 7, 7), grey(levels, 9, 99), levels)
    assert laid[0, 0, 0] == 7
    assert laid[0, 1, 0] == 99
    assert steepen(levels, 200, 100).tolist() == [[0, 255], [0, 255]]


@pytest.mark.parametrize("name", sorted(MATERIALS))
def test_every_material_is_a_texture_of_its_own(name):
    textures = draw_materials(3, [f"{name} 0", f"{name} 1"])
    first, second = textures.values()
    assert first.dtype == np.uint8
    assert first.shape in {(128, 128, 3), (256, 256, 3)}
    assert first.std() > 2
    assert (first != second).any()


def test_a_material_does_not_depend_on_the_others():
    alone, among = draw_materials(3, ["fur 1"]), draw_materials(3, ["sky 0", "fur 1", ""])
    np.testing.assert_array_equal(alone["fur 1"], among["fur 1"])
    assert pick(np.random.default_rng(0), "fur").split()[0] == "fur"
