"""Every value of TrackEval 1.3.0 on predictions with every kind of error."""

import contextlib
import io
from collections.abc import Iterator

import numpy as np
import pytest
from trackeval.datasets import KittiMOTS
from trackeval.metrics import CLEAR, HOTA, Identity

from fakes.mots_errors import MotsSet, write_errors
from segue.evaluation.interface import Scored
from segue.evaluation.mots_files import MotsCase
from segue.evaluation.protocols.mots import CLASSES, KITTI_MOTS, ClassTally

SETS = 20
CLEAR_NAMES = {
    "sMOTSA": "sMOTA",
    "MOTSA": "MOTA",
    "MOTSP": "MOTP",
    "MODSA": "MODA",
    "recall": "CLR_Re",
    "precision": "CLR_Pr",
    "F1": "CLR_F1",
    "TP": "CLR_TP",
    "FP": "CLR_FP",
    "FN": "CLR_FN",
    "IDS": "IDSW",
    "Frag": "Frag",
    "MT": "MT",
    "PT": "PT",
    "ML": "ML",
}


@pytest.fixture(scope="module")
def scored_sets(tmp_path_factory) -> list[tuple[MotsSet, list[Scored]]]:
    sets = [write_errors(tmp_path_factory.mktemp("mots"), seed) for seed in range(SETS)]
    return [(files, score(files)) for files in sets]


def score(files: MotsSet) -> list[Scored]:
    gathered = KITTI_MOTS.gather(files.predictions, files.truth, None)
    return [KITTI_MOTS.score(case) for case in gathered.cases]


def official(files: MotsSet) -> dict[tuple[str, str | None], dict[str, dict]]:
    """TrackEval's fields by metric, for each class and sequence; the sequence ``None`` is all of them."""
    quiet = {"PRINT_CONFIG": False}
    data = KittiMOTS(
        {
            "GT_FOLDER": str(files.truth),
            "GT_LOC_FORMAT": "{gt_folder}/{seq}.txt",
            "TRACKERS_FOLDER": str(files.predictions.parent),
            "TRACKERS_TO_EVAL": [files.predictions.name],
            "TRACKER_SUB_FOLDER": "",
            "SEQ_INFO": dict(files.lengths),
            **quiet,
        }
    )
    metrics = [CLEAR(quiet), HOTA(), Identity(quiet)]
    found: dict[tuple[str, str | None], dict[str, dict]] = {}
    for sequence in files.lengths:
        raw = data.get_raw_seq_data(files.predictions.name, sequence)
        for name in CLASSES:
            prepared = data.get_preprocessed_seq_data(raw, name)
            found[name, sequence] = {m.get_name(): m.eval_sequence(prepared) for m in metrics}
    for name in CLASSES:
        found[name, None] = {
            m.get_name(): m.combine_sequences(
                {sequence: found[name, sequence][m.get_name()] for sequence in files.lengths}
            )
            for m in metrics
        }
    return found


def tallies(scored: list[Scored]) -> Iterator[tuple[str, str | None, ClassTally]]:
    for name in CLASSES:
        for item in scored:
            yield name, item.sequence, item.tally[name]
        yield name, None, sum((item.tally[name] for item in scored), start=ClassTally())


def test_every_field_of_every_sequence_and_of_the_dataset_is_official(scored_sets):
    compared = 0
    for files, scored in scored_sets:
        with contextlib.redirect_stdout(io.StringIO()):
            expected = official(files)
        for name, sequence, tally in tallies(scored):
            compare(tally, expected[name, sequence])
            compared += tally.exists
    assert compared > 5 * SETS


def compare(tally: ClassTally, expected: dict[str, dict]) -> None:
    clear, hota, identity = expected["CLEAR"], expected["HOTA"], expected["Identity"]
    soft = tally.mots.soft_true_positives
    assert soft == pytest.approx(clear["MOTP_sum"], abs=1e-9)
    for alpha_counts, name in (
        (tally.hota.true_positives, "HOTA_TP"),
        (tally.hota.false_negatives, "HOTA_FN"),
        (tally.hota.false_positives, "HOTA_FP"),
    ):
        assert alpha_counts.tolist() == hota[name].tolist()
    for column, value in tally.mots.counts().items():
        assert value == clear[CLEAR_NAMES[column]], column
    for column, value in tally.identity.counts().items():
        assert value == identity[column], column
    if not tally.exists:
        values = {**tally.mots.scores(), **tally.hota.scores(), **tally.identity.scores()}
        assert set(values.values()) == {None}
        return
    for column, value in tally.mots.scores().items():
        assert value == pytest.approx(clear[CLEAR_NAMES[column]], abs=1e-9), column
    for column, value in tally.identity.scores().items():
        assert value == pytest.approx(identity[column], abs=1e-9), column
    for column, values in tally.hota.by_alpha().items():
        np.testing.assert_allclose(values, hota[column], rtol=0, atol=1e-9, err_msg=column)
        assert tally.hota.scores()[column] == pytest.approx(np.mean(hota[column]), abs=1e-9)


def test_the_sets_hold_every_kind_of_error(scored_sets):
    total = sum((t for _, s in scored_sets for _, q, t in tallies(s) if q), start=ClassTally())
    assert min(total.mots.counts().values()) > 30
    one_sided = [t for _, s in scored_sets for _, q, t in tallies(s) if q and not t.exists]
    assert any(t.mots.false_positives for t in one_sided)
    assert any(not t.mots.false_positives for t in one_sided)
    unpredicted = [t for _, s in scored_sets for _, q, t in tallies(s) if t.exists]
    assert any(t.mots.true_positives + t.mots.false_positives == 0 for t in unpredicted)


def test_ignore_regions_and_ties_matter_in_the_sets(scored_sets, monkeypatch):
    sets = scored_sets[:8]
    before = [counts(scored) for _, scored in sets]
    monkeypatch.setattr("segue.metrics.overlap._IGNORED_SHARE", 1.0)
    assert [counts(score(files)) for files, _ in sets] != before
    monkeypatch.undo()
    monkeypatch.setattr("segue.metrics.mots._KEEP", 0.0)
    assert [counts(score(files)) for files, _ in sets] != before


def counts(scored: list[Scored]) -> list[dict[str, int]]:
    return [tally.mots.counts() for _, _, tally in tallies(scored)]


@pytest.mark.parametrize("sides", ["truth", "predictions", "both"])
def test_png_scores_as_text(scored_sets, sides):
    for files, scored in scored_sets[:3]:
        truth = files.truth if sides == "predictions" else files.truth_pngs
        predictions = files.predictions if sides == "truth" else files.predicted_pngs
        cases: list[MotsCase] = list(KITTI_MOTS.gather(predictions, truth, None).cases)
        for case, expected in zip(cases, scored, strict=True):
            found = KITTI_MOTS.score(case)
            for name in CLASSES:
                # Ties may fall otherwise, since a PNG orders objects by id: counts of masks cannot.
                for count in ("TP", "FP", "FN"):
                    assert (
                        found.tally[name].mots.counts()[count]
                        == expected.tally[name].mots.counts()[count]
                    )
                assert found.tally[name].identity == expected.tally[name].identity
