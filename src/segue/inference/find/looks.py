"""Which frames are looked at, and what is read around them."""

from collections.abc import Sequence
from dataclasses import dataclass

from segue.errors import DecodeError, InputError
from segue.media.frames import ANY_INDEX
from segue.media.video import Video, VideoFrame
from segue.types import Frame

LOOKS = 16
"""Frames that are looked at unless told otherwise (ours): the cost does not grow with the video."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One frame to be looked at, and what lies around it."""

    centre: VideoFrame
    window: tuple[Frame | None, ...]
    """As of ``Proposer.propose``."""
    neighbour: Frame | None
    """The frame after it, or before it where none comes after; ``None`` in a video of one frame."""


def spread(count: int, looks: int) -> list[int]:
    """Places from 0 to ``count - 1``: the middles of as many equal parts as there are looks, each place once.

    Args:
        count: Of the frames.
        looks: At most so many, at least one.
    """
    if count <= looks:
        return list(range(count))
    return [(2 * part + 1) * count // (2 * looks) for part in range(looks)]


def check_seekable(video: Video) -> None:
    """Refuse a source that gives each frame only once: a live stream, a pipe, an iterator.

    Raises:
        InputError: The message says what to do.
    """
    if not video.seekable:
        raise InputError(
            f"{video.name} can be read only once, and to find objects its frames are needed in any order. "
            "Record it, or give a mask of its first frame.",
            option="Pass --mask FILE.",
        )


def places_of(video: Video) -> range:
    """The numbers that the frames of a video have, as far as is known.

    A source that does not say how many frames it has is gone through once.

    Raises:
        InputError: The source gives each frame only once.
    """
    check_seekable(video)
    own = video.indices
    if video.num_frames is not None:
        return own[: video.num_frames]
    if own.stop < ANY_INDEX.stop:
        return own
    return own[: sum(1 for _ in video)]


def moment(video: Video, places: range, place: int, reach: tuple[int, int]) -> Moment | None:
    """A frame with what lies around it; ``None`` if the video ends before.

    Args:
        video: Is read around the frame only.
        places: Of ``places_of``.
        place: Position in it.
        reach: As of ``Proposer``.

    Raises:
        DecodeError: The frame itself does not decode.
    """
    before, after = reach[0], max(reach[1], 1)
    if not _has(places, place + 1):
        before = max(before, 1)
    around = {k: places[k] for k in range(place - before, place + after + 1) if _has(places, k)}
    images = _read(video, [around[k] for k in sorted(around)])
    if places[place] not in images:
        try:
            images[places[place]] = video.frame(places[place])
        except IndexError:
            return None
    shown = {k: images[number].image for k, number in around.items() if number in images}
    return Moment(
        images[places[place]],
        tuple(shown.get(k) for k in range(place - reach[0], place + reach[1] + 1)),
        shown.get(place + 1, shown.get(place - 1)),
    )


def _has(places: range, place: int) -> bool:
    return 0 <= place < len(places)


def _read(video: Video, numbers: Sequence[int]) -> dict[int, VideoFrame]:
    """Frames one after the other, up to the first that does not decode."""
    step = numbers[1] - numbers[0] if len(numbers) > 1 else 1
    images: dict[int, VideoFrame] = {}
    try:
        for frame in video.frames(range(numbers[0], numbers[-1] + 1, step)):
            images[frame.index] = frame
    except DecodeError:
        pass
    return images
