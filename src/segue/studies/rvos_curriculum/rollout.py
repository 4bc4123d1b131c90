"""Whole sequences with trained weights: objects given once, carried on by the network's own masks, then scored."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from segue.data.catalog import find_layout
from segue.data.object_results import write_track_results
from segue.data.object_starts import ObjectStarts, object_starts
from segue.data.sample import VideoSequence
from segue.errors import InputError, SettingsError
from segue.evaluation.catalog import find_protocol
from segue.evaluation.interface import Table
from segue.inference.progress import Silent
from segue.inference.runner import Runner
from segue.media.images import read_image
from segue.media.palette import write_mask
from segue.media.resize import ALL_PIXELS
from segue.media.video import ArrayVideo
from segue.models.rvos.build import build
from segue.models.rvos.model import RVOSModel
from segue.studies.rvos_curriculum.settings import CurriculumSettings
from segue.types import Labels

_PROTOCOLS = {"davis2016": "davis2016", "kitti-mots": "kitti-mots-by-sequence"}
_TABLES = {"davis2016": "sequence", "kitti-mots": "car"}
_NOTHING = ObjectStarts({}, {})


def load(settings: CurriculumSettings, weights: Path) -> RVOSModel:
    """A trained network as the row says that it is run, at the size of its last training frames."""
    stages = [stage.size_hw for stage in settings.stages if stage.size_hw]
    run = settings.scoring.model_dump(include={"merging", "when_empty", "later"})
    own = settings.model.model_dump(include={"shot", "recurrence", "reference", "slots"})
    size = {"size_hw": (stages or [settings.clips.size_hw])[-1]}
    on_card = settings.loop.device != "cpu" and torch.cuda.is_available()
    return build(
        settings.model.name,
        settings={**own, **run, **size},
        weights=weights,
        device="cuda" if on_card else "cpu",
    )


def scored_sequences(settings: CurriculumSettings) -> list[VideoSequence]:
    """The sequences that the row is scored on.

    Raises:
        NotFoundError: They are not there.
        SettingsError: Objects of that layout are not scored here.
    """
    out = settings.scoring.left_out
    return [sequence for sequence in _sequences(settings) if sequence.name not in out]


def _sequences(settings: CurriculumSettings) -> list[VideoSequence]:
    name = settings.data.layout
    if name not in _PROTOCOLS:
        raise SettingsError(
            f"These studies score {' and '.join(_PROTOCOLS)}, got {name}. Give a data set in one of these layouts."
        )
    return find_layout(name).sequences(_root(settings), settings.scoring.split)


def starts_of(settings: CurriculumSettings, sequence: VideoSequence) -> ObjectStarts:
    """What the network is told of a sequence."""
    kind = find_layout(settings.data.layout).object_kind()
    return object_starts(sequence, kind, classes=settings.data.classes)


def carry(model: RVOSModel, sequence: VideoSequence, starts: ObjectStarts) -> Iterator[Labels]:
    """Labels of every frame; empty before the first object."""
    frames = (read_image(path) for path in sequence.frame_paths)
    if not starts.by_frame:
        yield from (np.zeros(frame.shape[:2], np.uint8) for frame in frames)
        return
    video = ArrayVideo(frames)
    runner = Runner(model, starts.by_frame, video.size_hw, max_side=ALL_PIXELS)
    for _, prediction in runner.run(video, Silent()):
        yield prediction.labels


def score(settings: CurriculumSettings, weights: Path) -> dict[str, float]:
    """What the protocol of the data says, by its columns, as shares; without those that do not exist.

    The numbers are those of ``segue track --layout`` and ``segue evaluate`` with the same settings.

    Raises:
        WeightsError: The weights do not fit.
        NotFoundError: The sequences are not there.
        InputError: None of them shows what is scored.
    """
    model, layout = load(settings, weights), settings.data.layout
    out = settings.scoring.left_out
    rules = find_protocol(_PROTOCOLS[layout])
    with TemporaryDirectory() as name:
        masks = Path(name)
        for sequence in _sequences(settings):
            # The protocol wants results of all sequences; empty ones will do for those that are not scored.
            starts = _NOTHING if sequence.name in out else starts_of(settings, sequence)
            _write(masks, model, sequence, starts, layout)
        gathered = rules.gather(masks, _root(settings), settings.scoring.split)
        kept = [rules.score(case) for case in gathered.cases if case.name not in out]
    tables = {table.title: table for table in rules.tables(kept)}
    if _TABLES[layout] not in tables:
        raise InputError(
            f"Split {settings.scoring.split!r} of {_root(settings)} shows no {_TABLES[layout]}, so there is nothing to "
            "score. Name another split: scoring.split=NAME."
        )
    return _shares(tables[_TABLES[layout]])


def _root(settings: CurriculumSettings) -> Path:
    return settings.scoring.root or settings.data.root


def _write(
    folder: Path, model: RVOSModel, sequence: VideoSequence, starts: ObjectStarts, layout: str
) -> None:
    labels = carry(model, sequence, starts)
    if layout == "kitti-mots":
        write_track_results(folder, sequence, labels, starts.ids, pictures=False)
        return
    (folder / sequence.name).mkdir()
    for path, found in zip(sequence.frame_paths, labels, strict=True):
        write_mask(folder / sequence.name / f"{path.stem}.png", found)


def _shares(table: Table) -> dict[str, float]:
    values: Mapping[str, float | None] = table.summary
    return {name: value / 100 for name, value in values.items() if value is not None}
