"""What the engine hands to the jobs."""

from segue.app.engine import Engine
from segue.models.interface import ScalingModel


def test_the_model_works_on_the_size_that_was_asked_for() -> None:
    model, _ = Engine(max_side=480).load()
    assert isinstance(model, ScalingModel)
    assert model.bounded(480) is model
    assert model.bounded(None) is not model
