"""A data set as jobs: each sequence with what a model is told of it, and results in the form of the data set.

Used by every command that goes through a data set, and by programs that do so without a command line.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from segue.app.engine import Engine
from segue.data.catalog import find_layout
from segue.data.mots_text import IGNORE_REGION, MOTS_CLASSES
from segue.data.object_results import write_track_results
from segue.data.object_starts import object_starts
from segue.data.sample import VideoSequence
from segue.errors import InputError, OutputError, SettingsError
from segue.files import writing
from segue.inference.find.files import DOCUMENT, write_found
from segue.inference.find.found import Found
from segue.inference.job import Job
from segue.inference.places import TRACKS, Places
from segue.media.images import ImageVideo, read_image
from segue.media.label_file import read_label_values
from segue.media.mask_args import GivenMasks
from segue.media.masks import write_mask
from segue.models.catalog import find
from segue.types import Labels

_FRAME_RATE = Fraction(24)


@dataclass(frozen=True)
class GivenSequence:
    """A sequence, and what a model is told of it."""

    sequence: VideoSequence
    video: ImageVideo
    masks: GivenMasks
    """Empty where there is no object to follow."""
    ids: Mapping[int, int] | None = None
    """Of tracks: the id of the data set for each number that is followed."""

    @property
    def enter_late(self) -> bool:
        """Whether later masks leave out the objects that started before them."""
        return self.ids is not None or bool(self.sequence.objects)


@dataclass(frozen=True)
class SequencePart:
    """What is done with one sequence."""

    given: GivenSequence
    job: Job | None
    """``None`` where there is no object to follow."""
    found: Found | None = None
    """What was found, where no mask is told."""

    @property
    def name(self) -> str:
        """Of the sequence."""
        return self.given.sequence.name

    def labels(self) -> Iterable[Labels]:
        """Of every frame, as the job has written them."""
        for path in self.given.sequence.frame_paths:
            if self.job:
                yield read_label_values(self.job.places.labels / f"{path.stem}.png")
            else:
                yield np.zeros(read_image(path).shape[:2], np.uint8)


@dataclass(frozen=True)
class DatasetPlan:
    """The jobs of a data set."""

    out: Path
    parts: tuple[SequencePart, ...]

    @property
    def jobs(self) -> dict[str, Job]:
        """By name of the sequence, of those that show an object."""
        return {part.name: part.job for part in self.parts if part.job}

    def refuse_foreign(self) -> None:
        """Results in the data set's own form are written over only where a run has left its traces.

        Raises:
            OutputError: A file of results that no run of this sequence wrote.
        """
        for part in self.parts:
            if part.found and not part.job:
                places = Places.for_sequence(self.out, part.name, TRACKS)
                claimed, paths = (places.run / DOCUMENT).exists(), [places.labels]
            elif part.given.ids is None or part.job is None:
                continue
            else:
                places = part.job.places
                claimed = places.occupied()
                paths = [self.out / f"{part.name}.txt", self.out / part.name]
            for path in paths:
                if path.exists() and not claimed:
                    raise OutputError(
                        f"{path} is in the way: {places.run} holds no run that wrote it, so Segue does not "
                        "replace it. Move it away, or give another folder."
                    )

    @property
    def empty(self) -> tuple[str, ...]:
        """Names of the sequences in which objects were looked for and none was found."""
        return tuple(part.name for part in self.parts if part.found and not part.job)

    def write_results(self) -> None:
        """Write what the jobs have not: tracks as the data set has results, and empty masks where nothing was found.

        Raises:
            OutputError: They cannot be written.
            WriteError: The system refuses.
        """
        for part in self.parts:
            if part.given.ids is not None:
                write_track_results(self.out, part.given.sequence, part.labels(), part.given.ids)
            elif part.found and not part.job:
                self._write_empty(part, part.found)

    def _write_empty(self, part: SequencePart, found: Found) -> None:
        write_found(found, Places.for_sequence(self.out, part.name, TRACKS).run)
        folder = self.out / part.name
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        for path, labels in zip(part.given.sequence.frame_paths, part.labels(), strict=True):
            write_mask(folder / f"{path.stem}.png", labels)


@dataclass(frozen=True, kw_only=True)
class DatasetRun:
    """Which sequences of a data set are worked on, and what is told of them."""

    layout: str
    root: Path
    split: str | None = None
    """``None``: the layout's own, mostly val."""
    classes: tuple[str, ...] = ()
    """Of tracks: the classes to follow, by name; none: all."""
    overlay: bool = False
    """Whether overlay videos are written."""
    partial: bool = False
    """Later masks may leave objects out."""
    fit: bool = False
    """Masks of another size than the frames are resized."""

    def sequences(self) -> list[VideoSequence]:
        """The sequences of the split, in their official order.

        Raises:
            SettingsError: No layout of that name.
            NotFoundError: The data set or the split is not there.
        """
        layout = find_layout(self.layout)
        return layout.sequences(self.root, self.split or layout.default_split)

    def videos(self) -> list[ImageVideo]:
        """The frames of each sequence, with nothing told of them.

        Raises:
            SegueError: As in ``sequences``.
        """
        return [video_of(sequence) for sequence in self.sequences()]

    def given(self) -> list[GivenSequence]:
        """Each sequence with its objects on the frames on which they start.

        Raises:
            SettingsError: The masks of the layout hold classes, or its objects have no class and one was named.
            SegueError: As in ``sequences`` and ``object_starts``.
        """
        kind = find_layout(self.layout).object_kind()
        if self.classes and kind != "tracks":
            raise SettingsError(
                f"Classes are chosen in layouts of tracks, such as kitti-mots; the objects of {self.layout} have no "
                "class.",
                option="Leave out --class.",
            )
        numbers = _numbers_of(self.classes) if self.classes else None
        found = []
        for sequence in self.sequences():
            starts = object_starts(sequence, kind, classes=numbers)
            masks = GivenMasks(starts.by_frame, starts.sources, starts.paths)
            ids = starts.ids if kind == "tracks" else None
            found.append(GivenSequence(sequence, video_of(sequence), masks, ids))
        return found

    def plan(self, engine: Engine, out: Path) -> DatasetPlan:
        """The job of each sequence; a model that finds objects by itself is not told the masks.

        Args:
            engine: Does the jobs.
            out: Folder for the results of all sequences.

        Raises:
            InputError: No sequence shows an object.
            SegueError: As in ``given`` and ``Engine.track_job``.
        """
        parts = tuple(self._part(engine, out, one) for one in self.given())
        if not any(part.job for part in parts):
            raise InputError(
                f"None of the {len(parts)} sequences shows an object to follow.",
                option="Name another --split, or another --class.",
            )
        return DatasetPlan(out, parts)

    def _part(self, engine: Engine, out: Path, one: GivenSequence) -> SequencePart:
        finds = find(engine.model).begins_with == "nothing"
        if not one.masks.by_frame and not finds:
            return SequencePart(one, None)
        name = one.sequence.name
        places = Places.for_sequence(out, name, TRACKS)
        if one.ids is not None:
            # Labels of numbered tracks are not yet results of the data set.
            run = out / "_run" / name
            places = Places(run / TRACKS.folder, run, TRACKS)
        job = engine.track_job(
            one.video,
            None if finds else one.masks,
            places,
            overlay=self.overlay,
            partial=self.partial or one.enter_late,
            fit=self.fit,
        )
        return SequencePart(one, job)


def video_of(sequence: VideoSequence) -> ImageVideo:
    """The frames of a sequence."""
    return ImageVideo(sequence.frame_paths, sequence.name, _FRAME_RATE)


def _numbers_of(classes: Iterable[str]) -> list[int]:
    numbers = {name: key for key, name in MOTS_CLASSES.items() if key != IGNORE_REGION}
    unknown = [name for name in classes if name not in numbers]
    if unknown:
        raise SettingsError(
            f"No class {unknown[0]!r}. Known classes of tracks: {', '.join(numbers)}."
        )
    return [numbers[name] for name in classes]
