"""The method of these studies: a network is trained, goes through the videos, and is scored by the protocol."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

import torch

from segue.data.catalog import find_layout
from segue.data.sample import VideoSequence
from segue.errors import NotFoundError
from segue.evaluation.protocols.semantic import CAMVID, by_reference
from segue.files import write_json, writing
from segue.models.interface import SemanticModel
from segue.nn.weights import describe, load_weights
from segue.studies.conditions import refuse_others
from segue.studies.rvos_curriculum.method import together
from segue.studies.ssltm.passage import go_through, warm_up
from segue.studies.ssltm.settings import RowSettings
from segue.studies.ssltm.trained import FOLDER, learn, missing_footage, place_of, training_of
from segue.studies.study import Values
from segue.training.loop import Watch
from segue.training.tasks.ssltm_rounds import LIST, spent

SCORES = "scores.json"
CLASSES = "classes"
"""Folder of the classes that a network wrote."""
RUN_PARAMETERS = "parameters as run"
NUM_LABELS = "labels"
_MEASURED = "measured.json"
_MEGABYTE = 1e6
_RATIOS = ("flips per s", "returns per s")


class Measuring:
    """Every row is a network, trained with each seed; its numbers are means over them, and spreads."""

    def settings(self, values: Values) -> RowSettings:
        """See ``Method.settings``; settings of the training and of the network are checked, too."""
        found = RowSettings.parse(values)
        training_of(found, found.seeds[0], Path(FOLDER))
        return found

    def obstacle(self, settings: RowSettings) -> str:
        """See ``Method.obstacle``.

        Raises:
            NotFoundError: There is nothing to score.
        """
        videos(settings)
        return missing_footage(settings)

    def scores(self, settings: RowSettings, folder: Path, watch: Watch) -> Mapping[str, float]:
        """See ``Method.scores``; what the protocol gives in percent is in [0, 1].

        Raises:
            InputError: The label budget leaves no label, or nothing is left without one for a teacher.
            TrainingError: A training diverged, or a worker died.
        """
        seeds = settings.seeds
        found = [
            _of_seed(settings, seed, folder, _within(watch, place, len(seeds)))
            for place, seed in enumerate(seeds)
        ]
        summary = {**together(found), "threads": torch.get_num_threads()}
        write_json(folder / SCORES, summary)
        return summary


def videos(settings: RowSettings) -> list[VideoSequence]:
    """The videos that are scored.

    Raises:
        NotFoundError: The dataset or its split is not there, or it has no labels.
    """
    data = settings.data
    found = find_layout(data.layout).sequences(data.root, data.split)
    if not any(path for video in found for path in video.mask_paths):
        raise NotFoundError(
            f"The split {data.split!r} of {data.root} has no labels to compare with. Name another: data.split=NAME."
        )
    return found


def seed_folder(row: Path, seed: int) -> Path:
    """Where numbers and classes of a seed lie in the folder of a row."""
    return row / f"seed-{seed}"


def _of_seed(settings: RowSettings, seed: int, folder: Path, watch: Watch) -> dict[str, float]:
    weights = learn(settings, seed, folder.parent, watch)
    training = place_of(settings, seed, folder.parent)
    cost = spent(training)
    return {
        **_measured(settings, seed, weights, seed_folder(folder, seed)),
        NUM_LABELS: json.loads((training / LIST).read_text())["num_labels"],
        "hours": cost.hours,
        "processor hours": cost.processor_hours,
        "megabytes": cost.pseudo_bytes / _MEGABYTE,
    }


def _measured(settings: RowSettings, seed: int, weights: Path, folder: Path) -> dict[str, float]:
    """Numbers of one network, from its folder if they are there."""
    path, data = folder / _MEASURED, settings.data
    conditions = {
        "model": settings.model,
        "streaming": settings.streaming,
        "videos": f"{data.layout} {data.root.resolve()} {data.split}",
        "clean_distance": settings.clean_distance,
        "weights": hashlib.sha256(weights.read_bytes()).hexdigest()[:16],
        "device": settings.device,
        "threads": torch.get_num_threads(),
    }
    if path.is_file():
        document = json.loads(path.read_text())
        refuse_others(folder, document["conditions"], conditions)
        known: dict[str, float] = document["numbers"]
        return known
    found = _score(settings, load(settings, seed, weights), folder / CLASSES)
    write_json(path, {"conditions": conditions, "numbers": found})
    return found


def load(settings: RowSettings, seed: int, weights: Path) -> SemanticModel[Any]:
    """The streaming model of a row, computed by torch: not all networks of the table have graphs for other backends.

    Raises:
        WeightsError: The weights are another network's.
    """
    training = training_of(settings, seed, weights.parents[1] / FOLDER)
    family = training.family
    network = family.network(training.model, imagenet=False)
    load_weights(network, weights, model_name=settings.variant)
    values = {**training.model.model_dump(), **settings.streaming}
    streamed = family.settings(settings.variant, values)
    return family.streaming(settings.variant, network.to(settings.device).eval(), streamed)


def _score(settings: RowSettings, model: SemanticModel[Any], classes: Path) -> dict[str, float]:
    with writing(classes):
        shutil.rmtree(classes, ignore_errors=True)
        classes.mkdir(parents=True)
    found = videos(settings)
    warm_up(model, found[0])
    passages = [go_through(model, video, classes) for video in found]
    protocol = by_reference(CAMVID, settings.clean_distance)
    cases = protocol.gather(classes, settings.data.root, settings.data.split).cases
    table = protocol.tables([protocol.score(case) for case in cases])[0]
    numbers = {
        name: value if name in _RATIOS else value / 100
        for name, value in table.summary.items()
        if value is not None
    }
    numbers["ms"] = 1000 * median(s for passage in passages for s in passage.by_frame)
    network: Any = getattr(model, "network", None)
    numbers[RUN_PARAMETERS] = describe(network)["total"]
    return numbers


def _within(watch: Watch, place: int, total: int) -> Watch:
    """Steps of one training as steps of the row."""

    def told(done: int, of: int, values: Mapping[str, float]) -> None:
        watch(place * of + done, total * of, values)

    return told
