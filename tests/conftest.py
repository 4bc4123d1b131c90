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
