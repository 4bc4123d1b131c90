"""Score a folder of predicted masks against a folder of true ones."""

from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from segue.data.davis import davis_sequences
from segue.errors import MaskError, NotFoundError, SettingsError
from segue.evaluation.protocols import PROTOCOLS, Protocol
from segue.evaluation.report import Report
from segue.metrics.tally import JFTally, tally_frame


@dataclass(frozen=True, slots=True)
class Pairing:
    """The mask files of one sequence; a frame without a prediction has ``None``."""

    name: str
    truths: tuple[Path, ...]
    predictions: tuple[Path | None, ...]


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
        workers: Processes, each with sequences of its own; 1 works in this process.

    Raises:
        SettingsError: No protocol of that name.
        NotFoundError: A folder or a whole sequence of predictions is not there.
        MaskError: A mask file that cannot be read, or is of another size than the truth; the file is named.
    """
    if protocol not in PROTOCOLS:
        raise SettingsError(f"No protocol {protocol!r}. Known: {', '.join(PROTOCOLS)}.")
    pairings, extra = pair(predictions, truth, split)
    score = partial(score_sequence, protocol=PROTOCOLS[protocol])
    if workers > 1:
        # Spawned, not forked: the caller may hold threads.
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            parts = list(pool.map(score, pairings))
    else:
        parts = [score(pairing) for pairing in pairings]
    missing = {p.name: p.predictions.count(None) for p in pairings if None in p.predictions}
    return Report(protocol, sum(parts, JFTally()), missing_frames=missing, extra_sequences=extra)


def pair(predictions: Path, truth: Path, split: str) -> tuple[list[Pairing], tuple[str, ...]]:
    """The sequences of the truth with their predictions, and the names that only the predictions have.

    Raises:
        NotFoundError: As in ``evaluate``.
    """
    for folder in (predictions, truth):
        if not folder.is_dir():
            raise NotFoundError(f"No folder {folder}. Give a folder of masks.")
    truths = _truths(truth, split)
    single = list(truths) == [truth.name] and any(predictions.glob("*.png"))
    folders = {name: predictions if single else predictions / name for name in truths}
    absent = [name for name, folder in folders.items() if not folder.is_dir()]
    if absent:
        found = sorted(p.name for p in predictions.iterdir() if p.is_dir())
        raise NotFoundError(
            f"No predictions for {len(absent)} of {len(truths)} sequences: {', '.join(absent[:5])}"
            f"{', ...' if len(absent) > 5 else ''}. {predictions} holds "
            f"{', '.join(found[:5]) or 'no folders'}. Give the folder that holds one folder per sequence."
        )
    extra = () if single else _extra(predictions, truths)
    return [_pairing(name, files, folders[name]) for name, files in truths.items()], extra


def score_sequence(pairing: Pairing, protocol: Protocol) -> JFTally:
    """J and F of one sequence, one frame in memory at a time.

    Raises:
        MaskError: As in ``evaluate``.
    """
    last = len(pairing.truths) - protocol.skip_last
    tally = JFTally()
    files = list(zip(pairing.truths, pairing.predictions, strict=True))
    for truth_path, path in files[protocol.skip_first : last]:
        truths = read_values(truth_path)
        values = np.zeros_like(truths) if path is None else read_values(path)
        if path and values.shape != truths.shape:
            raise MaskError(
                f"{path} is {_size(values)}, the truth {truth_path} is {_size(truths)} (height x width). "
                "Write predictions at the size of the frames."
            )
        predicted = protocol.objects(values)
        empty = np.zeros(truths.shape, bool)
        for object_id, mask in protocol.objects(truths).items():
            found = predicted.get(object_id, empty)
            tally += tally_frame(pairing.name, object_id, found, mask)
    return tally


def read_values(path: Path) -> UInt8[np.ndarray, "height width"]:
    """The stored values of a mask file: palette indices as they are, grey levels, 0 and 1 for 1-bit files.

    Raises:
        MaskError: The file is not an image, is damaged, or holds colours.
    """
    try:
        with Image.open(path) as image:
            if image.mode == "LA":  # one official annotation is stored so
                image = image.getchannel("L")
            if image.mode not in {"1", "L", "P"}:
                raise MaskError(
                    f"{path} holds {image.mode} pixels, expected one id per pixel. Save it as a palette or grey PNG."
                )
            return np.asarray(image).astype(np.uint8)
    except (OSError, SyntaxError) as error:
        raise MaskError(
            f"{path} is not a readable mask ({error}). It may be cut short; write it again."
        ) from None


def _truths(truth: Path, split: str) -> Mapping[str, tuple[Path, ...]]:
    if (truth / "Annotations").is_dir():
        sequences = davis_sequences(truth, split)
        return {s.name: tuple(m for m in s.mask_paths if m) for s in sequences}
    if any(truth.glob("*.png")):
        return {truth.name: tuple(sorted(truth.glob("*.png")))}
    folders = sorted(p for p in truth.iterdir() if p.is_dir() and any(p.glob("*.png")))
    if not folders:
        raise NotFoundError(
            f"No masks in {truth}: expected a DAVIS root, folders of PNG files, or PNG files."
        )
    return {folder.name: tuple(sorted(folder.glob("*.png"))) for folder in folders}


def _extra(predictions: Path, truths: Mapping[str, tuple[Path, ...]]) -> tuple[str, ...]:
    folders = (p for p in predictions.iterdir() if p.is_dir() and any(p.glob("*.png")))
    return tuple(sorted(p.name for p in folders if p.name not in truths))


def _pairing(name: str, truths: tuple[Path, ...], folder: Path) -> Pairing:
    found = {path.stem: path for path in folder.glob("*.png")}
    if not found:
        raise NotFoundError(
            f"{folder} holds no PNG masks. Expected files such as {truths[0].name}."
        )
    return Pairing(name, truths, tuple(found.get(path.stem) for path in truths))


def _size(values: np.ndarray) -> str:
    return f"{values.shape[0]}x{values.shape[1]}"
