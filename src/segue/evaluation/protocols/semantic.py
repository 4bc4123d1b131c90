"""Semantic segmentation of Cityscapes and CamVid; the rules are in ``docs/protocols/semantic.md``.

``cityscapes`` gives the pixel-level values of ``cityscapesscripts``, and beside them those of the temporal U-Net.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from operator import attrgetter
from pathlib import Path

from segue.data.camvid import CAMVID as CAMVID_LAYOUT
from segue.data.cityscapes import CITYSCAPES as CITYSCAPES_LAYOUT
from segue.data.sample import VideoSequence
from segue.data.semantic_classes import CAMVID_CLASSES, CITYSCAPES_CLASSES
from segue.evaluation.interface import Gathered
from segue.evaluation.semantic_files import (
    LabelledFrame,
    SemanticCase,
    find_sequences,
    locate_by_folder,
    locate_by_name,
    match_predictions,
)
from segue.evaluation.semantic_scores import Measure, Reading, SemanticProtocol, SemanticTally

PIXEL_MEASURES = (
    Measure("pixel accuracy", attrgetter("confusion.pixel_accuracy")),
    Measure("class accuracy", attrgetter("confusion.class_accuracy")),
)


def plain_consistency(tally: SemanticTally, num_frames: int) -> float:
    """VC_n."""
    return tally.consistency.plain(num_frames)


def checked_consistency(tally: SemanticTally, num_frames: int) -> float:
    """VC_n of right predictions."""
    return tally.consistency.checked(num_frames)


VIDEO_MEASURES = (
    Measure("VC8", partial(plain_consistency, num_frames=8)),
    Measure("VC16", partial(plain_consistency, num_frames=16)),
    Measure("VC8 checked", partial(checked_consistency, num_frames=8)),
    Measure("VC16 checked", partial(checked_consistency, num_frames=16)),
    Measure("TC", attrgetter("warped.mean_iou_in_truth")),
    Measure("TC official", attrgetter("official.mean_iou_in_truth")),
    Measure("flips per s", attrgetter("flicker.flips_per_second"), "ratio"),
    Measure("returns per s", attrgetter("flicker.returns_per_second"), "ratio"),
)


REFERENCE_DISTANCE = 60
"""Frames from a frame to its reference, from which on SSLTM gains no more."""


def by_reference(
    protocol: SemanticProtocol, distance: int | None = REFERENCE_DISTANCE
) -> SemanticProtocol:
    """The same protocol, which also tells mIoU of clean and noisy frames apart; see ``segue.metrics.references``.

    Args:
        protocol: Of classes in videos.
        distance: Annotated frames from a frame to its reference, or to the oldest one if there are fewer; ``None``: the
            reference is the first frame.
    """
    where = "the first frame" if distance is None else f"the frame {distance} before"
    overall, *others = protocol.measures
    split = (
        Measure(f"{overall.name} clean", partial(_of_clean, of=overall.of)),
        Measure(f"{overall.name} noisy", partial(_of_noisy, of=overall.of)),
        Measure("clean frames", attrgetter("references.clean_share")),
    )
    return replace(
        protocol,
        summary=f"{overall.name} of frames, by whether {where} shows all their classes; and all else",
        measures=(overall, *split, *others),
        by_reference=True,
        reference_distance=distance,
    )


def _of_clean(tally: SemanticTally, of: Callable[[SemanticTally], float]) -> float:
    return of(replace(tally, confusion=tally.references.clean))


def _of_noisy(tally: SemanticTally, of: Callable[[SemanticTally], float]) -> float:
    return of(replace(tally, confusion=tally.references.noisy))


def _mean_iou_20(tally: SemanticTally) -> float:
    """As the temporal U-Net authors print it: void is a class, and 1e-6 is added to denominators."""
    return tally.confusion.void_as_class().smoothed_mean_iou


def _accuracy_20(tally: SemanticTally) -> float:
    """Equation 14 of the temporal U-Net, as written, over its 20 classes."""
    return tally.confusion.void_as_class().mean_binary_accuracy


_FRAME_OF_CITYSCAPES = re.compile(r"([^_]+)_\d{6}_\d{6}")


def _cityscapes_cases(predictions: Path, truth: Path, split: str | None) -> Gathered:
    frames = dict(_cityscapes_frames(truth, split))
    wanted = [(_city(name), name) for name in frames]
    matched = match_predictions(predictions, wanted, locate_by_name(_FRAME_OF_CITYSCAPES))
    cases = [
        SemanticCase(
            city,
            tuple(
                (LabelledFrame(name, mask, matched.predicted[city, name], image),)
                for name, (mask, image) in frames.items()
                if _city(name) == city
            ),
        )
        for city in dict.fromkeys(city for city, _ in wanted)
    ]
    return Gathered(cases, matched.problems)


def _cityscapes_frames(
    truth: Path, split: str | None
) -> Iterator[tuple[str, tuple[Path, Path | None]]]:
    """Annotated frames by name: label map and, where it is there, the image."""
    plain = truth.is_dir() and not CITYSCAPES_LAYOUT.recognise(truth) and split is None
    masks = sorted(truth.rglob("*_labelIds.png")) if plain else []
    found = [(mask, None) for mask in masks] or _annotated(
        find_sequences(truth, split, CITYSCAPES_LAYOUT)
    )
    for mask, image in found:
        match = _FRAME_OF_CITYSCAPES.match(mask.name)
        if match:
            yield match[0], (mask, image)


def _city(name: str) -> str:
    return name.split("_")[0]


def _camvid_cases(predictions: Path, truth: Path, split: str | None) -> Gathered:
    videos: dict[str, dict[str, tuple[Path, Path | None]]] = {}
    for mask, image in _annotated(find_sequences(truth, split, CAMVID_LAYOUT)):
        videos.setdefault(mask.stem.rpartition("_")[0], {})[mask.stem] = (mask, image)
    wanted = [(video, name) for video, frames in videos.items() for name in frames]
    matched = match_predictions(predictions, wanted, locate_by_folder(wanted))
    cases = [
        _camvid_case(
            video,
            [
                LabelledFrame(name, mask, matched.predicted[video, name], image)
                for name, (mask, image) in frames.items()
            ],
        )
        for video, frames in videos.items()
    ]
    return Gathered(cases, matched.problems)


_CAMVID_FPS = 30.0
_CAMVID_STEP = 2
"""Annotated frames further apart than this (15 per second) are single pictures, not a video."""


def _camvid_case(name: str, frames: Sequence[LabelledFrame]) -> SemanticCase:
    frames = sorted(frames, key=_frame_number)
    steps = [_frame_number(after) - _frame_number(before) for before, after in pairwise(frames)]
    step = min(steps, default=0)
    if not 0 < step <= _CAMVID_STEP:
        return SemanticCase(name, tuple((frame,) for frame in frames))
    stretches = [[frames[0]]]
    for frame, gap in zip(frames[1:], steps, strict=True):
        if gap == step:
            stretches[-1].append(frame)
        else:
            stretches.append([frame])
    flow = any(frame.image for frame in frames)
    return SemanticCase(name, tuple(map(tuple, stretches)), _CAMVID_FPS / step, flow)


def _frame_number(frame: LabelledFrame) -> int:
    digits = re.search(r"\d+$", frame.name)
    return int(digits[0]) if digits else 0


def _annotated(sequences: Iterable[VideoSequence]) -> Iterator[tuple[Path, Path | None]]:
    """Every label map with its image."""
    for sequence in sequences:
        images = sequence.frame_paths or (None,) * len(sequence.mask_paths)
        for image, mask in zip(images, sequence.mask_paths, strict=True):
            if mask:
                yield mask, image


CITYSCAPES = SemanticProtocol(
    summary="mIoU of 19 classes as cityscapesscripts computes it; mIoU and accuracy of the temporal U-Net",
    labels=CITYSCAPES_CLASSES,
    reading=Reading("labelIds", CITYSCAPES_CLASSES.class_of, CITYSCAPES_CLASSES.values),
    mistaken=Reading("trainIds", {i: i for i in range(19)}, frozenset(range(19))),
    find=_cityscapes_cases,
    measures=(
        Measure("mIoU", attrgetter("confusion.mean_iou")),
        *PIXEL_MEASURES,
        Measure("fwIoU", attrgetter("confusion.frequency_weighted_iou")),
        Measure("mIoU 20", _mean_iou_20),
        Measure("accuracy eq. 14", _accuracy_20),
    ),
)

CAMVID = SemanticProtocol(
    summary="mIoU of 11 classes; consistency and flicker where annotated frames are a video",
    labels=CAMVID_CLASSES,
    reading=Reading("classes", CAMVID_CLASSES.class_of, frozenset(range(11))),
    mistaken=None,
    find=_camvid_cases,
    measures=(
        Measure("mIoU", attrgetter("confusion.mean_iou")),
        *PIXEL_MEASURES,
        Measure("fwIoU", attrgetter("confusion.frequency_weighted_iou")),
        *VIDEO_MEASURES,
    ),
)

CAMVID_BY_REFERENCE = by_reference(CAMVID)
