"""Every model of our table keeps the contract."""

from typing import Any

from fakes.small_models import small_settings
from segue.models.catalog import MODELS
from segue.models.interface import ConfiguredModel, NetworkModel, VideoModel
from segue.testing.contract import *  # noqa: F403

# OpenVINO compiles a network for each size of frames; the others are computed by torch (see tests/conftest.py).
COMPUTED = {"segue-lite": {"backend": "openvino"}}
WITHOUT_MASKS = {"rvos-lite": {"random_weights": True}}
CONTRACT = {
    name: {**small_settings(name), **COMPUTED.get(name, {})}
    for name, entry in MODELS.items()
    if entry.goes_through_videos
}


def test_our_models_tell_their_settings_and_their_network(any_model: VideoModel[Any]) -> None:
    assert isinstance(any_model, ConfiguredModel)
    assert isinstance(any_model, NetworkModel)
