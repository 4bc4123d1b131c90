"""From a video and a few masks to weights that know this video."""

import hashlib
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from segue.errors import InputError
from segue.media.live import is_live
from segue.media.video import Video, open_video
from segue.models.catalog import find
from segue.nn.weights import shipped_weights
from segue.settings import load_place
from segue.training.finetune.catalog import Tuner, find_tuner
from segue.training.finetune.footage import Footage, read_classes, read_objects
from segue.training.finetune.learning import KeptStatistics
from segue.training.finetune.places import Mode, TunedPlaces
from segue.training.finetune.settings import FinetuneSettings
from segue.training.loop import Watch, train
from segue.training.task import Task


@dataclass(frozen=True, slots=True)
class Tuned:
    """What came out of a fine-tuning."""

    path: Path
    """The weights; they are there if the run is complete."""
    complete: bool
    """False: it was stopped, and can go on."""
    steps: int
    """Done in all, those before an interruption included."""
    masked: int
    """Frames it learned from."""
    seconds: float
    """Of this call."""


def finetune(
    video: Any,
    masks: Any,
    *,
    out: str | Path,
    model: str = "segue-lite",
    weights: str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
    minutes: float | None = None,
    mode: Mode = "new",
    fit: bool = False,
    progress: Watch | None = None,
    stop: Callable[[], bool] | None = None,
) -> Tuned:
    """Train a model further on the masked frames of one video, and keep the weights.

    What is doubtful about the video and the masks is told as a ``UserWarning``. The run keeps a checkpoint in a folder
    beside ``out``, which has the same name and ends in ``.run``.

    Args:
        video: What ``open_video`` takes or returned, and no live source.
        masks: As in ``segue.track``. For a model of classes: paths or a dict of label maps.
        out: The ``.safetensors`` file that receives the weights; it appears when the run is complete.
        model: A name from ``TUNERS``.
        weights: Where to begin; by default the weights that ship.
        settings: Values of ``FinetuneSettings`` that differ from those of the model.
        minutes: End after so much time even if steps are left; the weights are kept as they are then.
        mode: What to do about an earlier run: refuse, go on, or begin again.
        fit: Masks of another size are resized.
        progress: Called after each step with steps done, steps in all and the values of the journal.
        stop: Asked after each step; when it says true, a checkpoint is written and the run ends, to go on later.

    Raises:
        InputError: A live source, an unknown model or setting, masks that cannot be used, weights of another model, or
            results in the way.
        NotFoundError: No such video, mask or weights file.
        TrainingError: The loss is not finite.
        WriteError: Disk full; the last checkpoint stays.
    """
    began = time.monotonic()
    if minutes is not None and not minutes > 0:
        raise InputError(f"Expected minutes above 0, got {minutes:g}.")
    tuner, places = find_tuner(model), TunedPlaces(Path(out))
    chosen = tuner.defaults.changed(settings or {})
    frozen = tuner.frozen(chosen.freeze)
    places.check(mode)
    begin = Path(weights) if weights else shipped_weights(model)
    footage = _footage(video, masks, tuner, begin, fit)
    for doubt in footage.doubts:
        warnings.warn(doubt, UserWarning, stacklevel=2)
    record = _record(model, chosen, footage, begin)
    done = places.complete(record) if mode == "resume" else None
    if done is not None:
        return Tuned(places.out, True, done["steps"], len(footage.masked), 0.0)
    task = _task(tuner, footage, chosen, begin)
    # A detector without the module has none to freeze.
    there = {name for name, _ in task.network.named_modules()}
    frozen = tuple(part for part in frozen if part in there)
    places.begin(mode, record)
    limit = _Limit(began, minutes, stop)
    steps = train(task, chosen.plan(frozen), places.folder, progress, limit)
    complete = not limit.stopped or steps == chosen.steps
    if complete:
        places.finish({**record, "steps": steps, "torch": torch.__version__})
    return Tuned(places.out, complete, steps, len(footage.masked), time.monotonic() - began)


class _Limit:
    """Says when to end: the time is over, or somebody wants to stop, which leaves the run to be continued."""

    def __init__(
        self, began: float, minutes: float | None, stop: Callable[[], bool] | None
    ) -> None:
        self._end = None if minutes is None else began + 60 * minutes
        self._stop = stop
        self.stopped = False

    def __call__(self) -> bool:
        self.stopped = self._stop is not None and self._stop()
        return self.stopped or (self._end is not None and time.monotonic() >= self._end)


def _footage(video: Any, masks: Any, tuner: Tuner, weights: Path, fit: bool) -> Footage:
    if not isinstance(video, Video):
        if is_live(video):
            raise InputError(
                f"{video} is a live source, which has no frames to go back to. Give a file or a folder of images."
            )
        video = open_video(video)
    if tuner.classes:
        return read_classes(video, masks, load_place(tuner.classes), fit=fit)
    reach: int = load_place(tuner.reach)(weights) if tuner.reach else 0
    return read_objects(video, masks, fit=fit, reach=reach)


def _task(tuner: Tuner, footage: Footage, settings: FinetuneSettings, weights: Path) -> Task:
    task: Task = load_place(tuner.build)(footage, settings, weights)
    if settings.statistics == "drifting":
        return task
    return replace(task, objective=KeptStatistics(task.objective, task.network))


def _record(
    model: str, settings: FinetuneSettings, footage: Footage, weights: Path
) -> dict[str, Any]:
    """What decides the weights, as plain values."""
    content = (
        weights.read_bytes() if weights.is_file() else b""
    )  # what is missing is said by its reader
    return {
        "model": model,
        "kind": find(model).kind,
        "video": footage.name,
        "masked frames": [one.index for one in footage.masked],
        "frames and masks": footage.fingerprint(),
        "weights": hashlib.sha256(content).hexdigest(),
        "settings": settings.model_dump(mode="json"),
    }
