"""What SlowFast VOS can be filled from: files of ours, torchvision's Mask R-CNN, and segue-lite."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from segue.errors import NotFoundError, WeightsError
from segue.models.catalog import load_model
from segue.models.slowfast.build import create_network
from segue.models.slowfast.model import SlowFastModel
from segue.models.slowfast.network import SlowFastNetwork
from segue.models.slowfast.pretrained import (
    PREDICTORS,
    start_from_detector,
    start_from_segue_lite,
)
from segue.models.slowfast.settings import variant
from segue.nn.weights import read_weights, save_weights, shipped_weights

LITE = "slowfast-lite"


def lite(**settings: Any) -> SlowFastNetwork:
    return create_network(LITE, variant(LITE, settings))


def save(network: SlowFastNetwork, path: Path) -> Path:
    said = network.settings.trained_with
    save_weights(network, path, model_name=LITE, metadata=said, half=True)
    return path


def load(path: Path, name: str = LITE, **settings: Any) -> SlowFastModel:
    model = load_model(name, weights=path, settings={"backend": "torch", **settings})
    assert isinstance(model, SlowFastModel)
    return model


def published(path: Path, *, classes: int = 91, without: str = "\0") -> Path:
    """Names and shapes of torchvision's file, the old names included; a single number stands for each tensor."""
    with torch.device("meta"):
        own = SlowFastNetwork("slowfast", variant("slowfast", {"module": False}), classes)
    saved: dict[str, Tensor] = {}
    for number, (key, value) in enumerate(own.state_dict().items()):
        key = re.sub(r"(_blocks\.\d)\.0\.", r"\1.", key)
        key = key.replace("rpn.head.conv.0.0.", "rpn.head.conv.")
        key = re.sub(r"mask_head\.(\d)\.0\.", lambda m: f"mask_head.mask_fcn{int(m[1]) + 1}.", key)
        if not key.startswith(without):
            saved[key] = torch.full((1,), 1.0 + number).expand(value.shape or (1,))
    saved["backbone.body.bn1.num_batches_tracked"] = torch.tensor(0)
    torch.save(saved, path)
    return path


def test_settings_of_the_weights_come_from_the_file(tmp_path: Path) -> None:
    path = save(lite(slow=1, fast=3, norm="shared", residual=False), tmp_path / "w.safetensors")
    model = load(path)
    found = model.settings
    assert (found.slow, found.fast, found.norm, found.residual) == (1, 3, "shared", False)
    assert model.lookahead == 1
    assert load(path, slow=1, score=0.3).settings.score == 0.3
    with pytest.raises(WeightsError, match="was trained with slow 1, expected 3"):
        load(path, slow=3)
    with pytest.raises(WeightsError, match="was trained with module true, expected false"):
        load(path, module=False)


def test_a_detector_runs_without_a_module(tmp_path: Path) -> None:
    path = save(lite(module=False), tmp_path / "detector.safetensors")
    model = load(path)
    assert model.network.slowfast is None
    assert model.lookahead == 0
    with pytest.raises(WeightsError, match="was trained with module false, expected true"):
        load(path, module=True)


def test_the_file_of_another_model_is_refused() -> None:
    with pytest.raises(WeightsError, match="Expected weights for model 'slowfast-lite'"):
        load(shipped_weights("segue-lite"))


def test_without_weights_there_is_a_sentence() -> None:
    with pytest.raises(WeightsError, match=r"No trained weights ship with slowfast\."):
        load_model("slowfast")


def test_the_published_detector_is_run_without_a_module(tmp_path: Path) -> None:
    model = load(published(tmp_path / "coco.pth"), "slowfast")
    own = model.network.state_dict()
    numbers = [float(value.flatten()[0]) for value in own.values()]
    assert numbers == [1.0 + number for number in range(len(own))]
    assert model.network.num_classes == 91
    assert model.network.slowfast is None
    assert model._categories[1] == "person"
    with pytest.raises(WeightsError, match="detector without the module"):
        load(tmp_path / "coco.pth", "slowfast", module=True)


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("roi_heads.mask", r"another network than the detector of this model: \d+ tensors"),
        ("roi_heads.box_predictor", "another network than torchvision's maskrcnn_resnet50_fpn"),
    ],
)
def test_another_network_of_torchvision_is_refused(
    missing: str, sentence: str, tmp_path: Path
) -> None:
    path = published(tmp_path / "other.pth", without=missing)
    with pytest.raises(WeightsError, match=sentence):
        load(path, "slowfast")


def test_a_file_that_holds_no_weights_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    with pytest.raises(NotFoundError, match="No weights file"):
        load(path, "slowfast")
    path.write_bytes(b"no zip")
    with pytest.raises(WeightsError, match="cannot be read as a file of weights"):
        load(path, "slowfast")
    torch.save([1, 2], path)
    with pytest.raises(WeightsError, match="another network"):
        load(path, "slowfast")


def test_a_trained_detector_leaves_the_module_alone(tmp_path: Path) -> None:
    detector = create_network(LITE, variant(LITE, {"module": False, "seed": 1}))
    path = tmp_path / "detector.safetensors"
    save_weights(detector, path, model_name=LITE)
    network, before = lite(), lite().state_dict()
    start_from_detector(network, LITE, path)
    after, given = network.state_dict(), detector.state_dict()
    for key, value in after.items():
        assert torch.equal(value, before[key] if key.startswith("slowfast.") else given[key])


def test_a_detector_of_other_classes_keeps_its_predictors_to_itself(tmp_path: Path) -> None:
    path = tmp_path / "many.safetensors"
    many = create_network(LITE, variant(LITE, {"module": False, "seed": 1}), 91)
    save_weights(many, path, model_name=LITE)
    network, before, given = lite(), lite().state_dict(), many.state_dict()
    start_from_detector(network, LITE, path)
    for key, value in network.state_dict().items():
        kept = key.startswith((*PREDICTORS, "slowfast."))
        assert torch.equal(value, before[key] if kept else given[key])


def test_a_detector_of_another_size_changes_nothing(tmp_path: Path) -> None:
    path = published(tmp_path / "coco.pth")
    network, before = lite(), lite().state_dict()
    with pytest.raises(WeightsError, match="another network than the detector"):
        start_from_detector(network, LITE, path)
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def test_segue_lite_gives_its_backbone_and_its_pyramid() -> None:
    network = lite()
    start_from_segue_lite(network)
    saved = read_weights(shipped_weights("segue-lite"), model_name="segue-lite")
    own = network.state_dict()
    backbone = [k for k in saved if k.startswith("backbone.")]
    neck = [k for k in saved if k.startswith(("neck.lateral", "neck.down", "neck.smooth"))]
    assert len(own) == len(backbone) + len(neck) + len(
        [k for k in own if not k.startswith(("backbone.body.", "backbone.neck."))]
    )
    for key in backbone:
        assert torch.equal(
            own[f"backbone.body.{key[9:]}"], saved[key].to(own[f"backbone.body.{key[9:]}"].dtype)
        )
    for key in neck:
        assert torch.equal(own[f"backbone.{key}"], saved[key].to(own[f"backbone.{key}"].dtype))
