import pytest
import torch

from segue.errors import MaskError, SettingsError
from segue.models.catalog import MODELS, WHAT_THEY_DO, find, load_model, names
from segue.models.interface import NetworkModel
from segue.nn.weights import shipped_weights

VIDEO_MODELS = [name for name, entry in MODELS.items() if entry.goes_through_videos]


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "meta", "cpu:x"])
@pytest.mark.parametrize("name", VIDEO_MODELS)
def test_devices_that_are_not_there(name: str, device: str) -> None:
    with pytest.raises(SettingsError, match=f"No device '{device}'"):
        load_model(name, device=device)


def test_an_unknown_model_is_answered_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match="Did you mean 'segue-lite'"):
        find("segue-light")


def test_every_model_has_one_kind() -> None:
    kinds = [set(names(kind)) for kind in WHAT_THEY_DO]
    assert set.union(*kinds) == set(MODELS)
    assert sum(map(len, kinds)) == len(MODELS)
    assert "temporal-unet" in names("classes")
    assert names("clicks") == ("segue-click",)


def test_a_model_of_the_other_kind_is_answered_with_those_that_fit() -> None:
    assert find("frtm", "objects") is MODELS["frtm"]
    with pytest.raises(SettingsError, match=r"'frtm' follows given objects.*: temporal-unet, temp"):
        find("frtm", "classes")
    with pytest.raises(
        SettingsError, match=r"'temporal-unet' names the class.*: segue-lite, frtm,"
    ):
        find("temporal-unet", "objects")


def test_a_model_of_clicks_goes_through_no_video() -> None:
    with pytest.raises(SettingsError, match=r"segue-click makes masks of .* load_click_model"):
        load_model("segue-click")
    with pytest.raises(SettingsError, match=r"'segue-click' makes masks of .*: segue-lite, frtm,"):
        find("segue-click", "objects")


def test_a_model_that_begins_without_masks_gets_the_weights_for_that() -> None:
    found = load_model("rvos-lite", without_masks=True)
    path = shipped_weights(MODELS["rvos-lite"].weights_without_masks)
    named = load_model("rvos-lite", weights=path, settings=MODELS["rvos-lite"].without_masks)
    for model in (found, named):
        assert isinstance(model, NetworkModel)
    own, other = found.network.state_dict(), named.network.state_dict()
    assert all(torch.equal(own[key], other[key]) for key in own | other)


def test_a_model_that_needs_masks_cannot_be_loaded_without() -> None:
    with pytest.raises(MaskError, match=r"frtm carries given objects.* one: rvos, rvos-50"):
        load_model("frtm", without_masks=True)
