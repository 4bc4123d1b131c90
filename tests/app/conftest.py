from typing import Any

import pytest

from segue.models.catalog import MODELS, Entry


@pytest.fixture(autouse=True)
def tiny_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny models under names that the command line knows."""
    shade: dict[str, Any] = {"kind": "classes", "begins_with": "nothing"}
    for name, entry in {
        "colour": Entry("fakes.colour_model:build", "for tests"),
        "shade": Entry("fakes.shade_model:build", "for tests", **shade),
        "g-colour": Entry("fakes.gated_models:build_colour", "for tests", gated=True),
        "g-shade": Entry("fakes.gated_models:build_shade", "for tests", **shade, gated=True),
        "finder": Entry(
            "fakes.finder:build",
            "for tests",
            begins_with="either",
            without_masks={"finds": True},
        ),
        "looker": Entry("fakes.proposers:build", "for tests", begins_with="nothing"),
    }.items():
        monkeypatch.setitem(MODELS, name, entry)
