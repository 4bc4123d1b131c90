"""Backends on the same frames: what is measured, and what is said where one is missing."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fakes.scenes import write_frames
from segue.errors import NotFoundError, SettingsError
from segue.measure.backends import check
from segue.measure.backends.calibrate import calibrate_model
from segue.measure.backends.check import compare, ious, load_variants
from segue.measure.backends.clips import Clip
from segue.media.video import open_video
from segue.models.temporal_unet.build import create_network
from segue.models.temporal_unet.model import TemporalUnetModel
from segue.models.temporal_unet.settings import variant
from segue.nn.backends.int8 import digest_of, ranges_file, save_ranges
from segue.nn.weights import save_weights

NAME = "temporal-unet"
SMALL: dict[str, Any] = {"size": "small-shallow", "block": "vanilla", "cell": "crnn"}


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    write_frames(tmp_path / "frames", 5)
    return Clip(open_video(tmp_path / "frames"), num_frames=3)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "w.safetensors"
    torch.manual_seed(0)
    network = create_network(variant(NAME, SMALL))
    network.decoder.head.weight.data *= 50  # a network that is sure of something
    save_weights(network, path, model_name=NAME)
    return path


def test_all_variants_see_all_frames(
    tmp_path: Path, clip: Clip, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its memory holds no probabilities, but what it holds differs by rounding as well.
    monkeypatch.setattr(TemporalUnetModel, "probabilities", lambda self, state: state.hidden[0])
    ranges, frames = calibrate_model(NAME, [clip], weights=weights, settings=SMALL)
    assert frames == 3
    save_ranges(ranges, ranges_file(weights), model_name=NAME, weights_digest=digest_of(weights))
    variants = load_variants(NAME, weights=weights, settings=SMALL)
    assert [v.name for v in variants] == ["torch float32", "openvino float32", "openvino int8"]
    seen: list[tuple[str, int]] = []
    compare(
        variants, {"one": clip}, tmp_path / "out", lambda name, index: seen.append((name, index))
    )
    assert seen == [("one", 0), ("one", 1), ("one", 2)]
    for one in variants:
        assert (len(one.first_ms), len(one.frame_ms)) == (1, 2)
        assert len(list((tmp_path / "out" / one.name / "one").iterdir())) == 3
    reference, exact, rounded = (one.to_json() for one in variants)
    assert reference["mean_iou"] is None
    assert exact["mean_iou"] > 0.99
    assert rounded["mean_iou"] > 0.5
    assert reference["largest_probability_difference"] is None
    assert exact["largest_probability_difference"] < 1e-4
    assert 1e-4 < rounded["largest_probability_difference"] < 0.5


def test_without_ranges_int8_says_how_to_make_them(weights: Path) -> None:
    _, exact, rounded = load_variants(NAME, weights=weights, settings=SMALL)
    assert exact.problem is None
    assert rounded.model is None
    assert "segue backends" not in str(rounded.problem)
    assert "--data FOLDER" in rounded.option


def test_without_openvino_it_is_named(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str, device: str) -> Any:
        if name == "openvino":
            raise SettingsError("The backend openvino cannot be loaded.")
        return original(name, device)

    original = check.create_backend
    monkeypatch.setattr(check, "create_backend", missing)
    first, *others = load_variants(NAME, weights=weights, settings=SMALL)
    assert first.model is not None
    assert {one.problem for one in others} == {"The backend openvino cannot be loaded."}


def test_what_cannot_be_compared_or_calibrated(tmp_path: Path, clip: Clip) -> None:
    untrained = {"random_weights": True}
    with pytest.raises(SettingsError, match="frtm-fast computes with torch only"):
        load_variants("frtm-fast", weights=None, settings=untrained)
    with pytest.raises(SettingsError, match="rvos-lite computes in float32 only"):
        calibrate_model("rvos-lite", [clip], weights=None, settings=untrained)
    with pytest.raises(NotFoundError):
        load_variants(NAME, weights=tmp_path / "none.safetensors", settings=SMALL)


def test_ious_are_of_every_number_that_either_has() -> None:
    one = np.array([[0, 0, 1, 1]], np.uint8)
    other = np.array([[0, 1, 1, 2]], np.uint8)
    assert list(ious(one, other, background=True)) == [1 / 2, 1 / 3, 0.0]
    assert list(ious(one, other, background=False)) == [1 / 3, 0.0]
