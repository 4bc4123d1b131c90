"""The models that ship, exported: on a video of another size they label as without an export."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segue.exporting import writing
from segue.exporting.clicking import show as show_clicks
from segue.exporting.examples import EXAMPLES, Example, show
from segue.exporting.loading import built, load_exported
from segue.exporting.writing import export_model
from segue.models.catalog import find

OTHER = Example((100, 180), 2)


def answers(model: Any, name: str) -> list[np.ndarray]:
    if not find(name).goes_through_videos:
        return show_clicks(model, OTHER)
    return [prediction.labels for prediction in show(model, OTHER)]


def assert_it_answers_alike(
    name: str, folder: Path, settings: dict[str, Any], graphs: set[str]
) -> None:
    exported = export_model(name, folder / name, settings=settings)
    assert set(exported.manifest.graphs) == graphs
    assert max(exported.differences.values()) < 1e-4
    plain = answers(built(name, None, {**settings}), name)
    found = answers(load_exported(folder / name), name)
    assert len(found) == len(plain) > 1
    for one, other in zip(found, plain, strict=True):
        assert np.mean(one == other) > 0.995


def test_segue_lite_with_its_gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "EXAMPLES", EXAMPLES[:2])
    assert_it_answers_alike("segue-lite", tmp_path, {}, {"look", "decode", "encode", "gate"})


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "settings", "graphs"),
    [
        ("temporal-unet-lite", {}, {"step"}),
        ("rvos-lite", {}, {"see", "decode_next"}),
        ("ttvos-lite", {}, {"see", "make_template", "decode", "update"}),
        ("slowfast-lite", {}, {"see_normalised", "propose", "enhance"}),
        ("segue-click", {}, {"look", "decode"}),
        ("ssltm-lite", {}, {"step"}),
    ],
)
def test_the_others(name: str, settings: dict[str, Any], graphs: set[str], tmp_path: Path) -> None:
    assert_it_answers_alike(name, tmp_path, settings, graphs)
