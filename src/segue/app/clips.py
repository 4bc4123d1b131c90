"""A folder as videos for a model to be measured on, with the masks that it has to be given."""

from dataclasses import dataclass, replace
from pathlib import Path

from segue.app.datasets import DatasetRun
from segue.data.recognise import recognise
from segue.errors import InputError
from segue.measure.backends.clips import Clip
from segue.media.mask_fit import fit_given
from segue.media.video import open_video
from segue.models.catalog import find


@dataclass(frozen=True, kw_only=True)
class Footage:
    """Where videos are, and how much of them is wanted."""

    folder: Path
    layout: str | None = None
    """``None``: recognised."""
    split: str | None = None
    """``None``: the layout's own."""
    num_frames: int | None = None
    """At most so many of each video, from the first one; ``None``: all."""

    def found_layout(self) -> str | None:
        """The layout; ``None`` for a folder or file that is one video."""
        # Any folder may have the most general layout, which therefore has to be asked for by name.
        found = (name for name in recognise(self.folder) if name != "folder")
        return self.layout or next(found, None)

    def clips(self, model: str) -> dict[str, Clip]:
        """The videos by name.

        Args:
            model: A name from the table; decides whether masks are needed.

        Raises:
            InputError: The model has to be given masks, and the folder is no data set.
            SegueError: As in ``DatasetRun.given``.
        """
        whole = self._whole(model)
        return {name: replace(clip, num_frames=self.num_frames) for name, clip in whole.items()}

    def _whole(self, model: str) -> dict[str, Clip]:
        layout, masked = self.found_layout(), find(model).kind == "objects"
        if layout is None and masked:
            raise InputError(
                f"{self.folder} is no data set with masks, which {model} has to be given.",
                option="Name its --layout, such as davis2016.",
            )
        if layout is None:
            video = open_video(self.folder)
            return {video.name: Clip(video)}
        run = DatasetRun(layout=layout, root=self.folder, split=self.split)
        if not masked:
            return {video.name: Clip(video) for video in run.videos()}
        return {
            one.video.name: Clip(
                one.video, fit_given(one.masks, one.video.size_hw, fit=False).by_frame
            )
            for one in run.given()
            if one.masks.by_frame
        }
