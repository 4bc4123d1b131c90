"""Which backend is taken, and what is said where OpenVINO is missing."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from segue.errors import SettingsError
from segue.models.lite.settings import LiteSettings
from segue.models.temporal_unet.settings import TemporalUnetSettings
from segue.nn.backends import conversion
from segue.nn.backends.catalog import BACKENDS, create_backend
from segue.nn.backends.interface import Backend
from segue.settings import Settings

pytestmark = pytest.mark.default_backend


@pytest.fixture
def without_openvino(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    conversion.openvino.cache_clear()
    monkeypatch.setitem(sys.modules, "openvino", None)
    yield
    conversion.openvino.cache_clear()


@pytest.mark.parametrize("name", BACKENDS)
def test_every_backend_has_its_name(name: str) -> None:
    backend = create_backend(name, "cpu")
    assert isinstance(backend, Backend)
    assert backend.name == name


def test_auto_is_openvino_on_the_cpu_and_torch_elsewhere() -> None:
    assert create_backend("auto", "cpu").name == "openvino"
    assert create_backend("auto", "cuda:0").name == "torch"
    assert create_backend("auto", "mps").name == "torch"


def test_auto_without_openvino_is_torch_with_one_warning(without_openvino: None) -> None:
    with pytest.warns(RuntimeWarning, match="OpenVINO cannot be loaded") as caught:
        assert create_backend("auto", "cpu").name == "torch"
    assert len(caught) == 1


@pytest.mark.parametrize("settings", [LiteSettings, TemporalUnetSettings])
def test_nothing_chooses_int8_unasked(settings: type[Settings]) -> None:
    assert settings.model_fields["precision"].default == "float32"


def test_what_cannot_be_is_refused(without_openvino: None) -> None:
    with pytest.raises(SettingsError, match="pip install openvino"):
        create_backend("openvino", "cpu")
    with pytest.raises(SettingsError, match="'cuda'"):
        create_backend("openvino", "cuda")
    with pytest.raises(SettingsError, match="Did you mean 'openvino'"):
        create_backend("openvno", "cpu")


def test_the_import_reports_to_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conversion.openvino.cache_clear()
    for name in [n for n in sys.modules if n.partition(".")[0] == "openvino_telemetry"]:
        monkeypatch.delitem(sys.modules, name)
    conversion.openvino()
    assert "openvino_telemetry" not in sys.modules
