"""Figure 1 of the paper: frames of a sequence as two networks see them, below each other, and the truth."""

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from segue.data.object_footage import ObjectFootage
from segue.data.object_starts import ObjectStarts
from segue.data.sample import VideoSequence
from segue.media.images import read_image
from segue.media.overlay import contact_sheet, paint, write_image
from segue.studies.rvos_curriculum.method import seed_folder
from segue.studies.rvos_curriculum.rollout import (
    carry,
    load,
    scored_sequences,
    starts_of,
)
from segue.studies.rvos_curriculum.settings import CurriculumSettings
from segue.studies.study import Drawing
from segue.training.loop import WEIGHTS
from segue.types import VOID, Labels

_CELL_WIDTH = 480


def draw_strip(settings: Mapping[str, CurriculumSettings], folder: Path, picture: Path) -> Drawing:
    """A row of three frames for each network, and the truth, of the sequence that begins with the most objects.

    Args:
        settings: By row of the study.
        folder: Holds the rows' folders.
        picture: The PNG.

    Raises:
        WeightsError: The weights of a row do not fit its settings.
        WriteError: The picture cannot be written.
    """
    one = next(iter(settings.values()))
    sequence, starts = _fullest(one)
    first, last = min(starts.by_frame), len(sequence.frame_paths) - 1
    shown = sorted({first + (last - first) * quarter // 4 for quarter in (1, 2, 3)})
    rows = {
        name: _seen(row, folder / name, sequence, starts, shown) for name, row in settings.items()
    }
    rows["truth"] = _truth(one, sequence, starts, shown)
    frames = [read_image(sequence.frame_paths[index]) for index in shown]
    cells = [
        paint(frame, labels)
        for row in rows.values()
        for frame, labels in zip(frames, row, strict=True)
    ]
    names = [sequence.frame_paths[index].stem for index in shown]
    captions = [f"{name}, frame {frame}" for name in rows for frame in names]
    write_image(picture, contact_sheet(cells, len(shown), captions, cell_width=_CELL_WIDTH))
    note = (
        f"The picture: sequence {sequence.name}, which begins with the most objects of all, a quarter, a half and "
        f"three quarters of its way (frames {', '.join(names)}); networks of seed {one.seeds[0]}."
    )
    return Drawing({"sequence": sequence.name, "frames": names}, (note,))


def _fullest(settings: CurriculumSettings) -> tuple[VideoSequence, ObjectStarts]:
    every = [(sequence, starts_of(settings, sequence)) for sequence in scored_sequences(settings)]
    begun = [pair for pair in every if pair[1].by_frame]
    return max(begun, key=lambda pair: len(np.unique(next(iter(pair[1].by_frame.values())))))


def _seen(
    settings: CurriculumSettings,
    folder: Path,
    sequence: VideoSequence,
    starts: ObjectStarts,
    shown: Sequence[int],
) -> list[Labels]:
    model = load(settings, seed_folder(folder, settings.seeds[0]) / WEIGHTS)
    labels = islice(carry(model, sequence, starts), shown[-1] + 1)
    return [found for index, found in enumerate(labels) if index in shown]


def _truth(
    settings: CurriculumSettings,
    sequence: VideoSequence,
    starts: ObjectStarts,
    shown: Sequence[int],
) -> list[Labels]:
    footage = ObjectFootage([sequence], "tracks", classes=settings.data.classes)
    places = {footage.index(0, place): place for place in range(footage.length(0))}
    table = np.zeros(2**16, np.uint8)
    table[list(starts.ids.values())] = list(starts.ids)
    bare = np.full(next(iter(starts.by_frame.values())).shape, VOID, np.uint8)
    return [table[footage.ids(0, places[i])] if i in places else bare for i in shown]
