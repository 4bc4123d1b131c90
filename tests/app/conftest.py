import pytest

from segue.app.cli import dials
from segue.models.catalog import MODELS, Entry


@pytest.fixture(autouse=True)
def tiny_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny models under names that the command line knows."""
    monkeypatch.setitem(MODELS, "colour", Entry("fakes.colour_model:build", "for tests"))
    monkeypatch.setitem(MODELS, "shade", Entry("fakes.shade_model:build", "for tests", "classes"))
    monkeypatch.setitem(MODELS, "g-colour", Entry("fakes.gated_models:build_colour", "for tests"))
    finder = Entry(
        "fakes.finder:build",
        "for tests",
        begins_with="either",
        without_masks={"finds": True},
    )
    monkeypatch.setitem(MODELS, "finder", finder)
    gated_shade = Entry("fakes.gated_models:build_shade", "for tests", "classes")
    monkeypatch.setitem(MODELS, "g-shade", gated_shade)
    monkeypatch.setattr(dials, "WITH_GATE", {*dials.WITH_GATE, "g-colour", "g-shade"})
