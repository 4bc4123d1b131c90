"""The values of published masks, frame by frame, against those that the organisers printed."""

import json
from pathlib import Path

import numpy as np
import pytest

from segue.evaluation.run import evaluate

PRINTED = 0.0005 + 1e-9
"""Official values have three decimals."""


@pytest.mark.real
@pytest.mark.parametrize("method", ["osvos", "fseg", "siammask", "pdb"])
def test_every_frame_equals_the_official_value(shared: Path, method: str) -> None:
    published = shared / "data/davis2016_published"
    official = json.loads((published / f"official/{method}.json").read_text())
    report = evaluate(published / "masks" / method, shared / "data/davis2016_val_dev")
    assert {"id", *report.sequences} == set(official)
    for item in report.scored:
        for measure in ("J", "F"):
            theirs = np.array(official[item.sequence][measure], dtype=float)
            ours = item.curves[measure]
            assert len(ours) == len(theirs)
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=PRINTED, err_msg=item.sequence)
    assert report.problems == ()
