"""The method of these studies: a network is trained or taken, run over the videos, and scored by both protocols."""

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from segue.data.catalog import find_layout
from segue.errors import SettingsError
from segue.evaluation.catalog import find_protocol
from segue.files import write_json, writing
from segue.models.slowfast.build import build
from segue.models.slowfast.model import SlowFastModel
from segue.nn.weights import describe
from segue.studies.reuse_gate.clip import Clip, read_clips
from segue.studies.rvos_curriculum.method import together
from segue.studies.slowfast.book import PROTOCOLS, Book, Record, numbers
from segue.studies.slowfast.detector import fingerprint, missing_detector
from segue.studies.slowfast.passage import go_through, warm_up
from segue.studies.slowfast.settings import RowSettings, VideoSettings
from segue.studies.slowfast.trained import learn, missing_footage
from segue.studies.slowfast.tuned import forget, tune
from segue.studies.study import Values
from segue.training.loop import Watch

SCORES = "scores.json"
MASKS = "masks"
TRAINED_PARAMETERS = "trained parameters"
BEFORE = " before"
"""Ends the name of a number of the network as it was before fine-tuning."""


class Measuring:
    """Every row is a network, trained with each seed; its numbers are means over them, and spreads."""

    def settings(self, values: Values) -> RowSettings:
        """See ``Method.settings``."""
        return RowSettings.parse(values)

    def obstacle(self, settings: RowSettings) -> str:
        """See ``Method.obstacle``.

        Raises:
            NotFoundError: A detector was named, and is not there; or there is nothing to score.
        """
        videos(settings.data)
        return missing_detector(settings) or missing_footage(settings)

    def scores(self, settings: RowSettings, folder: Path, watch: Watch) -> Mapping[str, float]:
        """See ``Method.scores``; J&F, J and F in [0, 1], times as their names say.

        Raises:
            WeightsError: Weights that are damaged or do not fit.
            TrainingError: A training diverged, or a worker died.
        """
        clips, seeds = videos(settings.data), settings.used_seeds
        found = [
            _of_seed(settings, seed, folder, clips, _within(watch, place, len(seeds)))
            for place, seed in enumerate(seeds)
        ]
        summary = {**together(found), "threads": torch.get_num_threads()}
        write_json(folder / SCORES, summary)
        return summary


def videos(data: VideoSettings) -> list[Clip]:
    """The videos that are scored.

    Raises:
        NotFoundError: The dataset, its split, or true masks that it names are not there.
        SettingsError: A sequence was named that the split does not have.
    """
    if not data.sequences:
        return read_clips(data)
    layout = find_layout(data.layout)
    known = [s.name for s in layout.sequences(data.root, data.split or layout.default_split)]
    unknown = sorted(set(data.sequences) - set(known))
    if unknown:
        raise SettingsError(
            f"data.sequences names {', '.join(unknown)}, which {data.root.name} does not have. Name others, such as "
            f"{', '.join(known[:3])}."
        )
    every = read_clips(data.model_copy(update={"every": 1, "first": 0}))
    return [clip for clip in every if clip.name in data.sequences]


def place_of(settings: RowSettings, seed: int, row: Path) -> Path:
    """Where numbers and masks of a seed lie: those of fine-tuning in the folder of the row, others in the network's.

    Args:
        settings: Of the row.
        seed: One of its seeds.
        row: Its folder.
    """
    home = row.parent / settings.network_name if settings.finetune is None else row
    frames = settings.data.frames
    return home / (f"seed-{seed}" if frames is None else f"seed-{seed}-frames-{frames}")


@dataclass(frozen=True)
class _Trial:
    """A network of one seed, and where its numbers are kept."""

    settings: RowSettings
    seed: int
    weights: Path
    folder: Path

    @property
    def book(self) -> Book:
        """The records of this network."""
        kept = self.settings.model_dump(mode="json", include={"model", "options", "finetune"})
        data = self.settings.data
        return Book(
            self.folder,
            {
                **kept,
                "videos": f"{data.layout} {data.root} {data.split or ''}".rstrip(),
                "weights": fingerprint(self.weights),
                "device": self.settings.device,
                "threads": torch.get_num_threads(),
            },
        )

    def load(self, weights: Path) -> SlowFastModel:
        """The model with some weights; which frames it sees, the file says."""
        settings = self.settings
        return build(
            settings.model, settings=settings.options, weights=weights, device=settings.device
        )


def _of_seed(
    settings: RowSettings, seed: int, folder: Path, clips: Sequence[Clip], watch: Watch
) -> dict[str, float]:
    weights = learn(settings, seed, folder.parent, watch)
    plain = settings.model_copy(update={"finetune": None})
    tuned = settings.finetune is not None
    # Rows with the same network share what is measured of it before any fine-tuning.
    before = _Trial(plain, seed, weights, place_of(plain, seed, folder))
    found = numbers(_measured(before, clips, watch))
    found[TRAINED_PARAMETERS] = describe(before.load(weights).network)["total"]
    if not tuned:
        return found
    after = _Trial(settings, seed, weights, place_of(settings, seed, folder))
    earlier = {f"{key}{BEFORE}": found[key] for key in PROTOCOLS}
    return {**found, **numbers(_measured(after, clips, watch)), **earlier}


def _measured(trial: _Trial, clips: Sequence[Clip], watch: Watch) -> dict[str, Record]:
    book = trial.book
    waiting = [clip for clip in clips if clip.name not in book.records]
    tuned = trial.settings.finetune is not None
    model = trial.load(trial.weights) if waiting and not tuned else None
    for place, clip in enumerate(waiting):
        if tuned:
            record = _tuned(trial, clip, _within(watch, place, len(waiting)))
        else:
            assert model is not None
            if not place:
                warm_up(model, clip)
            record = _recorded(model, clip, trial.folder)
        book.add(clip.name, record)
        forget(trial.folder, clip)
    return {clip.name: book.records[clip.name] for clip in clips}


def _tuned(trial: _Trial, clip: Clip, watch: Watch) -> Record:
    done = tune(trial.settings, trial.seed, trial.weights, clip, trial.folder, watch)
    model = trial.load(done.path)
    warm_up(model, clip)
    return _recorded(model, clip, trial.folder, done.seconds)


def _recorded(
    model: SlowFastModel, clip: Clip, folder: Path, tuning_seconds: float = 0.0
) -> Record:
    masks = folder / MASKS / clip.name
    with writing(masks):
        shutil.rmtree(masks, ignore_errors=True)
        masks.mkdir(parents=True)
    curves: dict[str, Any] = {}
    began = time.perf_counter()
    passage = go_through(model, clip, masks)
    pair = clip.beside(masks)
    curves["J&F all"] = find_protocol(PROTOCOLS["J&F all"]).score(pair).tally[1]
    whole = time.perf_counter() - began
    curves["J&F"] = find_protocol(PROTOCOLS["J&F"]).score(pair).tally[1]
    return Record(passage.seconds, passage.by_frame, whole, curves, tuning_seconds)


def _within(watch: Watch, place: int, total: int) -> Watch:
    """Steps of one part as steps of the whole."""

    def told(done: int, of: int, values: Mapping[str, float]) -> None:
        watch(place * of + done, total * of, values)

    return told
