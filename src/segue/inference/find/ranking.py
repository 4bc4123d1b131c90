"""Which linked sightings are objects of the video, how good each is, and where it is surest.

The score of an object is a product of two numbers from 0 to 1:

- the mean, over all looks, of how sure the model was, times a weight for the size; 0 on looks without the object;
- (1 + motion) / 2, where motion is the mean of its sightings: what moves goes before what stands, all else being equal.

Sizes between 1 and 50 % of the frame have the weight 1. A smaller object has the root of its share in 1 %, a larger one
falls off in proportion to what it leaves free. All constants are ours.
"""

from collections.abc import Callable, Sequence
from math import sqrt

import numpy as np

from segue.inference.find.found import FoundObject, Sighting, best_sighting

MOST_OBJECTS = 20
"""Objects that are kept at most, as many as the unsupervised DAVIS-2017 protocol takes."""
_SURE = 0.3
"""An object was seen at least once with so high a score."""
_FEW = 4
"""Of fewer looks one sighting is enough; of as many or more it takes two, since a chance find is seldom repeated."""
_SMALL, _LARGE = 0.01, 0.5


def ranked(
    chains: Sequence[Sequence[Sighting]],
    num_looks: int,
    typical: Callable[[int, int], float],
    most: int = MOST_OBJECTS,
) -> tuple[FoundObject, ...]:
    """The objects, the best first.

    Args:
        chains: Sightings of each object in the order of the frames.
        num_looks: Frames that were looked at.
        typical: By number of the chain and place in it: how alike this sighting is to the others of its object, 0 to 1.
        most: Objects that are kept.
    """
    kept = [number for number, chain in enumerate(chains) if _is_object(chain, num_looks)]
    scores = {number: score_of(chains[number], num_looks) for number in kept}
    # The order of the sightings decides between equals, so that a result can be repeated.
    order = sorted(kept, key=lambda number: (-scores[number], number))[:most]
    return tuple(
        FoundObject(
            rank,
            scores[number],
            best_sighting(
                chains[number],
                [
                    one.score * size_weight(one.share) * typical(number, place)
                    for place, one in enumerate(chains[number])
                ],
            ),
            tuple(chains[number]),
        )
        for rank, number in enumerate(order, start=1)
    )


def score_of(sightings: Sequence[Sighting], num_looks: int) -> float:
    """See the module.

    Args:
        sightings: Of one object, at least one.
        num_looks: Frames that were looked at.
    """
    sure = sum(one.score * size_weight(one.share) for one in sightings) / num_looks
    return sure * (1 + float(np.mean([one.motion for one in sightings]))) / 2


def size_weight(share: float) -> float:
    """See the module.

    Args:
        share: Of the frame's pixels, 0 to 1.
    """
    return sqrt(min(1.0, share / _SMALL)) * min(1.0, (1 - share) / (1 - _LARGE))


def _is_object(chain: Sequence[Sighting], num_looks: int) -> bool:
    often = len(chain) > 1 or num_looks < _FEW
    return often and max(one.score for one in chain) >= _SURE
