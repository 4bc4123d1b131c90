"""A data set as jobs whose masks stay unread: the objects of each sequence are found, and then carried both ways."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from segue.app.datasets import DatasetPlan, DatasetRun, GivenSequence, SequencePart, video_of
from segue.app.engine import Engine
from segue.app.finding import Finder
from segue.data.catalog import find_layout
from segue.data.sample import VideoSequence
from segue.errors import NothingFoundError, SettingsError
from segue.inference.find.found import Found
from segue.inference.places import TRACKS, Mode, Places
from segue.inference.progress import Progress
from segue.media.mask_args import GivenMasks


@dataclass(frozen=True, kw_only=True)
class FoundDataset:
    """Which sequences are worked on, and who looks for their objects."""

    run: DatasetRun
    finder: Finder
    engine: Engine
    """Does the jobs."""
    out: Path
    """Folder for the results of all sequences."""

    def dry_plan(self) -> DatasetPlan:
        """The jobs as they are before anything was looked for: to be looked at, not to be run.

        Raises:
            SegueError: As in ``plan``, apart from what concerns findings.
        """
        return DatasetPlan(self.out, tuple(self._part(one, None) for one in self._sequences()))

    def plan(self, mode: Mode, progress: Callable[[str], Progress] | None = None) -> DatasetPlan:
        """The job of each sequence in which something was found.

        Args:
            mode: What happens to results that are there.
            progress: By name of a sequence, hears about the frames that were looked at.

        Raises:
            SettingsError: The objects of the layout have classes, which nobody finds.
            NothingFoundError: In no sequence an object was found.
            SegueError: As in ``DatasetRun.sequences``, ``Finder.found`` and ``Engine.track_job``.
        """
        sequences = self._sequences()
        # All before any: a refusal in the last sequence should not come after hours.
        for one in sequences:
            self.finder.check(video_of(one), self._places(one), mode)
        parts = []
        for one in sequences:
            heard = progress(one.name) if progress else None
            found = self.finder.found(video_of(one), self._places(one), mode, heard)
            parts.append(self._part(one, found))
        if not any(part.job for part in parts):
            raise NothingFoundError(
                f"{self.finder.engine.model} found no object in any of the {len(parts)} sequences.",
                option="Look at more frames with --looks N, or leave out --find.",
            )
        return DatasetPlan(self.out, tuple(parts))

    def _sequences(self) -> list[VideoSequence]:
        layout = self.run.layout
        if find_layout(layout).object_kind() == "tracks":
            raise SettingsError(
                f"The results of {layout} need the class of each object, and found objects have none. Use a layout "
                "such as davis2016.",
                option="Or leave out --find.",
            )
        return self.run.sequences()

    def _places(self, sequence: VideoSequence) -> Places:
        return Places.for_sequence(self.out, sequence.name, TRACKS)

    def _part(self, sequence: VideoSequence, found: Found | None) -> SequencePart:
        masks = self.finder.masks(found) if found else None
        given = GivenSequence(sequence, video_of(sequence), masks or GivenMasks({}, {}, {}))
        if found and not found.objects:
            return SequencePart(given, None, found)
        places = self._places(sequence)
        job = self.engine.track_job(given.video, masks, places, overlay=self.run.overlay)
        job = self.finder.carried(job, found)
        job = replace(job, identity={**job.identity, "direction": job.direction})
        return SequencePart(given, job, found)
