"""What SlowFast VOS learns from: windows of drawn scenes, or those of whole sequences as they are."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from segue.data.catalog import find_layout
from segue.data.object_footage import ObjectFootage
from segue.data.scene_layers import Material, Share
from segue.data.scene_windows import WindowSettings, draw_window
from segue.data.sequence_windows import Place, centres, order_of, read_window
from segue.data.stills import find_stills
from segue.errors import SettingsError
from segue.settings import Settings
from segue.training.batches import FAR
from segue.training.curriculum import Conditions
from segue.training.task import Sample


class FootageSettings(Settings):
    """Sequences with the masks of their objects."""

    layout: str = "davis2016"
    """Any layout of objects."""
    root: Path
    split: str = "train"


class DataSettings(Settings):
    """Where pictures are, and how they become windows."""

    stills: tuple[Path, ...] = ()
    """Folders with ``JPEGImages`` and ``Annotations``, one mask per picture; for drawn scenes."""
    footage: tuple[FootageSettings, ...] = ()
    drawn: bool = True
    """Whether windows are cut out of drawn scenes (ours); else they are those of one footage, as it is."""
    shuffled: bool = False
    """Of footage as it is: frames in another order in each epoch; else whole sequences in order."""
    flip: Share = 0.0
    """Of footage as it is: share of windows that are mirrored."""
    held_out: tuple[str, ...] = ()
    """Names of sequences that are not trained on."""


@dataclass(frozen=True)
class DrawnSamples:
    """Windows of drawn scenes; an epoch is as many as there are pictures and frames."""

    material: Material
    settings: WindowSettings
    length: int
    """Frames of a window."""

    def __len__(self) -> int:
        return len(self.material.stills) + sum(map(len, self.material.footage))

    def draw(self, seed: int, number: int, conditions: Conditions) -> Sample:
        """See ``segue.training.task.Samples``."""
        changes = {"size_hw": conditions.size_hw, "footage": conditions.footage}
        settings = self.settings.model_copy(update=changes)
        rng = np.random.default_rng([seed, number])
        window = draw_window(self.material, settings, self.length, rng)
        return {
            "frames": window.frames,
            "labels": window.labels,
            "inside": np.ones(self.length, bool),
            "keys": (),
            "name": str(number),
        }


@dataclass(frozen=True)
class SequenceSamples:
    """Every frame with an object as the centre of a window; an epoch sees each once."""

    footage: ObjectFootage
    length: int
    """Frames of a window."""
    shuffled: bool
    flip: float
    places: Sequence[Place] = field(init=False)

    def __post_init__(self) -> None:
        """Look for the frames with an object."""
        object.__setattr__(self, "places", tuple(centres(self.footage)))

    def __len__(self) -> int:
        return len(self.places)

    def draw(self, seed: int, number: int, conditions: Conditions) -> Sample:
        """See ``segue.training.task.Samples``."""
        epoch, index = divmod(number, len(self))
        shuffled = self.shuffled or epoch >= FAR
        place = order_of(self.places, epoch, seed, shuffled=shuffled)[index]
        mirrored = bool(np.random.default_rng([seed, number]).random() < self.flip)
        window = read_window(
            self.footage, place, self.length, conditions.size_hw, mirrored=mirrored
        )
        sequence = self.footage.sequences[place[0]]
        frames = range(window.first, window.first + self.length)
        paths = [
            str(sequence.frame_paths[frame]) if inside else ""
            for frame, inside in zip(frames, window.inside, strict=True)
        ]
        return {
            "frames": window.frames,
            "labels": window.labels,
            "inside": window.inside,
            # What each frame is, so that its features need not be computed for every window that holds it.
            "keys": tuple((path, mirrored, *conditions.size_hw) for path in paths),
            "name": f"{sequence.name} {place[1]}",
        }


def samples_of(
    data: DataSettings, scenes: WindowSettings, length: int
) -> DrawnSamples | SequenceSamples:
    """The samples of a run.

    Args:
        data: Where pictures are.
        scenes: What drawn scenes look like.
        length: Frames of a window.

    Raises:
        SettingsError: Footage as it is needs to be one, without stills; or a sequence held out is in none.
        NotFoundError: The pictures are not there.
        InputError: There is nothing to learn from, or no frame shows an object.
    """
    footage = _footage(data)
    if data.drawn:
        return DrawnSamples(Material(find_stills(data.stills), footage), scenes, length)
    if data.stills or len(footage) != 1:
        raise SettingsError(
            "data.drawn = false takes the windows of one footage as they are: give one [[data.footage]], and no "
            "data.stills."
        )
    return SequenceSamples(footage[0], length, data.shuffled, data.flip)


def _footage(data: DataSettings) -> list[ObjectFootage]:
    layouts = [find_layout(one.layout) for one in data.footage]
    sequences = [
        layout.sequences(one.root, one.split)
        for layout, one in zip(layouts, data.footage, strict=True)
    ]
    unknown = sorted(set(data.held_out) - {s.name for group in sequences for s in group})
    if unknown:
        raise SettingsError(f"data.held_out names {', '.join(unknown)}, which no footage has.")
    return [
        ObjectFootage([s for s in group if s.name not in data.held_out], layout.object_kind())
        for layout, group in zip(layouts, sequences, strict=True)
    ]
