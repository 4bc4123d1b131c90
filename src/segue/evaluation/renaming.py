"""Pictures of objects whose numbers differ on both sides: predicted masks take the number of the object they fit."""

from dataclasses import replace

import numpy as np

from segue.evaluation.interface import Picture

_LARGEST = np.iinfo(np.uint16).max


def rename_by_overlap(picture: Picture) -> Picture:
    """The same picture, each predicted mask with the id of the true one if their IoU is above 0.5.

    Masks of a side do not overlap, so no two fit the same one. Those that fit none get ids that the truth does not use.
    """
    true_ids, truth = np.unique(picture.truth, return_inverse=True)
    found_ids, found = np.unique(picture.predicted, return_inverse=True)
    shared = np.zeros((len(true_ids), len(found_ids)), np.int64)
    np.add.at(shared, (truth.ravel(), found.ravel()), 1)
    union = shared.sum(1, keepdims=True) + shared.sum(0, keepdims=True) - shared
    fits = 2 * shared > union
    fits[true_ids == 0] = fits[:, found_ids == 0] = False
    used = set(true_ids.tolist())
    free = (number for number in range(_LARGEST, 0, -1) if number not in used)
    names = [
        0 if found_id == 0 else true_ids[fits[:, k].argmax()] if fits[:, k].any() else next(free)
        for k, found_id in enumerate(found_ids.tolist())
    ]
    renamed = np.array(names, np.uint16)[found].reshape(picture.predicted.shape)
    return replace(picture, predicted=renamed)
