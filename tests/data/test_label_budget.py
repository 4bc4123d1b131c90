from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.data.camvid import camvid_sequences
from segue.data.label_budget import LabelBudget, apply_budget, left_out
from segue.data.sample import VideoSequence
from segue.errors import InputError, SettingsError

LISTS = Path(__file__).parents[2] / "configs/ssltm/labels"


def video(name: str, num_frames: int, num_labels: int | None = None) -> VideoSequence:
    """The first frames have labels."""
    frames = tuple(Path(f"{name}_{i:04}.jpg") for i in range(num_frames))
    labels = num_frames if num_labels is None else num_labels
    masks = tuple(p.with_suffix(".png") if i < labels else None for i, p in enumerate(frames))
    return VideoSequence(name, frames, masks)


CAMVID = [video("0001TP", 62), video("0006R0", 101), video("0016E5", 204)]


@pytest.mark.parametrize(("every", "num"), [(1, 367), (4, 91), (8, 46), (16, 23), (30, 12)])
def test_one_of_so_many_frames_of_each_drive(every: int, num: int) -> None:
    budgeted = apply_budget(CAMVID, LabelBudget(every=every))
    assert len(budgeted.chosen) == num
    assert budgeted == apply_budget(CAMVID, LabelBudget(every=every, offset=every // 2))


def test_what_stays_and_what_goes() -> None:
    budgeted = apply_budget([video("a", 12), video("b", 3)], LabelBudget(every=8, offset=1))
    assert budgeted.to_json() == {"a": ["a_0001", "a_0009"], "b": ["b_0001"]}
    assert [i for i, p in enumerate(budgeted.sequences[0].mask_paths) if p] == [1, 9]
    assert len(budgeted.sequences[0].frame_paths) == 12
    assert apply_budget(CAMVID, LabelBudget()).sequences == tuple(CAMVID)


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        ({"per_video": 1}, (5,)),
        ({"per_video": 2}, (2, 7)),
        ({"per_video": 1, "pick": "first"}, (0,)),
        ({"per_video": 99}, tuple(range(10))),
        ({}, tuple(range(10))),
    ],
)
def test_so_many_of_each_video(budget: dict[str, object], expected: tuple[int, ...]) -> None:
    assert LabelBudget.parse(budget).positions(10, "a") == expected


def test_only_labelled_frames_count() -> None:
    sequence = video("a", 20, num_labels=5)
    assert apply_budget([sequence], LabelBudget(per_video=1)).to_json() == {"a": ["a_0002"]}


def test_random_ones_follow_from_the_seed() -> None:
    def drawn(seed: int) -> list[tuple[int, ...]]:
        budget = LabelBudget(per_video=3, pick="random", seed=seed)
        return [budget.positions(50, name) for name in "abcdef"]

    assert drawn(0) == drawn(0)
    assert drawn(0) != drawn(1)
    assert len(set(drawn(0))) > 1


@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from(["middle", "first", "random"]),
    st.integers(0, 5),
)
def test_so_many_are_different_and_in_order(
    num_labels: int, per_video: int, pick: str, seed: int
) -> None:
    budget = LabelBudget.parse({"per_video": per_video, "pick": pick, "seed": seed})
    positions = budget.positions(num_labels, "name")
    assert len(positions) == min(per_video, num_labels)
    assert list(positions) == sorted(set(positions))
    assert all(0 <= p < num_labels for p in positions)


@pytest.mark.parametrize(
    ("budget", "sentence"),
    [
        ({"every": 8, "per_video": 1}, "has one rule"),
        ({"offset": 1}, "give every too"),
        ({"every": 4, "offset": 4}, "ffset = 4 is not below every = 4"),
        ({"every": 0}, "every"),
        ({"pick": "last"}, "pick"),
    ],
)
def test_budgets_that_cannot_be(budget: dict[str, object], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        LabelBudget.parse(budget)


def test_a_budget_that_leaves_no_label() -> None:
    with pytest.raises(InputError, match=r"every = 30\) leaves no label: no video has more than 9"):
        apply_budget([video("a", 9), video("b", 4)], LabelBudget(every=30))


def test_classes_that_no_label_shows() -> None:
    assert left_out([5, 0, 1, 0], ["sky", "fence", "car", "bicyclist"]) == ("fence", "bicyclist")


@pytest.mark.real
@pytest.mark.parametrize("every", [4, 8, 16, 30])
def test_the_lists_of_the_published_tables(every: int, shared: Path) -> None:
    budgeted = apply_budget(
        camvid_sequences(shared / "data/camvid", "train"), LabelBudget(every=every)
    )
    listed = (LISTS / f"camvid-{every}.txt").read_text().split()
    assert [frame for _, frame in budgeted.chosen] == listed
