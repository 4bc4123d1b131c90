"""Finding the objects of a video of which no mask is given, so that a job can carry them."""

import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from segue.app.engine import Engine
from segue.errors import NothingFoundError
from segue.inference.find.files import read_found
from segue.inference.find.find import find
from segue.inference.find.found import Found, Looking, with_origin
from segue.inference.find.looks import LOOKS, check_seekable
from segue.inference.find.ranking import MOST_OBJECTS
from segue.inference.identity import differences, identify_files
from segue.inference.job import Job
from segue.inference.places import Mode, Places
from segue.inference.progress import Progress
from segue.media.mask_args import GivenMasks
from segue.media.video import Video
from segue.models.interface import VideoModel
from segue.threads import owned


@dataclass(frozen=True, kw_only=True)
class Finder:
    """Which model looks for objects, and how many are wanted."""

    engine: Engine
    """With the model that looks, set up for videos without masks."""
    looks: int = LOOKS
    objects: int = 1
    """That are carried at most; all that are found are told of."""

    @property
    def looking(self) -> Looking:
        """What a job is told before anything was found."""
        return Looking(self.engine.model, self.looks, self.objects)

    def check(self, video: Video, places: Places, mode: Mode) -> None:
        """Refuse, before the work, what cannot be done; results that are to be resumed are checked by the job.

        Raises:
            InputError: The video can be read only once.
            OutputError: As in ``Places.check``.
        """
        check_seekable(video)
        if mode != "resume":
            places.check(mode, {}, video.files)

    def found(
        self, video: Video, places: Places, mode: Mode, progress: Progress | None = None
    ) -> Found:
        """What is found in a video, or was found by the run that is resumed.

        Args:
            video: As of ``find``.
            places: Where the results of the job go.
            mode: As of ``Job``.
            progress: As of ``find``.

        Raises:
            SegueError: As in ``check`` and ``find``.
        """
        self.check(video, places, mode)
        before = self.stored(video, places) if mode == "resume" else None
        return before or self.find(video, progress)

    def stored(self, video: Video, places: Places) -> Found | None:
        """What an earlier run has found in the same way; ``None`` if there is nothing of the kind.

        Raises:
            NotFoundError: As in ``origin``.
        """
        before = read_found(places.run)
        if before is None or differences(before.made_with, self.origin(video)):
            return None
        return before

    def find(self, video: Video, progress: Progress | None = None) -> Found:
        """What is found in a video, with what it depends on.

        Raises:
            SegueError: As in ``find``, and ``Engine.load``.
        """
        kept = max(self.objects, MOST_OBJECTS)
        with owned(self.engine.threads):
            found = find(video, self._model, objects=kept, looks=self.looks, progress=progress)
        return with_origin(found, self.origin(video))

    def origin(self, video: Video) -> dict[str, Any]:
        """What the findings in a video depend on, as plain values.

        Raises:
            NotFoundError: The weights file does not exist.
        """
        values = {
            **self.engine.identity(),
            "looks": self.looks,
            "video": {**identify_files(video.files), **video.choices},
        }
        plain: dict[str, Any] = json.loads(json.dumps(values))
        return plain

    def masks(self, found: Found) -> GivenMasks:
        """The masks to carry the wanted objects from."""
        sources = {
            item.object_id: f"found by {found.finder} on frame {item.best.name}"
            for item in found.objects[: self.objects]
        }
        return GivenMasks(found.masks(self.objects), sources, {}, partial=True)

    def carried(self, job: Job, found: Found | None) -> Job:
        """The job of carrying what was found: both ways, unless the job says otherwise.

        Args:
            job: With the masks of ``masks``.
            found: In its video; ``None`` where nothing was looked for yet.
        """
        direction = job.direction or "both"
        return replace(job, looking=self.looking, found=found, direction=direction)

    @cached_property
    def _model(self) -> VideoModel[Any]:
        return self.engine.load()[0]


def refuse_nothing(found: Found, name: str) -> None:
    """Say that there is nothing to carry.

    Args:
        found: In a video.
        name: Of the video.

    Raises:
        NothingFoundError: There is no object.
    """
    if found.objects:
        return
    looked = f"{len(found.looks)} frame{'' if len(found.looks) == 1 else 's'}"
    raise NothingFoundError(
        f"{found.finder} found no object in {name} on the {looked} that it looked at. Give a mask of the object.",
        option="Look at more frames with --looks N, or point at it: segue track with --mask FILE or --click X,Y.",
    )
