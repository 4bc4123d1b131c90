"""Fine-tuning of these studies: the network of a row learns one sequence from its first mask."""

import json
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from segue.files import write_json, writing
from segue.studies.reuse_gate.clip import Clip
from segue.studies.slowfast.settings import RowSettings
from segue.training.finetune.run import finetune
from segue.training.loop import Watch

_FOLDER = "tuned"


@dataclass(frozen=True)
class TunedNetwork:
    """Weights that know a sequence."""

    path: Path
    seconds: float
    """Of the fine-tuning, all calls together."""


def tune(
    settings: RowSettings, seed: int, weights: Path, clip: Clip, folder: Path, watch: Watch
) -> TunedNetwork:
    """Fine-tune a network to a video; goes on where it was cut off.

    Args:
        settings: Of the row.
        seed: Of what is drawn.
        weights: Of the network before.
        clip: The video; its first mask is given.
        folder: Of the network in the folder of its row.
        watch: Told about the steps.

    Raises:
        MaskError: The first mask of the video shows no object.
        TrainingError: The loss is not finite.
        WriteError: Disk full; the last checkpoint stays.
    """
    given = clip.given(0)
    assert given is not None  # the object of DAVIS-2016 is there from the first mask on
    place = folder / _FOLDER
    with writing(place):
        place.mkdir(parents=True, exist_ok=True)
    out = place / f"{clip.name}.safetensors"
    done = finetune(
        list(clip.frame_paths),
        given,
        out=out,
        model=settings.model,
        weights=weights,
        settings={**(settings.finetune or {}), "seed": seed, "device": settings.device},
        mode="resume",
        progress=watch,
    )
    return TunedNetwork(done.path, _kept(out.with_suffix(".seconds.json"), done.seconds))


def forget(folder: Path, clip: Clip) -> None:
    """Remove the weights of a video that is scored.

    Args:
        folder: As of ``tune``.
        clip: The video.
    """
    place = folder / _FOLDER
    out = place / f"{clip.name}.safetensors"
    for path in (out, out.with_suffix(".seconds.json")):
        path.unlink(missing_ok=True)
    shutil.rmtree(out.with_suffix(".run"), ignore_errors=True)
    with suppress(OSError):
        place.rmdir()


def _kept(path: Path, seconds: float) -> float:
    """The time of a fine-tuning that ended in an earlier call, if it did so."""
    if path.is_file():
        found: float = json.loads(path.read_text())["seconds"]
        return found
    write_json(path, {"seconds": seconds})
    return seconds
