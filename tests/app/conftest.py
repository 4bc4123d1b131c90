import sys
from pathlib import Path

import pytest

# The tiny models and their scenes live with the tests of the runner.
sys.path.insert(0, str(Path(__file__).parents[1] / "inference"))

from segue.models.catalog import MODELS, Entry


@pytest.fixture(autouse=True)
def tiny_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny models under names that the command line knows."""
    monkeypatch.setitem(MODELS, "colour", Entry("colour_model:build", "for tests"))
    monkeypatch.setitem(MODELS, "shade", Entry("shade_model:build", "for tests", "classes"))
