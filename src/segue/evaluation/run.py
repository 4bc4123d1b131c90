"""Score a folder of predicted masks against a folder of true ones."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from segue.errors import MaskError, SettingsError
from segue.evaluation.pairs import Pairing, pair, read_values
from segue.evaluation.protocols import Protocol, find_protocol
from segue.evaluation.report import Report
from segue.metrics.tally import JFTally, tally_frame


def evaluate(
    predictions: Path,
    truth: Path,
    protocol: str = "davis2016",
    split: str = "val",
    workers: int = 1,
) -> Report:
    """Scores of predicted masks.

    Args:
        predictions: ``<sequence>/<frame>.png`` for each sequence, or the PNGs of a single one.
        truth: A DAVIS root, or a folder built like ``predictions``.
        protocol: A name from ``PROTOCOLS``.
        split: Which list of a DAVIS root to score.
        workers: Processes, each with sequences of its own; 1 works in this process. A script that
            asks for more must keep its own work under ``if __name__ == "__main__":``.

    Raises:
        SettingsError: No such protocol, fewer than one worker, or workers that cannot start.
        NotFoundError: A folder, or all predictions of a sequence, are not there.
        MaskError: A mask file that cannot be read, or is of another size than the truth; the file
            is named. Or a sequence without a frame to score.
    """
    rules = find_protocol(protocol)
    if workers < 1:
        raise SettingsError(f"Evaluation needs at least 1 worker, got {workers}.")
    pairings, extra = pair(Path(predictions), Path(truth), split)
    scored = [_scored(pairing, rules, protocol) for pairing in pairings]
    parts = _score_all(scored, rules, workers)
    missing = {p.name: p.predictions.count(None) for p in scored if None in p.predictions}
    return Report(protocol, sum(parts, JFTally()), missing_frames=missing, extra_sequences=extra)


def score_sequence(pairing: Pairing, protocol: Protocol) -> JFTally:
    """J and F of one sequence, one frame in memory at a time.

    Raises:
        MaskError: As in ``evaluate``.
    """
    tally = JFTally()
    for truth_path, path in zip(pairing.truths, pairing.predictions, strict=True):
        truths = read_values(truth_path)
        values = np.zeros_like(truths) if path is None else read_values(path)
        if values.shape != truths.shape:
            raise MaskError(
                f"{path} is {_size(values)}, the truth {truth_path} is {_size(truths)} "
                "(width x height). Write predictions at the size of the frames."
            )
        predicted = protocol.objects(values)
        empty = np.zeros(truths.shape, bool)
        for object_id, mask in protocol.objects(truths).items():
            found = predicted.get(object_id, empty)
            tally += tally_frame(pairing.name, object_id, found, mask)
    return tally


def _scored(pairing: Pairing, rules: Protocol, name: str) -> Pairing:
    """Only the frames that count."""
    skipped = rules.skip_first + rules.skip_last
    if len(pairing.truths) <= skipped:
        raise MaskError(
            f"Sequence {pairing.name!r} has {len(pairing.truths)} true masks, but {name} needs "
            f"more than {skipped}: it leaves out {rules.skip_first} at the start and "
            f"{rules.skip_last} at the end. Give the masks of all frames."
        )
    frames = slice(rules.skip_first, len(pairing.truths) - rules.skip_last)
    return Pairing(pairing.name, pairing.truths[frames], pairing.predictions[frames])


def _score_all(pairings: Sequence[Pairing], rules: Protocol, workers: int) -> list[JFTally]:
    workers = min(workers, len(pairings))
    score = partial(score_sequence, protocol=rules)
    if workers <= 1:
        return [score(pairing) for pairing in pairings]
    try:
        # Spawned, not forked: the caller may hold threads.
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            return list(pool.map(score, pairings))
    except BrokenProcessPool:
        raise SettingsError(
            f"The {workers} worker processes ended early. Call evaluate under "
            'if __name__ == "__main__": in a script file, or with workers=1.'
        ) from None


def _size(values: np.ndarray) -> str:
    return f"{values.shape[1]}x{values.shape[0]}"
