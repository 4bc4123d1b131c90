"""YouTube-VOS: a folder ``Annotations`` with the annotated frames, every fifth, from the first object on.

The server's code is not public. That it takes this form is known from tools whose archives it scores (XMem, Cutie).
"""

from collections.abc import Iterator
from pathlib import Path

from segue.data.catalog import find_layout
from segue.data.sample import VideoSequence
from segue.evaluation.packing.frames import FramePacker, WantedSequence
from segue.evaluation.packing.masks import Rule, size_of
from segue.problems import Problem
from segue.types import MAX_OBJECTS

_ALL_FRAMES = "_all_frames"


def _wanted(root: Path, split: str | None) -> Iterator[WantedSequence | Problem]:
    # Both releases are laid out alike.
    videos = find_layout("youtube-vos-2019").sequences(root, split or "valid")
    if any(_has_all_frames(video) for video in videos):
        message = (
            "The dataset holds all frames; those in meta.json are taken for the scored ones. Give a "
            "dataset with every fifth frame, the split valid, to be sure."
        )
        yield Problem("listing", "", "", message)
    yield from map(_sequence, videos)


def _sequence(video: VideoSequence) -> WantedSequence:
    named = {frame for item in video.objects for frame in item.frames}
    frames = [path.stem for path in video.frame_paths]
    if _has_all_frames(video):
        frames = [frame for frame in frames if frame in named]
    start = min(named, default="")
    rule = Rule(
        size_of(video.frame_paths[0]),
        frozenset({0, *(item.object_id for item in video.objects)}),
        "the ids of the video's objects in meta.json",
    )
    asked = tuple(frame for frame in frames if frame >= start)
    # There is nothing to segment before the first object starts: many tools write no masks there.
    return WantedSequence(video.name, asked, rule, frozenset(frames) - set(asked))


def _has_all_frames(video: VideoSequence) -> bool:
    return video.frame_paths[0].parents[2].name.endswith(_ALL_FRAMES)


def _guessed(first: Path) -> Rule:
    return Rule(size_of(first), frozenset(range(MAX_OBJECTS + 1)), "ids")


YOUTUBE_VOS = FramePacker(
    summary="YouTube-VOS valid or test: Annotations/<video>/<frame>.png, the annotated frames",
    wanted=_wanted,
    guessed=_guessed,
    prefix="Annotations/",
)
