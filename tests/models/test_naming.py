"""What models of classes have in common leaves their weights, and what runs kept of their settings, as they were."""

import hashlib
import json
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from segue.models.naming.answers import padded, padded_side
from segue.models.scene_parsing import build as scene_build
from segue.models.scene_parsing import settings as scene_settings
from segue.models.ssltm import build as ssltm_build
from segue.models.ssltm import settings as ssltm_settings
from segue.models.temporal_unet import build as unet_build
from segue.models.temporal_unet import settings as unet_settings

LIGHT: dict[str, Any] = {
    "backbone": "efficientnet-lite0",
    "width": 16,
    "classes": ("a", "b", "c"),
}
KEYS: dict[str, tuple[Any, Any, dict[str, Any], tuple[int, str]]] = {
    "temporal-unet": (unet_settings, unet_build, {}, (140, "1ec31c70effc62c4")),
    "temporal-unet-lite": (unet_settings, unet_build, {}, (342, "02a7e18b2ec72b65")),
    "ssltm-lite": (ssltm_settings, ssltm_build, {}, (446, "12d91e4380f10496")),
    "pspnet": (scene_settings, scene_build, LIGHT, (328, "2a123014a1b943c6")),
    "upernet": (scene_settings, scene_build, LIGHT, (362, "40b202560f4edc33")),
    "netwarp": (scene_settings, scene_build, LIGHT, (376, "5db7d21cc83e47ed")),
    "tcb": (scene_settings, scene_build, LIGHT, (348, "47e049aec87edd18")),
}
"""Number and digest of names and shapes of the state dict, as they were before the models shared their heads."""


@pytest.mark.parametrize("name", KEYS)
def test_weights_keep_their_names_and_shapes(name: str) -> None:
    settings, build, values, expected = KEYS[name]
    with torch.device("meta"):
        network: nn.Module = build.create_network(settings.variant(name, values))
    keys = [(key, tuple(tensor.shape)) for key, tensor in network.state_dict().items()]
    assert (len(keys), hashlib.sha256(repr(keys).encode()).hexdigest()[:16]) == expected


UNET = """{"align": "dis", "backend": "auto", "blend": 0.9, "block": "resnet", "cell": "none", "cell_strides": [8, 16],
 "classes": ["sky", "building", "pole", "road", "pavement", "tree", "sign-symbol", "fence", "car", "pedestrian",
 "bicyclist"], "encoder": "efficientnet-lite0", "hidden_init": "zeros", "precision": "float32",
 "random_weights": false, "residual": true, "reuse": null, "seed": 0, "size": "small-deep"}"""
SSLTM = """{"backbone": "efficientnet-lite0", "backend": "auto", "blend": 0.9, "blocks": 1, "centre_attention": "own",
 "centre_update": "mse", "centres": 3, "classes": ["sky", "building", "pole", "road", "pavement", "tree",
 "sign-symbol", "fence", "car", "pedestrian", "bicyclist"], "decoder": "top-down", "distance": 60, "expansion":
 4, "frames": 2, "heads": 4, "keys": 64, "notice": true, "precision": "float32", "random_weights": false,
 "reference": "distance", "reuse": null, "seed": 0, "spacing": 1, "stt": true, "width": 128, "window": [2, 6, 8]}"""
NETWARP = """{"backbone": "efficientnet-lite0", "biased": false, "classes": ["a", "b", "c"], "deeplab": "printed",
 "dilated": null, "drop_path": 0.0, "flow": "dis", "head": "ocr", "memory": 8, "method": "netwarp",
 "random_weights": false,
 "refinement": "scaled", "seed": 0, "spacing": 1, "width": 16}"""


@pytest.mark.parametrize(
    ("table", "name", "values", "kept", "newer"),
    [
        (unet_settings, "temporal-unet-lite", {}, UNET, set()),
        (ssltm_settings, "ssltm-lite", {}, SSLTM, set()),
        (scene_settings, "netwarp", LIGHT, NETWARP, {"backend", "decoder", "precision"}),
    ],
)
def test_settings_that_runs_kept_are_read(
    table: Any, name: str, values: dict[str, Any], kept: str, newer: set[str]
) -> None:
    found = table.variant(name, json.loads(kept))
    assert found == table.variant(name, values)
    assert found.model_dump(mode="json").keys() - json.loads(kept).keys() == newer


def test_frames_are_padded_by_their_border() -> None:
    frame = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    found = padded(frame, 4)
    assert found.shape == (4, 4, 3)
    assert (found[:2, :3] == frame).all()
    assert (found[3] == found[1]).all()
    assert (found[:, 3] == found[:, 2]).all()
    assert [padded_side(side, 32) for side in (1, 32, 33)] == [32, 32, 64]
    assert padded_side(1, 32, least=4) == 128
