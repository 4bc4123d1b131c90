import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the real sequences, for tests marked ``real``."""
    beside = Path(__file__).parents[2] / "shared"
    folder = Path(os.environ.get("SEGUE_SHARED", beside))
    if not (folder / "data").is_dir():
        pytest.skip(f"no real sequences: {folder} has no folder data (set SEGUE_SHARED)")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Converted networks are kept for the tests alone, those in processes of their own included."""
    os.environ["SEGUE_CACHE"] = str(tmp_path_factory.mktemp("cache"))
