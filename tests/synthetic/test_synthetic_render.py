from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.synthetic.camera import Camera, Curve, Motion, Path, draw_wave, starting_at
from segue.synthetic.render import colour, paint, photograph
from segue.synthetic.shapes import disc, divide, face, flat, patch, rectangle, solid, upright
from segue.synthetic.stage import BEHIND, Body, CompiledStage, Ripple, Stage, Surface, Swing

GREY = np.full((8, 8, 3), 128, np.uint8)
WALL = Surface((rectangle(-50.0, -50.0, 50.0, 50.0),), upright(0.0, 0.0, 10.0), "grey")
SQUARE = Surface((rectangle(-1.0, -1.0, 1.0, 1.0),), upright(), "grey", thing=1)


def stage_of(*bodies: Body, camera: Path | None = None, **look) -> CompiledStage:
    seen = Camera(camera or Path(), (40, 60))
    textures = {"grey": GREY}
    return CompiledStage(
        Stage((Body((WALL,)), *bodies), ("thing",), seen, textures, Curve(), noise=0.0, **look)
    )


def rows(stage: CompiledStage, frame: int = 0) -> np.ndarray:
    return paint(stage, stage.pose(frame)).rows


def flow(stage: CompiledStage, frame: int = 0) -> np.ndarray:
    pose = stage.pose(frame)
    following = stage.pose(frame + 1, pose.rounds)
    return colour(stage, paint(stage, pose), pose, following)[1]


def test_a_square_is_as_large_as_its_depth_says():
    stage = stage_of(Body((SQUARE,), Path(z=Curve(5.0)), 1))
    seen = rows(stage) == 1
    side = stage.stage.camera.focal * 2 / 5
    for axis in (0, 1):  # pixels that the border only touches belong to the square
        assert side - 1 < seen.any(axis=axis).sum() < side + 2
    assert seen[20, 30]


def test_flow_is_the_projected_motion():
    moving = Path(Curve(0.0, 0.1), Curve(0.0, 0.05), Curve(5.0))
    stage = stage_of(Body((SQUARE,), moving, 1))
    focal = stage.stage.camera.focal
    seen = rows(stage) == 1
    moved = flow(stage)
    np.testing.assert_allclose(
        moved[seen], [[0.1 * focal / 5, -0.05 * focal / 5]] * seen.sum(), atol=2e-3
    )
    assert not moved[~seen].any()


def test_flow_of_a_camera_that_drives_ahead_spreads_from_the_middle():
    stage = stage_of(camera=Path(z=Curve(0.0, 1.0)))
    x, y = np.meshgrid(np.arange(60), np.arange(40))
    from_middle = np.stack([x - 29.5, y - 19.5], axis=2)
    np.testing.assert_allclose(flow(stage), from_middle * (10 / 9 - 1), atol=2e-3)


def test_a_ripple_and_a_swing_move_points_as_they_say():
    ripple = Ripple((0.2, 0.1), (2.0, 3.0), (0.5, 0.7), 0.4)
    swing = Swing(0.3, 0.5, 0.1, (0.2, 0.4))
    bent = replace(SQUARE, outlines=(divide(SQUARE.outlines[0], 0.1),), ripple=ripple, swing=swing)
    stage = stage_of(Body((bent,), Path(z=Curve(5.0)), 1))
    place, row = (np.array([0.3]), np.array([-0.2])), np.array([1])
    pixels = []
    for frame in (0, 1):
        u, v = stage.rippled(*place, row, frame)
        angle = 0.3 * np.sin(0.5 * frame + 0.1)
        u, v = u[0] - 0.2, v[0] - 0.4
        point = (
            u * np.cos(angle) - v * np.sin(angle) + 0.2,
            u * np.sin(angle) + v * np.cos(angle) + 0.4,
        )
        focal = stage.stage.camera.focal
        pixels.append((29.5 + focal * point[0] / 5, 19.5 - focal * point[1] / 5))
    x, y = np.rint(pixels[0]).astype(int)
    assert rows(stage)[y, x] == 1
    # Neighbouring pixels move alike, so that the nearest one is close enough.
    np.testing.assert_allclose(flow(stage)[y, x], np.subtract(*pixels[::-1]), atol=0.1)


@given(
    st.tuples(*[st.floats(-0.5, 0.5)] * 2),
    st.tuples(*[st.floats(-9, 9)] * 2),
    st.floats(-3, 3),
    st.integers(0, 50),
)
def test_ripples_can_be_undone(amplitude, turn, speed, frame):
    wavy = replace(SQUARE, ripple=Ripple(amplitude, turn, (0.1, 0.2), speed))
    stage = stage_of(Body((wavy,), Path(z=Curve(5.0)), 1))
    u, v = np.random.default_rng(0).uniform(-2, 2, (2, 20))
    there = stage.rippled(u, v, np.ones(20, int), frame)
    np.testing.assert_allclose(stage.unrippled(*there, np.ones(20, int), frame), (u, v), atol=1e-9)


def test_nearer_bodies_hide_farther_ones_in_a_layer_and_layers_come_first():
    near, far = Path(z=Curve(4.0)), Path(z=Curve(6.0))
    assert rows(stage_of(Body((SQUARE,), near, 1), Body((SQUARE,), far, 1)))[20, 30] == 1
    assert rows(stage_of(Body((SQUARE,), near, 1), Body((SQUARE,), far, 2)))[20, 30] == 2


def test_only_fronts_are_seen_unless_a_surface_has_two_sides():
    turned = Path(z=Curve(5.0), yaw=Curve(np.pi))
    assert rows(stage_of(Body((SQUARE,), turned, 1)))[20, 30] == 0
    both = replace(SQUARE, two_sided=True)
    assert rows(stage_of(Body((both,), turned, 1)))[20, 30] == 1


def test_an_outline_within_another_is_a_hole():
    ring = replace(SQUARE, outlines=(disc(1.0), disc(0.5)))
    seen = rows(stage_of(Body((ring,), Path(z=Curve(4.0)), 1)))
    assert seen[20, 30] == 0
    assert seen[20, 38] == 1


def test_the_ground_under_the_camera_is_cut_off_at_the_camera():
    ground = Surface((rectangle(-50.0, -5.0, 50.0, 9.0),), flat(-1.0), "grey")
    seen = rows(stage_of(Body((ground,), layer=1)))
    assert (seen[-5:] == 1).all()
    assert (seen[:20] == 0).all()


def test_a_shadow_darkens_what_lies_behind_it_and_not_what_lies_before_it():
    shadow = replace(SQUARE, shadow=True, thing=0)
    small = replace(SQUARE, outlines=(disc(0.4),))
    stage = stage_of(
        Body((shadow,), Path(z=Curve(4.0)), 1), Body((small,), Path(z=Curve(4.0)), 2), shade=0.5
    )
    painted = paint(stage, stage.pose(0))
    assert painted.rows[20, 30] == 2
    assert painted.rows[20, 38] == 0
    image, _ = colour(stage, painted, stage.pose(0), None)
    assert image[20, 30, 0] == 128
    assert image[20, 38, 0] == 64
    assert image[2, 2, 0] == 128


def test_looping_bodies_are_always_ahead_and_do_not_jump_between_two_frames():
    body = Body((SQUARE,), Path(x=Curve(3.0), z=Curve(5.0)), 1, loop=30.0)
    stage = stage_of(body, camera=Path(z=Curve(0.0, 0.7)))
    for frame in range(0, 200, 7):
        pose = stage.pose(frame)
        assert -BEHIND <= pose.depth[1] < -BEHIND + 30
        assert stage.pose(frame + 1, pose.rounds).depth[1] == pytest.approx(pose.depth[1] - 0.7)


def test_attached_bodies_stay_where_they_are():
    bonnet = Body((SQUARE,), Path(z=Curve(4.0)), 1, attached=True)
    camera = Path(Curve(0.0, 0.3), z=Curve(0.0, 0.5), yaw=Curve(0.0, 0.1), size=Curve(0.0, 0.1))
    stage = stage_of(bonnet, camera=camera)
    assert not flow(stage)[rows(stage) == 1].any()
    np.testing.assert_array_equal(rows(stage) == 1, rows(stage, 3) == 1)


def test_haze_veils_what_is_far():
    stage = stage_of(haze=(1.0, 1.0, 1.0), haze_per_metre=0.1)
    image, _ = colour(stage, paint(stage, stage.pose(0)), stage.pose(0), None)
    assert image[20, 30, 0] == round(128 / 2 + 255 / 2)


def test_light_changes_with_time_and_noise_from_frame_to_frame():
    stage = stage_of()
    bright = CompiledStage(replace(stage.stage, light=Curve(0.0, np.log(1.5)), noise=3.0))
    image, _ = colour(bright, paint(bright, bright.pose(1)), bright.pose(1), None)
    assert image[5, 5, 0] == 192
    first, second = photograph(bright, image, 1), photograph(bright, image, 2)
    assert (first != second).any()
    assert first.std() == pytest.approx(3, abs=0.3)
    np.testing.assert_array_equal(first, photograph(bright, image, 1))


def test_the_faces_of_a_solid_look_outwards():
    box = solid((1.0, -2.0, 2.0, 0.0), (0.8, -1.5, 1.0, 1.5))
    middle = np.array([0.0, 0.7, 0.0])
    for corners in box.values():
        right, up, origin = face(corners).frame.T
        # Axes are x right, y up, z away: a left-handed system, whose cross product looks inwards.
        assert np.cross(right, up) @ (middle - origin) > 0
        np.testing.assert_allclose(patch(corners, 0.0, 0.0, 1.0, 1.0), corners)


def test_curves_paths_and_waves():
    rng = np.random.default_rng(0)
    wave = draw_wave(rng, 2.0, (10.0, 20.0))
    assert 2 * np.pi / 20 <= wave[1] <= 2 * np.pi / 10
    curve = starting_at(1.5, wave, draw_wave(rng, 1.0, (5.0, 6.0)))
    assert curve.at(0) == pytest.approx(1.5)
    path = Path(
        Curve(1.0, 2.0), curve, Curve(3.0), Curve(0.3), Curve(0.2), Curve(0.1), Curve(np.log(2))
    )
    linear, position = Motion([Path(), path]).at(4)
    np.testing.assert_allclose(linear[0], np.eye(3))
    np.testing.assert_allclose(linear[1] @ linear[1].T, 4 * np.eye(3), atol=1e-12)
    np.testing.assert_allclose(position[1], (9, curve.at(4), 3))
