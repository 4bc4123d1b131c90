"""Masks from clicks: of one object, or of several that share a frame."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from segue.errors import InputError, MaskError
from segue.models.click.model import ClickedMask, Clicker, Previous, SeenFrame
from segue.models.click.prompt import Prompt
from segue.types import MAX_OBJECTS, BoxXYXY, Click, Frame, GivenLabels, Labels, Stroke


def click(
    model: Clicker,
    frame: Frame | SeenFrame,
    clicks: Sequence[Click] = (),
    previous: Previous | None = None,
    *,
    box: BoxXYXY | None = None,
    scribble: Stroke = (),
) -> ClickedMask:
    """The mask of one object on one frame, from what a user points at.

    Args:
        model: What ``load_click_model`` returned.
        frame: RGB; or ``model.see(frame)``, so that the frame is looked at once for many clicks.
        clicks: All clicks on this object so far, the newest last.
        previous: The answer to the clicks before; or a mask from elsewhere that shall be corrected, bool or in [0, 1],
            of which only the parts around the clicks change.
        box: Left, top, right, bottom in pixels.
        scribble: x and y of points along a line over the object.

    Raises:
        InputError: Nothing was said; a point outside the frame; clicks that contradict each other; a box without area.
        MaskError: ``previous`` has another size than the frame.
    """
    strokes = (tuple(scribble),) if scribble else ()
    return model.mask(frame, Prompt(tuple(clicks), box, strokes), previous)


def click_objects(
    model: Clicker,
    frame: Frame | SeenFrame,
    prompts: Mapping[int, Prompt],
    previous: GivenLabels | None = None,
) -> Labels:
    """The masks of several objects as one label map.

    What is pointed at for one object is no part of the others. Where two masks meet, a pixel goes to the object that
    is more probable there.

    Args:
        model: What ``load_click_model`` returned.
        frame: RGB, or ``model.see(frame)``.
        prompts: By object id, 1 to 254.
        previous: A mask to correct; objects without a prompt stay as they are, except where others now are.

    Raises:
        InputError: As in ``click``; an id out of range; two objects that claim the same spot.
        MaskError: An object of which nothing is found; or ``previous`` has another size than the frame.
    """
    for number in prompts:
        _check_id(number)
    seen = frame if isinstance(frame, SeenFrame) else model.see(frame)
    if previous is not None and previous.shape != seen.size_hw:
        raise MaskError(
            f"The mask is {previous.shape[0]}x{previous.shape[1]}, the frame {seen.size_hw[0]}x{seen.size_hw[1]} "
            "(height x width). Give a mask of the frame's size."
        )
    labels = np.zeros(seen.size_hw, np.uint8) if previous is None else previous.copy()
    best = np.zeros(seen.size_hw, np.float32)
    labels[np.isin(labels, list(prompts))] = 0
    for number, prompt in _apart(prompts).items():
        before = None if previous is None else previous == number
        answer = model.mask(seen, prompt, before if before is not None and before.any() else None)
        if not answer.mask.any():
            raise MaskError(f"Nothing was found for object {number}. Click on it.")
        surer = answer.mask & (answer.probability >= best)
        labels[surer] = number
        best[surer] = answer.probability[surer]
    for number, prompt in prompts.items():  # what was pointed at stays, whoever is surer
        for point in prompt.clicks:
            if point.include:
                labels[int(point.y), int(point.x)] = number
    return labels


def _apart(prompts: Mapping[int, Prompt]) -> dict[int, Prompt]:
    """Each prompt with the clicks on the other objects as clicks that exclude, before its own."""
    for number, prompt in prompts.items():
        for other, theirs in prompts.items():
            shared = _spots(prompt) & _spots(theirs)
            if other < number and shared:
                x, y = min(shared)
                raise InputError(f"Objects {other} and {number} both claim the pixel {x},{y}.")
    return {
        number: replace(prompt, clicks=(*_others(prompts, number), *prompt.clicks))
        for number, prompt in prompts.items()
    }


def _spots(prompt: Prompt) -> set[tuple[int, int]]:
    return {(int(c.x), int(c.y)) for c in prompt.clicks if c.include}


def _others(prompts: Mapping[int, Prompt], number: int) -> list[Click]:
    own = {(int(c.x), int(c.y)) for c in prompts[number].clicks}
    return [
        replace(c, include=False)
        for other, prompt in prompts.items()
        if other != number
        for c in prompt.clicks
        if c.include and (int(c.x), int(c.y)) not in own
    ]


def _check_id(number: int) -> None:
    if not 1 <= number <= MAX_OBJECTS:
        raise InputError(f"Object {number}: ids of objects go from 1 to {MAX_OBJECTS}.")
