import numpy as np
import pytest

import segue
from fakes.clickers import ColourClicker
from segue.errors import InputError, MaskError
from segue.models.click.prompt import Prompt
from segue.types import Click

FRAME = np.zeros((40, 60, 3), np.uint8)
FRAME[5:20, 5:20] = (200, 0, 0)
FRAME[5:20, 30:50] = (0, 200, 0)
FRAME[25:35, 5:20] = (200, 0, 0)


def test_one_object() -> None:
    answer = segue.click(ColourClicker(), FRAME, [segue.Click(10, 10)])
    assert answer.mask.sum() == 15 * 15 + 10 * 15
    boxed = segue.click(ColourClicker(), FRAME, box=(0, 0, 25, 22))
    assert boxed.mask.sum() == 15 * 15


def test_scribbles_reach_the_model() -> None:
    model = ColourClicker()
    segue.click(model, FRAME, scribble=[(3, 3), (9, 3)])
    assert model.asked[0].strokes == (((3, 3), (9, 3)),)


def test_objects_share_a_label_map() -> None:
    prompts = {3: Prompt((Click(10, 10),)), 7: Prompt((Click(40, 10),))}
    labels = segue.click_objects(ColourClicker(), FRAME, prompts)
    assert set(np.unique(labels)) == {0, 3, 7}
    assert (labels == 7).sum() == 15 * 20


def test_clicks_on_others_exclude() -> None:
    model = ColourClicker()
    prompts = {1: Prompt((Click(10, 10),)), 2: Prompt((Click(40, 10), Click(2, 2, include=False)))}
    segue.click_objects(model, FRAME, prompts)
    assert model.asked[0].clicks == (Click(40, 10, include=False), Click(10, 10))
    assert model.asked[1].clicks[0] == Click(10, 10, include=False)


def test_what_was_pointed_at_stays_whoever_is_surer() -> None:
    # Both boxes hold everything, so that one object alone would own all pixels.
    prompts = {
        1: Prompt((Click(10, 10),), (0, 0, 60, 40)),
        2: Prompt((Click(10, 12),), (0, 0, 60, 40)),
    }
    labels = segue.click_objects(ColourClicker(), FRAME, prompts)
    assert labels[10, 10] == 1
    assert labels[12, 10] == 2


def test_objects_that_are_not_pointed_at_stay() -> None:
    before = np.zeros((40, 60), np.uint8)
    before[0:3, 50:60] = 5
    before[0:3, 0:5] = 1
    labels = segue.click_objects(ColourClicker(), FRAME, {1: Prompt((Click(40, 10),))}, before)
    assert (labels == 5).sum() == 30
    assert labels[1, 1] == 1, "what is corrected keeps what was not wrong"
    assert labels[10, 40] == 1
    assert before[1, 1] == 1, "what was given is not changed"


def test_what_is_wrong_is_said() -> None:
    model, click = ColourClicker(), Prompt((Click(10, 10),))
    with pytest.raises(InputError, match="Object 300: ids of objects go from 1 to 254"):
        segue.click_objects(model, FRAME, {300: click})
    with pytest.raises(InputError, match=r"Objects 1 and 2 both claim the pixel 10,10"):
        segue.click_objects(model, FRAME, {1: click, 2: click})
    with pytest.raises(MaskError, match=r"Nothing was found for object 2\. Click on it"):
        segue.click_objects(model, FRAME, {1: click, 2: Prompt(box=(52, 0, 60, 3))})
    with pytest.raises(MaskError, match="is 3x3, the frame 40x60"):
        segue.click_objects(model, FRAME, {1: click}, np.zeros((3, 3), np.uint8))
