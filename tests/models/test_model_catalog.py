import pytest

from segue.errors import SettingsError
from segue.models.catalog import MODELS, find, load_model, names


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "meta", "cpu:x"])
@pytest.mark.parametrize("name", list(MODELS))
def test_devices_that_are_not_there(name: str, device: str) -> None:
    with pytest.raises(SettingsError, match=f"No device '{device}'"):
        load_model(name, device=device)


def test_an_unknown_model_is_answered_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match="Did you mean 'segue-lite'"):
        find("segue-light")


def test_every_model_has_one_kind() -> None:
    assert set(names("objects")) | set(names("classes")) == set(MODELS)
    assert not set(names("objects")) & set(names("classes"))
    assert "temporal-unet" in names("classes")


def test_a_model_of_the_other_kind_is_answered_with_those_that_fit() -> None:
    assert find("frtm", "objects") is MODELS["frtm"]
    with pytest.raises(SettingsError, match=r"'frtm' follows given objects.*: temporal-unet, temp"):
        find("frtm", "classes")
    with pytest.raises(
        SettingsError, match=r"'temporal-unet' names the class.*: segue-lite, frtm,"
    ):
        find("temporal-unet", "objects")
