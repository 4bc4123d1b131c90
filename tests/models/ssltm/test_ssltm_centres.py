"""The vectors that stand for classes: how they start, move and are placed anew."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from segue.models.ssltm.centres import Centres, by_class, to_grid
from segue.models.ssltm.clusters import farthest, k_means, squared_distances

VOID = 255


def spots(*places: float, count: int = 20) -> Tensor:
    """Vectors close to some places on a line."""
    draws = torch.Generator().manual_seed(0)
    noise = torch.randn(len(places) * count, 2, generator=draws) * 0.01
    where = torch.tensor(places).repeat_interleave(count)
    return torch.stack([where, torch.zeros_like(where)], 1) + noise


def frame(*cells: tuple[float, float, int]) -> tuple[Tensor, Tensor]:
    """Features and labels of a frame of one row, from (feature, feature, class)."""
    features = torch.tensor([[c[0], c[1]] for c in cells]).T[None, :, None]
    return features, torch.tensor([[[c[2] for c in cells]]])


def begun(per_class: int = 2, update: str = "mse", **more: Tensor) -> Centres:
    """Two classes, whose vectors lie at 0, 10 and at 100, 110."""
    centres = Centres(3, per_class, 2, update)  # type: ignore[arg-type]
    centres.begin([spots(0, 10), spots(100, 110), torch.zeros(0, 2)])
    return centres


def test_k_means_finds_the_spots_and_is_the_same_each_time() -> None:
    vectors = spots(0, 5, 9)
    torch.manual_seed(1)
    found = k_means(vectors, 3, seed=4)
    torch.manual_seed(2)
    assert torch.equal(found, k_means(vectors, 3, seed=4))
    assert found[:, 0].sort().values.tolist() == pytest.approx([0, 5, 9], abs=0.05)


def test_k_means_leaves_the_global_random_numbers_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    k_means(spots(0, 5), 2)
    assert torch.equal(torch.rand(1), expected)


@settings(deadline=None, max_examples=40)
@given(
    values=st.lists(st.integers(0, 4), max_size=12),
    count=st.integers(1, 5),
    seed=st.integers(0, 3),
)
def test_there_are_no_more_clusters_than_different_vectors(
    values: list[int], count: int, seed: int
) -> None:
    vectors = torch.tensor(values, dtype=torch.float32).reshape(-1, 1)
    found = k_means(vectors, count, seed)
    assert (len(found) == 0) == (not values)
    assert len(found) <= min(count, len(set(values)))
    if values:
        # No mean stands for nothing: every one is the nearest of some vector.
        assert len(squared_distances(vectors, found).argmin(1).unique()) == len(found)
    if len(set(values)) <= count:
        assert set(found.flatten().tolist()) == set(values)


def test_farthest_vectors_lie_far_from_each_other_too() -> None:
    vectors = torch.tensor([[0.0], [1.0], [8.0], [9.0]])
    distances = squared_distances(vectors, torch.tensor([[0.0]]))[:, 0]
    assert farthest(vectors, distances, 2).flatten().tolist() == [9.0, 1.0]
    assert len(farthest(vectors, distances, 9)) == 3
    assert len(farthest(vectors[:1], distances[:1], 2)) == 0


def test_a_class_without_features_stays_unknown() -> None:
    centres = Centres(3, 2, 2)
    assert not centres.begun
    centres.begin([spots(0, 10), spots(100, count=1), torch.zeros(0, 2)])
    assert centres.begun
    assert centres.known.tolist() == [[True, True], [True, False], [False, False]]
    _, known = centres.contexts(4)
    assert known.shape == (4, 6)
    assert known[0].tolist() == [True, True, True, False, False, False]


def test_the_loss_is_the_distance_to_the_nearest_of_the_class_averaged_by_class() -> None:
    centres = begun()
    centres.points.data = centres.points.data.round()
    # Class 0: 2 and 1 away from its nearest (at 0 and 10); class 1: 3 away; class 2 is not known; void.
    features, labels = frame((2.0, 0, 0), (9.0, 0, 0), (103.0, 0, 1), (50.0, 0, 2), (77.0, 0, VOID))
    features.requires_grad_()
    loss = centres.loss(features, labels)
    assert loss.item() == pytest.approx(((4 + 1) / 2 + 9) / 2)
    loss.backward()
    assert features.grad is None
    assert centres.points.grad is not None
    moved = centres.points.grad.abs().sum(2) > 0
    assert moved.sum() == 3  # both of class 0, the nearest of class 1


@pytest.mark.parametrize("label", [2, VOID])
def test_the_loss_of_nothing_is_zero_and_has_a_gradient(label: int) -> None:
    centres = begun()
    loss = centres.loss(*frame((1.0, 0, label)))
    loss.backward()
    assert loss.item() == 0


def test_the_moving_average_moves_each_towards_the_mean_of_its_cells() -> None:
    centres = begun(update="ema")
    centres.points.data = centres.points.data.round()
    at = {float(p[0]): i for i, p in enumerate(centres.points[0])}
    other = centres.points[1].clone()
    centres.update(*frame((2.0, 0, 0), (4.0, 0, 0)))
    assert centres.points[0, at[0.0], 0].item() == pytest.approx(0.01 * 3)
    assert centres.points[0, at[10.0], 0].item() == 10
    assert torch.equal(centres.points[1], other)
    assert centres.loss(*frame((2.0, 0, 0))).item() == 0
    assert not centres.points.requires_grad


def test_the_moving_average_leaves_centres_alone_that_a_loss_moves() -> None:
    centres = begun()
    before = centres.points.clone()
    centres.update(*frame((2.0, 0, 0)))
    assert torch.equal(centres.points, before)


def test_a_vector_that_nothing_is_near_to_goes_where_nothing_else_is() -> None:
    centres = begun()
    cells = frame((0.0, 0, 0), (0.2, 0, 0), (3.0, 0, 0))
    assert [centres.revive(*cells, patience=3) for _ in range(4)] == [0, 0, 1, 0]
    assert centres.points[0, :, 0].sort().values.tolist() == pytest.approx([0, 3], abs=0.05)


def test_steps_without_the_class_do_not_count() -> None:
    centres = begun()
    before = centres.points.clone()
    for _ in range(9):
        assert centres.revive(*frame((100.0, 0, 1), (110.0, 0, 1)), patience=3) == 0
    assert torch.equal(centres.points, before)


def test_a_class_that_comes_later_begins_with_its_first_cells() -> None:
    centres = begun()
    assert centres.revive(*frame((50.0, 1, 2))) == 1
    assert centres.known[2].tolist() == [True, False]
    assert centres.points[2, 0].tolist() == [50, 1]
    # Its second vector waits for a cell that differs.
    assert centres.revive(*frame((50.0, 1, 2))) == 0
    assert centres.revive(*frame((50.0, 1, 2), (51.0, 1, 2))) == 1
    assert centres.known[2].tolist() == [True, True]


def test_all_of_it_is_in_the_state_dict() -> None:
    centres = begun()
    centres.revive(*frame((0.0, 0, 0)))
    other = Centres(3, 2, 2)
    other.load_state_dict(centres.state_dict())
    cells = frame((0.0, 0, 0), (3.0, 0, 0), (60.0, 0, 2))
    for _ in range(3):
        assert other.revive(*cells, patience=2) == centres.revive(*cells, patience=2)
    assert torch.equal(other.points, centres.points)


def test_labels_of_the_grid_are_those_of_the_nearest_pixel_and_void_is_left_out() -> None:
    labels = torch.tensor([[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, VOID, VOID], [2, 2, VOID, VOID]])
    small = to_grid(labels[None], (2, 2))
    assert small.tolist() == [[[0, 1], [2, VOID]]]
    features = torch.arange(4.0).reshape(1, 1, 2, 2).requires_grad_()
    found = by_class(features, small, 4)
    assert [cells.flatten().tolist() for cells in found] == [[0], [1], [2], []]
    assert not found[0].requires_grad
