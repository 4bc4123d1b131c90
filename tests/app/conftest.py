import sys
from pathlib import Path

import pytest

# The tiny model and its scenes live with the tests of the runner.
sys.path.insert(0, str(Path(__file__).parents[1] / "inference"))

from segue.models.catalog import MODELS, Entry


@pytest.fixture(autouse=True)
def colour_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny model under a name that the command line knows."""
    monkeypatch.setitem(MODELS, "colour", Entry("colour_model:build", "for tests"))
