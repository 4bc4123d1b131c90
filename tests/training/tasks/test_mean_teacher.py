import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from segue.errors import DivergedError
from segue.training.tasks.mean_teacher import MeanTeacher, draw_box, mixed, ramped, sure


def student(value: float) -> nn.Module:
    network = nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1))
    for parameter in network.parameters():
        nn.init.constant_(parameter, value)
    return network


def test_a_teacher_is_the_mean_of_its_first_students_and_then_a_moving_one() -> None:
    teacher = MeanTeacher(student(9.0), decay=0.75)
    seen = []
    for value in (1.0, 2.0, 3.0, 4.0, 5.0):
        teacher.follow(student(value))
        seen.append(teacher.network[0].weight.item())
    # min(1 - 1 / (step + 1), .75): 0, 1/2, 2/3, 3/4, 3/4; what the teacher began with is gone.
    assert seen == pytest.approx([1.0, 1.5, 2.0, 2.5, 2.5 * 0.75 + 5 * 0.25])
    assert int(teacher.steps) == 5
    assert not teacher.network.training
    assert not any(p.requires_grad for p in teacher.parameters())


def test_buffers_follow_too_and_counters_are_copied() -> None:
    one = student(1.0)
    one[1].running_mean.fill_(4.0)
    one[1].num_batches_tracked.fill_(7)
    teacher = MeanTeacher(student(0.0), decay=0.5)
    teacher.follow(student(0.0))
    teacher.follow(one)
    assert teacher.network[1].running_mean.item() == 2.0
    assert int(teacher.network[1].num_batches_tracked) == 7


def test_a_student_that_broke_is_named_before_a_checkpoint_holds_it() -> None:
    teacher = MeanTeacher(student(0.0), decay=0.9)
    teacher.follow(student(0.0))
    with pytest.raises(DivergedError, match=r"teacher's 0\.weight is not a number after step 2"):
        teacher.follow(student(math.nan))


def test_the_ramp() -> None:
    assert ramped(0, 100) == pytest.approx(math.exp(-5))
    assert ramped(50, 100) == pytest.approx(math.exp(-1.25))
    assert ramped(100, 100) == ramped(5000, 100) == ramped(0, 0) == 1.0


@given(st.integers(1, 70), st.integers(1, 70), st.integers(0, 1000))
def test_a_box_lies_in_the_frame(height: int, width: int, seed: int) -> None:
    torch.manual_seed(seed)
    rows, columns = draw_box((height, width))
    assert 0 <= rows.start < rows.stop <= height
    assert 0 <= columns.start < columns.stop <= width
    if min(height, width) > 30:
        share = (rows.stop - rows.start) * (columns.stop - columns.start) / (height * width)
        assert 0.2 < share < 0.56


def test_a_box_comes_from_the_next_one_in_all_frames() -> None:
    clips = torch.arange(3.0).view(3, 1, 1, 1, 1).expand(3, 2, 3, 8, 8)
    box = slice(2, 5), slice(0, 4)
    out = mixed(clips, box)
    assert (out[..., 2:5, 0:4] == clips.roll(1, 0)[..., 2:5, 0:4]).all()
    outside = torch.ones(8, 8, dtype=torch.bool)
    outside[box] = False
    assert (out[..., outside] == clips[..., outside]).all()


def test_what_is_sure_enough() -> None:
    probabilities = torch.tensor([[0.95, 0.5], [0.05, 0.5]]).view(1, 2, 1, 2)
    classes, taught = sure(probabilities, 0.9)
    assert classes.tolist()[0][0][0] == 0
    assert taught.tolist() == [[[True, False]]]
