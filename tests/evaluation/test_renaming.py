import numpy as np

from segue.evaluation.interface import Picture
from segue.evaluation.renaming import rename_by_overlap


def test_masks_take_the_number_of_the_object_they_fit() -> None:
    truth = np.zeros((8, 12), np.uint16)
    truth[:, :4], truth[:, 6:9] = 1003, 2001
    predicted = np.zeros_like(truth)
    predicted[:, 1:4] = 7  # three columns of four
    predicted[:2, 6:9] = 1003  # a quarter of 2001, by the number of the other
    predicted[:, 10:] = 5  # nothing there
    found = rename_by_overlap(Picture(truth, predicted)).predicted
    assert set(np.unique(found[:, 1:4])) == {1003}
    assert not found[:, 4:6].any()
    others = {int(found[0, 6]), int(found[0, 10])}
    assert len(others) == 2
    assert not others & {0, 1003, 2001}


def test_an_empty_side_stays_empty() -> None:
    truth = np.ones((2, 3), np.uint16)
    found = rename_by_overlap(Picture(truth, np.zeros_like(truth)))
    assert not found.predicted.any()
    assert (found.truth == truth).all()
