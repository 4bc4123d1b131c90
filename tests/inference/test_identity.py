from typing import Any

import pytest

from segue.inference.identity import differences

BEGUN: dict[str, Any] = {"model": "m", "settings": {"backend": "openvino", "seed": 1}, "fps": None}


def changed(**settings: Any) -> dict[str, Any]:
    return {**BEGUN, "settings": {**BEGUN["settings"], **settings}}


def test_the_same_job_differs_in_nothing() -> None:
    assert differences(BEGUN, BEGUN) == []


@pytest.mark.parametrize("now", [changed(backend="torch"), {**BEGUN, "settings": {"seed": 1}}])
def test_a_job_may_go_on_with_another_backend(now: dict[str, Any]) -> None:
    assert differences(BEGUN, now) == []
    assert differences(now, BEGUN) == []


def test_everything_else_is_told() -> None:
    assert differences(BEGUN, changed(backend="torch", seed=2)) == ["settings.seed was 1, now is 2"]
    assert differences(BEGUN, changed(precision="int8")) == [
        "settings.precision was not set, now is int8"
    ]
    assert differences(BEGUN, {**BEGUN, "backend": "torch"}) == [
        "backend was not set, now is torch"
    ]
