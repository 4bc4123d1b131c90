"""VSPW: 124 classes in every frame of a video; the rules are in ``docs/protocols/semantic.md``.

mIoU and VC are those of the released scripts of VSPW. Label maps of the truth hold class + 1, and 0 for void;
predictions hold the class itself.
"""

from operator import attrgetter
from pathlib import Path

from segue.data.sample import VideoSequence
from segue.data.semantic_classes import VSPW_CLASSES
from segue.data.vspw import VSPW as VSPW_LAYOUT
from segue.evaluation.interface import Gathered
from segue.evaluation.protocols.semantic import PIXEL_MEASURES, VIDEO_MEASURES, by_reference
from segue.evaluation.semantic_files import (
    LabelledFrame,
    Matched,
    SemanticCase,
    find_sequences,
    locate_by_folder,
    match_predictions,
)
from segue.evaluation.semantic_scores import Measure, Reading, SemanticProtocol

FPS = 15.0
FLOW_VIDEOS = 100
"""TC is measured on so many videos of the list, as in the released script."""

_CLASSES = range(len(VSPW_CLASSES.names))


def _cases(predictions: Path, truth: Path, split: str | None) -> Gathered:
    sequences = find_sequences(truth, split, VSPW_LAYOUT)
    wanted = [(s.name, mask.stem) for s in sequences for mask in s.mask_paths if mask]
    matched = match_predictions(predictions, wanted, locate_by_folder(wanted))
    cases = [_case(s, matched, flow=i < FLOW_VIDEOS) for i, s in enumerate(sequences)]
    return Gathered(cases, matched.problems)


def _case(sequence: VideoSequence, matched: Matched, flow: bool) -> SemanticCase:
    images = sequence.frame_paths or (None,) * len(sequence.mask_paths)
    frames = tuple(
        LabelledFrame(mask.stem, mask, matched.predicted[sequence.name, mask.stem], image)
        for image, mask in zip(images, sequence.mask_paths, strict=True)
        if mask
    )
    return SemanticCase(sequence.name, (frames,), FPS, flow and any(images))


VSPW = SemanticProtocol(
    summary="mIoU of 124 classes, video consistency VC8 and VC16, flicker",
    labels=VSPW_CLASSES,
    reading=Reading("classes", {i: i for i in _CLASSES}, frozenset(_CLASSES)),
    mistaken=Reading("class + 1", {i + 1: i for i in _CLASSES}, frozenset(i + 1 for i in _CLASSES)),
    find=_cases,
    measures=(
        Measure("mIoU", attrgetter("confusion.mean_iou_in_truth")),
        Measure("fwIoU", attrgetter("confusion.frequency_weighted_iou")),
        *PIXEL_MEASURES,
        Measure("mIoU by video", attrgetter("confusion.mean_iou_in_truth"), mean=True),
        Measure("fwIoU by video", attrgetter("confusion.frequency_weighted_iou"), mean=True),
        *VIDEO_MEASURES,
    ),
)

VSPW_BY_REFERENCE = by_reference(VSPW)
