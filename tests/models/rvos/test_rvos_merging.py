"""Who gets a pixel that several masks cover."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from segue.models.catalog import load_model
from segue.models.rvos.merging import areas_of, merge_stable, merge_surest

areas = st.lists(st.integers(0, 5), max_size=3).map(tuple)


def logits(*rows: list[float]) -> torch.Tensor:
    return torch.tensor(rows)[:, None]


def test_the_surest_object_above_one_half() -> None:
    found = merge_surest(logits([1.0, 2.0, -1.0], [3.0, 1.0, -2.0]))
    assert found.tolist() == [[1, 0, -1]]


def test_the_object_whose_area_has_changed_least() -> None:
    """The newest area, that of the last frame, does not count."""
    both = logits([1.0, 1.0, -1.0], [3.0, -3.0, 3.0])
    assert merge_stable(both, [(90, 10, 10), (20, 20, 10)]).tolist() == [[0, 0, 1]]
    assert merge_stable(both, [(10, 10, 21), (90, 20, 10)]).tolist() == [[1, 0, 1]]


def test_new_objects_come_last_and_among_equals_the_surest_wins() -> None:
    both = logits([1.0], [3.0])
    assert merge_stable(both, [(9, 900, 0), (5, 5)]).tolist() == [[0]]
    assert merge_stable(both, [(5, 5), ()]).tolist() == [[1]]
    assert merge_stable(both, [(9, 4, 6), (0, 1, 3)]).tolist() == [[1]]


def winner(column: list[float], known: list[tuple[int, ...]]) -> int:
    """The rule for one pixel, word by word."""
    changes = [abs(a[1] - a[2]) if len(a) == 3 else np.inf for a in known]
    shown = [row for row, value in enumerate(column) if value > 0]
    return min(shown, key=lambda row: (changes[row], -column[row])) if shown else -1


@given(st.data(), st.integers(1, 4), st.integers(1, 5))
def test_every_pixel_follows_the_rule(data: st.DataObject, rows: int, pixels: int) -> None:
    values = data.draw(
        st.lists(st.integers(-30, 30), min_size=rows * pixels, max_size=rows * pixels, unique=True)
    )
    known = data.draw(st.lists(areas, min_size=rows, max_size=rows))
    grid = torch.tensor(values, dtype=torch.float32).view(rows, 1, pixels)
    found = merge_stable(grid, known)[0].tolist()
    assert found == [winner(grid[:, 0, x].tolist(), known) for x in range(pixels)]


def test_areas_are_counted_before_masks_are_merged() -> None:
    assert areas_of(logits([1.0, 2.0, 0.0], [1.0, -1.0, -1.0])) == [2, 1]
    assert areas_of(torch.zeros(0, 2, 2)) == []


@pytest.mark.parametrize("merging", ["surest", "area-stability"])
def test_a_video_remembers_three_areas_of_each_object(merging: str) -> None:
    model = load_model("rvos-lite", settings={"random_weights": True, "merging": merging})
    frame = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    first, late = np.zeros((2, 48, 64), np.uint8)
    first[4:20, 4:30], late[24:40, 30:60] = 1, 2
    _, state = model.start(frame, first)
    for given_labels in (None, None, late, None):
        prediction, state = model.step(frame, state, given_labels)
    lengths = [len(known) for known in state.areas]
    assert lengths == ([3, 2] if merging == "area-stability" else [])
    assert set(prediction.scores) == {1, 2}
