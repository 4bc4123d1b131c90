"""What is done in the folder of a run of SSLTM before its network is trained.

The labels that count are listed. The iterative rival trains a first network there and writes what this network says of
all other frames as label files; the run then learns from these, too.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from segue.errors import InputError, SettingsError
from segue.files import write_json
from segue.nn.weights import load_weights
from segue.training.cost import Cost
from segue.training.loop import WEIGHTS, Watch
from segue.training.run import run
from segue.training.tasks.pseudo_labels import Labeller, read_written, write_pseudo_labels
from segue.training.tasks.ssltm_footage import budgeted, training_footage
from segue.training.tasks.ssltm_settings import TrainingSettings

LIST = "labels.json"
"""In the folder of a run: its label budget, and the frames whose labels count, by video."""
FIRST, PSEUDO = "first", "pseudo"
"""Folders in that of an iterative run: its first round, and the labels that it wrote."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a run of any kind cost, all rounds together."""

    hours: float
    processor_hours: float
    """Of the training; without the processes that prepare samples, and without the writing of pseudo-labels."""
    pseudo_bytes: int
    """Of pseudo-labels on the disk."""


def prepare(settings: TrainingSettings, folder: Path, watch: Watch | None) -> TrainingSettings:
    """List the labels; of an iterative run, do the first round. What a killed process has done is not done again.

    Args:
        settings: Of the whole run.
        folder: Of the run.
        watch: Progress of the first round.

    Returns:
        The settings of the last round.

    Raises:
        InputError: The data are not there, or an iterative run has nothing to label.
        SettingsError: An iterative run is given pseudo-labels already.
        WriteError: Disk full; what was written stays.
        TrainingError: See ``segue.training.loop.train``.
    """
    listed = budgeted(settings.data)
    document: dict[str, Any] = {
        "budget": settings.data.labels.model_dump(mode="json"),
        "num_labels": len(listed.chosen),
        "labels": listed.to_json(),
    }
    write_json(folder / LIST, document)
    if settings.learn != "iterative":
        return settings
    if settings.data.pseudo is not None:
        raise SettingsError(
            "An iterative run writes pseudo-labels itself. Leave data.pseudo out, or set learn to 'supervised'."
        )
    _label(settings, folder, watch)
    data = settings.data.model_copy(update={"pseudo": folder / PSEUDO})
    return settings.model_copy(update={"learn": "supervised", "data": data})


def _label(settings: TrainingSettings, folder: Path, watch: Watch | None) -> None:
    footage = training_footage(settings.data)
    if not footage.unlabelled:
        raise InputError(
            f"There is nothing to label: all {len(footage)} frames have labels that count. Set a smaller label budget, "
            'or set learn to "supervised".'
        )
    run(settings.model_copy(update={"learn": "supervised"}), folder / FIRST, watch)
    network = settings.family.network(settings.model, imagenet=False)
    weights = folder / FIRST / WEIGHTS
    load_weights(network, weights, model_name=settings.variant)
    labeller = Labeller(
        settings.family,
        network,
        _values(settings),
        settings.clips.reference,
        settings.has_reference,
        settings.iterative.threshold,
        int(getattr(network, "multiple", 1)),
    )
    write_pseudo_labels(labeller, footage, folder / PSEUDO, weights)


def _values(settings: TrainingSettings) -> np.ndarray:
    """Stored value of each class; where several values stand for one, the lowest."""
    table = settings.data.table
    classes = range(len(settings.data.class_names))
    return np.array([np.flatnonzero(table == c)[0] for c in classes], np.uint8)


def spent(folder: Path) -> Spent:
    """What the run of a folder cost until its last checkpoint, with the rounds before it."""
    costs = Cost.read(folder), Cost.read(folder / FIRST)
    written = read_written(folder / PSEUDO)
    labelling = written.seconds if written else 0.0
    return Spent(
        (sum(cost.seconds for cost in costs) + labelling) / 3600,
        sum(cost.processor_seconds for cost in costs) / 3600,
        written.bytes if written else 0,
    )
