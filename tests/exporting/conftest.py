from pathlib import Path

import pytest

from fakes import exportable
from segue.exporting.writing import Exported, export_model
from segue.models.catalog import MODELS


@pytest.fixture(autouse=True)
def tiny_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODELS, exportable.NAME, exportable.ENTRY)


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Exported]:
    """An export, not to be changed, and what was said of it."""
    folder = tmp_path_factory.mktemp("exported")
    MODELS[exportable.NAME] = exportable.ENTRY
    try:
        weights = exportable.write(folder / "own.safetensors")
        return folder / "made", export_model(exportable.NAME, folder / "made", weights=weights)
    finally:
        del MODELS[exportable.NAME]
