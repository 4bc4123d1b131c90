import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest


def pytest_collection_finish() -> None:
    """What importing all tests made stays; the garbage collector need not look at it again and again."""
    gc.collect()
    gc.freeze()


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
    """Converted networks are kept for the tests alone, those in processes of their own included.

    The workers of a run share them.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    os.environ["SEGUE_CACHE"] = str(folder / "cache")


@pytest.fixture(scope="module", autouse=True)
def _torch_computes(request: pytest.FixtureRequest) -> Iterator[None]:
    """The backend ``auto`` is torch, but for modules marked ``default_backend`` or ``real``.

    OpenVINO compiles a network for each size of frames, which takes as long as dozens of them, and most tests have
    few. That both backends say the same is what the tests of graphs are for.
    """
    with pytest.MonkeyPatch.context() as patch:
        if not any(map(request.node.get_closest_marker, ("default_backend", "real"))):
            from segue.nn.backends.torch_backend import TorchBackend

            place = "segue.nn.backends.catalog._openvino_or_torch"
            patch.setattr(place, TorchBackend)
        yield


@pytest.fixture(scope="module", autouse=True)
def _no_curves() -> Iterator[None]:
    """Trainings draw no pictures of their curves, which takes a second each; one test of the loop looks at them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("segue.training.journal.draw_curves", lambda *paths: None)
        yield
