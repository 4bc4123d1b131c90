"""What a temporal U-Net is worth while it is trained: scores on labelled videos."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor

from segue.data.label_clips import LabelFootage
from segue.metrics.confusion import ConfusionTally, confusion
from segue.metrics.consistency import ConsistencyMeter, ConsistencyTally
from segue.metrics.flicker import FlickerMeter, FlickerTally
from segue.models.temporal_unet.model import TemporalUnetModel
from segue.models.temporal_unet.network import TemporalUnet
from segue.training.tasks.temporal_unet_settings import TrainingSettings, ValidationSettings
from segue.types import VOID, Frame, Labels

Logits = Float[Tensor, "classes height width"]

SCORES = ("miou", "pixel_accuracy", "loss")
"""What every validation measures."""
_FLICKER_FPS = 15.0


@dataclass(frozen=True)
class Passage:
    """Frames that are streamed for the sake of some scored ones."""

    sequence: int
    frames: range
    scored: frozenset[int]


def passages(
    footage: LabelFootage, settings: ValidationSettings, seed: int = 0
) -> Iterator[Passage]:
    """What a validation streams: whole videos, or a clip for each labelled frame."""
    if settings.clip_length is None:
        for number, sequence in enumerate(footage.sequences):
            scored = frozenset(index for other, index in footage.labelled if other == number)
            if scored:
                yield Passage(number, range(len(sequence.frame_paths)), scored)
        return
    rng = np.random.default_rng(seed)
    for number, index in footage.labelled:
        last = settings.clip_length - 1
        drawn = int(rng.integers(1, last + 1)) if last else 0
        position = drawn if settings.position == "uniform" else min(settings.position, last)
        yield Passage(number, range(max(0, index - position), index + 1), frozenset({index}))


class Validation:
    """Scores of a network on labelled videos, by the counts that ``segue evaluate`` uses."""

    def __init__(
        self, network: TemporalUnet, settings: TrainingSettings, footage: LabelFootage
    ) -> None:
        self._network, self._settings, self._footage = network, settings, footage

    def __call__(self) -> Mapping[str, float]:
        """The mean IoU first; consistency where frames follow one another; the cross-entropy of all scored frames."""
        model = TemporalUnetModel(
            self._settings.variant, self._network.float(), self._settings.model
        )
        num_classes = len(self._settings.model.classes)
        counts = ConfusionTally.empty(num_classes)
        steady, flicker, losses = ConsistencyTally(), FlickerTally(), list[float]()
        for passage in passages(self._footage, self._settings.validation):
            meter, flips = ConsistencyMeter(), FlickerMeter(_FLICKER_FPS)
            for logits, truth in self._stream(model, passage):
                losses.append(_cross_entropy(logits, truth))
                predicted = logits.argmax(0).to(torch.uint8).numpy()
                counts += confusion(predicted, truth, num_classes)
                meter.add(predicted, truth)
                flips.add(predicted)
            steady, flicker = steady + meter.tally, flicker + flips.tally
        scores = {"miou": counts.mean_iou, "pixel_accuracy": counts.pixel_accuracy}
        if self._settings.data.void_class:
            scores |= _with_and_without_void(counts)
        if steady.windows and steady.windows[8].plain:
            scores |= {"vc8": steady.plain(8), "flips_per_second": flicker.flips_per_second}
        return scores | {"loss": float(np.mean(losses))}

    def _stream(
        self, model: TemporalUnetModel, passage: Passage
    ) -> Iterator[tuple[Logits, Labels]]:
        state = None
        for index in passage.frames:
            frame, truth = self.sized(*self._footage.read(passage.sequence, index))
            state = state or model.begin(frame)
            logits, state = model.look(frame, state)
            if index in passage.scored and truth is not None:
                yield logits.cpu(), truth

    def sized(
        self, frame: Frame, truth: Labels | None
    ) -> tuple[
        UInt8[np.ndarray, "scored_height scored_width 3"],
        UInt8[np.ndarray, "scored_height scored_width"] | None,
    ]:
        """A frame and its labels at the size at which they are scored."""
        if not self._settings.validation.resize:
            return frame, truth
        size_wh = self._settings.clips.size_hw[::-1]
        small: np.ndarray = cv2.resize(frame, size_wh, interpolation=cv2.INTER_LINEAR)
        if truth is None:
            return small, None
        labels: np.ndarray = cv2.resize(truth, size_wh, interpolation=cv2.INTER_NEAREST)
        return small, labels


def _with_and_without_void(counts: ConfusionTally) -> dict[str, float]:
    """What the report prints, and what the benchmark scores, where void was learned as the last class."""
    # The row and the column of the last class become those of pixels that are, or are called, no class.
    official = ConfusionTally(counts.counts[:-1, :-1])
    return {
        "miou_smoothed": counts.smoothed_mean_iou,
        "mean_binary_accuracy": counts.mean_binary_accuracy,
        "miou_without_void": official.mean_iou,
        "class_accuracy_without_void": official.class_accuracy,
    }


def _cross_entropy(logits: Logits, truth: Labels) -> float:
    wanted = torch.from_numpy(truth.astype(np.int64))[None]
    return float(F.cross_entropy(logits[None].float(), wanted, ignore_index=VOID))
