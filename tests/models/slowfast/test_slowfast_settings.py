"""Settings of SlowFast VOS, and how large frames are worked on."""

from typing import Any

import pytest

from segue.errors import SettingsError
from segue.models.slowfast.settings import variant


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"slow": 2}, "Setting 'slow' = 2: a path sees an odd number of frames; give 1 or 3"),
        ({"fast": 8}, "Setting 'fast' = 8: .* give 7 or 9"),
        (
            {"slow": 7, "fast": 3},
            "slow path cannot see more frames than the fast one, got slow = 7",
        ),
        ({"fast": 0}, "fast"),
        ({"slwo": 3}, "did you mean 'slow'"),
        ({"norm": "own"}, "norm"),
    ],
)
def test_paths_that_cannot_be(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        variant("slowfast", values)


def test_a_detector_alone_sees_one_frame() -> None:
    assert variant("slowfast", {}).window == 7
    assert variant("slowfast", {"module": False}).window == 1


@pytest.mark.parametrize(
    ("name", "size_hw", "expected"),
    [
        ("slowfast", (480, 854), (749, 1333)),
        ("slowfast", (854, 480), (1333, 749)),
        ("slowfast", (600, 600), (800, 800)),
        ("slowfast-lite", (480, 854), (251, 448)),
        ("slowfast-lite", (256, 448), (256, 448)),
        ("slowfast-lite", (1, 1000), (1, 448)),
    ],
)
def test_frames_are_resized_as_torchvision_does(
    name: str, size_hw: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert variant(name, {}).working_hw(size_hw) == expected


def test_weights_say_what_they_are_for() -> None:
    assert variant("slowfast-lite", {}).trained_with == {
        "module": "true",
        "slow": "3",
        "fast": "7",
        "norm": "per-level",
        "residual": "true",
    }
    assert variant("slowfast-lite", {"module": False}).trained_with == {"module": "false"}
