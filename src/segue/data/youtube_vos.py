"""The YouTube-VOS layout: a folder per split, with a file that says which object starts when.

Videos have 30 frames per second; every fifth is annotated and, but for the ``..._all_frames`` downloads, the only one
there. Objects may start in the middle. The splits ``valid`` and ``test`` hold masks of the frames in which an object
starts and no others. What a split such as ``valid_all_frames`` does not hold itself is taken from ``valid``.

Both releases are laid out alike. 2018: 3471 videos to train, 474 to validate (65 seen and 26 unseen categories, 894
objects), 508 to test. 2019: the same to train, 507 to validate (1063 objects), 541 to test (1092).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segue.data.check import (
    ReadMask,
    check_files,
    check_sequence,
    check_sequences_named,
    missing_sequence,
    only,
)
from segue.data.layout import Layout
from segue.data.sample import AnnotatedObject, VideoSequence
from segue.errors import InputError, NotFoundError
from segue.media.images import list_images
from segue.problems import Problem
from segue.types import BACKGROUND

SEEN_CATEGORIES = frozenset((
    "airplane", "ape", "bear", "bike", "bird", "boat", "bucket", "bus", "camel", "cat", "cow", "crocodile", "deer",
    "dog", "dolphin", "duck", "eagle", "earless_seal", "elephant", "fish", "fox", "frisbee", "frog", "giant_panda",
    "giraffe", "hand", "hat", "hedgehog", "horse", "knife", "leopard", "lion", "lizard", "monkey", "motorbike",
    "mouse", "others", "owl", "paddle", "parachute", "parrot", "penguin", "person", "plant", "rabbit", "raccoon",
    "sedan", "shark", "sheep", "sign", "skateboard", "snail", "snake", "snowboard", "squirrel", "surfboard",
    "tennis_racket", "tiger", "toilet", "train", "truck", "turtle", "umbrella", "whale", "zebra",
))  # fmt: skip
"""The 65 categories of the training split, for data without ``train/meta.json``.

The list that public loaders of the same training videos carry (Ref-YouTube-VOS); the dataset's page counts 65 as well.
"""

_META = "meta.json"
_IMAGES = "JPEGImages"
_MASKS = "Annotations"
_STARTS_ONLY = frozenset({"valid", "test"})


@dataclass(frozen=True)
class _Places:
    """Where the parts of a split lie."""

    images: Path
    masks: Path
    meta: Path
    starts_only: bool
    """Whether only frames in which an object starts have a mask."""


def youtube_vos_sequences(root: Path, split: str) -> list[VideoSequence]:
    """The videos of a split, in the order of ``meta.json``, with their objects.

    An object's ``seen`` says whether its category occurs in ``train/meta.json``, or in ``SEEN_CATEGORIES`` if that
    file is not there; it is ``None`` for objects without a category.

    Args:
        root: The folder that holds the splits, or the folder of the split itself.
        split: ``train``, ``valid``, ``valid_all_frames``, ...

    Raises:
        NotFoundError: The split, its ``meta.json`` or the frames of a video are not there.
        InputError: ``meta.json`` is damaged or not of this layout.
    """
    places = _places(root, split)
    seen = _seen_categories(places.meta)
    return [_sequence(places, *item, seen) for item in _videos(places.meta).items()]


def _places(root: Path, split: str) -> _Places:
    if (root / _META).is_file() and (root / _IMAGES).is_dir():
        return _Places(root / _IMAGES, root / _MASKS, root / _META, root.name in _STARTS_ONLY)
    base = split.split("_")[0]
    masks = _first(root, (split, base), _MASKS)
    return _Places(
        _first(root, (split, base, f"{base}_all_frames"), _IMAGES),
        masks,
        _first(root, (split, base), _META),
        masks.parent.name in _STARTS_ONLY,
    )


def _first(root: Path, splits: tuple[str, ...], part: str) -> Path:
    for split in splits:
        if (root / split / part).exists():
            return root / split / part
    known = ", ".join(path.parent.name for path in sorted(root.glob(f"*/{part}")))
    raise NotFoundError(
        f"No {part} of split {splits[0]!r} in {root}: expected {splits[0]}/{part}. "
        f"Found: {known or 'none of any split'}. Give the folder that holds train, valid and test."
    )


def _videos(meta: Path) -> dict[str, list[AnnotatedObject]]:
    """Objects by video, as ``meta.json`` has them."""
    try:
        videos = json.loads(meta.read_text(encoding="utf-8"))["videos"]
        return {
            name: [_object(*item) for item in video["objects"].items()]
            for name, video in videos.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{meta} is not the metadata of YouTube-VOS ({type(error).__name__}: {error}). Expected "
            'JSON like {"videos": {NAME: {"objects": {"1": {"category": ..., "frames": [...]}}}}}. '
            "Copy it again."
        ) from None


def _object(number: str, record: dict[str, Any]) -> AnnotatedObject:
    return AnnotatedObject(int(number), record.get("category", ""), tuple(record["frames"]))


def _seen_categories(meta: Path) -> frozenset[str]:
    train = meta.parents[1] / "train" / _META
    if not train.is_file():
        return SEEN_CATEGORIES
    return frozenset(item.category for objects in _videos(train).values() for item in objects)


def _sequence(
    places: _Places, name: str, objects: list[AnnotatedObject], seen: frozenset[str]
) -> VideoSequence:
    folder = places.images / name
    frames = tuple(list_images(folder)) if folder.is_dir() else ()
    if not frames:
        raise NotFoundError(
            f"Video {name!r} is in {places.meta}, but {folder} holds no frames. Copy them there."
        )
    masks = {path.stem: path for path in (places.masks / name).glob("*.png")}
    return VideoSequence(
        name,
        frames,
        tuple(masks.get(frame.stem) for frame in frames),
        tuple(
            AnnotatedObject(o.object_id, o.category, o.frames, o.category in seen)
            if o.category
            else o
            for o in objects
        ),
    )


def _check(root: Path, split: str) -> Iterator[Problem]:
    places = _places(root, split)
    try:
        videos = _videos(places.meta)
    except InputError as error:
        yield Problem("unreadable", "", "", str(error), fatal=True)
        return
    for name, objects in videos.items():
        try:
            sequence = _sequence(places, name, objects, frozenset())
        except NotFoundError:
            yield missing_sequence(name, places.images / name, str(places.meta))
            continue
        yield from _check_video(places, sequence)
    for folder in (places.images, places.masks):
        yield from check_sequences_named(folder, videos, str(places.meta))


def _check_video(places: _Places, sequence: VideoSequence) -> Iterator[Problem]:
    name = sequence.name
    starts: dict[str, set[int]] = {}
    for item in sequence.objects:
        if item.start:
            starts.setdefault(item.start, set()).add(item.object_id)
    named = {frame for item in sequence.objects for frame in item.frames}
    for frame in sorted(named - {path.stem for path in sequence.frame_paths}):
        message = f"{places.meta} names frame {frame}, {places.images / name} has none. Copy it."
        yield Problem("missing-frame", name, frame, message, fatal=True)
    known = only({BACKGROUND, *(item.object_id for item in sequence.objects)})

    def judge(mask: ReadMask) -> Iterator[Problem]:
        yield from known(mask)
        for number in sorted(starts.get(mask.frame, set()) - mask.values):
            message = f"Object {number} starts here by {places.meta}, {mask.path} does not show it."
            yield Problem("listing", name, mask.frame, message)

    yield from check_sequence(sequence, judge, starts if places.starts_only else named)
    yield from check_files(places.images / name, sequence.frame_paths, name)
    yield from check_files(places.masks / name, sequence.mask_paths, name)


def _recognise(root: Path) -> bool:
    splits = ("", "train", "valid", "valid_all_frames", "test")
    return any((root / s / _IMAGES).is_dir() for s in splits) and any(
        (root / s / _META).is_file() for s in splits
    )


def _layout(year: int) -> Layout:
    return Layout(
        name=f"youtube-vos-{year}",
        summary=f"YouTube-VOS {year}: several objects per video that may start late, "
        "every fifth frame annotated",
        tree="""\
<split>/JPEGImages/<video>/<frame>.jpg    or <split>_all_frames/JPEGImages
<split>/Annotations/<video>/<frame>.png   one id per object; in valid only where one starts
<split>/meta.json                         objects of each video: category, frames""",
        default_split="valid",
        holds="objects",
        sequences=youtube_vos_sequences,
        check=_check,
        recognise=_recognise,
    )


YOUTUBE_VOS_2018 = _layout(2018)
YOUTUBE_VOS_2019 = _layout(2019)
