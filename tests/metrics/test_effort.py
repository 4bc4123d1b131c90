import math

import pytest

from segue.metrics.effort import EffortTally


def test_first_frames_are_no_choice():
    run = EffortTally(frames=11, first_frames=1, reused=4)
    assert run.reuse_rate == 0.4
    assert run.reuse_rate_with_first == pytest.approx(5 / 11)


def test_tallies_add_before_they_are_divided():
    total = EffortTally(11, 1, 10, {"network": 1.0}) + EffortTally(
        101, 1, 0, {"network": 3.0, "decode": 4.0}
    )
    assert total.reuse_rate == pytest.approx(10 / 110)
    assert total.seconds == {"network": 4.0, "decode": 4.0}
    assert total.fps == 112 / 8
    assert total.part_fps == {"network": 28.0, "decode": 28.0}


def test_nothing_gives_nan():
    assert math.isnan(EffortTally().reuse_rate)
    assert math.isnan(EffortTally(frames=1, first_frames=1).reuse_rate)
    assert math.isnan(EffortTally().fps)
    assert math.isnan(EffortTally(frames=5, seconds={"write": 0.0}).part_fps["write"])
