"""The examples for models that make masks from clicks."""

import numpy as np

from segue.exporting.examples import Example
from segue.models.click.model import Clicker as Clicker
from segue.models.click.prompt import Prompt
from segue.types import Click, Labels


def show(model: Clicker, example: Example) -> list[Labels]:
    """What a model says of clicks on a frame: a first one, then one more outside the object."""
    frame, labels = next(example.frames())
    seen, found = model.see(frame), []
    for number in range(1, example.objects + 1):
        rows, columns = np.nonzero(labels == number)
        inside = Click(int(columns.mean()), int(rows.mean()))
        answer = model.mask(seen, Prompt((inside,)))
        again = model.mask(seen, Prompt((inside, Click(1, 1, False))), answer)
        found += [answer.mask.astype(np.uint8), again.mask.astype(np.uint8)]
    return found
