import pytest

from segue.errors import SettingsError
from segue.models.catalog import MODELS, find, load_model


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "meta", "cpu:x"])
@pytest.mark.parametrize("name", list(MODELS))
def test_devices_that_are_not_there(name: str, device: str) -> None:
    with pytest.raises(SettingsError, match=f"No device '{device}'"):
        load_model(name, device=device)


def test_an_unknown_model_is_answered_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match="Did you mean 'segue-lite'"):
        find("segue-light")
