from pathlib import Path

import numpy as np
import pytest
import torch

from fakes.clickers import untrained_weights
from segue.errors import InputError, MaskError, SettingsError, WeightsError
from segue.models.catalog import load_model
from segue.models.click.build import load_click_model
from segue.models.click.model import ClickModel
from segue.models.click.prompt import Prompt
from segue.nn.weights import save_weights
from segue.types import Click

FRAME = np.random.default_rng(0).integers(0, 255, (60, 100, 3), np.uint8)
ONE = Prompt((Click(50, 30),))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return untrained_weights(tmp_path_factory.mktemp("click") / "click.safetensors")


@pytest.fixture(scope="module")
def model(weights: Path) -> ClickModel:
    return load_click_model(weights=weights, settings={"backend": "torch", "side": 64})


def test_masks_have_the_size_of_the_frame_and_hold_the_clicks(model: ClickModel) -> None:
    prompt = Prompt(
        (Click(50, 30), Click(0, 0, include=False), Click(99, 59), Click(52, 30, False))
    )
    answer = model.mask(FRAME, prompt)
    assert answer.mask.shape == answer.probability.shape == (60, 100)
    for click in prompt.clicks:
        assert answer.mask[int(click.y), int(click.x)] == click.include
    assert 0 <= answer.probability.min() <= answer.probability.max() <= 1


def test_a_frame_that_was_looked_at_gives_the_same(model: ClickModel) -> None:
    seen = model.see(FRAME)
    first, again = model.mask(seen, ONE), model.mask(FRAME, ONE)
    np.testing.assert_array_equal(first.probability, again.probability)
    more = Prompt((*ONE.clicks, Click(10, 10, include=False)))
    np.testing.assert_array_equal(
        model.mask(seen, more, first).probability, model.mask(FRAME, more, again).probability
    )


def test_the_frame_is_looked_at_once(model: ClickModel, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []
    look = model._graphs.look
    monkeypatch.setattr(model._graphs, "look", lambda frames: looks.append(1) or look(frames))
    seen = model.see(FRAME)
    assert len(looks) == 1
    whole = Prompt(box=(0, 0, 100, 60))
    answer = model.mask(seen, whole)
    for click in (Click(20, 20), Click(70, 40, include=False)):
        answer = model.mask(seen, Prompt((click,), whole.box), answer)
    assert len(looks) == 1


def test_small_objects_are_looked_at_closely(model: ClickModel) -> None:
    answer = model.mask(np.zeros((600, 1000, 3), np.uint8), Prompt(box=(100, 100, 200, 180)))
    assert answer.window is not None
    assert answer.window.width < 300
    assert answer.window.holds((100, 100, 200, 180))
    whole = model.mask(np.zeros((600, 1000, 3), np.uint8), Prompt(box=(10, 10, 980, 580)))
    assert whole.window is not None
    assert whole.window.width == 1000


def test_a_corrected_mask_changes_around_the_clicks_only(model: ClickModel) -> None:
    given = np.zeros((60, 100), bool)
    given[5:15, 5:15] = True
    answer = model.mask(FRAME, Prompt((Click(80, 40),)), given)
    changed = answer.mask != given
    assert changed[40, 80]
    import cv2

    _, parts = cv2.connectedComponents(changed.astype(np.uint8))
    assert parts.max() == 1, "one part, which holds the click"
    further = model.mask(FRAME, Prompt((Click(80, 40), Click(7, 7, include=False))), answer)
    assert not further.mask[7, 7]
    assert further.mask[40, 80]


def test_backends_agree(weights: Path, model: ClickModel) -> None:
    other = load_click_model(weights=weights, settings={"backend": "openvino", "side": 64})
    one, two = model.mask(FRAME, ONE), other.mask(FRAME, ONE)
    np.testing.assert_allclose(one.probability, two.probability, atol=1e-3)


def test_what_is_wrong_is_said(model: ClickModel, weights: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Nothing was said about the object"):
        model.mask(FRAME, Prompt())
    with pytest.raises(InputError, match="outside the frame"):
        model.mask(FRAME, Prompt((Click(100, 3),)))
    with pytest.raises(MaskError, match=r"is 3x4, the frame 60x100"):
        model.mask(FRAME, ONE, np.zeros((3, 4), bool))
    with pytest.raises(SettingsError, match="side"):
        load_click_model(weights=weights, settings={"sides": 64})
    with pytest.raises(SettingsError, match="No device"):
        load_click_model(weights=weights, device="gpu")
    save_weights(torch.nn.Linear(1, 1), tmp_path / "other.safetensors", model_name="segue-lite")
    with pytest.raises(WeightsError, match="segue-lite"):
        load_click_model(weights=tmp_path / "other.safetensors")
    with pytest.raises(SettingsError, match="Load it with load_click_model"):
        load_model("segue-click")


def test_an_object_of_one_pixel_and_a_frame_of_one_pixel(model: ClickModel) -> None:
    given = np.zeros((60, 100), bool)
    given[30, 50] = True
    assert model.mask(FRAME, Prompt((Click(20, 20, include=False),)), given).mask[30, 50]
    assert model.mask(np.zeros((1, 1, 3), np.uint8), Prompt((Click(0, 0),))).mask.all()
